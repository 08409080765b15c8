/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The tables of the registry's file, and how those of earlier versions become them. */
#ifndef VTPM_MANAGER_REGISTRY_SCHEMA_H
#define VTPM_MANAGER_REGISTRY_SCHEMA_H

#include "registry/file.h"

/**
 * schema_prepare: brings @file to the present schema. What it held before that is noted by its
 * guard, where the file has an anchor.
 *
 * Errors: REGISTRY_ERROR_STORAGE, also where a newer version made it.
 */
gboolean schema_prepare(RegistryFile *file, GError **error);

#endif
