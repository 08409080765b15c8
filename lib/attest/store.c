/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "attest/store-ops.h"

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
