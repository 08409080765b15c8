/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "registry/anchor.h"

#include "registry/error.h"
#include "registry/file.h"

static gboolean take_key(RegistryFile *file, const uint8_t key[REGISTRY_KEY_SIZE], GError **error)
{
    const int code = guard_take_key(file->guard, key);

    return code == SQLITE_OK || registry_file_refuse(file, "read", code, error);
}

gboolean registry_anchor_get(const RegistryStore *store, RegistryAnchor *ret)
{
    const RegistryFile *file = registry_store_file(store);
    const RegistryAnchor *anchor = guard_anchor(file->guard);

    if (anchor) {
        *ret = *anchor;
    }
    return anchor != NULL;
}

gboolean registry_anchor_check(RegistryStore *store, const uint8_t key[REGISTRY_KEY_SIZE],
                               GError **error)
{
    RegistryFile *file = registry_store_file(store);
    int code;

    if (!take_key(file, key, error)) {
        return FALSE;
    }
    code = guard_check(file->guard);
    if (code != SQLITE_OK) {
        guard_drop_key(file->guard);
    }
    if (code == SQLITE_AUTH) {
        g_set_error(error, REGISTRY_ERROR, REGISTRY_ERROR_FORGED,
                    "the registry %s was changed by something else than this host's manager",
                    file->path);
        return FALSE;
    }
    return code == SQLITE_OK || registry_file_refuse(file, "read", code, error);
}

static gboolean set(void *data, const void *anchor, G_GNUC_UNUSED GError **error)
{
    RegistryFile *file = data;

    guard_set(file->guard, anchor);
    return TRUE;
}

/** What accepting a registry takes. */
typedef struct Acceptance {
    const RegistryAnchor *anchor;
    const RegistryAuthor *by;
} Acceptance;

static gboolean set_and_renew(void *data, const void *what, GError **error)
{
    const Acceptance *a = what;
    const RegistryNote note = { a->by, "",
                                "the registry is accepted as it is: each VM has a new lineage" };

    return set(data, a->anchor, error) && registry_audit_add(data, &note, error) &&
           registry_file_execute(data, "UPDATE vm SET lineage = randomblob(16) WHERE registered",
                                 "write", error);
}

static gboolean begin(RegistryStore *store, const uint8_t key[REGISTRY_KEY_SIZE],
                      RegistryChange change, const void *what, GError **error)
{
    RegistryFile *file = registry_store_file(store);

    if (!take_key(file, key, error)) {
        return FALSE;
    }
    if (!registry_file_change(file, change, file, what, error)) {
        guard_drop_key(file->guard);
        return FALSE;
    }
    return TRUE;
}

gboolean registry_anchor_begin(RegistryStore *store, const uint8_t key[REGISTRY_KEY_SIZE],
                               const RegistryAnchor *anchor, GError **error)
{
    return begin(store, key, set, anchor, error);
}

gboolean registry_anchor_accept(RegistryStore *store, const uint8_t key[REGISTRY_KEY_SIZE],
                                const RegistryAnchor *anchor, const RegistryAuthor *by,
                                GError **error)
{
    const Acceptance acceptance = { anchor, by };

    return begin(store, key, set_and_renew, &acceptance, error);
}

gboolean registry_anchor_set(RegistryStore *store, const RegistryAnchor *anchor, GError **error)
{
    RegistryFile *file = registry_store_file(store);

    return registry_file_change(file, set, file, anchor, error);
}
