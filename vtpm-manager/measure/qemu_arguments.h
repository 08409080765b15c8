/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What QEMU's arguments say that its guest is started with. Decisions only; no I/O. */
#ifndef VTPM_MANAGER_MEASURE_QEMU_ARGUMENTS_H
#define VTPM_MANAGER_MEASURE_QEMU_ARGUMENTS_H

#include <glib.h>

#include "wire/parts.h"

/** A file that QEMU puts into the guest. */
typedef struct QemuFile {
    WirePartKind kind;
    gboolean kept_open; /* by QEMU, as an image of flash memory is; others are read at the start */
    char *path;
} QemuFile;

typedef struct QemuArguments {
    GArray *files;      /* QemuFile */
    char *command_line; /* of the kernel; NULL: none */
    char *machine;      /* NULL: QEMU chooses */
    char *uuid;         /* NULL: none */
} QemuArguments;

/**
 * qemu_arguments_parse:
 * @bytes: what /proc/PID/cmdline holds
 *
 * Returns: (transfer full): %NULL where they may be read in more than one way, or say that the
 * guest is started with what cannot be told from them: a file with more arguments, a stream that it
 * comes from.
 * Errors: G_FILE_ERROR
 */
QemuArguments *qemu_arguments_parse(const char *bytes, gsize len, GError **error);
void qemu_arguments_free(QemuArguments *arguments);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(QemuArguments, qemu_arguments_free)

#endif
