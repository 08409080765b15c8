/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "admin/command.h"

static const AdminCommand *find(const AdminPart *part, const char *name)
{
    for (const AdminCommand *command = part->commands; command->name; command++) {
        if (g_str_equal(command->name, name) || g_str_equal(command->name, ADMIN_ANY_COMMAND)) {
            return command;
        }
    }
    return NULL;
}

void admin_command_handle(AdminConnection *connection, JsonObject *request, void *parts)
{
    const AdminRequest r = { connection, request };
    const char *name = admin_get_string(request, "command");

    for (const AdminPart *part = parts; name && part->commands; part++) {
        const AdminCommand *command = find(part, name);

        if (command) {
            command->handle(&r, part->part);
            return;
        }
    }
    admin_connection_fail(connection, "the request names no command that is known; check that "
                                      "vtpm-managerctl and vtpm-managerd are of one version");
}
