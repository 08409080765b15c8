/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The socket of swtpm's control channel. That libvirt is content with it: libvirt/libvirt. */
#include <fcntl.h>
#include <glib.h>
#include <glib/gstdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "control_socket.h"

typedef struct Fixture {
    char *folder;
    char *path;
} Fixture;

static void set_up(Fixture *f, G_GNUC_UNUSED gconstpointer data)
{
    f->folder = g_dir_make_tmp("control-XXXXXX", NULL);
    f->path = g_build_filename(f->folder, "sock", NULL);
}

static void tear_down(Fixture *f, G_GNUC_UNUSED gconstpointer data)
{
    g_unlink(f->path);
    g_rmdir(f->folder);
    g_free(f->path);
    g_free(f->folder);
}

/* @pattern: a value of --ctrl that has PATH in place of @path */
static ControlSocket open_value(const char *pattern, const char *path)
{
    g_auto(GStrv) parts = g_strsplit(pattern, "PATH", -1);
    g_autofree char *value = g_strjoinv(path, parts);
    ControlSocket control;

    control_socket_open(value, &control);
    return control;
}

static gboolean connects(const char *path)
{
    struct sockaddr_un address = { .sun_family = AF_UNIX };
    const int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    gboolean ok;

    g_strlcpy(address.sun_path, path, sizeof(address.sun_path));
    ok = connect(fd, (const struct sockaddr *)&address, sizeof(address)) == 0;
    close(fd);
    return ok;
}

static void test_listens(Fixture *f, G_GNUC_UNUSED gconstpointer data)
{
    ControlSocket control = open_value("type=unixio,path=PATH,mode=0600", f->path);
    char value[CONTROL_VALUE_MAX];
    g_autofree char *want = g_strdup_printf("type=unixio,fd=%d", control.fd);
    GStatBuf st;

    g_assert_cmpint(control.fd, >=, 0);
    g_assert_cmpint(fcntl(control.fd, F_GETFD), ==, FD_CLOEXEC);
    g_assert_true(connects(f->path));
    g_assert_cmpint(g_stat(f->path, &st), ==, 0);
    g_assert_cmpint(st.st_mode, ==, S_IFSOCK | 0600);
    g_assert_true(control_socket_value(&control, value));
    g_assert_cmpstr(value, ==, want);
    g_assert_cmpint(fcntl(control.fd, F_GETFD), ==, 0);
    control_socket_close(&control);
    g_assert_cmpint(control.fd, ==, -1);
    g_assert_false(g_file_test(f->path, G_FILE_TEST_EXISTS));
}

static void test_takes_the_place_of_an_old_one(Fixture *f, G_GNUC_UNUSED gconstpointer data)
{
    ControlSocket old = open_value("type=unixio,path=PATH", f->path);
    ControlSocket control = open_value("path=PATH,terminate,type=unixio", f->path);
    char value[CONTROL_VALUE_MAX];
    GStatBuf st;

    g_assert_cmpint(old.fd, >=, 0);
    g_assert_cmpint(control.fd, >=, 0);
    g_assert_cmpint(g_stat(f->path, &st), ==, 0);
    g_assert_cmpint(st.st_mode, ==, S_IFSOCK | 0770);
    g_assert_true(control_socket_value(&control, value));
    g_assert_true(g_str_has_suffix(value, ",terminate"));
    close(old.fd);
    g_assert_true(connects(f->path));
    control_socket_close(&control);
}

/* Nothing is made, and what is there stays. */
static void test_leaves_the_rest_to_swtpm(Fixture *f, G_GNUC_UNUSED gconstpointer data)
{
    static const char *const values[] = {
        "type=unixio,path=PATH,uid=0",
        "type=unixio,path=PATH,mode=",
        "type=unixio,path=PATH,mode=abc",
        "type=unixio,path=PATH,mode=01777",
        "type=unixio,path=PATH,mode=-1",
        "type=unixio,path=PATH,mode= 600",
        "type=tcp,path=PATH",
        "path=PATH",
        "type=unixio,path=PATH,",
        "type=unixio,path=PATH,fd=3",
        "type=unixio,clientfd=3",
        "type=unixio",
        "type=unixio,path=sock",
        "",
    };
    g_autofree char *missing = g_build_filename(f->folder, "none", "sock", NULL);
    g_autofree char *long_path = g_strnfill(200, 'a');
    ControlSocket control;

    g_assert_true(g_file_set_contents(f->path, "kept", -1, NULL));
    for (gsize i = 0; i < G_N_ELEMENTS(values); i++) {
        g_test_message("%s", values[i]);
        control = open_value(values[i], f->path);
        g_assert_cmpint(control.fd, ==, -1);
        g_assert_true(g_file_test(f->path, G_FILE_TEST_IS_REGULAR));
    }
    control = open_value("type=unixio,path=PATH", missing);
    g_assert_cmpint(control.fd, ==, -1);
    control = open_value("type=unixio,path=/PATH", long_path);
    g_assert_cmpint(control.fd, ==, -1);
    control_socket_open(NULL, &control);
    g_assert_cmpint(control.fd, ==, -1);
    control_socket_close(&control);
}

#define ADD(name, function)                                                                        \
    g_test_add("/launcher/control-socket/" name, Fixture, NULL, set_up, function, tear_down)

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    ADD("listens", test_listens);
    ADD("takes-the-place-of-an-old-one", test_takes_the_place_of_an_old_one);
    ADD("leaves-the-rest-to-swtpm", test_leaves_the_rest_to_swtpm);
    return g_test_run();
}
