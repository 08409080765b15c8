/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The manager's status, for people. */
#ifndef TOOLS_HOST_PRINT_STATUS_H
#define TOOLS_HOST_PRINT_STATUS_H

#include <json-glib/json-glib.h>

void ctl_print_status(JsonObject *answer);

#endif
