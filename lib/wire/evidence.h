/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What comes back beside the vTPM's quote. Spec: docs/specs/deepquote-wire.md, section 3. */
#ifndef WIRE_EVIDENCE_H
#define WIRE_EVIDENCE_H

#include "wire/binding.h"
#include "wire/pcr.h"
#include "wire/signature.h"

/** The evidence. */
typedef struct WireEvidence {
    WireBytes host_quoted; /* TPMS_ATTEST, not decoded here: see wire_decode_attest() */
    WireSignature host_signature;
    WireBytes host_signer;
    WireBytes binding_bytes; /* what the leaf hashes */
    WireBinding binding;     /* the same, decoded; ignored when encoding */
    uint64_t tree_size;
    uint64_t leaf_index;
    uint16_t path_length; /* nodes of DEEPQUOTE_HASH_SIZE bytes each */
    const uint8_t *path;
    WirePcrSelection host_pcrs;
    uint32_t pcr_count;                     /* equals wire_pcr_count(&host_pcrs) */
    WireBytes pcr[DEEPQUOTE_HOST_PCRS_MAX]; /* bank by bank, ascending */
} WireEvidence;

/**
 * wire_decode_evidence: decodes the evidence and the binding inside it. Refuses a count of PCR
 * values other than what is selected, and a value whose size is not its bank's digest size.
 */
bool wire_decode_evidence(WireBytes bytes, WireEvidence *ret);

/** wire_decode_evidence_of: the same about anything: what the leaf hashes is not looked at, and
 * @ret has no binding. */
bool wire_decode_evidence_of(WireBytes bytes, WireEvidence *ret);
bool wire_put_evidence(WireWriter *w, const WireEvidence *e);

#endif
