/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A key of a VM's state, encrypted with its group's: AES-256-GCM, bound to the VM's UUID. */
#ifndef VTPM_MANAGER_SEAL_WRAP_H
#define VTPM_MANAGER_SEAL_WRAP_H

#include "registry/record.h"

enum {
    WRAP_KEY_SIZE = 32,
    WRAP_NONCE_SIZE = 12,
    WRAP_TAG_SIZE = 16,
};

/**
 * wrap_key:
 * @kek: of the group, WRAP_KEY_SIZE bytes
 * @key: WRAP_KEY_SIZE bytes
 * @ret: nonce, encrypted key and tag
 *
 * Returns: %FALSE where the system has no random numbers or no memory.
 */
gboolean wrap_key(const uint8_t *kek, const WireUuid *uuid, const uint8_t *key,
                  uint8_t ret[REGISTRY_WRAPPED_SIZE]);

/**
 * wrap_open: what wrap_key() wrapped with the same @kek for the same @uuid.
 * @ret_key: WRAP_KEY_SIZE bytes, of zeros where it fails
 */
gboolean wrap_open(const uint8_t *kek, const WireUuid *uuid,
                   const uint8_t wrapped[REGISTRY_WRAPPED_SIZE], uint8_t *ret_key);

#endif
