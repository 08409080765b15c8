/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A VM whose vTPM is a unit of systemd's: the names of all that belongs to it. */
#ifndef TOOLS_HOST_VM_UNIT_H
#define TOOLS_HOST_VM_UNIT_H

#include <glib.h>

typedef struct VmUnit {
    char *uuid; /* lower case */
    char *service;
    char *socket_unit;
    char *user;       /* that the service runs as: systemd makes it up, with a uid of its own */
    char *address;    /* of the socket that QEMU connects to */
    char *state;      /* the folder with the TPM's state */
    char *state_link; /* systemd's, to that folder */
    char *state_directory;  /* the same, as StateDirectory= has it */
    char *service_settings; /* files of ours that complete the units */
    char *socket_settings;
    char *conf; /* the administrator's options for the launcher and swtpm */
} VmUnit;

/** vm_unit_new: Errors: G_OPTION_ERROR where @uuid is none. */
VmUnit *vm_unit_new(const char *uuid, GError **error);
void vm_unit_free(VmUnit *unit);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(VmUnit, vm_unit_free)

#endif
