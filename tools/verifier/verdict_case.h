/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A case: all that a verification goes by, as bytes: what the guest handed over, what was expected,
 * what the verifier was set up with, and what its store said. It can be written into a journal, and
 * decided again.
 */
#ifndef VERIFIER_VERDICT_CASE_H
#define VERIFIER_VERDICT_CASE_H

#include "attest/store.h"

#include <json-glib/json-glib.h>

/** Contents of which there is one or none. */
typedef enum CasePart {
    CASE_EVIDENCE,
    CASE_QUOTE,
    CASE_SIGNATURE,
    CASE_PCRS,
    CASE_GUEST_KEY,
    CASE_HOST_EVENT_LOG,
    CASE_HOST_IMA,
    CASE_VM_EVENT_LOG,
    CASE_VM_IMA,
    CASE_VTPM_PARTS,
    CASE_VM_LAUNCH,
    CASE_VTPM_EK,
    CASE_EK_CHAIN,
    CASE_HOST_SYSTEMD,
    CASE_VM_SYSTEMD,
    CASE_CHALLENGE,
    CASE_BOUND_NONCE,
    CASE_UUID,
    CASE_KEY,
    CASE_SPKI,
    CASE_AK,
    CASE_EK,
    CASE_HOST_PROFILE,
    CASE_VM_PROFILE,
    CASE_POLICY,
    CASE_VULNERABILITIES, /* those of the profiles' packages */
    CASE_PARTS,
} CasePart;

/** Contents of which there are any number. */
typedef enum CaseList {
    CASE_HOSTS,        /* public areas */
    CASE_HOST_PUBLICS, /* the same */
    CASE_ALLOWED_KEYS, /* Names */
    CASE_LISTS,
} CaseList;

typedef struct VerdictCase {
    GBytes *part[CASE_PARTS];    /* or NULL */
    GPtrArray *list[CASE_LISTS]; /* GBytes */
    GHashTable *policy_keys;     /* char -> GBytes: public areas, by the paths in the policy */
    gboolean allow_simulated;
    gboolean allow_host_vouched;
    DqStoreAnswers answers;
} VerdictCase;

VerdictCase *verdict_case_new(void);
void verdict_case_free(VerdictCase *c);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(VerdictCase, verdict_case_free)

/** verdict_case_take: sets a part; (transfer full), and NULL is none. */
void verdict_case_take(VerdictCase *c, CasePart part, GBytes *content);

/** verdict_case_copy: (transfer full): contents are shared. */
VerdictCase *verdict_case_copy(const VerdictCase *c);

/**
 * verdict_case_json: (transfer full): the case with its contents by their SHA-256.
 * @contents: gets what it speaks of, borrowed from @c
 */
JsonObject *verdict_case_json(const VerdictCase *c, GPtrArray *contents);

/**
 * VerdictCaseFetch: (transfer full): the content with this digest; NULL with the error set.
 * @what: what it is, for a message
 */
typedef GBytes *(*VerdictCaseFetch)(const uint8_t digest[DQ_HASH_SIZE], const char *what,
                                    gpointer data, GError **error);

/** verdict_case_read: (transfer full): what verdict_case_json() made. */
VerdictCase *verdict_case_read(JsonObject *object, VerdictCaseFetch fetch, gpointer data,
                               GError **error);

#endif
