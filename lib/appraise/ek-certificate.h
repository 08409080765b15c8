/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Certificates of endorsement keys. Spec: TCG EK Credential Profile 2.5. */
#ifndef APPRAISE_EK_CERTIFICATE_H
#define APPRAISE_EK_CERTIFICATE_H

#include "attest/deepquote.h"

/** DqEkAuthorities: certificates of authorities for TPMs, and those in between. */
typedef struct DqEkAuthorities DqEkAuthorities;

/**
 * dq_ek_authorities_new: (transfer full): of all files of a folder, PEM or DER. A certificate that
 * is signed by itself is a root; others lead to one.
 *
 * Errors: DQ_ERROR_VALUE where the folder cannot be read, has something else, or no root.
 */
DqEkAuthorities *dq_ek_authorities_new(const char *folder, GError **error);
void dq_ek_authorities_free(DqEkAuthorities *authorities);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(DqEkAuthorities, dq_ek_authorities_free)

/**
 * DqEkCredential: what a host hands over of its endorsement key. Borrowed.
 * @key: TPM2B_PUBLIC or TPMT_PUBLIC
 * @certificate: of it: X.509, DER
 * @chain: certificates of authorities between it and a root, DER, one after the other, perhaps
 *     padded with bytes 00 or FF; may be empty. None of it is ever a root. What is no certificate
 *     ends it, and more than DQ_EK_CHAIN_MAX certificates are not looked at
 */
typedef struct DqEkCredential {
    DqBytes key, certificate, chain;
} DqEkCredential;

#define DQ_EK_CHAIN_MAX 16

/**
 * dq_ek_certificate_check: whether an authority says that a TPM has this key.
 * @now: seconds since 1970
 * @ret_facts: set on success
 *
 * It must be of this very key, lead to a root, not have expired, be no authority's, and be meant
 * for an endorsement key where it says what it is meant for.
 *
 * Errors: DQ_ERROR_KEY with the reason.
 */
gboolean dq_ek_certificate_check(const DqEkAuthorities *authorities, const DqEkCredential *ek,
                                 int64_t now, DqEkFacts *ret_facts, GError **error);

#endif
