/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "state/copy.h"

#include <string.h>

#include "registry/error.h"
#include "state/anchor.h"

gboolean state_copy_check(TpmHost *host, TpmSession *tpm, const char *path, StateCopy *ret,
                          GError **error)
{
    g_autoptr(RegistryCopy) copy = registry_copy_open(path, error);
    uint8_t key[REGISTRY_KEY_SIZE];
    RegistryAnchor anchor;
    gboolean ok;

    if (!copy) {
        return FALSE;
    }
    if (!registry_copy_anchor(copy, &anchor)) {
        g_set_error(
            error, REGISTRY_ERROR, REGISTRY_ERROR_FORGED,
            "the copy %s is of a registry that is not tied to a TPM: nobody can tell whether "
            "it was changed",
            path);
        return FALSE;
    }
    ok = anchor_derive_key(host, tpm, &anchor, key, error) &&
         registry_copy_check(copy, key, error) && registry_copy_vms(copy, &ret->vms, error);
    explicit_bzero(key, sizeof(key));
    ret->value = anchor.value;
    return ok;
}
