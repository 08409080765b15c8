/* SPDX-License-Identifier: GPL-2.0-or-later */
/* How simulated VMs flood a manager. */
#ifndef TESTS_BENCH_LOAD_FLOOD_H
#define TESTS_BENCH_LOAD_FLOOD_H

#include "load_vm.h"

#define LOAD_FLOOD_KINDS                                                                           \
    "quote, pipeline, pcr-read, pcr-any, credential, hello, instances, malformed, silent or all"

typedef enum LoadFloodWay {
    FLOOD_ASKS,   /* once it is welcome, without end */
    FLOOD_REBORN, /* as soon as it is welcome it comes back as a new instance */
    FLOOD_RUDE,   /* says no HELLO, but what the manager closes the connection for; comes back */
    FLOOD_SILENT, /* says nothing; comes back when it is closed */
} LoadFloodWay;

typedef struct LoadFlood {
    const char *name;
    LoadFloodWay way;
    LoadRequest request;
    unsigned depth; /* requests without waiting for answers */
} LoadFlood;

/**
 * load_flood_find: how the @index-th VM that floods does it.
 * @kind: one of LOAD_FLOOD_KINDS; with "all" each is another one, by turns
 *
 * Returns: static; %NULL: there is no such kind.
 */
const LoadFlood *load_flood_find(const char *kind, unsigned index);

/** load_flood_begin: @vm, which is connected, does what comes first. FALSE: it is closed. */
gboolean load_flood_begin(LoadVm *vm);

/** load_flood_go_on: asks as much as its kind does. */
void load_flood_go_on(LoadVm *vm);

#endif
