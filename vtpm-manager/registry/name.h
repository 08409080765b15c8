/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Names that people give to VMs and groups. */
#ifndef VTPM_MANAGER_REGISTRY_NAME_H
#define VTPM_MANAGER_REGISTRY_NAME_H

#include <glib.h>

/**
 * registry_name_check:
 * @what: whose name it is, for the message
 * @min: how many bytes it has at least
 *
 * Returns: whether @name is text of at most REGISTRY_NAME_MAX bytes without control characters.
 * Errors: REGISTRY_ERROR_CONFLICT.
 */
gboolean registry_name_check(const char *what, const char *name, gsize min, GError **error);

#endif
