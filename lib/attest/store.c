/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "attest/store-ops.h"

#include "attest/bytes.h"

#include <string.h>

DqStore *dq_store_new(const DqStoreOps *ops, gpointer self)
{
    DqStore *store = g_new0(DqStore, 1);

    store->refs = 1;
    store->ops = ops;
    store->self = self;
    return store;
}

DqStore *dq_store_ref(DqStore *store)
{
    g_atomic_int_inc(&store->refs);
    return store;
}

void dq_store_unref(DqStore *store)
{
    if (!store || !g_atomic_int_dec_and_test(&store->refs)) {
        return;
    }
    store->ops->free(store->self);
    g_free(store);
}

/* -------------------------------------------------------------- One that says what another said */

static gboolean use_challenge(gpointer self, G_GNUC_UNUSED DqBytes challenge,
                              G_GNUC_UNUSED int64_t now, DqChallengeUse *ret_use,
                              gboolean *ret_bound, uint8_t ret_uuid[DQ_UUID_SIZE],
                              G_GNUC_UNUSED GError **error)
{
    const DqStoreAnswers *a = self;

    *ret_use = a->use;
    *ret_bound = a->bound;
    memcpy(ret_uuid, a->uuid, DQ_UUID_SIZE);
    return TRUE;
}

static gboolean find_host(gpointer self, DqBytes name, gboolean *ret_found, DqStoreHost *ret_host,
                          G_GNUC_UNUSED GError **error)
{
    const DqStoreAnswers *a = self;

    *ret_found =
        a->has_host && dq_bytes_equal(name, (DqBytes){ a->host.name.data, a->host.name.len });
    if (*ret_found) {
        *ret_host = a->host;
    }
    return TRUE;
}

static gboolean find_vm(gpointer self, const uint8_t uuid[DQ_UUID_SIZE], gboolean *ret_found,
                        DqStoreVm *ret_vm, G_GNUC_UNUSED GError **error)
{
    const DqStoreAnswers *a = self;

    *ret_found = a->has_vm && memcmp(uuid, a->vm.uuid, DQ_UUID_SIZE) == 0;
    if (*ret_found) {
        *ret_vm = a->vm;
    }
    return TRUE;
}

static gboolean record(G_GNUC_UNUSED gpointer self, G_GNUC_UNUSED const DqStoreHost *host,
                       G_GNUC_UNUSED const DqStoreVm *vm, gboolean *ret_done,
                       G_GNUC_UNUSED GError **error)
{
    *ret_done = TRUE;
    return TRUE;
}

DqStore *dq_store_new_replay(const DqStoreAnswers *answers)
{
    static const DqStoreOps ops = { use_challenge, find_host, find_vm, record, g_free };

    return dq_store_new(&ops, g_memdup2(answers, sizeof(*answers)));
}
