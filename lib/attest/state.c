/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "attest/state.h"

#include "attest/bytes.h"

#include <string.h>
#include <unistd.h>

static const char *const fault_texts[] = {
    [DQ_STATE_FRESH] = NULL,
    [DQ_STATE_NONCE_USED] = NULL,
    [DQ_STATE_EPOCH_BACK] = "the VM's epoch went back: its vTPM is a copy of an earlier one",
    [DQ_STATE_GENERATION_BACK] = "the VM's generation went back: its vTPM has an older state",
    [DQ_STATE_RESET_COUNT_BACK] = "the host's reset count went back",
    [DQ_STATE_RESTART_COUNT_BACK] = "the host's restart count went back",
    [DQ_STATE_CLOCK_BACK] = "the host's clock went back",
};

const char *dq_state_fault_text(DqStateFault fault)
{
    return fault_texts[fault];
}

static GHashTable *new_table(GDestroyNotify free_value)
{
    return g_hash_table_new_full(g_bytes_hash, g_bytes_equal, (GDestroyNotify)g_bytes_unref,
                                 free_value);
}

DqState *dq_state_new(void)
{
    DqState *s = g_new0(DqState, 1);

    s->refs = 1;
    g_mutex_init(&s->lock);
    s->nonces = new_table(NULL);
    s->vms = new_table(g_free);
    s->hosts = new_table(g_free);
    s->clocks = new_table(g_free);
    s->lock_fd = -1;
    return s;
}

DqState *dq_state_ref(DqState *state)
{
    g_atomic_int_inc(&state->refs);
    return state;
}

void dq_state_unref(DqState *state)
{
    if (state == NULL || !g_atomic_int_dec_and_test(&state->refs)) {
        return;
    }
    g_hash_table_unref(state->nonces);
    g_hash_table_unref(state->vms);
    g_hash_table_unref(state->hosts);
    g_hash_table_unref(state->clocks);
    g_mutex_clear(&state->lock);
    g_free(state->path);
    if (state->lock_fd >= 0) {
        close(state->lock_fd);
    }
    g_free(state);
}

static gpointer look_up(GHashTable *table, DqBytes key)
{
    g_autoptr(GBytes) k = dq_bytes_borrow(key);

    return g_hash_table_lookup(table, k);
}

static DqBytes uuid_bytes(const WireUuid *uuid)
{
    return (DqBytes){ uuid->byte, sizeof(uuid->byte) };
}

/* uuid || Name */
static DqBytes clock_key(guint8 buffer[DQ_UUID_SIZE + DQ_NAME_MAX], const WireUuid *uuid,
                         DqBytes name)
{
    gsize n = MIN(name.len, DQ_NAME_MAX);

    memcpy(buffer, uuid->byte, DQ_UUID_SIZE);
    memcpy(buffer + DQ_UUID_SIZE, name.data, n);
    return (DqBytes){ buffer, DQ_UUID_SIZE + n };
}

void dq_state_put_vm(DqState *state, const WireUuid *uuid, DqStateVm vm)
{
    g_hash_table_replace(state->vms, dq_bytes_copy(uuid_bytes(uuid)), g_memdup2(&vm, sizeof(vm)));
}

void dq_state_put_host(DqState *state, DqBytes name, DqStateHost host)
{
    g_hash_table_replace(state->hosts, dq_bytes_copy(name), g_memdup2(&host, sizeof(host)));
}

void dq_state_put_clock(DqState *state, const WireUuid *uuid, DqBytes name, guint64 clock)
{
    guint8 buffer[DQ_UUID_SIZE + DQ_NAME_MAX];
    DqBytes key = clock_key(buffer, uuid, name);

    g_hash_table_replace(state->clocks, dq_bytes_copy(key), g_memdup2(&clock, sizeof(clock)));
}

void dq_state_put_nonce(DqState *state, DqBytes nonce)
{
    g_hash_table_add(state->nonces, dq_bytes_copy(nonce));
}

static gboolean nonce_used(DqState *state, DqBytes nonce)
{
    g_autoptr(GBytes) key = dq_bytes_borrow(nonce);

    return g_hash_table_contains(state->nonces, key);
}

gboolean dq_state_nonce_used(DqState *state, DqBytes nonce)
{
    gboolean used;

    g_mutex_lock(&state->lock);
    used = nonce_used(state, nonce);
    g_mutex_unlock(&state->lock);
    return used;
}

static DqStateFault find_stale(DqState *state, const DqStateEntry *e)
{
    guint8 buffer[DQ_UUID_SIZE + DQ_NAME_MAX];
    const DqStateVm *vm = look_up(state->vms, uuid_bytes(e->uuid));
    const DqStateHost *host = look_up(state->hosts, e->host_name);
    const guint64 *clock = look_up(state->clocks, clock_key(buffer, e->uuid, e->host_name));

    if (vm != NULL && e->epoch < vm->epoch) {
        return DQ_STATE_EPOCH_BACK;
    }
    if (vm != NULL && e->generation < vm->generation) {
        return DQ_STATE_GENERATION_BACK;
    }
    if (host != NULL && e->reset_count < host->reset_count) {
        return DQ_STATE_RESET_COUNT_BACK;
    }
    if (host != NULL && e->reset_count == host->reset_count &&
        e->restart_count < host->restart_count) {
        return DQ_STATE_RESTART_COUNT_BACK;
    }
    if (clock != NULL && e->clock < *clock) {
        return DQ_STATE_CLOCK_BACK;
    }
    return DQ_STATE_FRESH;
}

DqStateFault dq_state_find_stale(DqState *state, const DqStateEntry *entry)
{
    DqStateFault fault;

    g_mutex_lock(&state->lock);
    fault = find_stale(state, entry);
    g_mutex_unlock(&state->lock);
    return fault;
}

DqStateFault dq_state_record(DqState *state, const DqStateEntry *e)
{
    DqStateFault fault;

    g_mutex_lock(&state->lock);
    fault = nonce_used(state, e->nonce) ? DQ_STATE_NONCE_USED : find_stale(state, e);
    if (fault == DQ_STATE_FRESH) {
        dq_state_put_nonce(state, e->nonce);
        dq_state_put_vm(state, e->uuid, (DqStateVm){ e->epoch, e->generation });
        dq_state_put_host(state, e->host_name, (DqStateHost){ e->reset_count, e->restart_count });
        dq_state_put_clock(state, e->uuid, e->host_name, e->clock);
        state->changed = TRUE;
    }
    g_mutex_unlock(&state->lock);
    return fault;
}
