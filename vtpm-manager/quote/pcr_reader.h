/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Reads of the hardware TPM's PCRs, kept for a moment: who asks for what was just read, or is being
 * read, costs the TPM nothing. An answer is never from before the last quote, and what is kept is
 * given out for 100 ms at most.
 */
#ifndef VTPM_MANAGER_QUOTE_PCR_READER_H
#define VTPM_MANAGER_QUOTE_PCR_READER_H

#include "tpm/worker.h"

enum { PCR_READER_LIMIT = 16 }; /* selections that wait for the TPM at a time */

typedef struct PcrReader PcrReader;

/** Who waits for an answer. */
typedef struct PcrTicket PcrTicket;

/**
 * PcrDone:
 * @parameters: response parameters of one TPM2_PCR_Read; %NULL: @error says why there are none
 *
 * The ticket is no longer valid when this is called.
 */
typedef void (*PcrDone)(void *data, GBytes *parameters, const GError *error);

/** pcr_reader_new: @worker is borrowed, outlives the reader */
PcrReader *pcr_reader_new(TpmWorker *worker, GMainContext *context);

/** pcr_reader_free: nobody who waits is answered. */
void pcr_reader_free(PcrReader *reader);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(PcrReader, pcr_reader_free)

/** pcr_reader_kept: what was read of @pcrs and is still good, borrowed; %NULL: it must be read. */
GBytes *pcr_reader_kept(PcrReader *reader, const WirePcrSelection *pcrs);

/**
 * pcr_reader_ask: reads @pcrs, or joins who waits for the same.
 *
 * Returns: (transfer none): for pcr_reader_cancel(), valid until @done is called; %NULL, and @done
 * is not called, where too much is being read already.
 */
PcrTicket *pcr_reader_ask(PcrReader *reader, const WirePcrSelection *pcrs, PcrDone done,
                          void *data);

/** pcr_reader_cancel: its PcrDone is not called. */
void pcr_reader_cancel(PcrReader *reader, PcrTicket *ticket);

#endif
