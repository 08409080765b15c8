/* SPDX-License-Identifier: GPL-2.0-or-later */
/* PCR selections and values of the hardware TPM, and the digest that a quote makes of them. */
#ifndef VTPM_MANAGER_TPM_PCR_H
#define VTPM_MANAGER_TPM_PCR_H

#include <glib.h>

/* Before tpm2-tss, whose macros have the same names as our enumerators. */
#include "wire/deepquote.h"

#include <tss2/tss2_tpm2_types.h>

/** One PCR's value; size 0: not known. */
typedef struct TpmPcr {
    uint8_t size;
    uint8_t value[WIRE_DIGEST_MAX];
} TpmPcr;

enum { TPM_PCRS = 24 };

/** What is known of the TPM's PCRs; a hint only: a quote's digest decides whether it is true. */
typedef struct TpmPcrCache {
    unsigned banks;
    uint16_t hash[WIRE_PCR_BANKS_MAX];
    TpmPcr pcr[WIRE_PCR_BANKS_MAX][TPM_PCRS];
} TpmPcrCache;

/** tpm_pcr_to_tss, tpm_pcr_from_tss: the same selection in tpm2-tss's structure and in ours. */
void tpm_pcr_to_tss(const WirePcrSelection *s, TPML_PCR_SELECTION *ret);
gboolean tpm_pcr_from_tss(const TPML_PCR_SELECTION *s, WirePcrSelection *ret);

/**
 * tpm_pcr_merge: adds all that @part selects to @whole, in at most @max_banks banks of three bytes.
 *
 * Returns: %FALSE, with @whole as it was, where that needs more banks or selects a PCR above 23.
 */
gboolean tpm_pcr_merge(WirePcrSelection *whole, const WirePcrSelection *part, unsigned max_banks);

/** tpm_pcr_lookup: the entry for @pcr of bank @hash, made where there is room; else %NULL. */
TpmPcr *tpm_pcr_lookup(TpmPcrCache *cache, uint16_t hash, unsigned pcr);

/** tpm_pcr_store: takes over what one TPM2_PCR_Read answered; returns how many values. */
unsigned tpm_pcr_store(TpmPcrCache *cache, const TPML_PCR_SELECTION *out,
                       const TPML_DIGEST *values);

/**
 * tpm_pcr_values:
 * @ret: (out caller-allocates): DEEPQUOTE_HOST_PCRS_MAX values, bank by bank, ascending
 *
 * Returns: %FALSE where a selected PCR is not in the cache.
 */
gboolean tpm_pcr_values(TpmPcrCache *cache, const WirePcrSelection *s, TpmPcr *ret,
                        unsigned *ret_count);

/** tpm_pcr_digest_matches: whether SHA-256 over @values in order is @digest, a pcrDigest. */
gboolean tpm_pcr_digest_matches(const TpmPcr *values, unsigned count, WireBytes digest);

#endif
