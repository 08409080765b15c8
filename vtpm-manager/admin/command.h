/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which function a request of the administrator is for. */
#ifndef VTPM_MANAGER_ADMIN_COMMAND_H
#define VTPM_MANAGER_ADMIN_COMMAND_H

#include "admin/request.h"

/** The name of an entry that takes every command for which there is none before it. */
#define ADMIN_ANY_COMMAND "*"

typedef struct AdminCommand {
    const char *name; /* NULL: end of the table */
    /** Answers @request once, now or later; @part is that of the command's AdminPart. */
    void (*handle)(const AdminRequest *request, void *part);
} AdminCommand;

/** Commands, and what they act on. */
typedef struct AdminPart {
    const AdminCommand *commands; /* NULL: end of the list */
    void *part;
} AdminPart;

/** admin_command_handle: an AdminHandler; @parts is a list of AdminPart. */
void admin_command_handle(AdminConnection *connection, JsonObject *request, void *parts);

#endif
