/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "daemon/unix_socket.h"

#include <errno.h>
#include <gio/gio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

static int fail(int fd, const char *path, const char *what, int number, GError **error)
{
    if (fd >= 0) {
        close(fd);
    }
    g_set_error(error, G_IO_ERROR, (gint)g_io_error_from_errno(number), "cannot listen on %s: %s",
                path, what);
    return -1;
}

/* Whether @path is free to be bound, after removing a socket that nobody listens on. */
static gboolean make_free(const struct sockaddr_un *address, int type)
{
    struct stat st;
    gboolean dead;
    int fd;

    if (lstat(address->sun_path, &st) != 0) {
        return errno == ENOENT;
    }
    if (!S_ISSOCK(st.st_mode)) {
        return FALSE;
    }
    fd = socket(AF_UNIX, type | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    dead = fd >= 0 && connect(fd, (const struct sockaddr *)address, sizeof(*address)) != 0 &&
           errno == ECONNREFUSED;
    if (fd >= 0) {
        close(fd);
    }
    return dead && unlink(address->sun_path) == 0;
}

int unix_socket_listen(const char *path, int type, mode_t mode, GError **error)
{
    struct sockaddr_un address = { .sun_family = AF_UNIX };
    mode_t old_mask;
    int bound;
    int fd;

    if (strlen(path) >= sizeof(address.sun_path)) {
        return fail(-1, path, "the path is too long; choose a shorter one", ENAMETOOLONG, error);
    }
    strcpy(address.sun_path, path);
    if (!make_free(&address, type)) {
        return fail(-1, path,
                    "something is there already; stop the other server or choose another path",
                    EADDRINUSE, error);
    }
    fd = socket(AF_UNIX, type | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0) {
        return fail(fd, path, g_strerror(errno), errno, error);
    }
    old_mask = umask((mode_t)(~mode & 0777));
    bound = bind(fd, (struct sockaddr *)&address, sizeof(address));
    umask(old_mask);
    if (bound != 0 || listen(fd, SOMAXCONN) != 0) {
        return fail(fd, path, g_strerror(errno), errno, error);
    }
    return fd;
}

gboolean unix_socket_peer(int fd, UnixPeer *ret)
{
    struct ucred peer;
    socklen_t len = sizeof(peer);

    if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &len) != 0) {
        return FALSE;
    }
    *ret = (UnixPeer){ peer.uid, peer.pid };
    return TRUE;
}
