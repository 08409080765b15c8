/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the hardware TPM signs for a VM. Spec: docs/specs/deepquote-wire.md, section 2. */
#ifndef WIRE_BINDING_H
#define WIRE_BINDING_H

#include "wire/deepquote-constants.h"
#include "wire/uuid.h"

/** The binding. Sizes of digests: vtpm_quoted 32; the optional ones 32, or empty without their
 * flag. */
typedef struct WireBinding {
    uint32_t flags;
    WireBytes nonce;
    WireBytes vtpm_quoted;
    WireBytes vtpm_signer;
    WireUuid uuid;
    WireBytes vtpm_ek;
    uint8_t lineage[DEEPQUOTE_LINEAGE_SIZE];
    uint64_t epoch;
    uint64_t generation;
    WireBytes measurement;
    WireBytes group_info;
    WireBytes group_key;
    WireBytes launch;
} WireBinding;

bool wire_decode_binding(WireBytes bytes, WireBinding *ret);
bool wire_put_binding(WireWriter *w, const WireBinding *b);

#endif
