/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "maker.h"

#include "maker_tpm12.h"

#include "attest/bytes.h"
#include "attest/digest.h"
#include "attest/pcr.h"

#include <string.h>

DqBytes maker_bytes(const GByteArray *array)
{
    return (DqBytes){ array->data, array->len };
}

static GByteArray *copy(const uint8_t *data, gsize len)
{
    return g_byte_array_append(g_byte_array_new(), data, (guint)len);
}

gsize maker_pcr(const char *whose, uint16_t bank, unsigned pcr, uint8_t *ret_value)
{
    g_autofree char *text = g_strdup_printf("%s PCR %u", whose, pcr);
    const DqBytes whole = { (const uint8_t *)text, strlen(text) };

    return dq_digest(bank, &whole, 1, ret_value);
}

void maker_digest(const char *what, uint8_t ret_digest[DQ_HASH_SIZE])
{
    const DqBytes whole = { (const uint8_t *)what, strlen(what) };

    dq_sha256(&whole, 1, ret_digest);
}

/* All values that are selected, one after the other. */
static GByteArray *make_pcrs(const char *whose, const WirePcrSelection *s)
{
    GByteArray *out = g_byte_array_new();

    for (WirePcrWalk w = { 0 }; wire_pcr_next(s, &w);) {
        uint8_t value[DQ_DIGEST_MAX];

        g_byte_array_append(out, value, (guint)maker_pcr(whose, w.hash, w.pcr, value));
    }
    return out;
}

MakerOrder maker_order(const MakerKey *host, const MakerKey *ak)
{
    static const uint8_t nonce[DQ_CHALLENGE_SIZE] = "a challenge of thirty-two bytes.";
    static const uint8_t uuid[DQ_UUID_SIZE] = { 0xd6, 0x6b, 0x4f, 0x0e, 0x2b, 0x1c, 0x4f, 0x5e,
                                                0x9d, 0x31, 0x07, 0x5a, 0xe2, 0x44, 0x10, 0x01 };
    static const guint vtpm_pcrs[] = { 0, 1, 10 };
    MakerOrder o = {
        .host = host,
        .ak = ak,
        .reset_count = 7,
        .restart_count = 2,
        .clock = 86400000,
        .tree_size = 1,
        .lineage = { 0x6c, 0x69, 0x6e, 0x65, 0x61, 0x67, 0x65 },
        .epoch = 3,
        .generation = 41,
        .flags = DEEPQUOTE_HASH_UUID,
        .nonce = { nonce, sizeof(nonce) },
    };

    memcpy(o.uuid, uuid, sizeof(uuid));
    for (unsigned pcr = 0; pcr < 8; pcr++) {
        g_assert_true(wire_pcr_select(&o.host_pcrs, TPM_ALG_SHA256, pcr));
    }
    for (gsize i = 0; i < G_N_ELEMENTS(vtpm_pcrs); i++) {
        g_assert_true(wire_pcr_select(&o.vtpm_pcrs, TPM_ALG_SHA256, vtpm_pcrs[i]));
    }
    return o;
}

/* qualifiedSigner is the Name of the key under its parents; nothing here looks into it. */
static WireAttest make_attest(const WirePcrSelection *selection, WireBytes extra, WireBytes digest,
                              WireBytes signer)
{
    return (WireAttest){
        .magic = TPM_GENERATED_VALUE,
        .type = TPM_ST_ATTEST_QUOTE,
        .qualified_signer = signer,
        .extra_data = extra,
        .safe = 1,
        .firmware_version = 0x2023081700000001,
        .pcr_select = *selection,
        .pcr_digest = digest,
    };
}

static GByteArray *encode_attest(const WireAttest *a)
{
    uint8_t buffer[WIRE_ATTEST_MAX];
    WireWriter w = WIRE_WRITER(buffer, sizeof(buffer));

    g_assert_true(wire_put_attest(&w, a));
    return copy(buffer, w.len);
}

static WireBytes name_of(const MakerKey *key)
{
    return key ? dq_wire(dq_key_get_name(key->key)) : (WireBytes){ 0 };
}

static gsize hash_pcrs(const MakerKey *key, const GByteArray *pcrs, uint8_t *ret_digest)
{
    const DqBytes whole = maker_bytes(pcrs);

    return dq_digest(key ? key->hash : TPM_ALG_SHA256, &whole, 1, ret_digest);
}

static void make_vtpm_quote(MakerDeed *d)
{
    static const uint8_t no_signature[] = { TPM_ALG_NULL >> 8, TPM_ALG_NULL & 0xff };
    const MakerOrder *o = &d->order;
    uint8_t digest[DQ_DIGEST_MAX];
    gsize n;
    WireAttest a;

    d->vtpm_pcrs = make_pcrs("vtpm", &o->vtpm_pcrs);
    if (o->tpm12) {
        maker_tpm12_quote(d);
        return;
    }
    n = hash_pcrs(o->ak, d->vtpm_pcrs, digest);
    if (!o->ak && !o->digest_unsigned) {
        n = 0;
        g_byte_array_set_size(d->vtpm_pcrs, 0);
    }
    a = make_attest(&o->vtpm_pcrs, o->nonce, (WireBytes){ digest, n }, name_of(o->ak));
    a.clock = 5000;
    if (o->vtpm_attest) {
        o->vtpm_attest(d, &a);
    }
    d->vtpm_quoted = encode_attest(&a);
    d->vtpm_signature = !o->ak ? copy(no_signature, sizeof(no_signature))
                               : maker_sign(o->ak, maker_bytes(d->vtpm_quoted));
}

static void make_binding(MakerDeed *d)
{
    const MakerOrder *o = &d->order;
    const DqBytes quoted = maker_bytes(d->vtpm_quoted);
    uint8_t digest[DQ_HASH_SIZE], optional[4][DQ_HASH_SIZE], buffer[DEEPQUOTE_BINDING_MAX];
    static const char *const names[4] = { "measurement", "group info", "group key", "launch" };
    WireBinding b = {
        .flags = o->flags,
        .nonce = o->nonce,
        .vtpm_quoted = { digest, sizeof(digest) },
        .vtpm_signer = name_of(o->ak),
        .vtpm_ek = o->ek,
        .epoch = o->epoch,
        .generation = o->generation,
    };
    WireBytes *const fields[4] = { &b.measurement, &b.group_info, &b.group_key, &b.launch };
    WireWriter w = WIRE_WRITER(buffer, sizeof(buffer));

    memcpy(b.uuid.byte, o->uuid, sizeof(b.uuid.byte));
    memcpy(b.lineage, o->lineage, sizeof(b.lineage));
    dq_sha256(&quoted, 1, digest);
    for (unsigned i = 0; i < 4; i++) {
        maker_digest(names[i], optional[i]);
        if (o->flags & (DEEPQUOTE_VTPM_MEASUREMENTS << i)) {
            *fields[i] = (WireBytes){ optional[i], DQ_HASH_SIZE };
        }
    }
    if (o->binding) {
        o->binding(d, &b);
    }
    g_assert_true(wire_put_binding(&w, &b));
    d->binding = copy(buffer, w.len);
}

/* Signs for the tree; the result may be shared by all of a batch. */
static void make_host_quote(MakerDeed *d)
{
    const MakerOrder *o = &d->order;
    g_autoptr(GByteArray) pcrs = make_pcrs("host", &o->host_pcrs);
    uint8_t digest[DQ_DIGEST_MAX], extra[DQ_HASH_SIZE];
    gsize n = hash_pcrs(o->host, pcrs, digest);
    WireAttest a;

    dq_merkle_qualifying_data(o->tree_size, dq_merkle_tree_root(d->tree), extra);
    a = make_attest(&o->host_pcrs, (WireBytes){ extra, sizeof(extra) }, (WireBytes){ digest, n },
                    name_of(o->host));
    a.clock = o->clock;
    a.safe = o->clock_unsafe ? 0 : 1;
    a.reset_count = o->reset_count;
    a.restart_count = o->restart_count;
    if (o->host_attest) {
        o->host_attest(d, &a);
    }
    d->host_quoted = encode_attest(&a);
    d->host_signature = maker_sign(o->host, maker_bytes(d->host_quoted));
}

static void make_evidence(MakerDeed *d)
{
    const MakerOrder *o = &d->order;
    g_autoptr(GByteArray) pcrs = make_pcrs("host", &o->host_pcrs);
    uint8_t path[DQ_MERKLE_PATH_MAX * DQ_HASH_SIZE], buffer[2 * DEEPQUOTE_EVIDENCE_MAX];
    WireWriter w = WIRE_WRITER(buffer, sizeof(buffer));
    WireEvidence e = {
        .host_quoted = dq_wire(maker_bytes(d->host_quoted)),
        .host_signer = name_of(o->host),
        .binding_bytes = dq_wire(maker_bytes(d->binding)),
        .tree_size = o->tree_size,
        .leaf_index = o->leaf_index,
        .path = path,
        .host_pcrs = o->host_pcrs,
        .pcr_count = (uint32_t)wire_pcr_count(&o->host_pcrs),
    };

    g_assert_true(
        wire_decode_signature(dq_wire(maker_bytes(d->host_signature)), &e.host_signature));
    g_assert_true(dq_pcr_split(&o->host_pcrs, maker_bytes(pcrs), e.pcr));
    e.path_length = (uint16_t)dq_merkle_tree_path(d->tree, o->leaf_index, path);
    if (o->evidence) {
        o->evidence(d, &e);
    }
    g_assert_true(wire_put_evidence(&w, &e));
    d->evidence = copy(buffer, w.len);
}

/* The leaf of @d among made up ones. */
static DqMerkleTree *make_tree(const MakerDeed *d)
{
    const MakerOrder *o = &d->order;
    g_autofree uint8_t *leaves = g_malloc_n(o->tree_size, DQ_HASH_SIZE);

    for (uint64_t i = 0; i < o->tree_size; i++) {
        g_autofree char *other = g_strdup_printf("leaf %" G_GUINT64_FORMAT, i);

        maker_digest(other, leaves + i * DQ_HASH_SIZE);
    }
    dq_merkle_leaf(d->binding->data, d->binding->len, leaves + o->leaf_index * DQ_HASH_SIZE);
    return dq_merkle_tree_new(leaves, o->tree_size);
}

MakerDeed *maker_deed_new(const MakerOrder *order)
{
    MakerDeed *d = g_new0(MakerDeed, 1);

    d->order = *order;
    make_vtpm_quote(d);
    make_binding(d);
    d->tree = make_tree(d);
    make_host_quote(d);
    make_evidence(d);
    g_clear_pointer(&d->tree, dq_merkle_tree_free);
    return d;
}

/* Gives @d the batch's tree and host quote for as long as its evidence is made. */
static void finish_in_batch(MakerDeed *d, DqMerkleTree *tree, const MakerDeed *first)
{
    d->tree = tree;
    if (d == first) {
        make_host_quote(d);
    } else {
        d->host_quoted = copy(first->host_quoted->data, first->host_quoted->len);
        d->host_signature = copy(first->host_signature->data, first->host_signature->len);
    }
    make_evidence(d);
    d->tree = NULL;
}

GPtrArray *maker_batch_new(const MakerOrder *orders, gsize count)
{
    GPtrArray *deeds = g_ptr_array_new_with_free_func((GDestroyNotify)maker_deed_free);
    g_autofree uint8_t *leaves = g_malloc_n(count, DQ_HASH_SIZE);
    g_autoptr(DqMerkleTree) tree = NULL;

    for (gsize i = 0; i < count; i++) {
        MakerDeed *d = g_new0(MakerDeed, 1);

        d->order = orders[i];
        d->order.tree_size = count;
        d->order.leaf_index = i;
        d->order.host_attest = NULL;
        d->order.evidence = NULL;
        make_vtpm_quote(d);
        make_binding(d);
        dq_merkle_leaf(d->binding->data, d->binding->len, leaves + i * DQ_HASH_SIZE);
        g_ptr_array_add(deeds, d);
    }
    tree = dq_merkle_tree_new(leaves, count);
    for (gsize i = 0; i < count; i++) {
        finish_in_batch(deeds->pdata[i], tree, deeds->pdata[0]);
    }
    return deeds;
}

static void clear(GByteArray **array)
{
    g_clear_pointer(array, g_byte_array_unref);
}

void maker_deed_free(MakerDeed *deed)
{
    if (!deed) {
        return;
    }
    clear(&deed->vtpm_quoted);
    clear(&deed->vtpm_signature);
    clear(&deed->vtpm_pcrs);
    clear(&deed->binding);
    clear(&deed->host_quoted);
    clear(&deed->host_signature);
    clear(&deed->evidence);
    g_free(deed);
}

DqQuote maker_quote(const MakerDeed *deed)
{
    return (DqQuote){
        .evidence = maker_bytes(deed->evidence),
        .vtpm_quoted = maker_bytes(deed->vtpm_quoted),
        .vtpm_signature = maker_bytes(deed->vtpm_signature),
        .vtpm_pcrs = maker_bytes(deed->vtpm_pcrs),
        .vtpm_key = deed->order.ak ? deed->order.ak->key : NULL,
    };
}

DqExpected maker_expected(const MakerDeed *deed)
{
    return (DqExpected){
        .challenge = dq_unwire(deed->order.nonce),
        .uuid = deed->order.uuid,
        .vtpm_key = deed->order.ak ? deed->order.ak->key : NULL,
    };
}

static DqName stored_name(const MakerKey *key)
{
    DqName name = { .len = 0 };

    if (key) {
        name.len = dq_key_get_name(key->key).len;
        memcpy(name.data, dq_key_get_name(key->key).data, name.len);
    }
    return name;
}

DqStoreHost maker_host_record(const MakerKey *key)
{
    DqStoreHost h = { .name = stored_name(key),
                      .public_len = key->public->len,
                      .enrolment = DQ_ENROLMENT_WORD,
                      .enrolled = 1 };

    g_assert_cmpuint(key->public->len, <=, sizeof(h.public_area));
    memcpy(h.public_area, key->public->data, key->public->len);
    return h;
}

DqStoreVm maker_vm_record(const MakerOrder *order)
{
    DqStoreVm v = { .ak = stored_name(order->ak), .added = 1 };

    memcpy(v.uuid, order->uuid, DQ_UUID_SIZE);
    return v;
}
