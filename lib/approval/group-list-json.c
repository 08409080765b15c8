/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "approval/group-list-json.h"

#include "appraise/json-fields.h"
#include "appraise/profile-boots-json.h"
#include "attest/bytes.h"

#include <string.h>

#define TYPE "deepquote-group-list"

enum { VERSION = 1 };

static gboolean fail(GError **error, const char *format, ...) G_GNUC_PRINTF(2, 3);

static gboolean fail(GError **error, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    g_propagate_error(error, g_error_new_valist(DQ_GROUP_LIST_ERROR, DQ_GROUP_LIST_ERROR_MALFORMED,
                                                format, args));
    va_end(args);
    return FALSE;
}

/* --------------------------------------------------------------------------------- Reading */

static gboolean read_measurements(DqGroupList *list, JsonNode *node, GError **error)
{
    JsonArray *array = json_node_get_array(node);

    for (guint i = 0; i < json_array_get_length(array); i++) {
        JsonNode *element = json_array_get_element(array, i);
        g_autoptr(GBytes) digest = dq_json_is_type(element, G_TYPE_STRING)
                                       ? dq_hex_decode(json_node_get_string(element), NULL)
                                       : NULL;

        if (!digest || g_bytes_get_size(digest) != DQ_HASH_SIZE) {
            return fail(error, "'measurements' is a list of SHA-256 digests of %d digits",
                        2 * DQ_HASH_SIZE);
        }
        g_array_append_vals(list->measurements, g_bytes_get_data(digest, NULL), 1);
    }
    return TRUE;
}

static gboolean read_approvals(DqGroupList *list, JsonNode *node, GError **error)
{
    JsonObjectIter walk;
    const char *name;
    JsonNode *value;

    json_object_iter_init(&walk, json_node_get_object(node));
    while (json_object_iter_next(&walk, &name, &value)) {
        if (!dq_json_is_type(value, G_TYPE_STRING) || !dq_profile_find_boot(list->hosts, name)) {
            return fail(error, "'approvals' has '%s', which is the signature for no boot", name);
        }
        g_hash_table_insert(list->approvals, g_strdup(name), json_node_dup_string(value));
    }
    return TRUE;
}

static gboolean read_boots(DqGroupList *list, JsonNode *node, GError **error)
{
    if (json_array_get_length(json_node_get_array(node)) > DQ_GROUP_LIST_BOOTS_MAX) {
        return fail(error, "it has more than %d boots", DQ_GROUP_LIST_BOOTS_MAX);
    }
    return dq_profile_read_boots(list->hosts, node, error);
}

/** The parts that may be left out; approvals are for boots, which come before them. */
static const struct {
    const char *name;
    JsonNodeType type;
    gboolean (*read)(DqGroupList *list, JsonNode *node, GError **error);
} parts[] = {
    { "boots", JSON_NODE_ARRAY, read_boots },
    { "approvals", JSON_NODE_OBJECT, read_approvals },
    { "measurements", JSON_NODE_ARRAY, read_measurements },
};

static gboolean read_parts(DqGroupList *list, JsonObject *object, GError **error)
{
    for (gsize i = 0; i < G_N_ELEMENTS(parts); i++) {
        JsonNode *node = json_object_get_member(object, parts[i].name);

        if (node && json_node_get_node_type(node) != parts[i].type) {
            return fail(error, "'%s' is not what it should be", parts[i].name);
        }
        if (node && !parts[i].read(list, node, error)) {
            return FALSE;
        }
    }
    return TRUE;
}

/* A member that is a number of @min to @max, or where it may be left out @missing. */
static gboolean read_number(JsonObject *object, const char *name, int64_t missing, int64_t min,
                            int64_t max, int64_t *ret, GError **error)
{
    JsonNode *node = json_object_get_member(object, name);

    *ret = node && dq_json_is_type(node, G_TYPE_INT64) ? json_node_get_int(node) : missing;
    if ((node && !dq_json_is_type(node, G_TYPE_INT64)) || *ret < (node ? min : missing) ||
        *ret > max) {
        return fail(error, "'%s' is no number of %" G_GINT64_FORMAT " to %" G_GINT64_FORMAT, name,
                    min, max);
    }
    return TRUE;
}

static gboolean read_numbers(DqGroupList *list, JsonObject *object, GError **error)
{
    int64_t weight, vms;

    if (!read_number(object, "sequence", 0, 1, G_MAXINT64, &list->sequence, error) ||
        !read_number(object, "weight", 0, 1, DQ_GROUP_LIST_WEIGHT_MAX, &weight, error) ||
        !read_number(object, "vms", 0, 1, DQ_GROUP_LIST_VMS_MAX, &vms, error)) {
        return FALSE;
    }
    list->weight = (guint)weight;
    list->vms = (guint)vms;
    return list->sequence > 0 || fail(error, "it has no 'sequence', which counts lists from 1");
}

static gboolean is_list(JsonObject *object, GError **error)
{
    static const char *const names[] = { "type", "version", "group",        "sequence",  "weight",
                                         "vms",  "boots",   "measurements", "approvals", NULL };
    const char *type = dq_json_string(object, "type");
    const char *group = dq_json_string(object, "group");
    JsonNode *version = dq_json_member(object, "version", JSON_NODE_VALUE);
    const char *unknown = dq_json_unknown(object, names);

    if (!type || !g_str_equal(type, TYPE)) {
        return fail(error, "it is no list of a group: 'type' is not '" TYPE "'");
    }
    if (!version || !dq_json_is_type(version, G_TYPE_INT64) ||
        json_node_get_int(version) != VERSION) {
        return fail(error, "it is a list of another version than %d", VERSION);
    }
    if (!group || *group == '\0' || strlen(group) > DQ_GROUP_NAME_MAX) {
        return fail(error, "'group' is not the name of a group, of 1 to %d bytes",
                    DQ_GROUP_NAME_MAX);
    }
    return !unknown || fail(error, "'%s' is not known here", unknown);
}

DqGroupList *dq_group_list_from_json(const char *text, gsize len, GError **error)
{
    g_autoptr(JsonParser) parser = dq_json_load(text, len, DQ_GROUP_LIST_MAX, DQ_GROUP_LIST_ERROR,
                                                DQ_GROUP_LIST_ERROR_MALFORMED, error);
    g_autoptr(DqGroupList) list = NULL;
    JsonObject *object;

    if (!parser) {
        return NULL;
    }
    object = json_node_get_object(json_parser_get_root(parser));
    if (!is_list(object, error)) {
        return NULL;
    }
    list = dq_group_list_new(dq_json_string(object, "group"));
    return read_numbers(list, object, error) && read_parts(list, object, error)
               ? g_steal_pointer(&list)
               : NULL;
}

/* --------------------------------------------------------------------------------- Writing */

static JsonArray *write_measurements(const DqGroupList *list)
{
    JsonArray *array = json_array_new();

    for (guint i = 0; i < list->measurements->len; i++) {
        g_autofree char *hex = dq_hex_encode(
            (const uint8_t *)list->measurements->data + i * DQ_HASH_SIZE, DQ_HASH_SIZE);

        json_array_add_string_element(array, hex);
    }
    return array;
}

/* In the order of the boots. */
static JsonObject *write_approvals(const DqGroupList *list)
{
    JsonObject *object = json_object_new();

    for (guint i = 0; i < list->hosts->boots->len; i++) {
        const DqProfileBoot *boot = g_ptr_array_index(list->hosts->boots, i);
        const char *signature = g_hash_table_lookup(list->approvals, boot->name);

        if (signature) {
            json_object_set_string_member(object, boot->name, signature);
        }
    }
    return object;
}

char *dq_group_list_to_json(const DqGroupList *list)
{
    g_autoptr(JsonNode) root = json_node_new(JSON_NODE_OBJECT);
    g_autoptr(JsonObject) object = json_object_new();

    json_object_set_string_member(object, "type", TYPE);
    json_object_set_int_member(object, "version", VERSION);
    json_object_set_string_member(object, "group", list->group);
    json_object_set_int_member(object, "sequence", list->sequence);
    if (list->weight > 0) {
        json_object_set_int_member(object, "weight", list->weight);
    }
    if (list->vms > 0) {
        json_object_set_int_member(object, "vms", list->vms);
    }
    json_object_set_array_member(object, "boots", dq_profile_write_boots(list->hosts));
    if (g_hash_table_size(list->approvals) > 0) {
        json_object_set_object_member(object, "approvals", write_approvals(list));
    }
    json_object_set_array_member(object, "measurements", write_measurements(list));
    json_node_set_object(root, object);
    return json_to_string(root, TRUE);
}
