/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a copy of the registry is worth, by what the host's TPM says. */
#ifndef VTPM_MANAGER_STATE_COPY_H
#define VTPM_MANAGER_STATE_COPY_H

#include "registry/copy.h"
#include "tpm/host.h"

/** What was found out about a copy that is whole, and that this host's manager has written. */
typedef struct StateCopy {
    uint64_t value; /* of the counter in the TPM that it names */
    int64_t vms;    /* registered in it */
} StateCopy;

/**
 * state_copy_check: on the worker's thread.
 *
 * Errors: of registry_copy_open() and registry_copy_check(), and of tpm_host_derive_keys();
 * REGISTRY_ERROR_FORGED also where it has no anchor, so that nobody can tell.
 */
gboolean state_copy_check(TpmHost *host, TpmSession *tpm, const char *path, StateCopy *ret,
                          GError **error);

#endif
