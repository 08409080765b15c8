/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "load_flood.h"

#include <string.h>

static const LoadFlood kinds[] = {
    { "quote", FLOOD_ASKS, LOAD_QUOTE, 1 },
    { "pipeline", FLOOD_ASKS, LOAD_QUOTE, 8 },
    { "pcr-read", FLOOD_ASKS, LOAD_PCR_READ, 1 },
    { "pcr-any", FLOOD_ASKS, LOAD_PCR_ANY, 1 },
    { "credential", FLOOD_ASKS, LOAD_CREDENTIAL, 1 },
    { "hello", FLOOD_ASKS, LOAD_HELLO, 1 },
    { "instances", FLOOD_REBORN, LOAD_HELLO, 0 },
    { "malformed", FLOOD_RUDE, LOAD_MALFORMED, 0 },
    { "silent", FLOOD_SILENT, LOAD_HELLO, 0 },
};

const LoadFlood *load_flood_find(const char *kind, unsigned index)
{
    if (strcmp(kind, "all") == 0) {
        return &kinds[index % G_N_ELEMENTS(kinds)];
    }
    for (gsize i = 0; i < G_N_ELEMENTS(kinds); i++) {
        if (strcmp(kinds[i].name, kind) == 0) {
            return &kinds[i];
        }
    }
    return NULL;
}

gboolean load_flood_begin(LoadVm *vm)
{
    switch (vm->flood->way) {
    case FLOOD_SILENT:
        return TRUE;
    case FLOOD_RUDE:
        return load_vm_ask(vm, vm->flood->request);
    case FLOOD_ASKS:
    case FLOOD_REBORN:
        break;
    }
    return load_vm_ask(vm, LOAD_HELLO);
}

void load_flood_go_on(LoadVm *vm)
{
    while (vm->outstanding < vm->flood->depth) {
        if (!load_vm_ask(vm, vm->flood->request)) {
            return; /* closed: epoll tells */
        }
    }
}
