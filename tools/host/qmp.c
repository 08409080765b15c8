/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "qmp.h"

#include <gio/gio.h>
#include <gio/gunixsocketaddress.h>

#include "common/input.h"
#include "json.h"
#include "vm_system.h"

enum {
    LINE_MAX_BYTES = 1024 * 1024,
    SILENCE_S = 30,    /* a monitor answers at once, or QEMU hangs */
    EVENTS_MAX = 1000, /* before an answer */
};

struct Qmp {
    const char *uuid;
    GSocketConnection *connection; /* NULL: by virsh */
    GDataInputStream *in;
};

void qmp_free(Qmp *qmp)
{
    if (!qmp) {
        return;
    }
    g_clear_object(&qmp->in);
    g_clear_object(&qmp->connection);
    g_free(qmp);
}

/* (transfer full): an object; NULL with the error set. */
static JsonNode *parse(const char *text, GError **error)
{
    g_autoptr(JsonNode) node =
        input_is_shallow(text, strlen(text)) ? json_from_string(text, NULL) : NULL;

    if (!node || !JSON_NODE_HOLDS_OBJECT(node)) {
        g_set_error(error, G_IO_ERROR, G_IO_ERROR_INVALID_DATA,
                    "QEMU's monitor does not speak QMP: give the socket of -qmp");
        return NULL;
    }
    return g_steal_pointer(&node);
}

/* (transfer full): the next line. It is read byte by byte up to its end, and no more than a limit.
 */
static char *read_line(Qmp *qmp, GError **error)
{
    g_autoptr(GString) line = g_string_new(NULL);

    while (line->len < LINE_MAX_BYTES) {
        GError *why = NULL;
        guchar c = g_data_input_stream_read_byte(qmp->in, NULL, &why);

        if (why) {
            g_propagate_prefixed_error(error, why, "QEMU's monitor does not answer: ");
            return NULL;
        }
        if (c == '\n') {
            return g_string_free(g_steal_pointer(&line), FALSE);
        }
        g_string_append_c(line, (char)c);
    }
    g_set_error(error, G_IO_ERROR, G_IO_ERROR_INVALID_DATA, "QEMU's monitor sends no end of line");
    return NULL;
}

/* (transfer full): the next answer; events are passed over. */
static JsonNode *read_answer(Qmp *qmp, GError **error)
{
    for (unsigned i = 0; i < EVENTS_MAX; i++) {
        g_autofree char *line = read_line(qmp, error);
        g_autoptr(JsonNode) node = line ? parse(line, error) : NULL;

        if (!node || !json_object_has_member(json_node_get_object(node), "event")) {
            return g_steal_pointer(&node);
        }
    }
    g_set_error(error, G_IO_ERROR, G_IO_ERROR_INVALID_DATA, "QEMU's monitor sends events only");
    return NULL;
}

/* (transfer full): the answer to @request, by the socket. */
static JsonNode *ask_socket(Qmp *qmp, const char *request, GError **error)
{
    GOutputStream *out = g_io_stream_get_output_stream(G_IO_STREAM(qmp->connection));

    if (!g_output_stream_write_all(out, request, strlen(request), NULL, NULL, error) ||
        !g_output_stream_write_all(out, "\n", 1, NULL, NULL, error)) {
        return NULL;
    }
    return read_answer(qmp, error);
}

/* The same by virsh. */
static JsonNode *ask_libvirt(const Qmp *qmp, const char *request, GError **error)
{
    const char *const argv[] = {
        "virsh", "--connect", "qemu:///system", "qemu-monitor-command", qmp->uuid, request, NULL
    };
    g_autofree char *output = NULL;

    return vm_program(argv, &output, error) ? parse(output, error) : NULL;
}

JsonNode *qmp_execute(Qmp *qmp, const char *command, JsonObject *arguments, GError **error)
{
    JsonObject *request = json_object_new();
    g_autoptr(JsonNode) node = json_node_init_object(json_node_alloc(), request);
    g_autofree char *text = NULL;
    g_autoptr(JsonNode) answer = NULL;
    JsonObject *object;

    json_object_set_string_member(request, "execute", command);
    if (arguments) {
        json_object_set_object_member(request, "arguments", arguments);
    }
    json_object_unref(request);
    text = json_to_string(node, FALSE);
    answer = qmp->connection ? ask_socket(qmp, text, error) : ask_libvirt(qmp, text, error);
    if (!answer) {
        return NULL;
    }
    object = json_node_get_object(answer);
    if (!json_object_has_member(object, "return")) {
        JsonNode *refusal = json_object_get_member(object, "error");
        const gboolean told = refusal && JSON_NODE_HOLDS_OBJECT(refusal);

        g_set_error(error, G_IO_ERROR, G_IO_ERROR_FAILED, "QEMU refuses %s: %s", command,
                    told ? text_of(json_node_get_object(refusal), "desc") : "");
        return NULL;
    }
    return json_node_copy(json_object_get_member(object, "return"));
}

/* A monitor greets, and takes no command before its capabilities were settled. */
static gboolean greet(Qmp *qmp, GError **error)
{
    g_autoptr(JsonNode) greeting = read_answer(qmp, error);
    g_autoptr(JsonNode) done = greeting ? qmp_execute(qmp, "qmp_capabilities", NULL, error) : NULL;

    return done != NULL;
}

Qmp *qmp_open(const char *path, const char *uuid, GError **error)
{
    g_autoptr(Qmp) qmp = g_new0(Qmp, 1);
    g_autoptr(GSocketAddress) address = path ? g_unix_socket_address_new(path) : NULL;
    g_autoptr(GSocketClient) client = g_socket_client_new();

    qmp->uuid = uuid;
    if (!path) {
        return g_steal_pointer(&qmp);
    }
    g_socket_client_set_timeout(client, SILENCE_S);
    qmp->connection = g_socket_client_connect(client, G_SOCKET_CONNECTABLE(address), NULL, error);
    if (!qmp->connection) {
        g_prefix_error(error, "--qmp %s: ", path);
        return NULL;
    }
    qmp->in = g_data_input_stream_new(g_io_stream_get_input_stream(G_IO_STREAM(qmp->connection)));
    return greet(qmp, error) ? g_steal_pointer(&qmp) : NULL;
}
