/* SPDX-License-Identifier: GPL-2.0-or-later */
/* PCR selections and values of the hardware TPM, and the digest that a quote makes of them. */
#ifndef VTPM_MANAGER_TPM_PCR_H
#define VTPM_MANAGER_TPM_PCR_H

#include <glib.h>

/* Before tpm2-tss, whose macros have the same names as our enumerators. */
#include "wire/deepquote.h"

#include <tss2/tss2_tpm2_types.h>

/** One PCR's value; size 0: not known. */
typedef struct HwPcr {
    uint8_t size;
    uint8_t value[WIRE_DIGEST_MAX];
} HwPcr;

enum { HW_PCRS = 24 };

/** What is known of the TPM's PCRs; a hint only: a quote's digest decides whether it is true. */
typedef struct HwPcrCache {
    unsigned banks;
    uint16_t hash[WIRE_PCR_BANKS_MAX];
    HwPcr pcr[WIRE_PCR_BANKS_MAX][HW_PCRS];
} HwPcrCache;

/** hw_pcr_to_tss, hw_pcr_from_tss: the same selection in tpm2-tss's structure and in ours. */
void hw_pcr_to_tss(const WirePcrSelection *s, TPML_PCR_SELECTION *ret);
gboolean hw_pcr_from_tss(const TPML_PCR_SELECTION *s, WirePcrSelection *ret);

/**
 * hw_pcr_merge: adds all that @part selects to @whole, in at most @max_banks banks of three bytes.
 *
 * Returns: %FALSE, with @whole as it was, where that needs more banks or selects a PCR above 23.
 */
gboolean hw_pcr_merge(WirePcrSelection *whole, const WirePcrSelection *part, unsigned max_banks);

/** hw_pcr_lookup: the entry for @pcr of bank @hash, made where there is room; else %NULL. */
HwPcr *hw_pcr_lookup(HwPcrCache *cache, uint16_t hash, unsigned pcr);

/** hw_pcr_store: takes over what one TPM2_PCR_Read answered; returns how many values. */
unsigned hw_pcr_store(HwPcrCache *cache, const TPML_PCR_SELECTION *out, const TPML_DIGEST *values);

/**
 * hw_pcr_values:
 * @ret: (out caller-allocates): DEEPQUOTE_HOST_PCRS_MAX values, bank by bank, ascending
 *
 * Returns: %FALSE where a selected PCR is not in the cache.
 */
gboolean hw_pcr_values(HwPcrCache *cache, const WirePcrSelection *s, HwPcr *ret,
                       unsigned *ret_count);

/** hw_pcr_digest_matches: whether SHA-256 over @values in order is @digest, a pcrDigest. */
gboolean hw_pcr_digest_matches(const HwPcr *values, unsigned count, WireBytes digest);

#endif
