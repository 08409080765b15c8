/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "daemon/peer_group.h"

#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#ifndef SO_PEERPIDFD
#define SO_PEERPIDFD 77 /* Linux 6.5 */
#endif

char *peer_group_of_cgroups(const char *text)
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

/* A process that has ended may have left its number to another one. */
static gboolean has_ended(int pidfd)
{
    struct pollfd ended = { .fd = pidfd, .events = POLLIN };

    return pidfd >= 0 && poll(&ended, 1, 0) != 0;
}

static char *cgroup_of(int fd, pid_t pid)
{
    g_autofree char *path = g_strdup_printf("/proc/%d/cgroup", (int)pid);
    g_autofree char *text = NULL;
    int pidfd = -1; /* stays so where the kernel has none: then the number must do */
    socklen_t len = sizeof(pidfd);
    gboolean ok;

    getsockopt(fd, SOL_SOCKET, SO_PEERPIDFD, &pidfd, &len);
    ok = g_file_get_contents(path, &text, NULL, NULL) && !has_ended(pidfd);
    if (pidfd >= 0) {
        close(pidfd);
    }
    return ok ? peer_group_of_cgroups(text) : NULL;
}

char *peer_group(int fd, const UnixPeer *peer)
{
    g_autofree char *cgroup = peer->pid > 0 ? cgroup_of(fd, peer->pid) : NULL;
    g_autofree char *name =
        cgroup ? g_strconcat("cgroup ", cgroup, NULL) : g_strdup_printf("uid %u", peer->uid);

    return g_ref_string_new_intern(name);
}
