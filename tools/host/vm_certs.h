/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Certificates of a new vTPM's endorsement keys, by the host's authority: vtpm-create-certs, which
 * runs as another user, asks at a socket, and the manager is asked in its place.
 */
#ifndef TOOLS_HOST_VM_CERTS_H
#define TOOLS_HOST_VM_CERTS_H

#include "options.h"

typedef struct VmCerts VmCerts;

/**
 * vm_certs_start: listens until vm_certs_end(), while no other thread makes files.
 * @path: of the socket, which all may use who can enter its folder
 * @uuid: of the VM
 *
 * Errors: G_IO_ERROR.
 */
VmCerts *vm_certs_start(const char *path, const char *uuid, const CtlOptions *options,
                        GError **error);

/** vm_certs_end: what the manager said where it did not issue one: (transfer full) (nullable) */
GError *vm_certs_end(VmCerts *certs);

/** vm_certs_offered: whether the manager has an authority. */
gboolean vm_certs_offered(const CtlOptions *options);

#endif
