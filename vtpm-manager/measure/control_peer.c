/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "measure/control_peer.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "measure/descriptors.h"
#include "measure/failure.h"

struct ControlPeer {
    int pidfd;  /* of the vTPM */
    int number; /* of the connection, among its descriptors */
    struct stat connection;
    int process;
    struct stat program; /* that the process runs */
};

static gboolean fail_errno(GError **error, const char *what)
{
    const int saved = errno;

    return saved == EACCES || saved == EPERM
               ? measure_fail(error,
                              "the kernel does not show it to this manager: see MEASUREMENTS in "
                              "vtpm-managerd(8)")
               : measure_fail(error, "%s: %s", what, g_strerror(saved));
}

static void close_fd(int *fd)
{
    if (*fd >= 0) {
        close(*fd);
        *fd = -1;
    }
}

/* ------------------------------------------------------------------------ descriptors of a vTPM */

/* A name of a socket that is there has more than its family. */
static gboolean has_name(int (*get)(int fd, struct sockaddr *name, socklen_t *len), int fd,
                         gboolean *ret)
{
    struct sockaddr_un name;
    socklen_t len = sizeof(name);

    if (get(fd, (struct sockaddr *)&name, &len) != 0 || name.sun_family != AF_UNIX) {
        return FALSE;
    }
    *ret = len > sizeof(sa_family_t);
    return TRUE;
}

/* What accept() returned has the name of the socket that listened. Who connected has none, or one
 * that he chose; and whoever calls connect() sees at the other end the name that he went to. */
static gboolean is_accepted(int fd)
{
    gboolean here;
    gboolean there;
    int type = 0;
    socklen_t len = sizeof(type);

    return getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &len) == 0 && type == SOCK_STREAM &&
           has_name(getsockname, fd, &here) && here && has_name(getpeername, fd, &there) && !there;
}

static gboolean is_same(const struct stat *a, const struct stat *b)
{
    return a->st_dev == b->st_dev && a->st_ino == b->st_ino;
}

/* ------------------------------------------------------------------------------ one connection */

typedef struct Found {
    ControlPeer *peer;
    Peer who;
    int fd; /* a copy of the vTPM's, for as short as can be: it keeps the connection open */
} Found;

static void found_clear(Found *found)
{
    control_peer_free(found->peer);
    peer_clear(&found->who);
    close_fd(&found->fd);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Found, found_clear)

/* Takes over @fd. Two connections are of one process where the kernel says so of both. */
static gboolean take(Found *found, int number, int fd, GError **error)
{
    g_auto(Peer) who = { 0 };

    if (!peer_read(fd, &who)) {
        close(fd);
        return measure_fail(error, "the kernel does not tell who connected its control channel");
    }
    if (found->peer) {
        close(fd);
        return found->who.process.pid == who.process.pid ||
               measure_fail(error, "several processes are connected to the vTPM: %d and %d",
                            (int)found->who.process.pid, (int)who.process.pid);
    }
    found->peer = g_new0(ControlPeer, 1);
    found->peer->pidfd = -1;
    found->peer->process = -1;
    found->peer->number = number;
    fstat(fd, &found->peer->connection);
    found->who = who;
    who = (Peer){ 0 };
    found->fd = fd;
    return TRUE;
}

/* A file that AppArmor's profile keeps from us, such as the vTPM's state, is no connection. */
static gboolean look_at(Found *found, int pidfd, int number, GError **error)
{
    const int fd = descriptors_copy(pidfd, number);

    if (fd < 0) {
        return errno == EBADF || errno == EACCES ||
               fail_errno(error, "its connections cannot be looked at");
    }
    if (!is_accepted(fd)) {
        close(fd);
        return TRUE;
    }
    return take(found, number, fd, error);
}

static gboolean look_at_all(Found *found, int vtpm, int pidfd, GError **error)
{
    const int count = descriptors_count(vtpm, error);
    gboolean good = count >= 0;

    for (int number = 0; good && number < count; number++) {
        good = look_at(found, pidfd, number, error);
    }
    if (good && !found->peer) {
        measure_fail(error, "nothing is connected to its control channel");
    }
    return good && found->peer;
}

/* ------------------------------------------------------------------------------------ its process
 */

static gboolean is_hung_up(int fd)
{
    struct pollfd p = { .fd = fd };

    return poll(&p, 1, 0) != 0 && (p.revents & (POLLHUP | POLLERR)) != 0;
}

static gboolean open_process(Found *found, const Peer *vtpm, ControlPeerApart *apart,
                             GError **error)
{
    ControlPeer *peer = found->peer;

    if (is_hung_up(found->fd)) {
        return measure_fail(error, "whoever connected its control channel has closed it");
    }
    if (!apart(vtpm, &found->who)) {
        return measure_fail(error,
                            "process %d, which connected its control channel, may be one that the "
                            "vTPM started itself",
                            (int)found->who.process.pid);
    }
    peer->process = peer_open(found->fd, &found->who);
    if (peer->process < 0) {
        return measure_fail(error,
                            "process %d, which connected its control channel, has ended, or is "
                            "hidden from this manager",
                            (int)found->who.process.pid);
    }
    return fstatat(peer->process, "exe", &peer->program, 0) == 0 ||
           fail_errno(error, "it cannot be looked at");
}

ControlPeer *control_peer_find(int dir, const Peer *vtpm, ControlPeerApart *apart, GError **error)
{
    g_auto(Found) found = { .fd = -1 };
    int pidfd = descriptors_open(dir, error);
    const gboolean good = pidfd >= 0 && look_at_all(&found, dir, pidfd, error) &&
                          open_process(&found, vtpm, apart, error);

    if (!good) {
        close_fd(&pidfd);
        return NULL;
    }
    found.peer->pidfd = pidfd;
    return g_steal_pointer(&found.peer);
}

void control_peer_free(ControlPeer *peer)
{
    if (peer) {
        close_fd(&peer->process);
        close_fd(&peer->pidfd);
        g_free(peer);
    }
}

int control_peer_process(const ControlPeer *peer)
{
    return peer->process;
}

gboolean control_peer_holds(const ControlPeer *peer)
{
    int fd = descriptors_copy(peer->pidfd, peer->number);
    struct stat now;
    const gboolean connected = fd >= 0 && fstat(fd, &now) == 0 && is_same(&now, &peer->connection);

    close_fd(&fd);
    return connected && fstatat(peer->process, "exe", &now, 0) == 0 &&
           is_same(&now, &peer->program);
}
