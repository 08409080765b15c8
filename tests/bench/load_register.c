/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "load_register.h"

#include <gio/gio.h>
#include <gio/gunixsocketaddress.h>
#include <string.h>

#include "attest/deepquote.h"

static gboolean register_vm(const LoadVm *vm, GOutputStream *out, GDataInputStream *in,
                            GError **error)
{
    g_autofree char *uuid = dq_uuid_format(vm->uuid.byte);
    g_autofree char *request =
        g_strdup_printf("{\"command\":\"register\",\"rule\":\"user\",\"uuid\":\"%s\","
                        "\"owner\":%u}\n",
                        uuid, (unsigned)vm->owner);
    g_autofree char *answer = NULL;

    if (!g_output_stream_write_all(out, request, strlen(request), NULL, NULL, error)) {
        return FALSE;
    }
    answer = g_data_input_stream_read_line(in, NULL, NULL, error);
    if (answer && (strstr(answer, "\"ok\":true") || strstr(answer, "is registered already"))) {
        return TRUE;
    }
    if (!*error) {
        g_set_error(error, G_IO_ERROR, G_IO_ERROR_FAILED, "the manager does not register a VM: %s",
                    answer ? answer : "it hung up");
    }
    return FALSE;
}

gboolean load_register(const char *path, GPtrArray *vms, guint first, GError **error)
{
    g_autoptr(GSocketClient) client = g_socket_client_new();
    g_autoptr(GSocketAddress) address = g_unix_socket_address_new(path);
    g_autoptr(GSocketConnection) connection =
        g_socket_client_connect(client, G_SOCKET_CONNECTABLE(address), NULL, error);
    g_autoptr(GDataInputStream) in = NULL;
    GOutputStream *out;

    if (!connection) {
        return FALSE;
    }
    in = g_data_input_stream_new(g_io_stream_get_input_stream(G_IO_STREAM(connection)));
    out = g_io_stream_get_output_stream(G_IO_STREAM(connection));
    for (guint i = first; i < vms->len; i++) {
        if (!register_vm(vms->pdata[i], out, in, error)) {
            return FALSE;
        }
    }
    return TRUE;
}
