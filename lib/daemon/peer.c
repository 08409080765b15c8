/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "daemon/peer.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#ifndef SO_PEERPIDFD
#define SO_PEERPIDFD 77 /* Linux 6.5 */
#endif

enum {
    FILE_MAX = 16384,        /* of what is read below /proc */
    STARTED_AFTER_NAME = 20, /* in /proc/PID/stat: 22nd of all, the name is the second */
};

char *peer_cgroup_of(const char *text)
{
    static const char *const hierarchies[] = { "0::", ":name=systemd:" };

    for (gsize i = 0; i < G_N_ELEMENTS(hierarchies); i++) {
        for (const char *line = text; line; line = strchr(line, '\n')) {
            const char *colon;

            line += *line == '\n';
            colon = i == 0 ? line : strchr(line, ':');
            if (colon && g_str_has_prefix(colon, hierarchies[i])) {
                colon += strlen(hierarchies[i]);
                return g_strndup(colon, strcspn(colon, "\n"));
            }
        }
    }
    return NULL;
}

/* All of a file in the folder @dir, without its last line's end; NULL where that cannot be. */
static char *read_file(int dir, const char *name)
{
    g_autofree char *text = g_malloc(FILE_MAX);
    const int fd = openat(dir, name, O_RDONLY | O_CLOEXEC);
    gsize len = 0;
    ssize_t n = -1;

    while (fd >= 0 && len < FILE_MAX && (n = read(fd, text + len, FILE_MAX - len)) > 0) {
        len += (gsize)n;
    }
    if (fd >= 0) {
        close(fd);
    }
    if (n != 0) {
        return NULL;
    }
    while (len > 0 && (text[len - 1] == '\n' || text[len - 1] == '\0')) {
        len--;
    }
    return g_strndup(text, len);
}

/* Who may name a control group must not write to our log what he likes. */
static char *printable(char *text)
{
    for (char *c = text; c && *c; c++) {
        *c = g_ascii_iscntrl(*c) ? '?' : *c;
    }
    return text;
}

/* Whether the process in /proc's folder @dir is of this user: its effective one is the second. */
static gboolean runs_as(int dir, uid_t uid)
{
    g_autofree char *status = read_file(dir, "status");
    const char *line = status ? strstr(status, "\nUid:\t") : NULL;
    unsigned effective;

    return line && sscanf(line, "\nUid:\t%*u\t%u", &effective) == 1 && effective == uid;
}

static gboolean has_ended(int pidfd)
{
    struct pollfd ended = { .fd = pidfd, .events = POLLIN };

    return poll(&ended, 1, 0) != 0;
}

/* Now, in the clock and the unit in which /proc says when a process started. */
static uint64_t ticks_now(void)
{
    const uint64_t per_second = (uint64_t)sysconf(_SC_CLK_TCK);
    struct timespec now;

    clock_gettime(CLOCK_BOOTTIME, &now);
    return (uint64_t)now.tv_sec * per_second + (uint64_t)now.tv_nsec * per_second / 1000000000U;
}

gboolean peer_started_of(const char *text, uint64_t *ret)
{
    const char *at = strrchr(text, ')'); /* a process may have any name, also one like numbers */

    for (guint i = 0; at && i < STARTED_AFTER_NAME; i++) {
        at = strchr(at + 1, ' ');
    }
    return at && g_ascii_isdigit(at[1]) && sscanf(at, " %" SCNu64, ret) == 1;
}

static gboolean read_started(int dir, uint64_t *ret)
{
    g_autofree char *stat = read_file(dir, "stat");

    return stat && peer_started_of(stat, ret);
}

/* What speaks for a process, where the kernel cannot hold it for us. */
static gboolean may_have_made(int dir, const UnixPeer *process, uint64_t accepted,
                              uint64_t *ret_started)
{
    return read_started(dir, ret_started) && *ret_started <= accepted && runs_as(dir, process->uid);
}

/* Where the kernel has it, a descriptor of the process that made a connection; -1 with errno. */
static int open_pidfd(int fd)
{
    int pidfd = -1;
    socklen_t len = sizeof(pidfd);

    return getsockopt(fd, SOL_SOCKET, SO_PEERPIDFD, &pidfd, &len) == 0 ? pidfd : -1;
}

static void read_process(int dir, Peer *peer)
{
    g_autofree char *cgroups = read_file(dir, "cgroup");

    peer->cgroup = cgroups ? printable(peer_cgroup_of(cgroups)) : NULL;
    peer->label = printable(read_file(dir, "attr/apparmor/current"));
}

/* @dir was opened after the connection was made, and stays that of one process. */
static void read_held(int dir, int pidfd, Peer *peer)
{
    if (!has_ended(pidfd)) {
        read_process(dir, peer);
    }
}

/* As read_held(), but all there is to know the process by is when it started. */
static void read_dated(int dir, uint64_t accepted, Peer *peer)
{
    uint64_t before;
    uint64_t after;

    if (!may_have_made(dir, &peer->process, accepted, &before)) {
        return;
    }
    read_process(dir, peer);
    if (!may_have_made(dir, &peer->process, accepted, &after) || after != before) {
        peer_clear(peer);
    } else {
        peer->started = before;
    }
}

/* The folder stays that of one process, whatever becomes of the number. */
static int open_process(const char *proc, pid_t pid)
{
    g_autofree char *path = g_strdup_printf("%s/%d", proc, (int)pid);

    return pid > 0 ? open(path, O_PATH | O_DIRECTORY | O_CLOEXEC) : -1;
}

gboolean peer_read_below(const char *proc, PeerKernel kernel, int fd, Peer *ret)
{
    const uint64_t accepted = ticks_now();
    Peer peer = { 0 };
    int pidfd = -1;
    int dir;

    if (!unix_socket_peer(fd, &peer.process)) {
        return FALSE;
    }
    dir = open_process(proc, peer.process.pid);
    errno = ENOPROTOOPT;
    if (kernel == PEER_KERNEL_HOLDS) {
        pidfd = open_pidfd(fd);
    }
    if (dir >= 0 && pidfd >= 0) {
        read_held(dir, pidfd, &peer);
    } else if (dir >= 0 && errno == ENOPROTOOPT) {
        /* Any other error says that the process is gone, and its number may be another's. */
        read_dated(dir, accepted, &peer);
    }
    if (pidfd >= 0) {
        close(pidfd);
    }
    if (dir >= 0) {
        close(dir);
    }
    *ret = peer;
    return TRUE;
}

gboolean peer_read(int fd, Peer *ret)
{
    return peer_read_below("/proc", PEER_KERNEL_HOLDS, fd, ret);
}

/* Whether @dir is of the process that peer_read() found. */
static gboolean is_still(int dir, int fd, const Peer *peer)
{
    const int pidfd = open_pidfd(fd);
    uint64_t started;
    gboolean same;

    if (pidfd < 0) {
        return errno == ENOPROTOOPT && read_started(dir, &started) && peer->started == started &&
               runs_as(dir, peer->process.uid);
    }
    same = !has_ended(pidfd);
    close(pidfd);
    return same;
}

int peer_open(int fd, const Peer *peer)
{
    int dir = open_process("/proc", peer->process.pid);

    if (dir >= 0 && !is_still(dir, fd, peer)) {
        close(dir);
        dir = -1;
    }
    return dir;
}

void peer_copy(const Peer *peer, Peer *ret)
{
    *ret = *peer;
    ret->cgroup = g_strdup(peer->cgroup);
    ret->label = g_strdup(peer->label);
}

void peer_clear(Peer *peer)
{
    g_clear_pointer(&peer->cgroup, g_free);
    g_clear_pointer(&peer->label, g_free);
}

/* How much of a control group's path is its first service or scope: what is below, a service that
 * manages its own part of the tree makes as it likes, such as a user's systemd. */
static int unit_len(const char *cgroup)
{
    static const char *const units[] = { ".service", ".scope" };

    for (const char *end = cgroup; *end;) {
        end += *end == '/';
        end += strcspn(end, "/");
        for (gsize i = 0; i < G_N_ELEMENTS(units); i++) {
            const gsize len = strlen(units[i]);

            if ((gsize)(end - cgroup) > len && memcmp(end - len, units[i], len) == 0) {
                return (int)(end - cgroup);
            }
        }
    }
    return (int)strlen(cgroup);
}

char *peer_group(const Peer *peer)
{
    g_autofree char *name =
        peer->cgroup ? g_strdup_printf("cgroup %.*s", unit_len(peer->cgroup), peer->cgroup)
                     : g_strdup_printf("uid %u", peer->process.uid);

    return g_ref_string_new_intern(name);
}
