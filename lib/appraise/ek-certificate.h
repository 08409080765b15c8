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

/** DqEkFacts: what a certificate says of its TPM; "" where it does not. Valid UTF-8. */
typedef struct DqEkFacts {
    char *manufacturer, *model, *version; /* TPMManufacturer, TPMModel, TPMVersion */
    char *issuer;
    int64_t expires; /* seconds since 1970 */
} DqEkFacts;

void dq_ek_facts_clear(DqEkFacts *facts);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(DqEkFacts, dq_ek_facts_clear)

/**
 * dq_ek_certificate_check: whether an authority says that a TPM has this key.
 * @certificate: X.509, DER
 * @ek: TPM2B_PUBLIC or TPMT_PUBLIC
 * @now: seconds since 1970
 *
 * It must be of this very key, lead to a root, not have expired, be no authority's, and be meant
 * for an endorsement key where it says what it is meant for.
 *
 * Errors: DQ_ERROR_KEY with the reason.
 */
gboolean dq_ek_certificate_check(const DqEkAuthorities *authorities, DqBytes certificate,
                                 DqBytes ek, int64_t now, DqEkFacts *ret_facts, GError **error);

#endif
