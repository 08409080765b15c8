/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Signatures of files, as an entry of IMA's list has them: those of evmctl, version 2. */
#ifndef APPRAISE_IMA_SIGNATURE_H
#define APPRAISE_IMA_SIGNATURE_H

#include "appraise/ima-fields.h"

/**
 * dq_ima_is_signed: whether one of the keys signed the digest of a file. One of SHA-1 is not.
 * @keys: GBytes: SubjectPublicKeyInfo in DER, of RSA or of a curve
 *
 * Spec: Linux, security/integrity/integrity.h, signature_v2_hdr.
 */
gboolean dq_ima_is_signed(const DqImaFields *fields, const GPtrArray *keys);

#endif
