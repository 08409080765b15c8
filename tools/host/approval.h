/* SPDX-License-Identifier: GPL-2.0-or-later */
/* vtpm-managerctl approval: what tenants allow this host to do with their groups. */
#ifndef TOOLS_HOST_APPROVAL_H
#define TOOLS_HOST_APPROVAL_H

#include <json-glib/json-glib.h>

#include "options.h"

/** ctl_prepare_approval: as CtlCommand's prepare: the files of --key and --list. */
gboolean ctl_prepare_approval(const CtlOptions *options, JsonObject *request, GError **error);

/** ctl_print_approval: as CtlCommand's print. */
void ctl_print_approval(JsonObject *answer);

#endif
