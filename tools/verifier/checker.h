/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A verifier set up from a command line: keys, policy, store, profiles, and what it expects. */
#ifndef VERIFIER_CHECKER_H
#define VERIFIER_CHECKER_H

#include "check_expected.h"
#include "check_input.h"

/** CheckOptions: as they were given; NULL where one was not. */
typedef struct CheckOptions {
    CheckExpectedOptions expected;
    char **hosts, **host_publics, **allowed_keys;
    char *policy, *store;
    gboolean allow_simulated;
    gboolean allow_host_vouched;
    gboolean record; /* each verdict into the store's journal */
} CheckOptions;

typedef struct Checker Checker;

/** checker_new: (transfer full): NULL with an error that names the option. */
Checker *checker_new(const CheckOptions *options, GError **error);
void checker_free(Checker *checker);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Checker, checker_free)

/** checker_get_verifier: borrowed. */
DqVerifier *checker_get_verifier(Checker *checker);

/** checker_get_challenge: the one that is expected, borrowed; of no bytes: any of the store's. */
DqBytes checker_get_challenge(const Checker *checker);

/**
 * checker_issue: a new challenge from the store, which there has to be, is expected from now on: of
 * the VM that is expected, if one is.
 */
gboolean checker_issue(Checker *checker, int64_t expires_s, GError **error);

/** checker_prepare: as the library takes it; borrowed from @checker and @input. */
gboolean checker_prepare(Checker *checker, CheckInput *input, DqQuote *ret_quote,
                         DqExpected *ret_expected, GError **error);

/** checker_record: keeps the verdict with all it depends on, if that was asked for. */
gboolean checker_record(Checker *checker, const CheckInput *input, const DqVerdict *verdict,
                        GError **error);

/** checker_check: prepares, verifies and records. NULL with the error set: there is no verdict. */
DqVerdict *checker_check(Checker *checker, CheckInput *input, GError **error);

#endif
