/* SPDX-License-Identifier: GPL-2.0-or-later */
/* PCR values under a selection: bank by bank, ascending. */
#ifndef ATTEST_PCR_H
#define ATTEST_PCR_H

#include "attest/deepquote.h"

#include "wire/pcr.h"

#define DQ_PCRS_MAX (WIRE_PCR_BANKS_MAX * WIRE_PCR_SELECT_MAX * 8)

/** dq_pcr_selection_equal: the same banks with the same bits in the same order. */
gboolean dq_pcr_selection_equal(const WirePcrSelection *a, const WirePcrSelection *b);

/**
 * dq_pcr_split: cuts the values that follow each other in @bytes.
 * @ret_values: room for DQ_PCRS_MAX; borrowed from @bytes
 *
 * Returns: FALSE where @bytes is not exactly as long as the selected values.
 */
gboolean dq_pcr_split(const WirePcrSelection *selection, DqBytes bytes, WireBytes *ret_values);

/** dq_pcr_find: the place of a PCR's value among those of @selection; -1 where it has none. */
gssize dq_pcr_find(const WirePcrSelection *selection, uint16_t alg, unsigned pcr);

/**
 * dq_pcr_digest_matches: whether @values hash to @digest, which was made with @alg; a @alg of
 * TPM_ALG_NULL stands for the hash whose digests are as long as @digest.
 */
gboolean dq_pcr_digest_matches(uint16_t alg, const WireBytes *values, gsize count,
                               WireBytes digest);

#endif
