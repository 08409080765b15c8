/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the verifier expects, from its command line. Nothing of it comes from a guest. */
#ifndef VERIFIER_CHECK_EXPECTED_H
#define VERIFIER_CHECK_EXPECTED_H

#include "appraise/jws-verify.h"
#include "appraise/profile.h"
#include "appraise/tracker.h"
#include "attest/store.h"
#include "store/store-file.h"

/** An entry of the option --vulnerabilities. */
#define VULNERABILITIES_OPTION(path)                                                               \
    {                                                                                              \
        "vulnerabilities", 0, 0, G_OPTION_ARG_FILENAME, path,                                      \
            "What Debian's security tracker knows of the profiles' packages, as JSON", "FILE"      \
    }

/** The options as they were given; NULL where one was not. */
typedef struct CheckExpectedOptions {
    char *challenge; /* hexadecimal digits, or a file with the bytes */
    char *bind;      /* a file with a certificate or a public key */
    char *uuid;
    char *key;                       /* a file with a TPM2B_PUBLIC, or a public key in PEM or DER */
    char *ak;                        /* a Name, or a file with a TPM2B_PUBLIC */
    char *ek;                        /* a Name, or a file with a TPM2B_PUBLIC */
    char *host_profile, *vm_profile; /* files */
    char *profile_key;               /* a file with a public key */
    char *vulnerabilities;           /* a file of a security tracker */
} CheckExpectedOptions;

typedef struct CheckExpected {
    GBytes *challenge; /* or NULL */
    gboolean bound;
    uint8_t bound_nonce[DQ_HASH_SIZE];
    gboolean has_uuid;
    uint8_t uuid[DQ_UUID_SIZE];
    DqKey *key;   /* or NULL */
    GBytes *spki; /* instead of @key; or NULL */
    DqName ak, ek;
    DqJwsPublic *profile_key;             /* or NULL */
    DqProfile *host_profile, *vm_profile; /* or NULL */
    DqTracker *tracker;                   /* or NULL */
} CheckExpected;

/**
 * check_expected_read:
 * @store: (nullable): it may know the challenge; else one has to be given. Signed profiles are kept
 *     in it, and one that is older than what it has is an error
 *
 * Returns: (transfer full): NULL with an error that names the option.
 */
CheckExpected *check_expected_read(const CheckExpectedOptions *options, DqStoreFile *store,
                                   GError **error);
void check_expected_free(CheckExpected *expected);

/**
 * check_expected_get: as the library takes it; borrowed from @expected.
 * @host: (nullable): the profile of the host
 */
DqExpected check_expected_get(const CheckExpected *expected, const DqProfile *host);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(CheckExpected, check_expected_free)

#endif
