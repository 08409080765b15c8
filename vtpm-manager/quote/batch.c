/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "quote/batch.h"

#include <string.h>

#include "attest/deepquote.h"
#include "wire/size.h"

struct Batch {
    GPtrArray *bindings; /* GBytes */
    GByteArray *leaves;
    WirePcrSelection pcrs;
    gssize room;        /* the least that a member has beside its binding */
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

/* Nodes of the longest inclusion proof in a tree of @leaves. */
static guint path_length(guint leaves)
{
    return leaves > 1 ? (guint)g_bit_storage(leaves - 1) : 0;
}

/* Whether evidence that has @room bytes beside its binding fits into a batch of @leaves. */
static gboolean fits(gssize room, const WirePcrSelection *pcrs, guint leaves)
{
    return room > 0 && (gsize)room >= wire_evidence_bound(pcrs, 0, path_length(leaves));
}

gboolean batch_can_quote(const WirePcrSelection *pcrs)
{
    WirePcrSelection all = { 0 };

    return tpm_pcr_merge(&all, pcrs, DEEPQUOTE_HOST_BANKS_MAX);
}

gsize batch_bound(const WirePcrSelection *pcrs, uint32_t flags)
{
    return wire_evidence_bound(pcrs, wire_binding_bound(flags), 0);
}

gboolean batch_add(Batch *batch, const Binding *binding, const WirePcrSelection *pcrs, guint room,
                   guint *ret_index)
{
    guint size = batch->bindings->len;
    gssize left = (gssize)room - (gssize)binding->len;
    gssize least = size > 0 ? MIN(left, batch->room) : left;
    WirePcrSelection all = batch->pcrs;

    g_return_val_if_fail(!batch->tree, FALSE);
    if (size == BATCH_LIMIT) {
        return FALSE;
    }
    if (!wire_pcr_covers(&all, pcrs) && !tpm_pcr_merge(&all, pcrs, DEEPQUOTE_HOST_BANKS_MAX)) {
        return FALSE;
    }
    if (size > 0 && !fits(least, &all, size + 1)) {
        return FALSE;
    }
    batch->pcrs = all;
    batch->room = least;
    g_ptr_array_add(batch->bindings, g_bytes_new(binding->bytes, binding->len));
    g_byte_array_append(batch->leaves, binding->leaf, sizeof(binding->leaf));
    *ret_index = size;
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
                        const TpmQuote *quote, WireWriter *w)
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
