/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "registry/approval.h"

#include <string.h>

#include "registry/error.h"

static DqBytes bytes_of(const char *text)
{
    return (DqBytes){ (const uint8_t *)text, strlen(text) };
}

static gboolean read_key(RegistryApproval *approval, GError **error)
{
    g_autoptr(GError) why = NULL;

    approval->key = dq_jws_public_new(bytes_of(approval->pem), &why);
    if (!approval->key) {
        g_set_error(error, REGISTRY_ERROR, REGISTRY_ERROR_CONFLICT, "the approval key: %s",
                    why->message);
        return FALSE;
    }
    dq_jws_public_digest(approval->key, approval->key_digest);
    return TRUE;
}

static gboolean read_list(RegistryApproval *approval, GError **error)
{
    g_autoptr(GError) why = NULL;

    approval->list = dq_group_list_open(approval->key, bytes_of(approval->text), &why);
    if (!approval->list) {
        g_set_error(error, REGISTRY_ERROR, REGISTRY_ERROR_CONFLICT, "the list: %s", why->message);
        return FALSE;
    }
    if (!g_str_equal(approval->list->group, approval->group)) {
        g_set_error(error, REGISTRY_ERROR, REGISTRY_ERROR_CONFLICT,
                    "the list is for the group %s, not for %s", approval->list->group,
                    approval->group);
        return FALSE;
    }
    return TRUE;
}

RegistryApproval *registry_approval_new(const char *group, const char *pem, const char *text,
                                        GError **error)
{
    g_autoptr(RegistryApproval) approval = g_atomic_rc_box_new0(RegistryApproval);

    approval->group = g_strdup(group);
    approval->pem = g_strdup(pem);
    approval->text = g_strdup(text);
    if (!read_key(approval, error) || (*text != '\0' && !read_list(approval, error))) {
        return NULL;
    }
    /* Here, and not for each quote: a list is long. */
    dq_group_info(group, approval->list ? approval->list->sequence : 0, bytes_of(text),
                  approval->info);
    return g_steal_pointer(&approval);
}

RegistryApproval *registry_approval_ref(RegistryApproval *approval)
{
    return g_atomic_rc_box_acquire(approval);
}

static void clear(gpointer data)
{
    RegistryApproval *approval = data;

    g_free(approval->group);
    g_free(approval->pem);
    g_free(approval->text);
    dq_jws_public_free(approval->key);
    dq_group_list_free(approval->list);
}

void registry_approval_unref(RegistryApproval *approval)
{
    if (approval) {
        g_atomic_rc_box_release_full(approval, clear);
    }
}
