/* SPDX-License-Identifier: GPL-2.0-or-later */
/* vtpm-managerctl escrow: keys of a group's VMs, for its tenant and from there to another host. */
#ifndef TOOLS_HOST_ESCROW_H
#define TOOLS_HOST_ESCROW_H

#include <glib.h>

#include "options.h"

/** ctl_escrow: the whole command; the program's exit status. Errors: G_OPTION_ERROR, G_IO_ERROR,
 * G_FILE_ERROR. */
int ctl_escrow(const CtlOptions *options, char **words, GError **error);

#endif
