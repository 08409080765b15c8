/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * TPM2_MakeCredential in software: a secret that only the TPM with the endorsement key can read,
 * and only for the key whose Name it is made for.
 *
 * Spec: TPM 2.0 Part 1, section 24 (Credential Protection), annexes B.10.3 and C.6.3.
 */
#ifndef APPRAISE_CREDENTIAL_H
#define APPRAISE_CREDENTIAL_H

#include "attest/deepquote.h"

/** DqCredential: what TPM2_ActivateCredential takes. */
typedef struct DqCredential {
    GBytes *blob;   /* TPM2B_ID_OBJECT */
    GBytes *secret; /* TPM2B_ENCRYPTED_SECRET */
} DqCredential;

/** dq_credential_clear: frees the fields; fields that are NULL are fine. */
void dq_credential_clear(DqCredential *credential);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(DqCredential, dq_credential_clear)

/**
 * dq_credential_make:
 * @ek: TPM2B_PUBLIC or TPMT_PUBLIC of a restricted decryption key that its TPM made and keeps, RSA
 *     of 2048 bits or ECC on NIST P-256 or P-384, with AES-CFB
 * @name: the Name of the key that must be in the same TPM
 * @value: what is hidden, at most as long as a digest of the EK's nameAlg
 *
 * Errors: DQ_ERROR_KEY.
 */
gboolean dq_credential_make(DqBytes ek, DqBytes name, DqBytes value, DqCredential *ret_credential,
                            GError **error);

#endif
