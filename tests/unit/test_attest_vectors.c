/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Each file of tests/vectors against the library: its word must come out, and nothing else. */
#include "memory_store.h"

#include <json-glib/json-glib.h>
#include <string.h>

#define VECTORS_MIN 150

typedef struct Vector {
    JsonObject *json;
    GPtrArray *held; /* GBytes */
} Vector;

static const char *get_text(JsonObject *o, const char *name)
{
    return json_object_get_null_member(o, name) ? NULL : json_object_get_string_member(o, name);
}

static DqBytes hold(Vector *v, const char *hex)
{
    g_autoptr(GError) error = NULL;
    GBytes *bytes = dq_hex_decode(hex, &error);
    DqBytes b;

    g_assert_no_error(error);
    g_ptr_array_add(v->held, bytes);
    b.data = g_bytes_get_data(bytes, &b.len);
    return b;
}

static DqBytes get_bytes(Vector *v, JsonObject *o, const char *name)
{
    const char *hex = get_text(o, name);

    return hex ? hold(v, hex) : (DqBytes){ NULL, 0 };
}

/* (transfer full): NULL for none */
static DqKey *get_key(Vector *v, JsonObject *o, const char *name)
{
    g_autoptr(GError) error = NULL;
    const DqBytes bytes = get_bytes(v, o, name);
    DqKey *key = bytes.len == 0 ? NULL : dq_key_new(bytes.data, bytes.len, &error);

    g_assert_no_error(error);
    return key;
}

static void get_name(Vector *v, JsonObject *o, const char *name, DqName *ret)
{
    const DqBytes bytes = get_bytes(v, o, name);

    ret->len = bytes.len;
    g_assert_cmpuint(bytes.len, <=, sizeof(ret->data));
    if (bytes.len > 0) {
        memcpy(ret->data, bytes.data, bytes.len);
    }
}

static gboolean get_uuid(JsonObject *o, const char *name, uint8_t ret_uuid[DQ_UUID_SIZE])
{
    const char *text = get_text(o, name);

    g_assert_true(!text || dq_uuid_parse(text, ret_uuid, NULL));
    return text != NULL;
}

static DqStoreHost read_host(Vector *v, JsonObject *o)
{
    g_autoptr(DqKey) key = get_key(v, o, "public");
    const DqBytes public = get_bytes(v, o, "public");
    const DqBytes name = dq_key_get_name(key);
    DqStoreHost h = {
        .name = { .len = name.len },
        .public_len = public.len,
        .simulated = json_object_get_boolean_member(o, "simulated"),
        .enrolment = strcmp(get_text(o, "enrolledBy"), "proof") == 0 ? DQ_ENROLMENT_PROOF
                                                                     : DQ_ENROLMENT_WORD,
        .enrolled = 1,
        .expires = json_object_get_int_member(o, "expires"),
        .revoked = json_object_get_int_member(o, "revoked"),
        .counted = json_object_get_boolean_member(o, "counted"),
        .reset_count = (uint32_t)json_object_get_int_member(o, "resetCount"),
        .restart_count = (uint32_t)json_object_get_int_member(o, "restartCount"),
    };

    memcpy(h.name.data, name.data, name.len);
    memcpy(h.public_area, public.data, public.len);
    return h;
}

static DqStoreVm read_vm(Vector *v, JsonObject *o)
{
    DqStoreVm vm = {
        .added = 1,
        .first_seen = json_object_get_boolean_member(o, "seen") ? 1 : 0,
        .epoch = (uint64_t)json_object_get_int_member(o, "epoch"),
        .generation = (uint64_t)json_object_get_int_member(o, "generation"),
        .has_clock = json_object_get_boolean_member(o, "hasClock"),
        .reset_count = (uint32_t)json_object_get_int_member(o, "resetCount"),
        .restart_count = (uint32_t)json_object_get_int_member(o, "restartCount"),
        .clock = (uint64_t)json_object_get_int_member(o, "clock"),
        .clock_safe = json_object_get_boolean_member(o, "clockSafe"),
    };
    const DqBytes accepted = get_bytes(v, o, "acceptedLineage");

    g_assert_true(get_uuid(o, "uuid", vm.uuid));
    get_name(v, o, "ek", &vm.ek);
    get_name(v, o, "ak", &vm.ak);
    get_name(v, o, "host", &vm.host);
    get_name(v, o, "acceptedHost", &vm.accepted_host);
    memcpy(vm.lineage, get_bytes(v, o, "lineage").data, DQ_LINEAGE_SIZE);
    vm.accepts_lineage = accepted.len == DQ_LINEAGE_SIZE;
    if (vm.accepts_lineage) {
        memcpy(vm.accepted_lineage, accepted.data, DQ_LINEAGE_SIZE);
    }
    return vm;
}

static MemoryChallenge read_challenge(Vector *v, JsonObject *o)
{
    const DqBytes bytes = get_bytes(v, o, "challenge");
    MemoryChallenge c = { .len = bytes.len,
                          .expires = json_object_get_int_member(o, "expires"),
                          .used = json_object_get_boolean_member(o, "used") };

    memcpy(c.challenge, bytes.data, bytes.len);
    c.bound = get_uuid(o, "vm", c.uuid);
    return c;
}

static void fill_store(Vector *v, MemoryStore *store, JsonObject *o)
{
    JsonArray *hosts = json_object_get_array_member(o, "hosts");
    JsonArray *vms = json_object_get_array_member(o, "vms");
    JsonArray *challenges = json_object_get_array_member(o, "challenges");

    for (guint i = 0; i < json_array_get_length(hosts); i++) {
        const DqStoreHost host = read_host(v, json_array_get_object_element(hosts, i));

        memory_store_add_host(store, &host);
    }
    for (guint i = 0; i < json_array_get_length(vms); i++) {
        const DqStoreVm vm = read_vm(v, json_array_get_object_element(vms, i));

        memory_store_add_vm(store, &vm);
    }
    for (guint i = 0; i < json_array_get_length(challenges); i++) {
        const MemoryChallenge c = read_challenge(v, json_array_get_object_element(challenges, i));

        memory_store_add_challenge(store, &c);
    }
}

static DqVerifier *make_verifier(Vector *v)
{
    DqVerifier *verifier = dq_verifier_new();
    const char *policy_text = get_text(v->json, "policy");
    const DqBytes allowed = get_bytes(v, v->json, "allowedKey");
    g_autoptr(DqKey) given = get_key(v, v->json, "givenHost");
    g_autoptr(DqKey) offered = get_key(v, v->json, "offeredHost");
    g_autoptr(DqPolicy) policy = NULL;
    g_autoptr(GError) error = NULL;

    if (given) {
        dq_verifier_add_host(verifier, given);
    }
    if (offered) {
        dq_verifier_offer_host_key(verifier, offered);
    }
    if (allowed.len > 0) {
        dq_verifier_allow_key(verifier, allowed);
    }
    if (policy_text) {
        policy = dq_policy_new_from_text(policy_text, strlen(policy_text), "policy", &error);
        g_assert_no_error(error);
    }
    dq_verifier_set_policy(verifier, policy);
    dq_verifier_allow_simulated(verifier,
                                json_object_get_boolean_member(v->json, "allowSimulated"));
    dq_verifier_set_time(verifier, json_object_get_int_member(v->json, "now"));
    return verifier;
}

static void assert_not_compared(Vector *v, const DqVerdict *verdict)
{
    JsonArray *words = json_object_get_array_member(v->json, "notCompared");
    guint next = 0;

    for (unsigned i = 0; i < DQ_CHECKS; i++) {
        if (dq_verdict_get_result(verdict, (DqCheck)i) == DQ_RESULT_NOT_COMPARED) {
            g_assert_cmpuint(next, <, json_array_get_length(words));
            g_assert_cmpstr(dq_check_word((DqCheck)i), ==,
                            json_array_get_string_element(words, next));
            g_assert_cmpstr(dq_verdict_get_detail(verdict, (DqCheck)i), !=, "");
            next++;
        }
    }
    g_assert_cmpuint(next, ==, json_array_get_length(words));
}

static void assert_outcome(Vector *v, const DqVerdict *verdict)
{
    const char *expect = get_text(v->json, "expect");
    const char *reason = dq_verdict_get_reason(verdict);

    g_assert_cmpstr(reason ? reason : dq_outcome_word(dq_verdict_get_outcome(verdict)), ==, expect);
    g_assert_cmpint(dq_verdict_is_trusted(verdict), ==, strcmp(expect, "trusted") == 0);
    assert_not_compared(v, verdict);
}

/* What the store said is enough to come to the same verdict again, as often as wanted. */
static void check_replay(DqVerifier *verifier, const DqVerdict *verdict, const DqQuote *quote,
                         const DqExpected *expected)
{
    g_autoptr(DqStore) store = dq_store_new_replay(dq_verdict_get_answers(verdict));
    g_autofree char *wanted = dq_verdict_to_json(verdict);

    dq_verifier_set_time(verifier, dq_verdict_get_answers(verdict)->now);
    dq_verifier_set_store(verifier, store);
    for (guint i = 0; i < 2; i++) {
        g_autoptr(GError) error = NULL;
        g_autoptr(DqVerdict) again = dq_verifier_check(verifier, quote, expected, &error);
        g_autofree char *got = again ? dq_verdict_to_json(again) : NULL;

        g_assert_no_error(error);
        g_assert_cmpstr(got, ==, wanted);
    }
}

static void check_vector(Vector *v)
{
    JsonObject *q = json_object_get_object_member(v->json, "quote");
    JsonObject *x = json_object_get_object_member(v->json, "expected");
    g_autoptr(MemoryStore) memory = memory_store_new();
    g_autoptr(DqStore) store = NULL;
    g_autoptr(DqVerifier) verifier = make_verifier(v);
    g_autoptr(DqVerdict) verdict = NULL;
    g_autoptr(DqKey) guest_key = get_key(v, q, "vtpmKey");
    g_autoptr(DqKey) expected_key = get_key(v, x, "vtpmKey");
    g_autoptr(GError) error = NULL;
    uint8_t uuid[DQ_UUID_SIZE];
    const DqQuote quote = {
        .evidence = get_bytes(v, q, "evidence"),
        .vtpm_quoted = get_bytes(v, q, "vtpmQuoted"),
        .vtpm_signature = get_bytes(v, q, "vtpmSignature"),
        .vtpm_pcrs = get_bytes(v, q, "vtpmPcrs"),
        .vtpm_key = guest_key,
    };
    const DqBytes channel = get_bytes(v, x, "channel");
    uint8_t bound[DQ_HASH_SIZE];
    const DqExpected expected = {
        .challenge = get_bytes(v, x, "challenge"),
        .bound_nonce = { bound, channel.len > 0 ? sizeof(bound) : 0 },
        .uuid = get_uuid(x, "uuid", uuid) ? uuid : NULL,
        .vtpm_key = expected_key,
        .vtpm_ak = get_bytes(v, x, "vtpmAk"),
        .vtpm_ek = get_bytes(v, x, "vtpmEk"),
    };

    g_assert_true(channel.len == 0 || dq_bind_nonce(expected.challenge, channel, bound, NULL));
    if (!json_object_get_null_member(v->json, "store")) {
        fill_store(v, memory, json_object_get_object_member(v->json, "store"));
        store = memory_store_get(memory);
        dq_verifier_set_store(verifier, store);
    }
    dq_verifier_keep_answers(verifier, TRUE);
    verdict = dq_verifier_check(verifier, &quote, &expected, &error);
    g_assert_no_error(error);
    assert_outcome(v, verdict);
    g_assert_cmpuint(memory->records, ==, dq_verdict_is_trusted(verdict) ? 1 : 0);
    if (store) {
        check_replay(verifier, verdict, &quote, &expected);
        g_assert_cmpuint(memory->records, ==, dq_verdict_is_trusted(verdict) ? 1 : 0);
    }
}

static void test_vector(gconstpointer data)
{
    g_autoptr(JsonParser) parser = json_parser_new();
    g_autoptr(GError) error = NULL;
    Vector v = { .held = g_ptr_array_new_with_free_func((GDestroyNotify)g_bytes_unref) };

    json_parser_load_from_file(parser, data, &error);
    g_assert_no_error(error);
    v.json = json_node_get_object(json_parser_get_root(parser));
    check_vector(&v);
    g_ptr_array_unref(v.held);
}

/* At least one vector that is trusted, one that is authentic, and one for each word. */
static void test_completeness(gconstpointer data)
{
    GPtrArray *files = (GPtrArray *)data;

    g_assert_cmpuint(files->len, >=, VECTORS_MIN);
    for (unsigned i = 0; i < DQ_CHECKS + 2; i++) {
        const char *word = i == DQ_CHECKS       ? "trusted"
                           : i == DQ_CHECKS + 1 ? "authentic"
                                                : dq_check_word((DqCheck)i);
        gboolean found = FALSE;

        for (guint k = 0; k < files->len; k++) {
            g_autofree char *name = g_path_get_basename(files->pdata[k]);

            found = found || g_str_has_prefix(name, word);
        }
        g_assert_true(found);
    }
}

static GPtrArray *list_files(const char *folder)
{
    GPtrArray *files = g_ptr_array_new_with_free_func(g_free);
    g_autoptr(GDir) dir = g_dir_open(folder, 0, NULL);
    const char *name;

    g_assert_nonnull(dir);
    while ((name = g_dir_read_name(dir))) {
        if (g_str_has_suffix(name, ".json")) {
            g_ptr_array_add(files, g_build_filename(folder, name, NULL));
        }
    }
    return files;
}

int main(int argc, char **argv)
{
    g_autofree char *folder = g_build_filename(g_getenv("SOURCE_ROOT"), "tests", "vectors", NULL);
    g_autoptr(GPtrArray) files = NULL;

    g_test_init(&argc, &argv, NULL);
    files = list_files(folder);
    g_test_add_data_func("/attest/vectors/cover-every-word", files, test_completeness);
    for (guint i = 0; i < files->len; i++) {
        g_autofree char *name = g_path_get_basename(files->pdata[i]);
        g_autofree char *path = g_strconcat("/attest/vectors/", name, NULL);

        *strrchr(path, '.') = '\0';
        g_test_add_data_func(path, files->pdata[i], test_vector);
    }
    return g_test_run();
}
