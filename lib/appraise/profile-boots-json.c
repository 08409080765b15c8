/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "appraise/profile-boots-json.h"

#include "appraise/json-fields.h"
#include "attest/bytes.h"

#include <string.h>

enum { PCRS = 24 };

gboolean dq_profile_fail(GError **error, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    g_propagate_error(
        error, g_error_new_valist(DQ_PROFILE_ERROR, DQ_PROFILE_ERROR_MALFORMED, format, args));
    va_end(args);
    return FALSE;
}

/* --------------------------------------------------------------------------------- Reading */

/* @ret: (transfer full): @digits of a value of @hash */
static gboolean read_digest(const WireHash *hash, const char *digits, GBytes **ret, GError **error)
{
    g_autoptr(GBytes) bytes = dq_hex_decode(digits, NULL);

    if (!bytes || g_bytes_get_size(bytes) != hash->size) {
        return dq_profile_fail(error, "'%s' are not the %u digits of a value of %s", digits,
                               2u * hash->size, hash->name);
    }
    *ret = g_steal_pointer(&bytes);
    return TRUE;
}

gboolean dq_profile_read_named_digest(JsonNode *node, const WireHash **ret_hash, GBytes **ret,
                                      GError **error)
{
    const char *text = dq_json_is_type(node, G_TYPE_STRING) ? json_node_get_string(node) : "";
    const char *colon = strchr(text, ':');
    const WireHash *hash = colon ? wire_hash_find_name(text, (size_t)(colon - text)) : NULL;

    if (!hash) {
        return dq_profile_fail(error, "'%s' is not a digest such as sha256:DIGITS", text);
    }
    if (!read_digest(hash, colon + 1, ret, error)) {
        return FALSE;
    }
    *ret_hash = hash;
    return TRUE;
}

static gboolean read_pcr(DqProfileBoot *boot, const WireHash *hash, const char *number,
                         JsonNode *value, GError **error)
{
    g_autoptr(GBytes) bytes = NULL;
    uint64_t pcr;

    if (!g_ascii_string_to_unsigned(number, 10, 0, PCRS - 1, &pcr, NULL) ||
        !dq_json_is_type(value, G_TYPE_STRING)) {
        return dq_profile_fail(
            error, "boot '%s': '%s' is not the number of a PCR, with its value in digits",
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
        return dq_profile_fail(error, "boot '%s': '%s' is not a bank such as sha256, with its PCRs",
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

static gboolean read_boot(DqProfile *profile, JsonNode *node, GError **error)
{
    static const char *const names[] = { "name", "pcrs", NULL };
    JsonObject *object = JSON_NODE_HOLDS_OBJECT(node) ? json_node_get_object(node) : NULL;
    const char *name = object ? dq_json_string(object, "name") : NULL;
    JsonNode *pcrs = object ? dq_json_member(object, "pcrs", JSON_NODE_OBJECT) : NULL;
    DqProfileBoot *boot;
    JsonObjectIter walk;
    const char *unknown;
    const char *bank;
    JsonNode *values;

    if (!name || !pcrs) {
        return dq_profile_fail(error, "a boot has to have a 'name' and 'pcrs'");
    }
    unknown = dq_json_unknown(object, names);
    if (unknown) {
        return dq_profile_fail(error, "'%s' is not known here", unknown);
    }
    if (dq_profile_find_boot(profile, name) || profile->boots->len == DQ_PROFILE_BOOTS_MAX) {
        return dq_profile_fail(error, "boot '%s' is there twice, or one too many", name);
    }
    boot = dq_profile_add_boot(profile, name);
    json_object_iter_init(&walk, json_node_get_object(pcrs));
    while (json_object_iter_next(&walk, &bank, &values)) {
        if (!read_bank(boot, bank, values, error)) {
            return FALSE;
        }
    }
    return g_hash_table_size(boot->pcrs) > 0 ||
           dq_profile_fail(error, "boot '%s' has no PCR: it would fit each machine", name);
}

gboolean dq_profile_read_boots(DqProfile *profile, JsonNode *node, GError **error)
{
    JsonArray *array = json_node_get_array(node);

    for (guint i = 0; i < json_array_get_length(array); i++) {
        if (!read_boot(profile, json_array_get_element(array, i), error)) {
            return FALSE;
        }
    }
    return TRUE;
}

/* --------------------------------------------------------------------------------- Writing */

char *dq_profile_say_digest(uint16_t alg, WireBytes digest)
{
    g_autofree char *hex = dq_hex_encode(digest.p, digest.len);

    return g_strdup_printf("%s:%s", wire_hash_find(alg)->name, hex);
}

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

JsonArray *dq_profile_write_boots(const DqProfile *profile)
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
