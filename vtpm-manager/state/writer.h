/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Puts announced states on the disk, by a thread of its own: nobody else waits for that disk, and
 * what comes while it works is stored together, by one write.
 */
#ifndef VTPM_MANAGER_STATE_WRITER_H
#define VTPM_MANAGER_STATE_WRITER_H

#include "registry/store.h"

typedef struct StateWriter StateWriter;

/**
 * StateWritten: in the thread of the context.
 * @vm: what was to be stored; borrowed
 * @error: why it is not; %NULL: it is on the disk
 */
typedef void (*StateWritten)(const RegistryVmState *vm, const GError *error, void *data);

/** state_writer_new: @store and @context are borrowed, and outlive it. */
StateWriter *state_writer_new(RegistryStore *store, GMainContext *context);

/** state_writer_free: what waits for the disk is not stored, and that is told. */
void state_writer_free(StateWriter *writer);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(StateWriter, state_writer_free)

/** state_writer_put: @vm is copied; @done is called once, later. One at a time for each VM. */
void state_writer_put(StateWriter *writer, const RegistryVmState *vm, StateWritten done,
                      void *data);

/** state_writer_has: whether a state of @uuid is not stored yet. */
gboolean state_writer_has(const StateWriter *writer, const WireUuid *uuid);

#endif
