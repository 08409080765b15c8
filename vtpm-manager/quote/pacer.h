/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * When the TPM starts its next batch: at once for who finds it idle; after a batch that was shared
 * a little later, where those just answered are likely to ask again. It knows numbers, not
 * requests.
 *
 * The rules are those of docs/specs/batching.md.
 */
#ifndef VTPM_MANAGER_QUOTE_PACER_H
#define VTPM_MANAGER_QUOTE_PACER_H

#include <glib.h>
#include <stdint.h>

typedef struct Pacer Pacer;

/** PacerStart: gives the TPM a batch of what waits. Returns: %FALSE where nothing waits. */
typedef gboolean (*PacerStart)(void *data);

/**
 * pacer_new:
 * @limit: requests that a batch takes at most
 * @start: called only from the functions below and from the main loop
 */
Pacer *pacer_new(GMainContext *context, guint limit, PacerStart start, void *data);
void pacer_free(Pacer *pacer);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Pacer, pacer_free)

/** pacer_arrived: one more request; now @waiting of them wait. */
void pacer_arrived(Pacer *pacer, guint waiting);

/**
 * pacer_done: the TPM is done with a batch, and can have the next.
 * @size: of that batch
 * @quote_us: how long the TPM had it
 * @waiting: requests that wait
 */
void pacer_done(Pacer *pacer, guint size, int64_t quote_us, guint waiting);

/** pacer_answered: all that the TPM is done with has been answered. */
void pacer_answered(Pacer *pacer);

#endif
