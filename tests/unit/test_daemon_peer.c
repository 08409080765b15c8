/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What is known of the process that made a connection. */
#include "daemon/peer.h"

#include <glib/gstdio.h>
#include <sys/socket.h>
#include <sys/un.h>
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
        g_autofree char *path = peer_cgroup_of(table[i].text);

        g_test_message("%s", table[i].text);
        g_assert_cmpstr(path, ==, table[i].path);
    }
}

static void test_peer_is_told_as_proc_has_it(void)
{
    g_autofree char *text = NULL;
    g_autofree char *path = NULL;
    g_autofree char *label = NULL;
    g_auto(Peer) peer = { { 99, 99 }, NULL, NULL };
    int pair[2];

    g_assert_cmpint(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair), ==, 0);
    g_assert_true(peer_read(pair[0], &peer));
    g_assert_true(g_file_get_contents("/proc/self/cgroup", &text, NULL, NULL));
    path = peer_cgroup_of(text);
    g_assert_cmpuint(peer.process.uid, ==, geteuid());
    g_assert_cmpint(peer.process.pid, ==, getpid());
    g_assert_cmpstr(peer.cgroup, ==, path);
    if (g_file_get_contents("/proc/self/attr/apparmor/current", &label, NULL, NULL)) {
        g_strchomp(label);
    }
    g_assert_cmpstr(peer.label, ==, label);
    close(pair[0]);
    close(pair[1]);
}

/* Connects in a process that has ended, and been waited for, when this returns; its number. */
static pid_t connect_and_end(const struct sockaddr_un *address)
{
    pid_t pid = fork();
    int status;

    if (pid == 0) {
        const int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);

        _exit(connect(fd, (const struct sockaddr *)address, sizeof(*address)) != 0);
    }
    g_assert_cmpint(waitpid(pid, &status, 0), ==, pid);
    g_assert_cmpint(status, ==, 0);
    return pid;
}

static void test_who_is_gone_is_told_by_credentials_alone(void)
{
    g_autofree char *dir = g_dir_make_tmp("peer-XXXXXX", NULL);
    g_autofree char *path = g_build_filename(dir, "socket", NULL);
    g_autofree char *want = g_strdup_printf("uid %u", geteuid());
    const int listener = unix_socket_listen(path, SOCK_SEQPACKET, 0600, NULL);
    struct sockaddr_un address = { .sun_family = AF_UNIX };
    g_auto(Peer) peer = { { 99, 99 }, NULL, NULL };
    char *group;
    pid_t pid;
    int fd;

    g_assert_cmpint(listener, >=, 0);
    g_assert_cmpuint(g_strlcpy(address.sun_path, path, sizeof(address.sun_path)), <,
                     sizeof(address.sun_path));
    pid = connect_and_end(&address);
    fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
    g_assert_cmpint(fd, >=, 0);
    g_assert_true(peer_read(fd, &peer));
    g_assert_cmpint(peer.process.pid, ==, pid);
    g_assert_null(peer.cgroup);
    g_assert_null(peer.label);
    group = peer_group(&peer);
    g_assert_cmpstr(group, ==, want);
    g_ref_string_release(group);
    close(fd);
    close(listener);
    g_unlink(path);
    g_rmdir(dir);
}

static void test_group_is_service_or_scope(void)
{
    static const struct {
        const char *cgroup;
        const char *group;
    } table[] = {
        { "/system.slice/system-a.slice/a@1.service", "/system.slice/system-a.slice/a@1.service" },
        { "/user.slice/user@7.service/app.slice/a.scope", "/user.slice/user@7.service" },
        { "/machine.slice/a.scope/libvirt/emulator", "/machine.slice/a.scope" },
        { "/a.service", "/a.service" },
        { "/a.servicex/b.scopes/.service/c", "/a.servicex/b.scopes/.service" },
        { "/tests/a", "/tests/a" },
        { "a.scope", "a.scope" },
        { "/", "/" },
        { "", "" },
    };

    for (gsize i = 0; i < G_N_ELEMENTS(table); i++) {
        const Peer peer = { .process = { 7, 7 }, .cgroup = (char *)table[i].cgroup };
        g_autoptr(GRefString) group = peer_group(&peer);
        g_autofree char *want = g_strconcat("cgroup ", table[i].group, NULL);

        g_assert_cmpstr(group, ==, want);
    }
}

static void test_what_is_no_socket_is_nobody(void)
{
    Peer peer = { { 99, 98 }, NULL, NULL };

    g_assert_false(peer_read(-1, &peer));
    g_assert_cmpuint(peer.process.uid, ==, 99);
    g_assert_cmpint(peer.process.pid, ==, 98);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/daemon/peer/cgroup-of-proc", test_cgroup_of_proc);
    g_test_add_func("/daemon/peer/is-told-as-proc-has-it", test_peer_is_told_as_proc_has_it);
    g_test_add_func("/daemon/peer/who-is-gone-is-told-by-credentials-alone",
                    test_who_is_gone_is_told_by_credentials_alone);
    g_test_add_func("/daemon/peer/group-is-service-or-scope", test_group_is_service_or_scope);
    g_test_add_func("/daemon/peer/what-is-no-socket-is-nobody", test_what_is_no_socket_is_nobody);
    return g_test_run();
}
