/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The host's authority for endorsement keys of vTPMs: a key of the manager's, on P-256, which the
 * host's attestation key certifies. It says which vTPMs were made on this host.
 *
 * Its key and certificates are one file of the state directory, mode 0600. There are the
 * certificates of earlier keys too, as long as they are good: what they issued is in vTPMs.
 *
 * An EkAuthority does not change. Any thread may use it.
 */
#ifndef VTPM_MANAGER_VTPM_EK_AUTHORITY_H
#define VTPM_MANAGER_VTPM_EK_AUTHORITY_H

#include "tpm/session.h"

#include <openssl/x509.h>

typedef struct EkAuthority EkAuthority;

/**
 * ek_authority_open: on the worker's thread: the authority in @state_dir, with what has to be made
 * of it: a key where there is none or its certificate is good for less than half of its life, and
 * certificates of the present attestation key.
 * @ak_public: of the session's key
 * @renew: have a new key in any case
 *
 * Errors: G_IO_ERROR, G_FILE_ERROR where the file cannot be read or written, is damaged, or others
 * can read it; those of tpm_run().
 */
EkAuthority *ek_authority_open(const char *state_dir, TpmSession *tpm, GBytes *ak_public,
                               gboolean renew, GError **error);
void ek_authority_free(EkAuthority *authority);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(EkAuthority, ek_authority_free)

/**
 * ek_authority_chain: certificates in DER, one after the other: the one that issues first, then
 * those of earlier keys.
 */
GBytes *ek_authority_chain(const EkAuthority *authority);

/** What is told of one of its certificates. */
typedef struct EkAuthorityFacts {
    GBytes *certificate; /* DER */
    char *key;           /* x509_key_id() */
    int64_t until;       /* seconds since 1970 */
} EkAuthorityFacts;

/**
 * ek_authority_facts: of certificate @i, in the order of ek_authority_chain(); free with
 * ek_authority_facts_clear(). FALSE where there are not so many.
 */
gboolean ek_authority_facts(const EkAuthority *authority, guint i, EkAuthorityFacts *ret);
void ek_authority_facts_clear(EkAuthorityFacts *facts);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(EkAuthorityFacts, ek_authority_facts_clear)

/** ek_authority_certificate: of the key that issues; borrowed. */
X509 *ek_authority_certificate(const EkAuthority *authority);

/** ek_authority_key: the one that issues; borrowed. */
EVP_PKEY *ek_authority_key(const EkAuthority *authority);

#endif
