/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What an entry of IMA's list says. Spec: Linux, Documentation/security/IMA-templates.rst. */
#ifndef APPRAISE_IMA_FIELDS_H
#define APPRAISE_IMA_FIELDS_H

#include "appraise/ima-list.h"

/** DqImaDigest: of a file, with the name of its algorithm as the kernel writes it. */
typedef struct DqImaDigest {
    WireBytes algorithm; /* such as sha256; of no bytes for SHA-1 in the oldest template */
    WireBytes bytes;     /* of no bytes where the entry has none */
} DqImaDigest;

/** DqImaFields: borrowed from the entry; what a template has not is of no bytes. */
typedef struct DqImaFields {
    gboolean known; /* else the template is another one, and nothing of it is read */
    WireBytes type; /* "ima" or "verity" where the template says which digest it is */
    DqImaDigest digest;
    WireBytes name; /* of the file, of the key ring, of what the buffer is; without its zero */
    WireBytes signature;
    WireBytes buffer;
    DqImaDigest appended_digest; /* of the file without the signature appended to it */
    WireBytes appended_signature;
} DqImaFields;

/**
 * dq_ima_fields: of the templates ima, ima-ng, ima-ngv2, ima-sig, ima-sigv2, ima-buf, ima-modsig
 * and evm-sig, and of templates without a name that have their fields.
 *
 * Returns: FALSE where the data does not decode.
 */
gboolean dq_ima_fields(const DqImaEntry *entry, DqImaFields *ret_fields);

/**
 * dq_ima_aggregate: the bank of which an entry holds the digest of the PCRs of the boot; 0 where it
 * is none: not the first entry of a boot. Such an entry ties the list to the PCRs below 10.
 */
uint16_t dq_ima_aggregate(const DqImaEntry *entry);

/**
 * dq_ima_aggregate_is: whether an entry that dq_ima_aggregate() knows has the digest of these PCRs:
 * of 0 to 7, or of 0 to 9 where it is not SHA-1's.
 * @pcrs: values of PCRs 0 to 9
 */
gboolean dq_ima_aggregate_is(const DqImaEntry *entry, const WireBytes pcrs[DQ_IMA_PCR]);

/** dq_ima_digest_alg: TPM_ALG_*; 0 for an algorithm that is not known. */
uint16_t dq_ima_digest_alg(const DqImaDigest *digest);

/**
 * dq_ima_is_file: whether an entry says of something which digest it had: no violation, which says
 * that this is not known, and not the digest of the boot's PCRs.
 */
gboolean dq_ima_is_file(const DqImaEntry *entry);

#endif
