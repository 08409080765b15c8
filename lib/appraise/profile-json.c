/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The file form of a profile. Spec: deepquote-profile(5). */
#include "appraise/profile-json.h"

#include "attest/bytes.h"
#include "wire/hash.h"

#include <json-glib/json-glib.h>
#include <string.h>

#define TYPE "deepquote-profile"

enum {
    VERSION = 1,
    PCRS = 24,
    DEPTH_MAX = 1000,
};

static gboolean fail(GError **error, const char *format, ...) G_GNUC_PRINTF(2, 3);

static gboolean fail(GError **error, const char *format, ...)
{
    g_autofree char *text = NULL;
    va_list args;

    va_start(args, format);
    text = g_strdup_vprintf(format, args);
    va_end(args);
    g_set_error_literal(error, DQ_PROFILE_ERROR, DQ_PROFILE_ERROR_MALFORMED, text);
    return FALSE;
}

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

/* NULL with the error set where there is something else than @type. */
static gboolean is_type(JsonNode *node, GType type)
{
    return JSON_NODE_HOLDS_VALUE(node) && json_node_get_value_type(node) == type;
}

static gboolean read_digest(const WireHash *hash, const char *digits, GBytes **ret, GError **error)
{
    g_autoptr(GBytes) bytes = dq_hex_decode(digits, NULL);

    if (!bytes || g_bytes_get_size(bytes) != hash->size) {
        return fail(error, "'%s' are not the %u digits of a value of %s", digits, 2u * hash->size,
                    hash->name);
    }
    *ret = g_steal_pointer(&bytes);
    return TRUE;
}

static gboolean read_pcr(DqProfileBoot *boot, const WireHash *hash, const char *number,
                         JsonNode *value, GError **error)
{
    g_autoptr(GBytes) bytes = NULL;
    uint64_t pcr;

    if (!g_ascii_string_to_unsigned(number, 10, 0, PCRS - 1, &pcr, NULL) ||
        !is_type(value, G_TYPE_STRING)) {
        return fail(error, "boot '%s': '%s' is not the number of a PCR, with its value in digits",
                    boot->name, number);
    }
    if (!read_digest(hash, json_node_get_string(value), &bytes, error)) {
        g_prefix_error(error, "boot '%s', PCR %s: ", boot->name, number);
        return FALSE;
    }
    dq_profile_boot_set(boot, hash->alg, (unsigned)pcr, dq_wire(dq_bytes_peek(bytes)));
    return TRUE;
}

static gboolean read_bank(DqProfileBoot *boot, const char *bank, JsonNode *node, GError **error)
{
    const WireHash *hash = wire_hash_find_name(bank, strlen(bank));
    JsonObjectIter walk;
    const char *number;
    JsonNode *value;

    if (!hash || !JSON_NODE_HOLDS_OBJECT(node)) {
        return fail(error, "boot '%s': '%s' is not a bank such as sha256, with its PCRs",
                    boot->name, bank);
    }
    json_object_iter_init(&walk, json_node_get_object(node));
    while (json_object_iter_next(&walk, &number, &value)) {
        if (!read_pcr(boot, hash, number, value, error)) {
            return FALSE;
        }
    }
    return TRUE;
}

/* The member of an object if it is of @type; NULL otherwise. */
static JsonNode *member(JsonObject *object, const char *name, JsonNodeType type)
{
    JsonNode *node = json_object_get_member(object, name);

    return node && json_node_get_node_type(node) == type ? node : NULL;
}

static const char *string_member(JsonObject *object, const char *name)
{
    JsonNode *node = member(object, name, JSON_NODE_VALUE);

    return node && is_type(node, G_TYPE_STRING) ? json_node_get_string(node) : NULL;
}

static gboolean has_only(JsonObject *object, const char *const *names, GError **error)
{
    JsonObjectIter walk;
    const char *name;

    json_object_iter_init(&walk, object);
    while (json_object_iter_next(&walk, &name, NULL)) {
        if (!g_strv_contains(names, name)) {
            return fail(error, "'%s' is not known here", name);
        }
    }
    return TRUE;
}

static gboolean read_boot(DqProfile *profile, JsonNode *node, GError **error)
{
    static const char *const names[] = { "name", "pcrs", NULL };
    JsonObject *object = JSON_NODE_HOLDS_OBJECT(node) ? json_node_get_object(node) : NULL;
    const char *name = object ? string_member(object, "name") : NULL;
    JsonNode *pcrs = object ? member(object, "pcrs", JSON_NODE_OBJECT) : NULL;
    DqProfileBoot *boot;
    JsonObjectIter walk;
    const char *bank;
    JsonNode *values;

    if (!name || !pcrs) {
        return fail(error, "a boot has to have a 'name' and 'pcrs'");
    }
    if (!has_only(object, names, error)) {
        return FALSE;
    }
    if (dq_profile_find_boot(profile, name) || profile->boots->len == DQ_PROFILE_BOOTS_MAX) {
        return fail(error, "boot '%s' is there twice, or one too many", name);
    }
    boot = dq_profile_add_boot(profile, name);
    json_object_iter_init(&walk, json_node_get_object(pcrs));
    while (json_object_iter_next(&walk, &bank, &values)) {
        if (!read_bank(boot, bank, values, error)) {
            return FALSE;
        }
    }
    return g_hash_table_size(boot->pcrs) > 0 ||
           fail(error, "boot '%s' has no PCR: it would fit each machine", name);
}

static gboolean read_boots(DqProfile *profile, JsonNode *node, GError **error)
{
    JsonArray *array = json_node_get_array(node);

    for (guint i = 0; i < json_array_get_length(array); i++) {
        if (!read_boot(profile, json_array_get_element(array, i), error)) {
            return FALSE;
        }
    }
    return TRUE;
}

static gboolean read_file_digest(DqProfile *profile, const GByteArray *name, JsonNode *node,
                                 GError **error)
{
    const char *text = is_type(node, G_TYPE_STRING) ? json_node_get_string(node) : "";
    const char *colon = strchr(text, ':');
    const WireHash *hash = colon ? wire_hash_find_name(text, (size_t)(colon - text)) : NULL;
    g_autoptr(GBytes) digest = NULL;

    if (!hash) {
        return fail(error, "'%s' is not a digest such as sha256:DIGITS", text);
    }
    return read_digest(hash, colon + 1, &digest, error) &&
           dq_profile_add_file(profile, (WireBytes){ name->data, name->len }, hash->alg,
                               dq_wire(dq_bytes_peek(digest)));
}

static gboolean read_file(DqProfile *profile, const char *text, JsonNode *node, GError **error)
{
    g_autoptr(GByteArray) name = g_byte_array_new();
    JsonArray *array = JSON_NODE_HOLDS_ARRAY(node) ? json_node_get_array(node) : NULL;

    if (!name_from_text(text, name)) {
        return fail(error, "file '%s': a name has no zero, and a backslash is \\x5c", text);
    }
    if (!array || json_array_get_length(array) == 0) {
        return fail(error, "file '%s': it has to have a list of digests", text);
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

        if (!is_type(pattern, G_TYPE_STRING) || json_node_get_string(pattern)[0] == '\0') {
            return fail(error, "'exclude' is a list of patterns such as /tmp/*");
        }
        dq_profile_exclude(profile, json_node_get_string(pattern));
    }
    return TRUE;
}

/** The parts that may be left out. */
static const struct {
    const char *name;
    JsonNodeType type;
    gboolean (*read)(DqProfile *profile, JsonNode *node, GError **error);
} parts[] = {
    { "boots", JSON_NODE_ARRAY, read_boots },
    { "files", JSON_NODE_OBJECT, read_files },
    { "exclude", JSON_NODE_ARRAY, read_exclude },
};

static gboolean read_parts(DqProfile *profile, JsonObject *object, GError **error)
{
    for (gsize i = 0; i < G_N_ELEMENTS(parts); i++) {
        JsonNode *node = json_object_get_member(object, parts[i].name);

        if (node && json_node_get_node_type(node) != parts[i].type) {
            return fail(error, "'%s' is not what it should be", parts[i].name);
        }
        if (node && !parts[i].read(profile, node, error)) {
            return FALSE;
        }
    }
    return TRUE;
}

static gboolean is_profile(JsonObject *object, GError **error)
{
    static const char *const names[] = { "type",  "version", "name",    "issued",
                                         "boots", "files",   "exclude", NULL };
    const char *type = string_member(object, "type");
    JsonNode *version = member(object, "version", JSON_NODE_VALUE);

    if (!type || !g_str_equal(type, TYPE) || !string_member(object, "name")) {
        return fail(error, "it is no profile: 'type' is not '" TYPE "', or it has no 'name'");
    }
    if (!version || !is_type(version, G_TYPE_INT64) || json_node_get_int(version) != VERSION) {
        return fail(error, "it is a profile of another version than %d", VERSION);
    }
    return has_only(object, names, error);
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
    const char *text = string_member(object, "issued");
    g_autoptr(GDateTime) time = text ? g_date_time_new_from_iso8601(text, NULL) : NULL;
    const int64_t seconds = time ? g_date_time_to_unix(time) : 0;
    g_autofree char *again = seconds > 0 ? time_text(seconds) : NULL;

    if (json_object_has_member(object, "issued") && (!again || !g_str_equal(text, again))) {
        return fail(error, "'issued' is not a time such as 2026-11-25T18:00:00Z");
    }
    profile->issued = seconds;
    return TRUE;
}

/* The parser calls itself for each level. A bracket in a name counts too: few names have one. */
static gboolean is_shallow(const char *text, gsize len)
{
    guint depth = 0, deepest = 0;

    for (gsize i = 0; i < len; i++) {
        if (text[i] == '{' || text[i] == '[') {
            depth++;
            deepest = MAX(deepest, depth);
        } else if ((text[i] == '}' || text[i] == ']') && depth > 0) {
            depth--;
        }
    }
    return deepest <= DEPTH_MAX;
}

DqProfile *dq_profile_from_json(const char *text, gsize len, GError **error)
{
    g_autoptr(JsonParser) parser = json_parser_new_immutable();
    g_autoptr(DqProfile) profile = NULL;
    g_autoptr(GError) why = NULL;
    JsonNode *root;

    if (len > DQ_PROFILE_MAX || !g_utf8_validate(text, (gssize)len, NULL) ||
        !is_shallow(text, len) || !json_parser_load_from_data(parser, text, (gssize)len, &why)) {
        fail(error, "it is no JSON: %s", why ? why->message : "too long or deep, or not in UTF-8");
        return NULL;
    }
    root = json_parser_get_root(parser);
    if (!root || !JSON_NODE_HOLDS_OBJECT(root)) {
        fail(error, "it is no JSON object");
        return NULL;
    }
    if (!is_profile(json_node_get_object(root), error)) {
        return NULL;
    }
    profile = dq_profile_new(string_member(json_node_get_object(root), "name"));
    return read_issued(profile, json_node_get_object(root), error) &&
                   read_parts(profile, json_node_get_object(root), error)
               ? g_steal_pointer(&profile)
               : NULL;
}

/* --------------------------------------------------------------------------------- Writing */

static JsonObject *write_pcrs(const DqProfileBoot *boot)
{
    g_autoptr(GList) keys = dq_profile_boot_keys(boot);
    JsonObject *banks = json_object_new();
    JsonObject *bank = NULL;
    const WireHash *last = NULL;

    for (GList *k = keys; k; k = k->next) {
        const WireHash *hash = wire_hash_find(dq_profile_key_alg(k->data));
        GBytes *value = g_hash_table_lookup(boot->pcrs, k->data);
        g_autofree char *hex =
            dq_hex_encode(g_bytes_get_data(value, NULL), g_bytes_get_size(value));
        g_autofree char *number = g_strdup_printf("%u", dq_profile_key_pcr(k->data));

        if (hash != last) {
            bank = json_object_new();
            json_object_set_object_member(banks, hash->name, bank);
            last = hash;
        }
        json_object_set_string_member(bank, number, hex);
    }
    return banks;
}

static JsonArray *write_boots(const DqProfile *profile)
{
    JsonArray *array = json_array_new();

    for (guint i = 0; i < profile->boots->len; i++) {
        const DqProfileBoot *boot = g_ptr_array_index(profile->boots, i);
        JsonObject *object = json_object_new();

        json_object_set_string_member(object, "name", boot->name);
        json_object_set_object_member(object, "pcrs", write_pcrs(boot));
        json_array_add_object_element(array, object);
    }
    return array;
}

static JsonArray *write_digests(const GByteArray *digests)
{
    JsonArray *array = json_array_new();
    WireReader rest = dq_profile_digests(digests);
    uint16_t alg;
    WireBytes digest;

    while (dq_profile_next_digest(&rest, &alg, &digest)) {
        g_autofree char *hex = dq_hex_encode(digest.p, digest.len);
        g_autofree char *text = g_strdup_printf("%s:%s", wire_hash_find(alg)->name, hex);

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
    json_object_set_array_member(object, "boots", write_boots(profile));
    json_object_set_object_member(object, "files", write_files(profile));
    json_object_set_array_member(object, "exclude", write_exclude(profile));
    json_node_set_object(root, object);
    return json_to_string(root, TRUE);
}
