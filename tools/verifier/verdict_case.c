/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "verdict_case.h"

#include "record_fields.h"
#include "record_text.h"

#include "attest/bytes.h"
#include "attest/digest.h"

static const char *const part_names[] = {
    [CASE_EVIDENCE] = "evidence",
    [CASE_QUOTE] = "quote",
    [CASE_SIGNATURE] = "signature",
    [CASE_PCRS] = "pcrs",
    [CASE_GUEST_KEY] = "guest-public",
    [CASE_HOST_EVENT_LOG] = "host-event-log",
    [CASE_HOST_IMA] = "host-ima",
    [CASE_VM_EVENT_LOG] = "vm-event-log",
    [CASE_VM_IMA] = "vm-ima",
    [CASE_VTPM_PARTS] = "vtpm-parts",
    [CASE_VM_LAUNCH] = "vm-launch",
    [CASE_VTPM_EK] = "vtpm-ek",
    [CASE_EK_CHAIN] = "ek-chain",
    [CASE_HOST_SYSTEMD] = "host-systemd",
    [CASE_VM_SYSTEMD] = "vm-systemd",
    [CASE_CHALLENGE] = "challenge",
    [CASE_BOUND_NONCE] = "bound-nonce",
    [CASE_UUID] = "uuid",
    [CASE_KEY] = "public",
    [CASE_SPKI] = "public-spki",
    [CASE_AK] = "ak",
    [CASE_EK] = "ek",
    [CASE_HOST_PROFILE] = "host-profile",
    [CASE_VM_PROFILE] = "vm-profile",
    [CASE_POLICY] = "policy",
    [CASE_VULNERABILITIES] = "vulnerabilities",
};

static const char *const list_names[] = {
    [CASE_HOSTS] = "host",
    [CASE_HOST_PUBLICS] = "host-public",
    [CASE_ALLOWED_KEYS] = "allow-key",
};

static void unref(gpointer bytes)
{
    g_bytes_unref(bytes);
}

VerdictCase *verdict_case_new(void)
{
    VerdictCase *c = g_new0(VerdictCase, 1);

    for (gsize i = 0; i < CASE_LISTS; i++) {
        c->list[i] = g_ptr_array_new_with_free_func(unref);
    }
    c->policy_keys = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, unref);
    return c;
}

void verdict_case_free(VerdictCase *c)
{
    if (!c) {
        return;
    }
    for (gsize i = 0; i < CASE_PARTS; i++) {
        g_clear_pointer(&c->part[i], g_bytes_unref);
    }
    for (gsize i = 0; i < CASE_LISTS; i++) {
        g_ptr_array_unref(c->list[i]);
    }
    g_hash_table_unref(c->policy_keys);
    g_free(c);
}

void verdict_case_take(VerdictCase *c, CasePart part, GBytes *content)
{
    g_clear_pointer(&c->part[part], g_bytes_unref);
    c->part[part] = content;
}

VerdictCase *verdict_case_copy(const VerdictCase *c)
{
    VerdictCase *copy = verdict_case_new();
    GHashTableIter i;
    gpointer path, key;

    for (gsize k = 0; k < CASE_PARTS; k++) {
        copy->part[k] = c->part[k] ? g_bytes_ref(c->part[k]) : NULL;
    }
    for (gsize k = 0; k < CASE_LISTS; k++) {
        for (guint n = 0; n < c->list[k]->len; n++) {
            g_ptr_array_add(copy->list[k], g_bytes_ref(c->list[k]->pdata[n]));
        }
    }
    g_hash_table_iter_init(&i, c->policy_keys);
    while (g_hash_table_iter_next(&i, &path, &key)) {
        g_hash_table_insert(copy->policy_keys, g_strdup(path), g_bytes_ref(key));
    }
    copy->allow_simulated = c->allow_simulated;
    copy->allow_host_vouched = c->allow_host_vouched;
    copy->answers = c->answers;
    return copy;
}

/* ---------------------------------------------------------------------------------------- Writing
 */

/* (transfer full): its digest in digits; it joins @contents. */
static char *refer(GBytes *content, GPtrArray *contents)
{
    const DqBytes bytes = dq_bytes_peek(content);
    uint8_t digest[DQ_HASH_SIZE];

    dq_sha256(&bytes, 1, digest);
    g_ptr_array_add(contents, content);
    return dq_hex_encode(digest, sizeof(digest));
}

static void refer_as(JsonObject *o, const char *member, GBytes *content, GPtrArray *contents)
{
    g_autofree char *digest = refer(content, contents);

    json_object_set_string_member(o, member, digest);
}

/* (transfer full) */
static JsonArray *refer_all(const GPtrArray *list, GPtrArray *contents)
{
    JsonArray *array = json_array_new();

    for (guint i = 0; i < list->len; i++) {
        g_autofree char *digest = refer(list->pdata[i], contents);

        json_array_add_string_element(array, digest);
    }
    return array;
}

/* (transfer full): a path may hold any byte, JSON only text: its bytes in digits. */
static JsonObject *refer_keys(GHashTable *keys, GPtrArray *contents)
{
    g_autoptr(GList) paths = g_list_sort(g_hash_table_get_keys(keys), (GCompareFunc)g_strcmp0);
    JsonObject *o = json_object_new();

    for (GList *p = paths; p; p = p->next) {
        g_autofree char *hex = dq_hex_encode(p->data, strlen(p->data));

        refer_as(o, hex, g_hash_table_lookup(keys, p->data), contents);
    }
    return o;
}

JsonObject *verdict_case_json(const VerdictCase *c, GPtrArray *contents)
{
    JsonObject *o = json_object_new(), *parts = json_object_new();

    for (gsize i = 0; i < CASE_PARTS; i++) {
        if (c->part[i]) {
            refer_as(parts, part_names[i], c->part[i], contents);
        }
    }
    json_object_set_object_member(o, "parts", parts);
    for (gsize i = 0; i < CASE_LISTS; i++) {
        json_object_set_array_member(o, list_names[i], refer_all(c->list[i], contents));
    }
    json_object_set_object_member(o, "policy-keys", refer_keys(c->policy_keys, contents));
    json_object_set_boolean_member(o, "allow-simulated", c->allow_simulated);
    json_object_set_boolean_member(o, "allow-host-vouched", c->allow_host_vouched);
    json_object_set_object_member(o, "store", record_answers_json(&c->answers));
    return o;
}

/* ---------------------------------------------------------------------------------------- Reading
 */

/** How contents are got. */
typedef struct Fetcher {
    VerdictCaseFetch fetch;
    gpointer data;
} Fetcher;

static gboolean fail_member(const char *member, GError **error)
{
    g_set_error(error, DQ_ERROR, DQ_ERROR_VALUE, "its '%s' is none", member);
    return FALSE;
}

static GBytes *fetch(const Fetcher *f, JsonNode *node, const char *what, GError **error)
{
    const char *text = node && JSON_NODE_HOLDS_VALUE(node) ? json_node_get_string(node) : NULL;
    g_autoptr(GBytes) digest = text ? dq_hex_decode(text, NULL) : NULL;

    if (!digest || g_bytes_get_size(digest) != DQ_HASH_SIZE) {
        fail_member(what, error);
        return NULL;
    }
    return f->fetch(g_bytes_get_data(digest, NULL), what, f->data, error);
}

static gboolean read_parts(VerdictCase *c, JsonObject *parts, const Fetcher *f, GError **error)
{
    for (gsize i = 0; i < CASE_PARTS; i++) {
        JsonNode *node = json_object_get_member(parts, part_names[i]);

        if (node) {
            verdict_case_take(c, (CasePart)i, fetch(f, node, part_names[i], error));
        }
        if (node && !c->part[i]) {
            return FALSE;
        }
    }
    return TRUE;
}

static gboolean read_list(GPtrArray *list, JsonNode *node, const char *name, const Fetcher *f,
                          GError **error)
{
    JsonArray *array = node && JSON_NODE_HOLDS_ARRAY(node) ? json_node_get_array(node) : NULL;

    for (guint i = 0; array && i < json_array_get_length(array); i++) {
        GBytes *content = fetch(f, json_array_get_element(array, i), name, error);

        if (!content) {
            return FALSE;
        }
        g_ptr_array_add(list, content);
    }
    return array || fail_member(name, error);
}

/* (transfer full): NULL for what refer_keys() did not write. */
static char *read_path(const char *hex)
{
    g_autoptr(GBytes) bytes = dq_hex_decode(hex, NULL);
    gsize len = 0;
    const char *data = bytes ? g_bytes_get_data(bytes, &len) : NULL;

    return len > 0 && !memchr(data, '\0', len) ? g_strndup(data, len) : NULL;
}

static gboolean read_keys(GHashTable *keys, JsonObject *o, const Fetcher *f, GError **error)
{
    g_autoptr(GList) members = json_object_get_members(o);

    for (GList *m = members; m; m = m->next) {
        g_autofree char *path = read_path(m->data);
        GBytes *key =
            path ? fetch(f, json_object_get_member(o, m->data), "policy-keys", error) : NULL;

        if (!key) {
            return path ? FALSE : fail_member("policy-keys", error);
        }
        g_hash_table_replace(keys, g_steal_pointer(&path), key);
    }
    return TRUE;
}

static JsonObject *get_object(JsonObject *o, const char *member, GError **error)
{
    JsonNode *node = json_object_get_member(o, member);

    if (!node || !JSON_NODE_HOLDS_OBJECT(node)) {
        fail_member(member, error);
        return NULL;
    }
    return json_node_get_object(node);
}

static gboolean read_flag(JsonObject *o, const char *member, gboolean *ret, GError **error)
{
    JsonNode *node = json_object_get_member(o, member);

    if (!node || !JSON_NODE_HOLDS_VALUE(node) || json_node_get_value_type(node) != G_TYPE_BOOLEAN) {
        return fail_member(member, error);
    }
    *ret = json_node_get_boolean(node);
    return TRUE;
}

VerdictCase *verdict_case_read(JsonObject *object, VerdictCaseFetch fetch_content, gpointer data,
                               GError **error)
{
    g_autoptr(VerdictCase) c = verdict_case_new();
    const Fetcher f = { fetch_content, data };
    JsonObject *parts = get_object(object, "parts", error);
    JsonObject *keys = parts ? get_object(object, "policy-keys", error) : NULL;
    JsonObject *store = keys ? get_object(object, "store", error) : NULL;

    if (!store || !read_parts(c, parts, &f, error)) {
        return NULL;
    }
    for (gsize i = 0; i < CASE_LISTS; i++) {
        if (!read_list(c->list[i], json_object_get_member(object, list_names[i]), list_names[i], &f,
                       error)) {
            return NULL;
        }
    }
    if (!read_keys(c->policy_keys, keys, &f, error) ||
        !read_flag(object, "allow-simulated", &c->allow_simulated, error) ||
        (json_object_has_member(object, "allow-host-vouched") &&
         !read_flag(object, "allow-host-vouched", &c->allow_host_vouched, error)) ||
        !record_answers_read(store, &c->answers, error)) {
        return NULL;
    }
    return g_steal_pointer(&c);
}
