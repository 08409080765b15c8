/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "store/store-profile.h"

#include "store/binding.h"
#include "store/profile.h"
#include "store/store-file-lock.h"

gboolean dq_store_file_put_profile(DqStoreFile *file, const DqStoreProfile *profile,
                                   GBytes *content, GError **error)
{
    return store_file_begin(file, error) &&
           store_file_end(file, profile_put(file->db, profile, content, error), error);
}

/* Within a transaction, so that both are of the same profile. */
static GBytes *get(Database *db, const char *name, DqStoreProfile *ret_profile, GError **error)
{
    return profile_get(db, name, ret_profile, error) ? profile_content(db, ret_profile, error)
                                                     : NULL;
}

gboolean dq_store_file_get_profile(DqStoreFile *file, const char *name, DqStoreProfile *ret_profile,
                                   GBytes **ret_content, GError **error)
{
    g_autoptr(GBytes) content = NULL;
    DqStoreProfile profile;

    if (!store_file_begin(file, error)) {
        return FALSE;
    }
    content = get(file->db, name, &profile, error);
    if (!store_file_end(file, content != NULL, error)) {
        return FALSE;
    }
    *ret_profile = profile;
    *ret_content = g_steal_pointer(&content);
    return TRUE;
}

static gboolean remove_profile(Database *db, const char *name, GError **error)
{
    return binding_check_unused(db, name, error) && profile_remove(db, name, error);
}

gboolean dq_store_file_remove_profile(DqStoreFile *file, const char *name, GError **error)
{
    return store_file_begin(file, error) &&
           store_file_end(file, remove_profile(file->db, name, error), error);
}

/** Whom a list is told to. */
typedef struct Listener {
    DqStoreProfileFunc profile;
    DqBindingFunc binding;
    gpointer data;
} Listener;

static gboolean tell_profile(gpointer record, gpointer data, G_GNUC_UNUSED GError **error)
{
    const Listener *listener = data;
    const DqStoreProfile *p = record;

    if (!profile_is_removed(p)) {
        listener->profile(p, listener->data);
    }
    return TRUE;
}

gboolean dq_store_file_list_profiles(DqStoreFile *file, DqStoreProfileFunc func, gpointer data,
                                     GError **error)
{
    Listener listener = { func, NULL, data };

    return store_file_list(file, DATABASE_PROFILE_LIST, &profile_type, tell_profile, &listener,
                           error);
}

gboolean dq_store_file_bind(DqStoreFile *file, DqSubject subject, const uint8_t *key, gsize key_len,
                            const char *profile, GError **error)
{
    const char *name = profile ? profile : "";

    return store_file_begin(file, error) &&
           store_file_end(
               file, binding_set_profile(file->db, subject, (DqBytes){ key, key_len }, name, error),
               error);
}

gboolean dq_store_file_set_group(DqStoreFile *file, DqSubject subject, const uint8_t *key,
                                 gsize key_len, const char *group, GError **error)
{
    const char *name = group ? group : "";

    return store_file_begin(file, error) &&
           store_file_end(
               file, binding_set_group(file->db, subject, (DqBytes){ key, key_len }, name, error),
               error);
}

gboolean dq_store_file_find_bound(DqStoreFile *file, DqSubject subject, const uint8_t *key,
                                  gsize key_len, char **ret_name, GError **error)
{
    char name[DQ_LABEL_MAX + 1];
    gboolean good;

    g_mutex_lock(&file->lock);
    good = binding_find_profile(file->db, subject, (DqBytes){ key, key_len }, name, error);
    g_mutex_unlock(&file->lock);
    if (good) {
        *ret_name = name[0] != '\0' ? g_strdup(name) : NULL;
    }
    return good;
}

static gboolean tell_binding(gpointer record, gpointer data, G_GNUC_UNUSED GError **error)
{
    const Binding *b = record;
    const Listener *listener = data;
    const DqBinding told = { b->subject, b->key, b->key_len, b->profile, b->group };

    listener->binding(&told, listener->data);
    return TRUE;
}

gboolean dq_store_file_list_bindings(DqStoreFile *file, DqBindingFunc func, gpointer data,
                                     GError **error)
{
    Listener listener = { NULL, func, data };

    return store_file_list(file, DATABASE_BINDING_LIST, &binding_type, tell_binding, &listener,
                           error);
}
