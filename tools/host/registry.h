/* SPDX-License-Identifier: GPL-2.0-or-later */
/* vtpm-managerctl registry: whether it is the one that the host's TPM counts with. */
#ifndef TOOLS_HOST_REGISTRY_H
#define TOOLS_HOST_REGISTRY_H

#include <json-glib/json-glib.h>

#include "options.h"

/** ctl_registry: a CtlCommand's `local`. */
int ctl_registry(const CtlOptions *options, char **words, GError **error);

/** ctl_print_registry: the manager's description of it, as one line after its label. */
void ctl_print_registry(JsonObject *registry);

#endif
