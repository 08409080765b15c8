/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "vm_certs.h"

#include <errno.h>
#include <gio/gio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "ask.h"
#include "attest/deepquote.h"
#include "json.h"
#include "vm_ek.h"

enum {
    REQUEST_MAX = 4096,
    KEYS_MAX = 4, /* that one TPM has certified */
    WAIT_S = 10,  /* for a program that has connected */
};

/* The lines of a request. */
enum { KEY, MANUFACTURER, MODEL, VERSION, LEVEL, REVISION, LINES };

struct VmCerts {
    int listener;
    const char *uuid;
    const CtlOptions *options;
    GThread *thread;
    GError *error; /* the thread's until it has ended */
};

static gboolean fail(GError **error, const char *what)
{
    g_set_error(error, G_IO_ERROR, (gint)g_io_error_from_errno(errno), "cannot %s: %s", what,
                g_strerror(errno));
    return FALSE;
}

gboolean vm_certs_offered(const CtlOptions *options)
{
    JsonObject *request = json_object_new();
    g_autoptr(JsonNode) answer = NULL;

    json_object_set_string_member(request, "command", "authority");
    answer = ctl_ask_object(options, request, NULL);
    return answer != NULL;
}

/* (transfer full): in DER */
static GBytes *certify(const VmCerts *c, char **lines, GError **error)
{
    static const char *const texts[] = {
        [MANUFACTURER] = "manufacturer", [MODEL] = "model", [VERSION] = "version"
    };
    g_autoptr(GBytes) area = vm_ek_area(lines[KEY], error);
    gsize len;
    const uint8_t *data = area ? g_bytes_get_data(area, &len) : NULL;
    g_autofree char *hex = data ? dq_hex_encode(data, len) : NULL;
    g_autoptr(JsonNode) answer = NULL;
    JsonObject *request;

    if (!area) {
        return NULL;
    }
    request = json_object_new();
    json_object_set_string_member(request, "command", "certify");
    json_object_set_string_member(request, "uuid", c->uuid);
    json_object_set_string_member(request, "key", hex);
    for (gsize i = MANUFACTURER; i <= VERSION; i++) {
        json_object_set_string_member(request, texts[i], lines[i]);
    }
    json_object_set_int_member(request, "level", g_ascii_strtoll(lines[LEVEL], NULL, 10));
    json_object_set_int_member(request, "revision", g_ascii_strtoll(lines[REVISION], NULL, 10));
    answer = ctl_ask_object(c->options, request, error);
    return answer ? dq_hex_decode(text_of(json_node_get_object(answer), "certificate"), error)
                  : NULL;
}

/* (transfer full): what a program asks; NULL: it is too long, or no text */
static char *read_request(int fd)
{
    g_autofree char *text = g_malloc(REQUEST_MAX + 1);
    gsize len = 0;
    gssize n;

    while (len < REQUEST_MAX && (n = recv(fd, text + len, REQUEST_MAX - len, 0)) > 0) {
        len += (gsize)n;
    }
    text[len] = '\0';
    return len < REQUEST_MAX && g_utf8_validate(text, (gssize)len, NULL) ? g_steal_pointer(&text)
                                                                         : NULL;
}

static void answer(VmCerts *c, int fd)
{
    const struct timeval wait = { .tv_sec = WAIT_S };
    g_autofree char *text = NULL;
    g_auto(GStrv) lines = NULL;
    g_autoptr(GBytes) certificate = NULL;
    gsize len;
    const void *data;

    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &wait, sizeof(wait));
    text = read_request(fd);
    lines = g_strsplit(text ? text : "", "\n", -1);
    if (g_strv_length(lines) != LINES + 1) {
        return;
    }
    certificate = certify(c, lines, c->error ? NULL : &c->error);
    if (certificate) {
        data = g_bytes_get_data(certificate, &len);
        if (send(fd, data, len, MSG_NOSIGNAL) < 0 && !c->error) {
            fail(&c->error, "hand out a certificate");
        }
    }
}

static gpointer serve(gpointer data)
{
    VmCerts *c = data;

    for (int i = 0; i < KEYS_MAX; i++) {
        int fd = accept4(c->listener, NULL, NULL, SOCK_CLOEXEC);

        if (fd < 0) {
            break; /* vm_certs_end() */
        }
        answer(c, fd);
        close(fd);
    }
    return NULL;
}

/* The folder is another user's: by its path the socket's mode could not be set, but another
 * file's. */
static gboolean bind_for_all(int fd, const struct sockaddr_un *address)
{
    const mode_t before = umask(0);
    const gboolean bound = bind(fd, (const struct sockaddr *)address, sizeof(*address)) == 0;

    umask(before);
    return bound;
}

VmCerts *vm_certs_start(const char *path, const char *uuid, const CtlOptions *options,
                        GError **error)
{
    struct sockaddr_un address = { .sun_family = AF_UNIX };
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    VmCerts *c;

    g_strlcpy(address.sun_path, path, sizeof(address.sun_path));
    if (fd < 0 || !bind_for_all(fd, &address) || listen(fd, KEYS_MAX) != 0) {
        fail(error, "listen for keys to be certified");
        if (fd >= 0) {
            close(fd);
        }
        return NULL;
    }
    c = g_new0(VmCerts, 1);
    c->listener = fd;
    c->uuid = uuid;
    c->options = options;
    c->thread = g_thread_new("certs", serve, c);
    return c;
}

GError *vm_certs_end(VmCerts *certs)
{
    GError *error;

    shutdown(certs->listener, SHUT_RDWR); /* which ends accept4() */
    g_thread_join(certs->thread);
    close(certs->listener);
    error = certs->error;
    g_free(certs);
    return error;
}
