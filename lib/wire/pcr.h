/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Selections of PCRs. Spec: TPM 2.0 Part 2, section 10.6. */
#ifndef WIRE_PCR_H
#define WIRE_PCR_H

#include "wire/tpm-constants.h"

/** TPMS_PCR_SELECTION. */
typedef struct WirePcrBank {
    uint16_t hash;
    uint8_t size; /* bytes of @select that travel, 1..WIRE_PCR_SELECT_MAX */
    uint8_t select[WIRE_PCR_SELECT_MAX];
} WirePcrBank;

/** TPML_PCR_SELECTION. */
typedef struct WirePcrSelection {
    uint32_t count;
    WirePcrBank bank[WIRE_PCR_BANKS_MAX];
} WirePcrSelection;

/** Why a PCR selection was refused; the TPM's response code for it is the caller's to choose. */
typedef enum WirePcrError {
    WIRE_PCR_OK,
    WIRE_PCR_TRUNCATED,
    WIRE_PCR_TOO_MANY_BANKS,
    WIRE_PCR_BAD_SIZE_OF_SELECT,
} WirePcrError;

/** wire_get_pcr_selection_max: as wire_get_pcr_selection() with at most @max_banks banks, and why.
 */
WirePcrError wire_get_pcr_selection_max(WireReader *r, uint32_t max_banks, WirePcrSelection *ret);
bool wire_get_pcr_selection(WireReader *r, WirePcrSelection *ret);
bool wire_put_pcr_selection(WireWriter *w, const WirePcrSelection *s);

/** A walk over what a selection selects, bank by bank, ascending. It begins with zeroes. */
typedef struct WirePcrWalk {
    uint16_t hash; /* the PCR that the last step came to */
    unsigned pcr;
    uint32_t bank; /* where the next step looks */
    unsigned next;
} WirePcrWalk;

/** wire_pcr_next: steps to the next PCR; false, and @walk is of no more use, after the last. */
bool wire_pcr_next(const WirePcrSelection *s, WirePcrWalk *walk);

/** wire_pcr_selected: whether @pcr (0..31) is selected in @bank. */
bool wire_pcr_selected(const WirePcrBank *bank, unsigned pcr);

/** wire_pcr_select: adds @pcr of bank @hash, adding the bank (3 bytes) where it is missing. */
bool wire_pcr_select(WirePcrSelection *s, uint16_t hash, unsigned pcr);

/**
 * wire_pcr_merge: selects in @whole what @part selects too. Merged into an empty one, the same PCRs
 * come out with each bank once.
 *
 * Returns: false, and nothing changes, where there are too many banks.
 */
bool wire_pcr_merge(WirePcrSelection *whole, const WirePcrSelection *part);

/** wire_pcr_count: number of PCRs selected over all banks. */
size_t wire_pcr_count(const WirePcrSelection *s);

/** wire_pcr_covers: whether every PCR that @part selects is selected in @whole too. */
bool wire_pcr_covers(const WirePcrSelection *whole, const WirePcrSelection *part);

#endif
