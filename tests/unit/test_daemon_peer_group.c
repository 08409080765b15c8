/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which group of processes a connection is counted with. */
#include "daemon/peer_group.h"

#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

static void test_cgroup_of_proc(void)
{
    static const struct {
        const char *text;
        const char *path; /* NULL: none */
    } table[] = {
        { "0::/machine.slice/a.scope\n", "/machine.slice/a.scope" },
        { "0::/\n", "/" },
        { "12:pids:/x\n1:name=systemd:/y/0::z\n0::/w", "/w" },
        { "10:name=systemd:/y\n9:cpu:/x\n", "/y" },
        { "9:cpu:/0::/x\n", NULL },
        { "0:", NULL },
        { "", NULL },
        { "\n\n", NULL },
    };

    for (gsize i = 0; i < G_N_ELEMENTS(table); i++) {
        g_autofree char *path = peer_group_of_cgroups(table[i].text);

        g_test_message("%s", table[i].text);
        g_assert_cmpstr(path, ==, table[i].path);
    }
}

static void test_peer_is_in_its_cgroup(void)
{
    g_autofree char *text = NULL;
    g_autofree char *path = NULL;
    g_autofree char *want = NULL;
    char *group;
    UnixPeer peer;
    int pair[2];

    g_assert_cmpint(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair), ==, 0);
    g_assert_true(unix_socket_peer(pair[0], &peer));
    group = peer_group(pair[0], &peer);
    g_assert_true(g_file_get_contents("/proc/self/cgroup", &text, NULL, NULL));
    path = peer_group_of_cgroups(text);
    want = path ? g_strconcat("cgroup ", path, NULL) : g_strdup_printf("uid %u", peer.uid);
    g_assert_cmpstr(group, ==, want);
    g_ref_string_release(group);
    close(pair[0]);
    close(pair[1]);
}

static void test_who_is_gone_counts_by_uid(void)
{
    char *group;
    UnixPeer peer = { .uid = 4242 };
    int status;

    peer.pid = fork();
    if (peer.pid == 0) {
        _exit(0);
    }
    g_assert_cmpint(waitpid(peer.pid, &status, 0), ==, peer.pid);
    group = peer_group(-1, &peer);
    g_assert_cmpstr(group, ==, "uid 4242");
    g_ref_string_release(group);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/daemon/peer-group/cgroup-of-proc", test_cgroup_of_proc);
    g_test_add_func("/daemon/peer-group/peer-is-in-its-cgroup", test_peer_is_in_its_cgroup);
    g_test_add_func("/daemon/peer-group/who-is-gone-counts-by-uid", test_who_is_gone_counts_by_uid);
    return g_test_run();
}
