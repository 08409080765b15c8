/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Each file of tests/vectors against the library: its word must come out, and nothing else. */
#include "attest/deepquote.h"

#include <json-glib/json-glib.h>
#include <string.h>

#define VECTORS_MIN 40

typedef struct Vector {
    JsonObject *json;
    GPtrArray *held; /* GBytes */
} Vector;

static const char *get_text(Vector *v, const char *name)
{
    return json_object_get_null_member(v->json, name)
               ? NULL
               : json_object_get_string_member(v->json, name);
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

static DqBytes get_bytes(Vector *v, const char *name)
{
    const char *hex = get_text(v, name);

    return hex == NULL ? (DqBytes){ NULL, 0 } : hold(v, hex);
}

static DqKey *make_key(DqBytes bytes)
{
    g_autoptr(GError) error = NULL;
    DqKey *key = dq_key_new(bytes.data, bytes.len, &error);

    g_assert_no_error(error);
    return key;
}

static void give_keys(Vector *v, const char *name, DqVerifier *verifier,
                      void (*give)(DqVerifier *, DqKey *))
{
    JsonArray *keys = json_object_get_array_member(v->json, name);

    for (guint i = 0; i < json_array_get_length(keys); i++) {
        g_autoptr(DqKey) key = make_key(hold(v, json_array_get_string_element(keys, i)));

        give(verifier, key);
    }
}

static DqVerifier *make_verifier(Vector *v)
{
    DqVerifier *verifier = dq_verifier_new();
    const char *policy_text = get_text(v, "policy");
    const char *state_text = get_text(v, "state");
    g_autoptr(DqPolicy) policy = NULL;
    g_autoptr(DqState) state = NULL;
    g_autoptr(GError) error = NULL;

    give_keys(v, "hostKeys", verifier, dq_verifier_enrol_host);
    give_keys(v, "offeredHostKeys", verifier, dq_verifier_offer_host_key);
    if (policy_text != NULL) {
        policy = dq_policy_new_from_text(policy_text, strlen(policy_text), "policy", &error);
        g_assert_no_error(error);
    }
    if (state_text != NULL) {
        state = dq_state_new_from_text(state_text, strlen(state_text), "state", &error);
        g_assert_no_error(error);
    }
    dq_verifier_set_policy(verifier, policy);
    dq_verifier_set_state(verifier, state);
    return verifier;
}

static void check_vector(Vector *v)
{
    g_autoptr(DqVerifier) verifier = make_verifier(v);
    g_autoptr(DqVerdict) verdict = NULL;
    DqBytes key_bytes = get_bytes(v, "vtpmKey");
    g_autoptr(DqKey) key = key_bytes.len == 0 ? NULL : make_key(key_bytes);
    guint8 uuid[DQ_UUID_SIZE];
    const char *uuid_text = get_text(v, "uuid");
    const char *expect = get_text(v, "expect");
    const DqQuote quote = {
        .evidence = get_bytes(v, "evidence"),
        .vtpm_quoted = get_bytes(v, "vtpmQuoted"),
        .vtpm_signature = get_bytes(v, "vtpmSignature"),
        .vtpm_pcrs = get_bytes(v, "vtpmPcrs"),
        .nonce = get_bytes(v, "nonce"),
        .uuid = uuid_text == NULL ? NULL : uuid,
        .vtpm_key = key,
        .vtpm_ek = get_bytes(v, "vtpmEk"),
    };

    g_assert_true(uuid_text == NULL || dq_uuid_parse(uuid_text, uuid, NULL));
    verdict = dq_verifier_check(verifier, &quote);
    if (strcmp(expect, "trusted") == 0) {
        g_assert_cmpstr(dq_verdict_get_reason(verdict), ==, NULL);
        g_assert_true(dq_verdict_is_trusted(verdict));
    } else {
        g_assert_cmpstr(dq_verdict_get_reason(verdict), ==, expect);
        g_assert_false(dq_verdict_is_trusted(verdict));
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

/* At least one vector that is trusted, and one for each word. */
static void test_completeness(gconstpointer data)
{
    GPtrArray *files = (GPtrArray *)data;

    g_assert_cmpuint(files->len, >=, VECTORS_MIN);
    for (unsigned i = 0; i <= DQ_CHECKS; i++) {
        const char *word = i == DQ_CHECKS ? "trusted" : dq_check_word((DqCheck)i);
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
    while ((name = g_dir_read_name(dir)) != NULL) {
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
