/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What QEMU is asked over its monitor: a socket of its own, or libvirt's, which virsh passes on. */
#ifndef TOOLS_HOST_QMP_H
#define TOOLS_HOST_QMP_H

#include <json-glib/json-glib.h>

typedef struct Qmp Qmp;

/**
 * qmp_open: (transfer full):
 * @path: (nullable): of a monitor's socket; NULL: libvirt is asked
 * @uuid: of the VM, as libvirt knows it; borrowed
 *
 * Errors: G_IO_ERROR.
 */
Qmp *qmp_open(const char *path, const char *uuid, GError **error);
void qmp_free(Qmp *qmp);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Qmp, qmp_free)

/**
 * qmp_execute: (transfer full): what @command returns.
 * @arguments: (nullable) (transfer full)
 *
 * Errors: G_IO_ERROR, with what QEMU says where it refuses.
 */
JsonNode *qmp_execute(Qmp *qmp, const char *command, JsonObject *arguments, GError **error);

#endif
