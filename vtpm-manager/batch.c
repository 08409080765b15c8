/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "batch.h"

#include <string.h>

#include "attest/deepquote.h"

struct Batch {
    GPtrArray *bindings; /* GBytes */
    GByteArray *leaves;
    WirePcrSelection pcrs;
    DqMerkleTree *tree; /* set by batch_seal() */
    uint8_t qualifying[DEEPQUOTE_HASH_SIZE];
};

Batch *batch_new(void)
{
    Batch *batch = g_new0(Batch, 1);

    batch->bindings = g_ptr_array_new_with_free_func((GDestroyNotify)g_bytes_unref);
    batch->leaves = g_byte_array_new();
    return batch;
}

void batch_free(Batch *batch)
{
    if (!batch) {
        return;
    }
    g_ptr_array_unref(batch->bindings);
    g_byte_array_unref(batch->leaves);
    g_clear_pointer(&batch->tree, dq_merkle_tree_free);
    g_free(batch);
}

gboolean batch_add(Batch *batch, const Binding *binding, const WirePcrSelection *pcrs,
                   guint *ret_index)
{
    g_return_val_if_fail(!batch->tree, FALSE);
    if (batch->bindings->len == BATCH_LIMIT ||
        !hw_pcr_merge(&batch->pcrs, pcrs, DEEPQUOTE_HOST_BANKS_MAX)) {
        return FALSE;
    }
    g_ptr_array_add(batch->bindings, g_bytes_new(binding->bytes, binding->len));
    g_byte_array_append(batch->leaves, binding->leaf, sizeof(binding->leaf));
    *ret_index = batch->bindings->len - 1;
    return TRUE;
}

guint batch_size(const Batch *batch)
{
    return batch->bindings->len;
}

void batch_seal(Batch *batch)
{
    g_return_if_fail(!batch->tree && batch->bindings->len > 0);
    batch->tree = dq_merkle_tree_new(batch->leaves->data, batch->bindings->len);
    dq_merkle_qualifying_data(batch->bindings->len, dq_merkle_tree_root(batch->tree),
                              batch->qualifying);
}

WireBytes batch_qualifying_data(const Batch *batch)
{
    return (WireBytes){ batch->qualifying, sizeof(batch->qualifying) };
}

const WirePcrSelection *batch_pcrs(const Batch *batch)
{
    return &batch->pcrs;
}

static WireBytes borrow(GBytes *bytes)
{
    gsize size;
    const uint8_t *p = g_bytes_get_data(bytes, &size);

    return (WireBytes){ p, size };
}

gboolean batch_evidence(const Batch *batch, guint index, WireBytes host_signer,
                        const HwQuote *quote, WireWriter *w)
{
    uint8_t path[DQ_MERKLE_PATH_MAX * DQ_HASH_SIZE];
    WireEvidence e = { 0 };

    g_return_val_if_fail(batch->tree && index < batch->bindings->len, FALSE);
    if (!wire_decode_signature(borrow(quote->signature), &e.host_signature)) {
        return FALSE;
    }
    e.host_quoted = borrow(quote->attest);
    e.host_signer = host_signer;
    e.binding_bytes = borrow(g_ptr_array_index(batch->bindings, index));
    e.tree_size = batch->bindings->len;
    e.leaf_index = index;
    e.path_length = (uint16_t)dq_merkle_tree_path(batch->tree, index, path);
    e.path = path;
    e.host_pcrs = quote->pcrs;
    e.pcr_count = quote->count;
    for (guint i = 0; i < quote->count; i++) {
        e.pcr[i] = (WireBytes){ quote->value[i].value, quote->value[i].size };
    }
    return wire_put_evidence(w, &e);
}
