/* SPDX-License-Identifier: GPL-2.0-or-later */
/* vtpm-managerctl audit: who changed what of the registry, and whether that is all. */
#ifndef TOOLS_HOST_AUDIT_H
#define TOOLS_HOST_AUDIT_H

#include "options.h"

/** ctl_audit: a CtlCommand's `local`. */
int ctl_audit(const CtlOptions *options, char **words, GError **error);

#endif
