/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a TPM attests. Spec: TPM 2.0 Part 2, section 10.12. */
#ifndef WIRE_ATTEST_H
#define WIRE_ATTEST_H

#include "wire/pcr.h"

/** TPMS_ATTEST. The fields from @pcr_select on are set only where @type is TPM_ST_ATTEST_QUOTE. */
typedef struct WireAttest {
    uint32_t magic;
    uint16_t type;
    WireBytes qualified_signer; /* TPM2B_NAME */
    WireBytes extra_data;       /* TPM2B_DATA */
    uint64_t clock;             /* milliseconds */
    uint32_t reset_count;
    uint32_t restart_count;
    uint8_t safe; /* TPMI_YES_NO */
    uint64_t firmware_version;
    WirePcrSelection pcr_select;
    WireBytes pcr_digest;
    WireBytes other; /* the attested part of any other type, undecoded */
} WireAttest;

bool wire_decode_attest(WireBytes bytes, WireAttest *ret);
bool wire_put_attest(WireWriter *w, const WireAttest *a);

#endif
