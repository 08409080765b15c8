/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a VM was started with, and what its vTPM runs, as the manager sees them. */
#ifndef TOOLS_HOST_PARTS_H
#define TOOLS_HOST_PARTS_H

#include "options.h"

/** What the manager calls the two lists. */
#define PARTS_OF_LAUNCH "vm-launch"
#define PARTS_OF_VTPM "vtpm-parts"

/**
 * parts_fetch: (transfer full): the list; waits until the manager has looked.
 * @of: PARTS_OF_LAUNCH or PARTS_OF_VTPM
 *
 * Errors: G_IO_ERROR, also where the manager cannot tell; the message then says why.
 */
GBytes *parts_fetch(const CtlOptions *options, const char *uuid, const char *of, GError **error);

/** ctl_launch: the command of that name; what follows the UUID is refused. */
int ctl_launch(const CtlOptions *options, char **words, GError **error);

#endif
