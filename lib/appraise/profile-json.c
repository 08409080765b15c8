/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The file form of a profile. Spec: deepquote-profile(5). */
#include "appraise/profile-json.h"

#include "appraise/json-fields.h"
#include "appraise/profile-boots-json.h"
#include "appraise/profile-packages-json.h"
#include "attest/bytes.h"
#include "wire/hash.h"

#include <string.h>

#define TYPE "deepquote-profile"

enum { VERSION = 1 };

/* ----------------------------------------------------------------------------------- Names */

/* A file's name is any bytes; what JSON cannot carry, and a backslash, is \xNN. */
static char *name_to_text(GBytes *name)
{
    gsize len;
    const char *p = g_bytes_get_data(name, &len);
    GString *out = g_string_new(NULL);

    while (len > 0) {
        const char *bad;
        gsize good;

        g_utf8_validate(p, (gssize)len, &bad);
        good = (gsize)(bad - p);
        for (gsize i = 0; i < good; i++) {
            if (p[i] == '\\' || (guchar)p[i] < 0x20) {
                g_string_append_printf(out, "\\x%02x", (guchar)p[i]);
            } else {
                g_string_append_c(out, p[i]);
            }
        }
        if (good < len) {
            g_string_append_printf(out, "\\x%02x", (guchar)p[good]);
            good++;
        }
        p += good;
        len -= good;
    }
    return g_string_free(out, FALSE);
}

static gboolean name_from_text(const char *text, GByteArray *ret_name)
{
    while (*text != '\0') {
        const int high = text[0] == '\\' && text[1] == 'x' ? g_ascii_xdigit_value(text[2]) : -1;
        const int low = high >= 0 ? g_ascii_xdigit_value(text[3]) : -1;
        const uint8_t byte = low >= 0 ? (uint8_t)(high << 4 | low) : (uint8_t)*text;

        if ((*text == '\\' && low < 0) || byte == 0) {
            return FALSE;
        }
        g_byte_array_append(ret_name, &byte, 1);
        text += low >= 0 ? 4 : 1;
    }
    return ret_name->len > 0;
}

/* --------------------------------------------------------------------------------- Reading */

static gboolean read_file_digest(DqProfile *profile, const GByteArray *name, JsonNode *node,
                                 GError **error)
{
    g_autoptr(GBytes) digest = NULL;
    const WireHash *hash;

    return dq_profile_read_named_digest(node, &hash, &digest, error) &&
           dq_profile_add_file(profile, (WireBytes){ name->data, name->len }, hash->alg,
                               dq_wire(dq_bytes_peek(digest)));
}

static gboolean read_file(DqProfile *profile, const char *text, JsonNode *node, GError **error)
{
    g_autoptr(GByteArray) name = g_byte_array_new();
    JsonArray *array = JSON_NODE_HOLDS_ARRAY(node) ? json_node_get_array(node) : NULL;

    if (!name_from_text(text, name)) {
        return dq_profile_fail(error, "file '%s': a name has no zero, and a backslash is \\x5c",
                               text);
    }
    if (!array || json_array_get_length(array) == 0) {
        return dq_profile_fail(error, "file '%s': it has to have a list of digests", text);
    }
    for (guint i = 0; i < json_array_get_length(array); i++) {
        if (!read_file_digest(profile, name, json_array_get_element(array, i), error)) {
            g_prefix_error(error, "file '%s': ", text);
            return FALSE;
        }
    }
    return TRUE;
}

static gboolean read_files(DqProfile *profile, JsonNode *node, GError **error)
{
    JsonObjectIter walk;
    const char *name;
    JsonNode *digests;

    json_object_iter_init(&walk, json_node_get_object(node));
    while (json_object_iter_next(&walk, &name, &digests)) {
        if (!read_file(profile, name, digests, error)) {
            return FALSE;
        }
    }
    return TRUE;
}

static gboolean read_exclude(DqProfile *profile, JsonNode *node, GError **error)
{
    JsonArray *array = json_node_get_array(node);

    for (guint i = 0; i < json_array_get_length(array); i++) {
        JsonNode *pattern = json_array_get_element(array, i);

        if (!dq_json_is_type(pattern, G_TYPE_STRING) || json_node_get_string(pattern)[0] == '\0') {
            return dq_profile_fail(error, "'exclude' is a list of patterns such as /tmp/*");
        }
        dq_profile_exclude(profile, json_node_get_string(pattern));
    }
    return TRUE;
}

static gboolean read_keys(DqProfile *profile, JsonNode *node, GError **error)
{
    JsonArray *array = json_node_get_array(node);

    for (guint i = 0; i < json_array_get_length(array); i++) {
        JsonNode *key = json_array_get_element(array, i);
        const char *text = dq_json_is_type(key, G_TYPE_STRING) ? json_node_get_string(key) : "";
        g_autofree char *pem = g_strdup_printf("-----BEGIN PUBLIC KEY-----\n%s\n"
                                               "-----END PUBLIC KEY-----\n",
                                               text);
        g_autoptr(GBytes) spki = dq_spki_new((DqBytes){ (const uint8_t *)pem, strlen(pem) }, NULL);

        if (!spki) {
            return dq_profile_fail(error, "'keys' is a list of public keys, each the base64 text "
                                          "of a PEM file");
        }
        dq_profile_add_key(profile, spki);
    }
    return TRUE;
}

static gboolean read_learning(DqProfile *profile, JsonNode *node, GError **error)
{
    if (!dq_json_is_type(node, G_TYPE_BOOLEAN)) {
        return dq_profile_fail(error, "'learning' is true or false");
    }
    profile->learning = json_node_get_boolean(node);
    return TRUE;
}

/** The parts that may be left out. */
static const struct {
    const char *name;
    JsonNodeType type;
    gboolean (*read)(DqProfile *profile, JsonNode *node, GError **error);
} parts[] = {
    { "boots", JSON_NODE_ARRAY, dq_profile_read_boots },
    { "files", JSON_NODE_OBJECT, read_files },
    { "packages", JSON_NODE_ARRAY, dq_profile_read_packages },
    { "keys", JSON_NODE_ARRAY, read_keys },
    { "learning", JSON_NODE_VALUE, read_learning },
    { "exclude", JSON_NODE_ARRAY, read_exclude },
};

static gboolean read_parts(DqProfile *profile, JsonObject *object, GError **error)
{
    for (gsize i = 0; i < G_N_ELEMENTS(parts); i++) {
        JsonNode *node = json_object_get_member(object, parts[i].name);

        if (node && json_node_get_node_type(node) != parts[i].type) {
            return dq_profile_fail(error, "'%s' is not what it should be", parts[i].name);
        }
        if (node && !parts[i].read(profile, node, error)) {
            return FALSE;
        }
    }
    return TRUE;
}

static gboolean is_profile(JsonObject *object, GError **error)
{
    static const char *const names[] = { "type",     "version", "name",     "issued",
                                         "boots",    "files",   "packages", "keys",
                                         "learning", "exclude", NULL };
    const char *type = dq_json_string(object, "type");
    JsonNode *version = dq_json_member(object, "version", JSON_NODE_VALUE);
    const char *unknown;

    if (!type || !g_str_equal(type, TYPE) || !dq_json_string(object, "name")) {
        return dq_profile_fail(error,
                               "it is no profile: 'type' is not '" TYPE "', or it has no 'name'");
    }
    if (!version || !dq_json_is_type(version, G_TYPE_INT64) ||
        json_node_get_int(version) != VERSION) {
        return dq_profile_fail(error, "it is a profile of another version than %d", VERSION);
    }
    unknown = dq_json_unknown(object, names);
    return !unknown || dq_profile_fail(error, "'%s' is not known here", unknown);
}

/* (transfer full): as it is written: UTC, as 2026-11-25T18:00:00Z. NULL where it has no such form.
 */
static char *time_text(int64_t seconds)
{
    g_autoptr(GDateTime) time = g_date_time_new_from_unix_utc(seconds);

    return time ? g_date_time_format(time, "%Y-%m-%dT%H:%M:%SZ") : NULL;
}

static gboolean read_issued(DqProfile *profile, JsonObject *object, GError **error)
{
    const char *text = dq_json_string(object, "issued");
    g_autoptr(GDateTime) time = text ? g_date_time_new_from_iso8601(text, NULL) : NULL;
    const int64_t seconds = time ? g_date_time_to_unix(time) : 0;
    g_autofree char *again = seconds > 0 ? time_text(seconds) : NULL;

    if (json_object_has_member(object, "issued") && (!again || !g_str_equal(text, again))) {
        return dq_profile_fail(error, "'issued' is not a time such as 2026-11-25T18:00:00Z");
    }
    profile->issued = seconds;
    return TRUE;
}

DqProfile *dq_profile_from_json(const char *text, gsize len, GError **error)
{
    g_autoptr(JsonParser) parser = dq_json_load(text, len, DQ_PROFILE_MAX, DQ_PROFILE_ERROR,
                                                DQ_PROFILE_ERROR_MALFORMED, error);
    g_autoptr(DqProfile) profile = NULL;
    JsonObject *object;

    if (!parser) {
        return NULL;
    }
    object = json_node_get_object(json_parser_get_root(parser));
    if (!is_profile(object, error)) {
        return NULL;
    }
    profile = dq_profile_new(dq_json_string(object, "name"));
    return read_issued(profile, object, error) && read_parts(profile, object, error)
               ? g_steal_pointer(&profile)
               : NULL;
}

/* --------------------------------------------------------------------------------- Writing */

static JsonArray *write_digests(const GByteArray *digests)
{
    JsonArray *array = json_array_new();
    WireReader rest = dq_profile_digests(digests);
    uint16_t alg;
    WireBytes digest;

    while (dq_profile_next_digest(&rest, &alg, &digest)) {
        g_autofree char *text = dq_profile_say_digest(alg, digest);

        json_array_add_string_element(array, text);
    }
    return array;
}

static JsonObject *write_files(const DqProfile *profile)
{
    g_autoptr(GList) names = g_list_sort(g_hash_table_get_keys(profile->files), g_bytes_compare);
    JsonObject *files = json_object_new();

    for (GList *n = names; n; n = n->next) {
        g_autofree char *text = name_to_text(n->data);

        json_object_set_array_member(files, text,
                                     write_digests(g_hash_table_lookup(profile->files, n->data)));
    }
    return files;
}

static JsonArray *write_keys(const DqProfile *profile)
{
    JsonArray *array = json_array_new();

    for (guint i = 0; i < profile->keys->len; i++) {
        const DqBytes spki = dq_bytes_peek(profile->keys->pdata[i]);
        g_autofree char *text = g_base64_encode(spki.data, spki.len);

        json_array_add_string_element(array, text);
    }
    return array;
}

static JsonArray *write_exclude(const DqProfile *profile)
{
    JsonArray *array = json_array_new();

    for (guint i = 0; i < profile->exclude->len; i++) {
        json_array_add_string_element(array, g_ptr_array_index(profile->exclude, i));
    }
    return array;
}

char *dq_profile_to_json(const DqProfile *profile)
{
    g_autoptr(JsonNode) root = json_node_new(JSON_NODE_OBJECT);
    g_autoptr(JsonObject) object = json_object_new();
    g_autofree char *issued = profile->issued > 0 ? time_text(profile->issued) : NULL;

    json_object_set_string_member(object, "type", TYPE);
    json_object_set_int_member(object, "version", VERSION);
    json_object_set_string_member(object, "name", profile->name);
    if (issued) {
        json_object_set_string_member(object, "issued", issued);
    }
    json_object_set_array_member(object, "boots", dq_profile_write_boots(profile));
    json_object_set_object_member(object, "files", write_files(profile));
    if (profile->packages->len > 0) {
        json_object_set_array_member(object, "packages", dq_profile_write_packages(profile));
    }
    if (profile->keys->len > 0) {
        json_object_set_array_member(object, "keys", write_keys(profile));
    }
    if (profile->learning) {
        json_object_set_boolean_member(object, "learning", TRUE);
    }
    json_object_set_array_member(object, "exclude", write_exclude(profile));
    json_node_set_object(root, object);
    return json_to_string(root, TRUE);
}
