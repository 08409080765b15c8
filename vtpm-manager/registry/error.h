/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What may go wrong with what the host remembers. */
#ifndef VTPM_MANAGER_REGISTRY_ERROR_H
#define VTPM_MANAGER_REGISTRY_ERROR_H

#include <glib.h>

#define REGISTRY_ERROR (registry_error_quark())
GQuark registry_error_quark(void);

typedef enum RegistryError {
    REGISTRY_ERROR_STORAGE, /* the file cannot be read or written; nothing has changed */
    REGISTRY_ERROR_EXISTS,
    REGISTRY_ERROR_UNKNOWN,  /* no such VM or group */
    REGISTRY_ERROR_CONFLICT, /* what the VM says contradicts what is known of it */
    REGISTRY_ERROR_FORGED,   /* the file was not written by the manager */
    REGISTRY_ERROR_JUMP,     /* it counts more stores than it can have made */
} RegistryError;

#endif
