/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "client.h"

#include <errno.h>
#include <gio/gio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

static int connect_manager(const char *path, GError **error)
{
    struct sockaddr_un address = { .sun_family = AF_UNIX };
    int fd = -1;

    if (strlen(path) < sizeof(address.sun_path)) {
        strcpy(address.sun_path, path);
        fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    } else {
        errno = ENAMETOOLONG;
    }
    if (fd < 0 || connect(fd, (struct sockaddr *)&address, sizeof(address)) != 0) {
        g_set_error(error, G_IO_ERROR, (gint)g_io_error_from_errno(errno),
                    "cannot reach the manager at %s: %s; is vtpm-managerd running, and are you "
                    "root or its user?",
                    path, g_strerror(errno));
        if (fd >= 0) {
            close(fd);
        }
        return -1;
    }
    return fd;
}

static gboolean send_all(int fd, const char *data, gsize size)
{
    while (size > 0) {
        ssize_t n = send(fd, data, size, MSG_NOSIGNAL);

        if (n < 0 && errno == EINTR) {
            continue;
        }
        if (n <= 0) {
            return FALSE;
        }
        data += n;
        size -= (gsize)n;
    }
    return TRUE;
}

/* One line in, one line out. */
static char *exchange(int fd, const char *line, GError **error)
{
    g_autoptr(GString) answer = g_string_new(NULL);
    char buf[4096];

    if (send_all(fd, line, strlen(line))) {
        while (!strchr(answer->str, '\n')) {
            ssize_t n = recv(fd, buf, sizeof(buf), 0);

            if (n < 0 && errno == EINTR) {
                continue;
            }
            if (n <= 0) {
                break;
            }
            g_string_append_len(answer, buf, n);
        }
    }
    if (!strchr(answer->str, '\n')) {
        g_set_error(error, G_IO_ERROR, G_IO_ERROR_CLOSED,
                    "the manager ended the connection: only root and the manager's user may "
                    "administer it; see its log");
        return NULL;
    }
    return g_strdup(answer->str);
}

char *client_ask(const char *socket, const char *line, GError **error)
{
    int fd = connect_manager(socket, error);
    char *answer;

    if (fd < 0) {
        return NULL;
    }
    answer = exchange(fd, line, error);
    close(fd);
    return answer;
}
