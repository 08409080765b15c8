/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Bindings and batches: what is bound, and that each leaf's evidence proves what the TPM signs. */
#include <string.h>

#include "attest/deepquote.h"
#include "quote/batch.h"
#include "quote/binding.h"
#include "wire/size.h"

static const uint8_t nonce[20] = "a verifier's nonce..";
static const uint8_t ek_name[34] = { 0x00, 0x0b, 1, 2, 3 };
static const uint8_t other_name[34] = { 0x00, 0x0b, 9, 9, 9 };

#define BYTES(array) ((WireBytes){ (array), sizeof(array) })

static const BindingDigests none = { NULL, NULL };

/* A vTPM's quote in @buf; the request borrows it. */
static ManagerQuote make_request(uint8_t *buf, gsize cap, WireBytes extra, uint32_t magic,
                                 uint16_t type)
{
    WireWriter w = WIRE_WRITER(buf, cap);
    WireAttest attest = { .magic = magic, .type = type, .extra_data = extra };
    ManagerQuote request = { .flags = DEEPQUOTE_HASH_UUID };

    wire_pcr_select(&attest.pcr_select, TPM_ALG_SHA256, 0);
    attest.pcr_digest = BYTES(ek_name);
    g_assert_true(wire_put_attest(&w, &attest));
    request.quoted = wire_written(&w);
    wire_pcr_select(&request.host_pcrs, TPM_ALG_SHA256, 7);
    return request;
}

static RegistryVm make_vm(void)
{
    RegistryVm vm = { .uuid = { "sixteen bytes.." },
                      .lineage = "sixteen others.",
                      .ek_len = sizeof(ek_name),
                      .epoch = 3,
                      .generation = 44,
                      .enabled = TRUE };

    memcpy(vm.ek, ek_name, sizeof(ek_name));
    return vm;
}

static void test_binds_all(void)
{
    uint8_t buf[512];
    ManagerQuote request =
        make_request(buf, sizeof(buf), BYTES(nonce), TPM_GENERATED_VALUE, TPM_ST_ATTEST_QUOTE);
    RegistryVm vm = make_vm();
    g_autofree char *want = NULL;
    g_autofree char *got = NULL;
    uint8_t leaf[DQ_HASH_SIZE];
    WireBinding b;
    Binding binding;

    request.flags = 0;
    request.signer = BYTES(other_name);
    g_assert_cmpint(binding_make(&vm, &request, &none, &binding), ==, MANAGER_REASON_NONE);
    g_assert_true(wire_decode_binding((WireBytes){ binding.bytes, binding.len }, &b));
    g_assert_cmpuint(b.flags, ==, DEEPQUOTE_HASH_UUID);
    g_assert_cmpmem(b.nonce.p, b.nonce.len, nonce, sizeof(nonce));
    g_assert_true(wire_uuid_equal(&b.uuid, &vm.uuid));
    g_assert_cmpmem(b.vtpm_ek.p, b.vtpm_ek.len, ek_name, sizeof(ek_name));
    g_assert_cmpmem(b.vtpm_signer.p, b.vtpm_signer.len, other_name, sizeof(other_name));
    g_assert_cmpmem(b.lineage, 16, vm.lineage, 16);
    g_assert_cmpuint(b.epoch, ==, 3);
    g_assert_cmpuint(b.generation, ==, 44);
    want = g_compute_checksum_for_data(G_CHECKSUM_SHA256, request.quoted.p, request.quoted.len);
    got = dq_hex_encode(b.vtpm_quoted.p, b.vtpm_quoted.len);
    g_assert_cmpstr(got, ==, want);
    dq_merkle_leaf(binding.bytes, binding.len, leaf);
    g_assert_cmpmem(binding.leaf, sizeof(binding.leaf), leaf, sizeof(leaf));
}

static void test_flags_provided(void)
{
    RegistryApproval approval = { .group = NULL };
    RegistryGroup group = { .name = (char *)"acme" };
    const RegistryVm vm = { .group = &group };
    const uint32_t always = DEEPQUOTE_HASH_UUID | DEEPQUOTE_VTPM_MEASUREMENTS |
                            DEEPQUOTE_GROUP_INFO | DEEPQUOTE_VM_LAUNCH;

    g_assert_true(binding_flags_provided(&vm, 0));
    g_assert_true(binding_flags_provided(&vm, always));
    g_assert_false(binding_flags_provided(&vm, DEEPQUOTE_GROUP_PUBKEY));
    group.approval = &approval;
    g_assert_true(binding_flags_provided(&vm, DEEPQUOTE_GROUP_PUBKEY));
    g_assert_false(binding_flags_provided(&vm, DEEPQUOTE_FLAGS_ALL + 1));
}

/* A group without a list has number 0, and a digest of zeroes. */
static void test_group_is_bound(void)
{
    uint8_t buf[512], info[DEEPQUOTE_HASH_SIZE];
    RegistryApproval approval = { .text = (char *)"a.b.c", .key_digest = { 7 } };
    RegistryGroup group = { .name = (char *)"acme" };
    ManagerQuote request =
        make_request(buf, sizeof(buf), BYTES(nonce), TPM_GENERATED_VALUE, TPM_ST_ATTEST_QUOTE);
    DqGroupList list = { .sequence = 7 };
    RegistryVm vm = make_vm();
    Binding binding;
    WireBinding b;

    vm.group = &group;
    request.flags = DEEPQUOTE_GROUP_INFO;
    g_assert_cmpint(binding_make(&vm, &request, &none, &binding), ==, MANAGER_REASON_NONE);
    g_assert_true(wire_decode_binding((WireBytes){ binding.bytes, binding.len }, &b));
    dq_group_info("acme", 0, (DqBytes){ NULL, 0 }, info);
    g_assert_cmpmem(b.group_info.p, b.group_info.len, info, sizeof(info));
    g_assert_cmpuint(b.group_key.len, ==, 0);
    group.approval = &approval;
    approval.list = &list;
    dq_group_info("acme", 7, (DqBytes){ (const uint8_t *)"a.b.c", 5 }, approval.info);
    request.flags = DEEPQUOTE_GROUP_INFO | DEEPQUOTE_GROUP_PUBKEY;
    g_assert_cmpint(binding_make(&vm, &request, &none, &binding), ==, MANAGER_REASON_NONE);
    g_assert_true(wire_decode_binding((WireBytes){ binding.bytes, binding.len }, &b));
    dq_group_info("acme", 7, (DqBytes){ (const uint8_t *)"a.b.c", 5 }, info);
    g_assert_cmpmem(b.group_info.p, b.group_info.len, info, sizeof(info));
    g_assert_cmpmem(b.group_key.p, b.group_key.len, approval.key_digest, DEEPQUOTE_HASH_SIZE);
    g_assert_cmpuint(binding.len, <=, wire_binding_bound(request.flags));
}

static void test_binding_bound(void)
{
    uint8_t name[WIRE_NAME_MAX] = { 0, TPM_ALG_SHA512 };
    uint8_t longest[DEEPQUOTE_NONCE_MAX] = { 1 };
    uint8_t buf[512];
    ManagerQuote request =
        make_request(buf, sizeof(buf), BYTES(longest), TPM_GENERATED_VALUE, TPM_ST_ATTEST_QUOTE);
    const BindingDigests measured = { longest, NULL };
    const BindingDigests launched = { longest, longest };
    RegistryVm vm = make_vm();
    Binding binding;

    memcpy(vm.ek, name, sizeof(name));
    vm.ek_len = sizeof(name);
    request.signer = BYTES(name);
    g_assert_cmpint(binding_make(&vm, &request, &none, &binding), ==, MANAGER_REASON_NONE);
    g_assert_cmpuint(binding.len, ==, wire_binding_bound(0));
    request.flags = DEEPQUOTE_VTPM_MEASUREMENTS;
    g_assert_cmpint(binding_make(&vm, &request, &measured, &binding), ==, MANAGER_REASON_NONE);
    g_assert_cmpuint(binding.len, ==, wire_binding_bound(DEEPQUOTE_VTPM_MEASUREMENTS));
    g_assert_cmpint(binding_make(&vm, &request, &none, &binding), ==, MANAGER_REASON_NOT_A_QUOTE);
    request.flags = DEEPQUOTE_VM_LAUNCH;
    g_assert_cmpint(binding_make(&vm, &request, &measured, &binding), ==,
                    MANAGER_REASON_NOT_A_QUOTE);
    g_assert_cmpint(binding_make(&vm, &request, &launched, &binding), ==, MANAGER_REASON_NONE);
    g_assert_cmpuint(binding.len, ==, wire_binding_bound(DEEPQUOTE_VM_LAUNCH));
}

static void assert_refused(const RegistryVm *vm, const ManagerQuote *request)
{
    Binding poison;
    Binding binding;

    memset(&poison, 0xa5, sizeof(poison));
    binding = poison;
    g_assert_cmpint(binding_make(vm, request, &none, &binding), ==, MANAGER_REASON_NOT_A_QUOTE);
    g_assert_cmpmem(&binding, sizeof(binding), &poison, sizeof(poison));
}

static void test_refuses_no_quote(void)
{
    uint8_t buf[512];
    RegistryVm vm = make_vm();
    ManagerQuote request;

    request =
        make_request(buf, sizeof(buf), (WireBytes){ 0 }, TPM_GENERATED_VALUE, TPM_ST_ATTEST_QUOTE);
    assert_refused(&vm, &request);
    request = make_request(buf, sizeof(buf), (WireBytes){ nonce, DEEPQUOTE_NONCE_MIN - 1 },
                           TPM_GENERATED_VALUE, TPM_ST_ATTEST_QUOTE);
    assert_refused(&vm, &request);
    request = make_request(buf, sizeof(buf), BYTES(nonce), 0xff544346, TPM_ST_ATTEST_QUOTE);
    assert_refused(&vm, &request);
    request = make_request(buf, sizeof(buf), BYTES(nonce), TPM_GENERATED_VALUE, 0x8017);
    assert_refused(&vm, &request);
    request =
        make_request(buf, sizeof(buf), BYTES(nonce), TPM_GENERATED_VALUE, TPM_ST_ATTEST_QUOTE);
    for (gsize n = 0; n < request.quoted.len; n++) {
        ManagerQuote cut = request;

        cut.quoted.len = n;
        assert_refused(&vm, &cut);
    }
}

/* ------------------------------------------------------------------------------------ batches */

static Binding make_binding(guint number)
{
    uint8_t buf[512];
    uint8_t own[DEEPQUOTE_NONCE_MIN] = { (uint8_t)(number >> 8), (uint8_t)number, 1, 1 };
    ManagerQuote request =
        make_request(buf, sizeof(buf), BYTES(own), TPM_GENERATED_VALUE, TPM_ST_ATTEST_QUOTE);
    RegistryVm vm = make_vm();
    Binding binding;

    g_assert_cmpint(binding_make(&vm, &request, &none, &binding), ==, MANAGER_REASON_NONE);
    return binding;
}

static TpmQuote *make_quote(const Batch *batch)
{
    static const uint8_t signature[] = { 0x00, 0x14, 0x00, 0x0b, 0x00, 0x02, 0xaa, 0xbb };
    static const uint8_t attest[] = "made up attest";
    TpmQuote *quote = g_new0(TpmQuote, 1);

    quote->attest = g_bytes_new_static(attest, sizeof(attest));
    quote->signature = g_bytes_new_static(signature, sizeof(signature));
    quote->pcrs = *batch_pcrs(batch);
    quote->count = (unsigned)wire_pcr_count(&quote->pcrs);
    for (unsigned i = 0; i < quote->count; i++) {
        quote->value[i].size = 32;
    }
    return quote;
}

static void assert_proves(const Batch *batch, guint index, const Binding *binding,
                          const TpmQuote *quote)
{
    uint8_t buf[DEEPQUOTE_EVIDENCE_MAX];
    WireWriter w = WIRE_WRITER(buf, sizeof(buf));
    uint8_t root[DQ_HASH_SIZE];
    uint8_t data[DQ_HASH_SIZE];
    WireEvidence e;

    g_assert_true(batch_evidence(batch, index, BYTES(ek_name), quote, &w));
    g_assert_true(wire_decode_evidence(wire_written(&w), &e));
    g_assert_cmpmem(e.binding_bytes.p, e.binding_bytes.len, binding->bytes, binding->len);
    g_assert_cmpuint(e.leaf_index, ==, index);
    g_assert_cmpuint(e.tree_size, ==, batch_size(batch));
    g_assert_true(dq_merkle_root_from_path(binding->leaf, e.leaf_index, e.tree_size, e.path,
                                           e.path_length, root));
    dq_merkle_qualifying_data(e.tree_size, root, data);
    g_assert_cmpmem(data, sizeof(data), batch_qualifying_data(batch).p,
                    batch_qualifying_data(batch).len);
}

static void test_each_leaf_proves(void)
{
    const guint sizes[] = { 1, 2, 3, 7, 8, 100 };

    for (gsize s = 0; s < G_N_ELEMENTS(sizes); s++) {
        g_autoptr(Batch) batch = batch_new();
        g_autoptr(TpmQuote) quote = NULL;
        WirePcrSelection pcrs = { 0 };
        guint index;

        wire_pcr_select(&pcrs, TPM_ALG_SHA256, 0);
        for (guint i = 0; i < sizes[s]; i++) {
            Binding binding = make_binding(i);

            g_assert_true(batch_add(batch, &binding, &pcrs, DEEPQUOTE_EVIDENCE_MAX, &index));
            g_assert_cmpuint(index, ==, i);
        }
        batch_seal(batch);
        quote = make_quote(batch);
        for (guint i = 0; i < sizes[s]; i++) {
            Binding binding = make_binding(i);

            assert_proves(batch, i, &binding, quote);
        }
    }
}

static void test_union_of_selections(void)
{
    g_autoptr(Batch) batch = batch_new();
    const uint16_t hashes[] = { TPM_ALG_SHA1, TPM_ALG_SHA256, TPM_ALG_SHA384, TPM_ALG_SHA512 };
    Binding binding = make_binding(0);
    WirePcrSelection fifth = { 0 };
    WirePcrSelection beyond = { .count = 1, .bank = { { TPM_ALG_SHA256, 4, { 0, 0, 0, 1 } } } };
    guint index = 77;

    for (gsize i = 0; i < G_N_ELEMENTS(hashes); i++) {
        WirePcrSelection pcrs = { 0 };

        wire_pcr_select(&pcrs, hashes[i], (unsigned)i);
        g_assert_true(batch_add(batch, &binding, &pcrs, DEEPQUOTE_EVIDENCE_MAX, &index));
        g_assert_true(wire_pcr_covers(batch_pcrs(batch), &pcrs));
    }
    g_assert_cmpuint(wire_pcr_count(batch_pcrs(batch)), ==, 4);
    wire_pcr_select(&fifth, TPM_ALG_SHA3_256, 0);
    g_assert_false(batch_add(batch, &binding, &fifth, DEEPQUOTE_EVIDENCE_MAX, &index));
    g_assert_false(batch_add(batch, &binding, &beyond, DEEPQUOTE_EVIDENCE_MAX, &index));
    g_assert_cmpuint(index, ==, 3);
    g_assert_cmpuint(batch_size(batch), ==, 4);
    g_assert_cmpuint(wire_pcr_count(batch_pcrs(batch)), ==, 4);
}

static void test_limit(void)
{
    g_autoptr(Batch) batch = batch_new();
    Binding binding = make_binding(0);
    WirePcrSelection pcrs = { 0 };
    guint index;

    wire_pcr_select(&pcrs, TPM_ALG_SHA256, 0);
    for (guint i = 0; i < BATCH_LIMIT; i++) {
        g_assert_true(batch_add(batch, &binding, &pcrs, DEEPQUOTE_EVIDENCE_MAX, &index));
    }
    g_assert_false(batch_add(batch, &binding, &pcrs, DEEPQUOTE_EVIDENCE_MAX, &index));
    g_assert_cmpuint(batch_size(batch), ==, BATCH_LIMIT);
}

/* The evidence of one request alone, in bytes. */
static gsize evidence_size(const WirePcrSelection *pcrs)
{
    g_autoptr(Batch) batch = batch_new();
    g_autoptr(TpmQuote) quote = NULL;
    Binding binding = make_binding(0);
    uint8_t buf[DEEPQUOTE_EVIDENCE_MAX];
    WireWriter w = WIRE_WRITER(buf, sizeof(buf));
    guint index;

    g_assert_true(batch_add(batch, &binding, pcrs, 0, &index));
    batch_seal(batch);
    quote = make_quote(batch);
    g_assert_true(batch_evidence(batch, 0, BYTES(ek_name), quote, &w));
    return w.len;
}

static void select_first(WirePcrSelection *pcrs, uint16_t hash, unsigned count)
{
    for (unsigned pcr = 0; pcr < count; pcr++) {
        wire_pcr_select(pcrs, hash, pcr);
    }
}

static void test_room_of_each(void)
{
    g_autoptr(Batch) batch = batch_new();
    Binding binding = make_binding(0);
    WirePcrSelection few = { 0 };
    WirePcrSelection many = { 0 };
    guint room;
    guint index = 77;

    select_first(&few, TPM_ALG_SHA256, 2);
    select_first(&many, TPM_ALG_SHA256, 24);
    room = (guint)evidence_size(&few) + BATCH_BOUND_SLACK;
    g_assert_true(batch_add(batch, &binding, &few, room, &index));
    /* What would cost the first its room, and what has no room itself, stays out. */
    g_assert_false(batch_add(batch, &binding, &many, DEEPQUOTE_EVIDENCE_MAX, &index));
    g_assert_false(batch_add(batch, &binding, &few, 0, &index));
    g_assert_cmpuint(index, ==, 0);
    g_assert_cmpuint(batch_size(batch), ==, 1);
    g_assert_cmpuint(wire_pcr_count(batch_pcrs(batch)), ==, 2);
    g_assert_true(batch_add(batch, &binding, &few, room, &index));
    g_assert_cmpuint(index, ==, 1);
}

/* Evidence in a batch that grows until its first member has no more room for the proof. */
static void test_room_for_the_proof(void)
{
    g_autoptr(Batch) batch = batch_new();
    g_autoptr(TpmQuote) quote = NULL;
    Binding binding = make_binding(0);
    WirePcrSelection pcrs = { 0 };
    uint8_t buf[DEEPQUOTE_EVIDENCE_MAX];
    guint room;
    guint index;

    select_first(&pcrs, TPM_ALG_SHA256, 2);
    room = (guint)evidence_size(&pcrs) + BATCH_BOUND_SLACK + 4 * DQ_HASH_SIZE;
    while (batch_size(batch) < BATCH_LIMIT && batch_add(batch, &binding, &pcrs, room, &index)) {
    }
    g_assert_cmpuint(batch_size(batch), >, 2);
    g_assert_cmpuint(batch_size(batch), <, BATCH_LIMIT);
    g_assert_cmpuint(batch_size(batch) & (batch_size(batch) - 1), ==, 0);
    batch_seal(batch);
    quote = make_quote(batch);
    for (guint i = 0; i < batch_size(batch); i++) {
        WireWriter w = WIRE_WRITER(buf, room);

        g_assert_true(batch_evidence(batch, i, BYTES(ek_name), quote, &w));
    }
}

static void test_no_room(void)
{
    g_autoptr(Batch) batch = batch_new();
    g_autoptr(TpmQuote) quote = NULL;
    Binding binding = make_binding(0);
    WirePcrSelection pcrs = { 0 };
    uint8_t buf[DEEPQUOTE_EVIDENCE_MAX];
    WireWriter w = WIRE_WRITER(buf, sizeof(buf));
    gsize size;
    guint index;

    wire_pcr_select(&pcrs, TPM_ALG_SHA256, 0);
    batch_add(batch, &binding, &pcrs, DEEPQUOTE_EVIDENCE_MAX, &index);
    batch_seal(batch);
    quote = make_quote(batch);
    g_assert_true(batch_evidence(batch, 0, BYTES(ek_name), quote, &w));
    size = w.len;
    for (gsize room = 0; room < size; room++) {
        w = WIRE_WRITER(buf, room);
        g_assert_false(batch_evidence(batch, 0, BYTES(ek_name), quote, &w));
        g_assert_cmpuint(w.len, ==, 0);
    }
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/manager/binding/binds-all", test_binds_all);
    g_test_add_func("/manager/binding/acts-on-what-it-provides", test_flags_provided);
    g_test_add_func("/manager/binding/binds-the-group", test_group_is_bound);
    g_test_add_func("/manager/binding/refuses-what-is-no-quote", test_refuses_no_quote);
    g_test_add_func("/manager/binding/bound-is-the-longest", test_binding_bound);
    g_test_add_func("/manager/batch/each-leaf-proves-what-is-signed", test_each_leaf_proves);
    g_test_add_func("/manager/batch/quotes-the-union", test_union_of_selections);
    g_test_add_func("/manager/batch/is-bounded", test_limit);
    g_test_add_func("/manager/batch/leaves-each-its-room", test_room_of_each);
    g_test_add_func("/manager/batch/leaves-room-for-the-proof", test_room_for_the_proof);
    g_test_add_func("/manager/batch/evidence-without-room", test_no_room);
    return g_test_run();
}
