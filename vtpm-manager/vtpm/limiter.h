/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * How much each VM may ask of the host: one that asks without end must not cost the others theirs.
 * Kept in memory for each UUID that is or was registered; it outlives connections.
 */
#ifndef VTPM_MANAGER_VTPM_LIMITER_H
#define VTPM_MANAGER_VTPM_LIMITER_H

#include <glib.h>

#include "wire/uuid.h"

typedef struct Limiter Limiter;

/**
 * limiter_new:
 * @rate: requests a second that each VM may make, for each unit of its group's weight; 0: any
 * @burst: requests that it may make at once, likewise; at least 1
 */
Limiter *limiter_new(guint rate, guint burst);
void limiter_free(Limiter *limiter);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Limiter, limiter_free)

/**
 * limiter_request: the VM makes a request. Returns: %FALSE where it has made more than its share.
 * That is no reason to refuse it while nobody else waits.
 */
gboolean limiter_request(Limiter *limiter, const WireUuid *uuid, guint weight, int64_t now);

/** limiter_life: a life of its vTPM starts, which writes to the disk. %FALSE: too often. */
gboolean limiter_life(Limiter *limiter, const WireUuid *uuid, int64_t now);

#endif
