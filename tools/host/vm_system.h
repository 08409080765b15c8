/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What `vm` commands ask of the host: its programs and files. */
#ifndef TOOLS_HOST_VM_SYSTEM_H
#define TOOLS_HOST_VM_SYSTEM_H

#include <glib.h>

/**
 * vm_program: runs a program of PATH and waits for it.
 * @ret_output: (nullable) (transfer full): what it wrote
 *
 * Errors: G_IO_ERROR, with the end of what it complained of.
 */
gboolean vm_program(const char *const *argv, char **ret_output, GError **error);

/** vm_systemctl: @verb of one or two units. @second: (nullable) */
gboolean vm_systemctl(const char *verb, const char *unit, const char *second, GError **error);

/**
 * vm_properties: (transfer full): what systemctl shows of @unit: property -> text; none where
 * systemd does not answer.
 * @names: with commas
 */
GHashTable *vm_properties(const char *unit, const char *names);

/**
 * vm_file_read: (transfer full): all of a file of at most @max bytes; no link is followed.
 * Errors: G_IO_ERROR.
 */
GBytes *vm_file_read(const char *path, gsize max, GError **error);

/** vm_file_write: a file that appears whole, in a folder that is made where there is none. */
gboolean vm_file_write(const char *path, const char *data, gsize len, int mode, GError **error);

/** vm_folder_make: one that was not there, and those above it with mode 0755. */
gboolean vm_folder_make(const char *path, int mode, GError **error);

/** vm_tree_remove: a folder or file with all that is in it; that it is not there is no error. */
gboolean vm_tree_remove(const char *path, GError **error);

#endif
