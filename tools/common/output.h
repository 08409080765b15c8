/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Files that a program writes: all of them, or none. */
#ifndef COMMON_OUTPUT_H
#define COMMON_OUTPUT_H

#include <glib.h>

typedef struct Output Output;

Output *output_new(void);

/** output_free: what was not written leaves no trace; NULL is fine. */
void output_free(Output *output);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Output, output_free)

/**
 * output_add:
 * @path: (nullable): NULL adds nothing
 * @bytes: (transfer none)
 */
void output_add(Output *output, const char *path, GBytes *bytes);

/** output_add_private: the same of a file that its owner alone may read, whatever was there. */
void output_add_private(Output *output, const char *path, GBytes *bytes);

/**
 * output_write:
 *
 * Writes each file beside its place and puts all into place when all are written, so that a file
 * which was there is either as it was or whole and new. A place where none can be made, such as
 * a pipe or a terminal, is written through after everything else has succeeded.
 *
 * Returns: FALSE where one failed; then no file of the set is there that was not before.
 * Errors: G_FILE_ERROR.
 */
gboolean output_write(Output *output, GError **error);

/**
 * output_write_text: writes @text and the end of its line to the file @path, all or nothing.
 * @path: (nullable): NULL writes to standard output
 *
 * Errors: G_FILE_ERROR.
 */
gboolean output_write_text(const char *path, const char *text, GError **error);

#endif
