/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "link.h"

#include <endian.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

/* Of swtpm's control channel; integers are big-endian. */
enum {
    CMD_GET_CAPABILITY = 1,
    CMD_SET_DATAFD = 16,
    CAP_SET_DATAFD = 1 << 12,
    PATIENCE_S = 10,
};

void link_place_clear(LinkPlace *place)
{
    g_free(place->path);
    g_clear_object(&place->data);
    g_clear_object(&place->control);
}

/* Whether all calls on the socket end in time. */
static gboolean set_patience(int fd, int seconds)
{
    const struct timeval patience = { .tv_sec = seconds };

    return setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience)) == 0 &&
           setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof(patience)) == 0;
}

static int connect_to(int family, const struct sockaddr *address, socklen_t len, const char *name,
                      GError **error)
{
    const int fd = socket(family, SOCK_STREAM | SOCK_CLOEXEC, 0);
    int reason;

    if (fd >= 0 && set_patience(fd, PATIENCE_S) && connect(fd, address, len) == 0) {
        return fd;
    }
    reason = errno;
    if (fd >= 0) {
        close(fd);
    }
    g_set_error(error, G_IO_ERROR, g_io_error_from_errno(reason),
                "%s: %s; start swtpm there first, and see that it lets this user in", name,
                g_strerror(reason));
    return -1;
}

static int connect_unix(const char *path, GError **error)
{
    struct sockaddr_un address = { .sun_family = AF_UNIX };

    if (g_strlcpy(address.sun_path, path, sizeof(address.sun_path)) >= sizeof(address.sun_path)) {
        g_set_error(error, G_IO_ERROR, G_IO_ERROR_FILENAME_TOO_LONG,
                    "%s: longer than a socket's path may be, %zu bytes", path,
                    sizeof(address.sun_path) - 1);
        return -1;
    }
    return connect_to(AF_UNIX, (const struct sockaddr *)&address, sizeof(address), path, error);
}

static int connect_tcp(GSocketAddress *address, GError **error)
{
    g_autofree char *name = g_socket_connectable_to_string(G_SOCKET_CONNECTABLE(address));
    struct sockaddr_storage native;
    const int on = 1;
    int fd;

    if (!g_socket_address_to_native(address, &native, sizeof(native), error)) {
        return -1;
    }
    fd = connect_to(native.ss_family, (const struct sockaddr *)&native,
                    (socklen_t)g_socket_address_get_native_size(address), name, error);
    if (fd >= 0) {
        setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on)); /* slower without, no more */
    }
    return fd;
}

/* Sends a command that has no body, with a descriptor or -1, and receives @len bytes. */
static gboolean ask(int control, uint32_t command, int passed, void *answer, size_t len,
                    GError **error)
{
    uint32_t word = htobe32(command);
    struct iovec part = { &word, sizeof(word) };
    union {
        struct cmsghdr head;
        char space[CMSG_SPACE(sizeof(int))];
    } ancillary = { .head = { .cmsg_len = CMSG_LEN(sizeof(int)),
                              .cmsg_level = SOL_SOCKET,
                              .cmsg_type = SCM_RIGHTS } };
    struct msghdr message = { .msg_iov = &part, .msg_iovlen = 1 };
    ssize_t n;

    if (passed >= 0) {
        memcpy(CMSG_DATA(&ancillary.head), &passed, sizeof(passed));
        message.msg_control = &ancillary;
        message.msg_controllen = CMSG_SPACE(sizeof(int));
    }
    if (sendmsg(control, &message, MSG_NOSIGNAL) != (ssize_t)sizeof(word)) {
        g_set_error(error, G_IO_ERROR, g_io_error_from_errno(errno),
                    "the control channel took nothing: %s", g_strerror(errno));
        return FALSE;
    }
    n = recv(control, answer, len, MSG_WAITALL);
    if (n == (ssize_t)len) {
        return TRUE;
    }
    if (n < 0 && errno == EAGAIN) {
        g_set_error(error, G_IO_ERROR, G_IO_ERROR_TIMED_OUT,
                    "the control channel did not answer in %d s: swtpm serves one program at a "
                    "time; end the other, such as QEMU or another vtpm-cuse",
                    PATIENCE_S);
    } else {
        g_set_error(error, G_IO_ERROR, G_IO_ERROR_FAILED,
                    "what is there does not answer as the control channel of a swtpm does");
    }
    return FALSE;
}

static gboolean get_capabilities(int control, uint64_t *ret, GError **error)
{
    uint64_t bits;

    if (!ask(control, CMD_GET_CAPABILITY, -1, &bits, sizeof(bits), error)) {
        return FALSE;
    }
    *ret = be64toh(bits);
    return TRUE;
}

/* Gives swtpm one end of a pair of sockets, and us the other. */
static gboolean pass_data_channel(int control, int *ret_data, GError **error)
{
    uint32_t result = 0;
    int ends[2];
    gboolean asked;

    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0) {
        g_set_error(error, G_IO_ERROR, g_io_error_from_errno(errno), "socketpair: %s",
                    g_strerror(errno));
        return FALSE;
    }
    asked = ask(control, CMD_SET_DATAFD, ends[1], &result, sizeof(result), error);
    close(ends[1]);
    if (asked && result == 0) {
        *ret_data = ends[0];
        return TRUE;
    }
    close(ends[0]);
    if (asked) {
        g_set_error(error, G_IO_ERROR, G_IO_ERROR_BUSY,
                    "swtpm takes no channel for commands (0x%x): it has one already; give --tcp "
                    "where it was started with --server",
                    be32toh(result));
    }
    return FALSE;
}

static gboolean open_data(const LinkPlace *place, int control, int *ret_data, GError **error)
{
    uint64_t capabilities;

    if (!get_capabilities(control, &capabilities, error)) {
        return FALSE;
    }
    if (place->data) {
        *ret_data = connect_tcp(place->data, error);
        return *ret_data >= 0;
    }
    if (!(capabilities & CAP_SET_DATAFD)) {
        g_set_error(error, G_IO_ERROR, G_IO_ERROR_NOT_SUPPORTED,
                    "this swtpm takes no channel for commands over its control channel");
        return FALSE;
    }
    return pass_data_channel(control, ret_data, error);
}

gboolean link_open(const LinkPlace *place, int *ret_control, int *ret_data, GError **error)
{
    const int control =
        place->path ? connect_unix(place->path, error) : connect_tcp(place->control, error);
    int data;

    if (control < 0) {
        return FALSE;
    }
    if (!open_data(place, control, &data, error)) {
        close(control);
        return FALSE;
    }
    *ret_control = control;
    *ret_data = data;
    return TRUE;
}
