/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "memory_store.h"

#include <string.h>

MemoryStore *memory_store_new(void)
{
    MemoryStore *s = g_new0(MemoryStore, 1);

    g_mutex_init(&s->lock);
    s->hosts = g_array_new(FALSE, FALSE, sizeof(DqStoreHost));
    s->vms = g_array_new(FALSE, FALSE, sizeof(DqStoreVm));
    s->challenges = g_array_new(FALSE, FALSE, sizeof(MemoryChallenge));
    return s;
}

void memory_store_free(MemoryStore *store)
{
    if (store) {
        g_array_unref(store->hosts);
        g_array_unref(store->vms);
        g_array_unref(store->challenges);
        g_mutex_clear(&store->lock);
        g_free(store);
    }
}

void memory_store_add_host(MemoryStore *store, const DqStoreHost *host)
{
    DqStoreHost h = *host;

    h.revision = ++store->revision;
    g_array_append_val(store->hosts, h);
}

void memory_store_add_vm(MemoryStore *store, const DqStoreVm *vm)
{
    DqStoreVm v = *vm;

    v.revision = ++store->revision;
    g_array_append_val(store->vms, v);
}

void memory_store_add_challenge(MemoryStore *store, const MemoryChallenge *challenge)
{
    g_array_append_val(store->challenges, *challenge);
}

void memory_store_issue(MemoryStore *store, DqBytes challenge)
{
    MemoryChallenge c = { .len = challenge.len, .expires = G_MAXINT64 };

    memcpy(c.challenge, challenge.data, challenge.len);
    memory_store_add_challenge(store, &c);
}

static gboolean fail(GError **error)
{
    g_set_error(error, DQ_ERROR, DQ_ERROR_STORE, "this store was told to fail");
    return FALSE;
}

static MemoryChallenge *find_challenge(MemoryStore *s, DqBytes wanted)
{
    for (guint i = 0; i < s->challenges->len; i++) {
        MemoryChallenge *c = &g_array_index(s->challenges, MemoryChallenge, i);

        if (c->len == wanted.len && memcmp(c->challenge, wanted.data, wanted.len) == 0) {
            return c;
        }
    }
    return NULL;
}

static gboolean use_challenge(gpointer self, DqBytes challenge, int64_t now,
                              DqChallengeUse *ret_use, gboolean *ret_bound,
                              uint8_t ret_uuid[DQ_UUID_SIZE], GError **error)
{
    MemoryStore *s = self;
    MemoryChallenge *c;

    if (s->fails) {
        return fail(error);
    }
    g_mutex_lock(&s->lock);
    c = find_challenge(s, challenge);
    *ret_bound = c && c->bound;
    *ret_use = !c                 ? DQ_CHALLENGE_UNKNOWN
               : c->used          ? DQ_CHALLENGE_USED
               : c->expires < now ? DQ_CHALLENGE_EXPIRED
                                  : DQ_CHALLENGE_FRESH;
    if (c) {
        memcpy(ret_uuid, c->uuid, DQ_UUID_SIZE);
        c->used = c->used || *ret_use == DQ_CHALLENGE_FRESH;
    }
    g_mutex_unlock(&s->lock);
    return TRUE;
}

static DqStoreHost *host_with(MemoryStore *s, DqBytes name)
{
    for (guint i = 0; i < s->hosts->len; i++) {
        DqStoreHost *h = &g_array_index(s->hosts, DqStoreHost, i);

        if (h->name.len == name.len && memcmp(h->name.data, name.data, name.len) == 0) {
            return h;
        }
    }
    return NULL;
}

static DqStoreVm *vm_with(MemoryStore *s, const uint8_t *uuid)
{
    for (guint i = 0; i < s->vms->len; i++) {
        DqStoreVm *v = &g_array_index(s->vms, DqStoreVm, i);

        if (memcmp(v->uuid, uuid, DQ_UUID_SIZE) == 0) {
            return v;
        }
    }
    return NULL;
}

static gboolean find_host(gpointer self, DqBytes name, gboolean *ret_found, DqStoreHost *ret_host,
                          GError **error)
{
    MemoryStore *s = self;
    const DqStoreHost *h;

    if (s->fails) {
        return fail(error);
    }
    g_mutex_lock(&s->lock);
    h = host_with(s, name);
    *ret_found = h != NULL;
    if (h) {
        *ret_host = *h;
    }
    g_mutex_unlock(&s->lock);
    return TRUE;
}

static gboolean find_vm(gpointer self, const uint8_t uuid[DQ_UUID_SIZE], gboolean *ret_found,
                        DqStoreVm *ret_vm, GError **error)
{
    MemoryStore *s = self;
    const DqStoreVm *v;

    if (s->fails) {
        return fail(error);
    }
    g_mutex_lock(&s->lock);
    v = vm_with(s, uuid);
    *ret_found = v != NULL;
    if (v) {
        *ret_vm = *v;
    }
    g_mutex_unlock(&s->lock);
    return TRUE;
}

static gboolean record(gpointer self, const DqStoreHost *host, const DqStoreVm *vm,
                       gboolean *ret_done, GError **error)
{
    MemoryStore *s = self;
    DqStoreHost *h;
    DqStoreVm *v;

    if (s->fails) {
        return fail(error);
    }
    g_mutex_lock(&s->lock);
    if (s->meanwhile) {
        s->meanwhile(s);
    }
    h = host_with(s, (DqBytes){ host->name.data, host->name.len });
    v = vm_with(s, vm->uuid);
    *ret_done = h && h->revision == host->revision && v && v->revision == vm->revision;
    if (*ret_done) {
        *h = *host;
        *v = *vm;
        v->revision = ++s->revision;
        s->records++;
    }
    g_mutex_unlock(&s->lock);
    return TRUE;
}

static void free_nothing(G_GNUC_UNUSED gpointer self)
{
}

DqStore *memory_store_get(MemoryStore *store)
{
    static const DqStoreOps ops = { use_challenge, find_host, find_vm, record, free_nothing };

    return dq_store_new(&ops, store);
}
