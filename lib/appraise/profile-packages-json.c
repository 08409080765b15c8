/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "appraise/profile-packages-json.h"

#include "appraise/json-fields.h"
#include "appraise/profile-boots-json.h"
#include "attest/bytes.h"

/* --------------------------------------------------------------------------------- Reading */

static gboolean read_digests(DqProfile *profile, guint package, JsonNode *node, GError **error)
{
    JsonArray *array = json_node_get_array(node);

    for (guint i = 0; i < json_array_get_length(array); i++) {
        g_autoptr(GBytes) digest = NULL;
        const WireHash *hash;

        if (!dq_profile_read_named_digest(json_array_get_element(array, i), &hash, &digest,
                                          error)) {
            return FALSE;
        }
        dq_profile_add_owner(profile, hash->alg, dq_wire(dq_bytes_peek(digest)), package);
    }
    return TRUE;
}

/* What is borrowed of @o; FALSE where something is not there. */
static gboolean describe(JsonObject *o, DqProfilePackage *ret)
{
    *ret = (DqProfilePackage){
        .name = (char *)dq_json_string(o, "name"),
        .version = (char *)dq_json_string(o, "version"),
        .source = (char *)dq_json_string(o, "source"),
        .source_version = (char *)dq_json_string(o, "source-version"),
        .release = (char *)dq_json_string(o, "release"),
    };
    return ret->name && ret->version && ret->source && ret->source_version &&
           (ret->release || !json_object_has_member(o, "release"));
}

static gboolean read_package(DqProfile *profile, JsonNode *node, GError **error)
{
    static const char *const names[] = { "name",    "version", "source", "source-version",
                                         "release", "digests", NULL };
    JsonObject *o = JSON_NODE_HOLDS_OBJECT(node) ? json_node_get_object(node) : NULL;
    JsonNode *digests = o ? dq_json_member(o, "digests", JSON_NODE_ARRAY) : NULL;
    const char *unknown = o ? dq_json_unknown(o, names) : NULL;
    DqProfilePackage package;

    if (!digests || !describe(o, &package)) {
        return dq_profile_fail(error, "a package has to have a 'name', 'version', 'source', "
                                      "'source-version' and 'digests', and perhaps a 'release'");
    }
    if (unknown) {
        return dq_profile_fail(error, "'%s' is not known here", unknown);
    }
    if (!read_digests(profile, dq_profile_add_package(profile, &package), digests, error)) {
        g_prefix_error(error, "package '%s': ", package.name);
        return FALSE;
    }
    return TRUE;
}

gboolean dq_profile_read_packages(DqProfile *profile, JsonNode *node, GError **error)
{
    JsonArray *array = json_node_get_array(node);

    for (guint i = 0; i < json_array_get_length(array); i++) {
        if (!read_package(profile, json_array_get_element(array, i), error)) {
            return FALSE;
        }
    }
    return TRUE;
}

/* --------------------------------------------------------------------------------- Writing */

/* (transfer full): JsonArray of digests for each package. */
static GPtrArray *digests_by_package(const DqProfile *profile)
{
    GPtrArray *all = g_ptr_array_new();
    g_autoptr(GList) keys = g_list_sort(g_hash_table_get_keys(profile->owners), g_bytes_compare);

    for (guint i = 0; i < profile->packages->len; i++) {
        g_ptr_array_add(all, json_array_new());
    }
    for (GList *k = keys; k; k = k->next) {
        const GArray *owners = g_hash_table_lookup(profile->owners, k->data);
        uint16_t alg;
        WireBytes digest;

        if (dq_profile_owner_digest(k->data, &alg, &digest)) {
            g_autofree char *text = dq_profile_say_digest(alg, digest);

            for (guint i = 0; i < owners->len; i++) {
                json_array_add_string_element(all->pdata[g_array_index(owners, guint, i)], text);
            }
        }
    }
    return all;
}

JsonArray *dq_profile_write_packages(const DqProfile *profile)
{
    g_autoptr(GPtrArray) digests = digests_by_package(profile);
    JsonArray *array = json_array_new();

    for (guint i = 0; i < profile->packages->len; i++) {
        const DqProfilePackage *package = profile->packages->pdata[i];
        JsonObject *o = json_object_new();

        json_object_set_string_member(o, "name", package->name);
        json_object_set_string_member(o, "version", package->version);
        json_object_set_string_member(o, "source", package->source);
        json_object_set_string_member(o, "source-version", package->source_version);
        if (package->release) {
            json_object_set_string_member(o, "release", package->release);
        }
        json_object_set_array_member(o, "digests", digests->pdata[i]);
        json_array_add_object_element(array, o);
    }
    return array;
}
