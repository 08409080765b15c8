/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The TPM's device: one command, one answer. */
#ifndef TOOLS_GUEST12_DEVICE_H
#define TOOLS_GUEST12_DEVICE_H

#include "wire/tpm-constants.h"

#include <glib.h>

#define DEVICE_DEFAULT "/dev/tpm0"

typedef struct Device Device;

/**
 * device_open:
 * @path: a character device, or the unix socket of a TPM that is a program
 *
 * Where another program has the device, the error names it as far as /proc tells.
 * Errors: TPM12_ERROR_DEVICE.
 */
Device *device_open(const char *path, GError **error);

/** device_free: NULL is fine. */
void device_free(Device *device);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Device, device_free)

/**
 * device_exchange:
 * @command: a whole one
 * @buf: WIRE_TPM_BUFFER_MAX bytes
 * @ret: the whole answer, borrowed from @buf; its size is that in its header
 *
 * Errors: TPM12_ERROR_DEVICE, TPM12_ERROR_MALFORMED.
 */
gboolean device_exchange(Device *device, WireBytes command, uint8_t *buf, WireBytes *ret,
                         GError **error);

#endif
