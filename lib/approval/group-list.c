/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "approval/group-list.h"

#include "approval/group-list-json.h"
#include "approval/policy.h"
#include "attest/digest.h"
#include "wire/cursor.h"

#include <string.h>

#define JWS_TYPE "deepquote-group-list+jws"
#define INFO_LABEL "DEEPQUOTE-GROUP-V1" /* its zero is hashed too */

G_DEFINE_QUARK(dq_group_list_error, dq_group_list_error)

DqGroupList *dq_group_list_new(const char *group)
{
    DqGroupList *list = g_new0(DqGroupList, 1);

    list->group = g_strdup(group);
    list->hosts = dq_profile_new(group);
    list->approvals = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
    list->measurements = g_array_new(FALSE, FALSE, DQ_HASH_SIZE);
    return list;
}

void dq_group_list_free(DqGroupList *list)
{
    if (list) {
        g_free(list->group);
        dq_profile_free(list->hosts);
        g_hash_table_unref(list->approvals);
        g_array_unref(list->measurements);
        g_free(list);
    }
}

/* What the approval of @boot is a signature over. */
static gboolean message_of(const DqGroupList *list, const DqProfileBoot *boot,
                           uint8_t ret[DQ_APPROVAL_MESSAGE_SIZE], GError **error)
{
    uint8_t policy[DQ_HASH_SIZE], ref[DQ_HASH_SIZE];
    WirePcrSelection selection;

    if (!dq_approval_pcr_policy(boot, &selection, policy)) {
        g_set_error(error, DQ_GROUP_LIST_ERROR, DQ_GROUP_LIST_ERROR_MALFORMED,
                    "boot '%s' has PCRs of more banks than a policy can have", boot->name);
        return FALSE;
    }
    dq_approval_ref(list->group, ref);
    dq_approval_message(policy, ref, ret);
    return TRUE;
}

static gboolean approve(DqGroupList *list, const DqProfileBoot *boot, const DqJwsKey *key,
                        GError **error)
{
    uint8_t message[DQ_APPROVAL_MESSAGE_SIZE];
    char *signature;

    if (!message_of(list, boot, message, error)) {
        return FALSE;
    }
    signature = dq_jws_key_sign(key, (DqBytes){ message, sizeof(message) }, error);
    if (!signature) {
        return FALSE;
    }
    g_hash_table_insert(list->approvals, g_strdup(boot->name), signature);
    return TRUE;
}

char *dq_group_list_sign(DqGroupList *list, const DqJwsKey *key, GError **error)
{
    g_autofree char *json = NULL;

    if (list->sequence < 1) {
        g_set_error(error, DQ_GROUP_LIST_ERROR, DQ_GROUP_LIST_ERROR_MALFORMED,
                    "it has no number: lists are counted from 1");
        return NULL;
    }
    g_hash_table_remove_all(list->approvals);
    for (guint i = 0; i < list->hosts->boots->len; i++) {
        if (!approve(list, g_ptr_array_index(list->hosts->boots, i), key, error)) {
            return NULL;
        }
    }
    json = dq_group_list_to_json(list);
    return dq_jws_sign(key, JWS_TYPE, json, error);
}

static gboolean is_approved(const DqGroupList *list, const DqProfileBoot *boot,
                            const DqJwsPublic *key, GError **error)
{
    const char *signature = g_hash_table_lookup(list->approvals, boot->name);
    uint8_t message[DQ_APPROVAL_MESSAGE_SIZE];

    if (!message_of(list, boot, message, error)) {
        return FALSE;
    }
    if (signature && dq_jws_public_verify(key, (DqBytes){ message, sizeof(message) }, signature)) {
        return TRUE;
    }
    g_set_error(error, DQ_GROUP_LIST_ERROR, DQ_GROUP_LIST_ERROR_APPROVAL,
                "boot '%s' is not approved of by this key for the group %s: sign the list anew",
                boot->name, list->group);
    return FALSE;
}

DqGroupList *dq_group_list_open(const DqJwsPublic *key, DqBytes text, GError **error)
{
    g_autoptr(GBytes) payload = NULL;
    g_autoptr(DqGroupList) list = NULL;
    gsize len;
    const char *json;

    if (text.len > DQ_GROUP_LIST_MAX) {
        g_set_error(error, DQ_GROUP_LIST_ERROR, DQ_GROUP_LIST_ERROR_MALFORMED,
                    "it is longer than %d bytes", DQ_GROUP_LIST_MAX);
        return NULL;
    }
    payload = dq_jws_verify(key, JWS_TYPE, text, error);
    if (!payload) {
        return NULL;
    }
    json = g_bytes_get_data(payload, &len);
    list = dq_group_list_from_json(json, len, error);
    for (guint i = 0; list && i < list->hosts->boots->len; i++) {
        if (!is_approved(list, g_ptr_array_index(list->hosts->boots, i), key, error)) {
            return NULL;
        }
    }
    return g_steal_pointer(&list);
}

gboolean dq_group_list_allows(const DqGroupList *list, const uint8_t measurement[DQ_HASH_SIZE])
{
    for (guint i = 0; i < list->measurements->len; i++) {
        const uint8_t *allowed = (const uint8_t *)list->measurements->data + i * DQ_HASH_SIZE;

        if (memcmp(allowed, measurement, DQ_HASH_SIZE) == 0) {
            return TRUE;
        }
    }
    return list->measurements->len == 0;
}

void dq_group_info(const char *group, int64_t sequence, DqBytes signed_list,
                   uint8_t ret[DQ_HASH_SIZE])
{
    uint8_t digest[DQ_HASH_SIZE] = { 0 };
    uint8_t bytes[sizeof(uint16_t) + DQ_GROUP_NAME_MAX + sizeof(uint64_t)];
    WireWriter w = WIRE_WRITER(bytes, sizeof(bytes));

    g_return_if_fail(strlen(group) <= DQ_GROUP_NAME_MAX);
    if (signed_list.len > 0) {
        dq_sha256(&signed_list, 1, digest);
    }
    wire_put_tpm2b(&w, (WireBytes){ (const uint8_t *)group, strlen(group) });
    wire_put_u64(&w, (uint64_t)sequence);
    dq_sha256((const DqBytes[]){ { (const uint8_t *)INFO_LABEL, sizeof(INFO_LABEL) },
                                 { bytes, w.len },
                                 { digest, sizeof(digest) } },
              3, ret);
}
