/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "measure/control_peer.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <unistd.h>

#include "measure/failure.h"

#ifndef SYS_pidfd_open
#define SYS_pidfd_open 434
#endif
#ifndef SYS_pidfd_getfd
#define SYS_pidfd_getfd 438
#endif

enum {
    DESCRIPTORS_MAX = 4096, /* a vTPM has some ten */
    LINK_MAX = 64,          /* "socket:[4026532]" */
};

struct ControlPeer {
    int vtpm;            /* borrowed */
    char *at;            /* of the connection, in the vTPM's folder: "fd/12" */
    char link[LINK_MAX]; /* what it leads to */
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

/* The number of the process whose folder this is; 0: it has ended. */
static pid_t number_of(int dir)
{
    const int fd = openat(dir, "stat", O_RDONLY | O_CLOEXEC);
    char text[32];
    const ssize_t n = fd >= 0 ? read(fd, text, sizeof(text) - 1) : -1;

    if (fd >= 0) {
        close(fd);
    }
    text[n > 0 ? n : 0] = '\0';
    return (pid_t)atoi(text);
}

/* What is opened by number is the process of the folder, where that has not ended after it. */
static int open_pidfd(int dir, GError **error)
{
    const pid_t pid = number_of(dir);
    int pidfd = pid > 0 ? (int)syscall(SYS_pidfd_open, pid, 0) : -1;

    if (pidfd >= 0 && number_of(dir) != pid) {
        close_fd(&pidfd);
    }
    if (pidfd < 0) {
        measure_fail(error, "the vTPM's process has ended");
    }
    return pidfd;
}

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

/* Whether the descriptor @name is a socket; what it leads to. */
static gboolean is_socket(int dir, const char *at, char ret_link[LINK_MAX])
{
    const ssize_t n = readlinkat(dir, at, ret_link, LINK_MAX - 1);

    ret_link[n > 0 ? n : 0] = '\0';
    return n < LINK_MAX - 1 && g_str_has_prefix(ret_link, "socket:[");
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
static gboolean take(Found *found, int vtpm, const char *at, const char *link, int fd,
                     GError **error)
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
    found->peer->vtpm = vtpm;
    found->peer->process = -1;
    found->peer->at = g_strdup(at);
    g_strlcpy(found->peer->link, link, LINK_MAX);
    found->who = who;
    who = (Peer){ 0 };
    found->fd = fd;
    return TRUE;
}

static gboolean look_at(Found *found, int vtpm, int pidfd, const char *number, GError **error)
{
    g_autofree char *at = g_strconcat("fd/", number, NULL);
    char link[LINK_MAX];
    int fd;

    if (!is_socket(vtpm, at, link)) {
        return TRUE;
    }
    fd = (int)syscall(SYS_pidfd_getfd, pidfd, atoi(number), 0);
    if (fd < 0) {
        return errno == EBADF || fail_errno(error, "its connections cannot be looked at");
    }
    if (!is_accepted(fd)) {
        close(fd);
        return TRUE;
    }
    return take(found, vtpm, at, link, fd, error);
}

static DIR *open_descriptors(int vtpm, GError **error)
{
    const int fd = openat(vtpm, "fd", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *dir = fd >= 0 ? fdopendir(fd) : NULL;

    if (!dir) {
        fail_errno(error, "what the vTPM has open cannot be looked at");
        if (fd >= 0) {
            close(fd);
        }
    }
    return dir;
}

static gboolean look_at_all(Found *found, int vtpm, int pidfd, GError **error)
{
    DIR *dir = open_descriptors(vtpm, error);
    gboolean good = dir != NULL;
    guint count = 0;
    struct dirent *entry;

    while (good && (entry = readdir(dir))) {
        good = (count++ < DESCRIPTORS_MAX ||
                measure_fail(error, "the vTPM has too many open files")) &&
               (!g_ascii_isdigit(entry->d_name[0]) ||
                look_at(found, vtpm, pidfd, entry->d_name, error));
    }
    if (dir) {
        closedir(dir);
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
    int pidfd = open_pidfd(dir, error);
    const gboolean good = pidfd >= 0 && look_at_all(&found, dir, pidfd, error) &&
                          open_process(&found, vtpm, apart, error);

    close_fd(&pidfd);
    return good ? g_steal_pointer(&found.peer) : NULL;
}

void control_peer_free(ControlPeer *peer)
{
    if (peer) {
        close_fd(&peer->process);
        g_free(peer->at);
        g_free(peer);
    }
}

int control_peer_process(const ControlPeer *peer)
{
    return peer->process;
}

gboolean control_peer_holds(const ControlPeer *peer)
{
    char link[LINK_MAX];
    struct stat now;

    return is_socket(peer->vtpm, peer->at, link) && strcmp(link, peer->link) == 0 &&
           fstatat(peer->process, "exe", &now, 0) == 0 && now.st_dev == peer->program.st_dev &&
           now.st_ino == peer->program.st_ino;
}
