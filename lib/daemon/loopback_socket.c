/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "daemon/loopback_socket.h"

#include <errno.h>
#include <gio/gio.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

enum {
    BACKLOG = 16,
    TRIES = 16, /* for a port that is free at one address and taken at the other */
};

/* A listening socket; -1 with errno. */
static int listen_on(const struct sockaddr *address, socklen_t len)
{
    const int on = 1;
    int fd = socket(address->sa_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

    if (fd < 0) {
        return -1;
    }
    if (setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) != 0 ||
        (address->sa_family == AF_INET6 &&
         setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof(on)) != 0) ||
        bind(fd, address, len) != 0 || listen(fd, BACKLOG) != 0) {
        int number = errno;

        close(fd);
        errno = number;
        return -1;
    }
    return fd;
}

static int listen_v4(uint16_t port)
{
    const struct sockaddr_in address = {
        .sin_family = AF_INET,
        .sin_port = htons(port),
        .sin_addr.s_addr = htonl(INADDR_LOOPBACK),
    };

    return listen_on((const struct sockaddr *)&address, sizeof(address));
}

static int listen_v6(uint16_t port)
{
    const struct sockaddr_in6 address = {
        .sin6_family = AF_INET6,
        .sin6_port = htons(port),
        .sin6_addr = IN6ADDR_LOOPBACK_INIT,
    };

    return listen_on((const struct sockaddr *)&address, sizeof(address));
}

static uint16_t port_of(int fd)
{
    struct sockaddr_in address = { 0 };
    socklen_t len = sizeof(address);

    getsockname(fd, (struct sockaddr *)&address, &len);
    return ntohs(address.sin_port);
}

/* Both, or none with errno. */
static gboolean listen_both(uint16_t port, LoopbackSockets *ret)
{
    LoopbackSockets out = { { listen_v4(port), -1 }, port };

    if (out.fd[0] < 0) {
        return FALSE;
    }
    out.port = port_of(out.fd[0]);
    out.fd[1] = listen_v6(out.port);
    if (out.fd[1] < 0 && errno != EAFNOSUPPORT && errno != EADDRNOTAVAIL) {
        int number = errno;

        close(out.fd[0]);
        errno = number;
        return FALSE;
    }
    *ret = out;
    return TRUE;
}

gboolean loopback_socket_listen(uint16_t port, LoopbackSockets *ret, GError **error)
{
    for (guint i = 0; i < TRIES; i++) {
        if (listen_both(port, ret)) {
            return TRUE;
        }
        if (port != 0 || errno != EADDRINUSE) {
            break;
        }
    }
    g_set_error(error, G_IO_ERROR, (gint)g_io_error_from_errno(errno),
                "cannot listen on TCP port %u of 127.0.0.1 and ::1: %s; choose another port, or "
                "a Unix socket",
                port, g_strerror(errno));
    return FALSE;
}
