/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What is known of the process that made a connection. */
#include "daemon/peer.h"

#include <fcntl.h>
#include <glib/gstdio.h>
#include <sys/socket.h>
#include <sys/stat.h>
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
    g_auto(Peer) peer = { .process = { 99, 99 } };
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
    g_auto(Peer) peer = { .process = { 99, 99 } };
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

/** Such a folder as /proc, with this process in it, and a connection of its own. */
typedef struct Folder {
    char *proc;
    char *process;
    int pair[2];
} Folder;

/* Long ago, and never yet, in ticks since the system started. */
#define EARLY "1"
#define LATE "999999999999999"

static void put(const Folder *folder, const char *name, const char *text)
{
    g_autofree char *path = g_build_filename(folder->process, name, NULL);

    g_assert_true(g_file_set_contents(path, text, -1, NULL));
}

static void put_stat(const Folder *folder, const char *started)
{
    g_autofree char *text = g_strdup_printf("7 (a) 2 3 (b) S 4 5 6 7 8 9 10 11 12 13 14 15 16 17 "
                                            "18 19 20 21 %s 23 24\n",
                                            started);

    put(folder, "stat", text);
}

static void folder_init(Folder *folder, uid_t uid)
{
    g_autofree char *status = g_strdup_printf("Name:\ta\nUid:\t0\t%u\t0\t0\n", uid);

    folder->proc = g_dir_make_tmp("peer-XXXXXX", NULL);
    folder->process = g_strdup_printf("%s/%d", folder->proc, (int)getpid());
    g_assert_cmpint(g_mkdir(folder->process, 0700), ==, 0);
    g_assert_cmpint(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, folder->pair), ==, 0);
    put(folder, "status", status);
    put(folder, "cgroup", "0::/a.service\n");
    put_stat(folder, EARLY);
}

static void folder_clear(Folder *folder)
{
    static const char *const names[] = { "status", "cgroup", "stat" };

    for (gsize i = 0; i < G_N_ELEMENTS(names); i++) {
        g_autofree char *path = g_build_filename(folder->process, names[i], NULL);

        g_unlink(path);
    }
    g_rmdir(folder->process);
    g_rmdir(folder->proc);
    g_free(folder->process);
    g_free(folder->proc);
    close(folder->pair[0]);
    close(folder->pair[1]);
}

/* Its control group where it counts as the one that connected. */
static char *cgroup_below(const Folder *folder)
{
    Peer peer;

    g_assert_true(peer_read_below(folder->proc, PEER_KERNEL_OLD, folder->pair[0], &peer));
    g_assert_cmpint(peer.process.pid, ==, getpid());
    g_free(peer.label);
    return peer.cgroup;
}

static void test_start_of_proc(void)
{
    static const char full[] = "7 (a b) S 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20 21 22 23";
    uint64_t started;

    g_assert_true(peer_started_of(full, &started));
    g_assert_cmpuint(started, ==, 22);
    for (gsize len = 0; len < sizeof(full) - 5; len++) {
        g_autofree char *cut = g_strndup(full, len);

        g_assert_false(peer_started_of(cut, &started));
    }
    g_assert_false(peer_started_of("7 (a) S 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20 21 -22 23",
                                   &started));
}

static void test_old_kernel_tells_who_is_there(void)
{
    g_autofree char *text = NULL;
    g_autofree char *path = NULL;
    g_auto(Peer) peer = { 0 };
    int pair[2];

    g_assert_cmpint(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair), ==, 0);
    g_assert_true(peer_read_below("/proc", PEER_KERNEL_OLD, pair[0], &peer));
    g_assert_true(g_file_get_contents("/proc/self/cgroup", &text, NULL, NULL));
    path = peer_cgroup_of(text);
    g_assert_nonnull(path);
    g_assert_cmpstr(peer.cgroup, ==, path);
    close(pair[0]);
    close(pair[1]);
}

/* The number is another process's: of which user, and when that started. */
static void test_number_that_was_given_again_is_nobody(void)
{
    const uid_t uid = geteuid();
    const struct {
        uid_t uid;
        const char *started;
        const char *cgroup;
    } table[] = {
        { uid, EARLY, "/a.service" },
        { uid, LATE, NULL },
        { uid, "", NULL },
        { uid + 1, EARLY, NULL },
    };

    for (gsize i = 0; i < G_N_ELEMENTS(table); i++) {
        g_autofree char *cgroup = NULL;
        Folder folder;

        folder_init(&folder, table[i].uid);
        put_stat(&folder, table[i].started);
        cgroup = cgroup_below(&folder);
        g_assert_cmpstr(cgroup, ==, table[i].cgroup);
        folder_clear(&folder);
    }
}

/* Once the control group is being read, another process has the number. */
static void *give_number_again(void *data)
{
    const Folder *folder = data;
    g_autofree char *path = g_build_filename(folder->process, "cgroup", NULL);
    const int fd = open(path, O_WRONLY | O_CLOEXEC);

    put_stat(folder, "2");
    g_assert_cmpint(write(fd, "0::/b.service\n", 14), ==, 14);
    close(fd);
    return NULL;
}

static void test_number_that_is_given_again_meanwhile_is_nobody(void)
{
    g_autofree char *path = NULL;
    g_autofree char *cgroup = NULL;
    GThread *thread;
    Folder folder;

    folder_init(&folder, geteuid());
    path = g_build_filename(folder.process, "cgroup", NULL);
    g_unlink(path);
    g_assert_cmpint(mkfifo(path, 0600), ==, 0);
    thread = g_thread_new("another", give_number_again, &folder);
    cgroup = cgroup_below(&folder);
    g_thread_join(thread);
    g_assert_null(cgroup);
    folder_clear(&folder);
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
    Peer peer = { .process = { 99, 98 } };

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
    g_test_add_func("/daemon/peer/start-of-proc", test_start_of_proc);
    g_test_add_func("/daemon/peer/old-kernel-tells-who-is-there",
                    test_old_kernel_tells_who_is_there);
    g_test_add_func("/daemon/peer/number-that-was-given-again-is-nobody",
                    test_number_that_was_given_again_is_nobody);
    g_test_add_func("/daemon/peer/number-that-is-given-again-meanwhile-is-nobody",
                    test_number_that_is_given_again_meanwhile_is_nobody);
    g_test_add_func("/daemon/peer/what-is-no-socket-is-nobody", test_what_is_no_socket_is_nobody);
    return g_test_run();
}
