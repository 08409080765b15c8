/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Copies of the registry's file: made while it is in use, and looked at without being changed. */
#ifndef VTPM_MANAGER_REGISTRY_COPY_H
#define VTPM_MANAGER_REGISTRY_COPY_H

#include "registry/anchor.h"

/**
 * registry_copy_make: all that is stored, as one file, which is whole and on the disk when this
 * returns.
 * @path: of a file that is not there yet
 *
 * Errors: REGISTRY_ERROR_EXISTS, REGISTRY_ERROR_STORAGE; nothing is left behind.
 */
gboolean registry_copy_make(RegistryStore *store, const char *path, GError **error);

/** A copy that is looked at. */
typedef struct RegistryCopy RegistryCopy;

/** registry_copy_open: for reading. Errors: REGISTRY_ERROR_STORAGE, also where it is none. */
RegistryCopy *registry_copy_open(const char *path, GError **error);
void registry_copy_close(RegistryCopy *copy);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(RegistryCopy, registry_copy_close)

/** registry_copy_anchor: %FALSE: it has none. */
gboolean registry_copy_anchor(const RegistryCopy *copy, RegistryAnchor *ret);

/** registry_copy_vms: how many VMs are registered in it. Errors: REGISTRY_ERROR_STORAGE. */
gboolean registry_copy_vms(RegistryCopy *copy, int64_t *ret, GError **error);

/**
 * registry_copy_check: whether the file is whole and, by the key, what a manager has written.
 *
 * Errors: REGISTRY_ERROR_FORGED, REGISTRY_ERROR_STORAGE.
 */
gboolean registry_copy_check(RegistryCopy *copy, const uint8_t key[REGISTRY_KEY_SIZE],
                             GError **error);

#endif
