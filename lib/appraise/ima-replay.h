/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The value to which a list of IMA leads its PCR, against the one that was quoted. */
#ifndef APPRAISE_IMA_REPLAY_H
#define APPRAISE_IMA_REPLAY_H

#include "appraise/ima-list.h"
#include "appraise/replay.h"

/**
 * DqImaMode: what the kernel extends, in banks other than that of SHA-1.
 * @DQ_IMA_OWN_HASH: the data's digest of the bank's algorithm; a violation is all ones
 * @DQ_IMA_PADDED: the digest of SHA-1 and zeroes after it: a kernel without the bank's algorithm
 * @DQ_IMA_ALL_PADDED: the same, after the ones of a violation too: kernels before 5.8
 */
typedef enum DqImaMode {
    DQ_IMA_OWN_HASH,
    DQ_IMA_PADDED,
    DQ_IMA_ALL_PADDED,
} DqImaMode;

enum { DQ_IMA_MODES = DQ_IMA_ALL_PADDED + 1 };

/** DqImaState: a place in a list and the PCR's value there: how far an appraisal got. */
typedef struct DqImaState {
    uint16_t alg;
    guint pcr;
    DqImaMode mode;  /* found out by the first replay that matches */
    uint64_t count;  /* entries before it, of all PCRs */
    uint64_t offset; /* in bytes */
    gsize size;
    uint8_t value[DQ_PCR_VALUE_MAX];
} DqImaState;

/** DqImaReplay: what came of it. */
typedef struct DqImaReplay {
    DqPcrOutcome outcome;
    DqImaState state; /* with DQ_PCR_MATCHES where the quote was taken, else the end of the list */
    uint64_t count;   /* entries of the list */
    uint64_t violations, first_violation; /* from where the replay started, up to @state */
    uint64_t altered, first_altered;      /* entries with a digest that is not that of their data */
} DqImaReplay;

/** dq_ima_start: the beginning of each list; @alg is one of lib/wire's. */
DqImaState dq_ima_start(uint16_t alg, guint pcr);

/**
 * dq_ima_replay: looks for the place in @list at which the PCR had the value @quoted.
 * @list: from its beginning; what is before @from is not read
 * @from: where to start; state of an earlier replay of the same boot
 * @quoted: of no bytes where there is no value
 *
 * The kernel measures on while a quote is taken and the list is read: entries after @ret_replay's
 * state are for the next time.
 *
 * Errors: those of dq_ima_next(), up to the end of @list; DQ_LOG_ERROR_SHORTER.
 */
gboolean dq_ima_replay(WireBytes list, const DqImaState *from, WireBytes quoted,
                       DqImaReplay *ret_replay, GError **error);

/** dq_ima_replay_say: (transfer full): the outcome in words. */
char *dq_ima_replay_say(const DqImaReplay *replay);

#endif
