/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Requests that share one hardware quote: their leaves make a tree, the tree's root is what the
 * TPM signs, and each gets evidence with its own inclusion proof. No I/O and no time in here.
 *
 * A batch is filled, sealed once, and then only read.
 */
#ifndef VTPM_MANAGER_QUOTE_BATCH_H
#define VTPM_MANAGER_QUOTE_BATCH_H

#include "quote/binding.h"
#include "tpm/quote.h"

enum {
    BATCH_LIMIT = 16384,
    BATCH_BOUND_SLACK = 512,
};

typedef struct Batch Batch;

Batch *batch_new(void);
void batch_free(Batch *batch);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Batch, batch_free)

/** batch_can_quote: whether a batch can have a request that selects @pcrs. */
gboolean batch_can_quote(const WirePcrSelection *pcrs);

/**
 * batch_add:
 * @binding: copied
 * @pcrs: what this request selects; at least that will be quoted
 * @room: bytes that the evidence of this request may have
 * @ret_index: its leaf
 *
 * The first request is always taken, if batch_can_quote() its PCRs. Those after it are taken only
 * where the evidence of every member still fits its room, whatever the others select: by a bound
 * that is at most BATCH_BOUND_SLACK bytes above the evidence.
 *
 * Returns: %FALSE, and nothing changes, where the batch is full, evidence might not fit, or the
 * selections together need more than DEEPQUOTE_HOST_BANKS_MAX banks.
 */
gboolean batch_add(Batch *batch, const Binding *binding, const WirePcrSelection *pcrs, guint room,
                   guint *ret_index);

/** batch_bound: what evidence for @pcrs with @flags takes at most where it shares the quote with
 * nobody. */
gsize batch_bound(const WirePcrSelection *pcrs, uint32_t flags);

guint batch_size(const Batch *batch);

/** batch_seal: no more leaves; makes the tree. The batch must not be empty. */
void batch_seal(Batch *batch);

/** batch_qualifying_data: what the TPM is to sign for a sealed batch, DEEPQUOTE_HASH_SIZE bytes. */
WireBytes batch_qualifying_data(const Batch *batch);

/** batch_pcrs: the union of all that was selected. */
const WirePcrSelection *batch_pcrs(const Batch *batch);

/**
 * batch_evidence:
 * @index: a leaf of the sealed batch
 * @host_signer: Name of the AK that made @quote
 * @quote: a quote of batch_qualifying_data()
 *
 * Writes the evidence for that leaf. Returns: %FALSE where it does not fit @w.
 */
gboolean batch_evidence(const Batch *batch, guint index, WireBytes host_signer,
                        const TpmQuote *quote, WireWriter *w);

#endif
