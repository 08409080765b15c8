/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Connections whose other end has gone, before swtpm accepts them. With swtpm: test_ctl_vm.py. */
#include <errno.h>
#include <fcntl.h>
#include <glib.h>
#include <glib/gstdio.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/un.h>
#include <unistd.h>

#include "accept_living.h"

enum { CLIENTS_MAX = 4 };

typedef struct Fixture {
    char *folder;
    struct sockaddr_un address;
    int listener;
    int clients[CLIENTS_MAX];
    int accepted;
} Fixture;

static void set_up(Fixture *f, G_GNUC_UNUSED gconstpointer data)
{
    g_autofree char *path = NULL;

    f->folder = g_dir_make_tmp("accept-XXXXXX", NULL);
    path = g_build_filename(f->folder, "sock", NULL);
    f->address.sun_family = AF_UNIX;
    g_strlcpy(f->address.sun_path, path, sizeof(f->address.sun_path));
    f->listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    g_assert_cmpint(bind(f->listener, (struct sockaddr *)&f->address, sizeof(f->address)), ==, 0);
    g_assert_cmpint(listen(f->listener, CLIENTS_MAX), ==, 0);
    memset(f->clients, -1, sizeof(f->clients));
    f->accepted = -1;
}

static void tear_down(Fixture *f, G_GNUC_UNUSED gconstpointer data)
{
    for (int i = 0; i < CLIENTS_MAX; i++) {
        close(f->clients[i]);
    }
    close(f->accepted);
    close(f->listener);
    g_unlink(f->address.sun_path);
    g_rmdir(f->folder);
    g_free(f->folder);
}

/* Connections in this order: l lives, d has gone, h has nothing more to say and waits. Each has
 * sent its number. */
static void queue(Fixture *f, const char *kinds)
{
    for (int i = 0; kinds[i]; i++) {
        const int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
        const char number = (char)('0' + i);

        g_assert_cmpint(connect(fd, (struct sockaddr *)&f->address, sizeof(f->address)), ==, 0);
        g_assert_cmpint(write(fd, &number, 1), ==, 1);
        if (kinds[i] == 'd') {
            close(fd);
            continue;
        }
        f->clients[i] = fd;
        if (kinds[i] == 'h') {
            g_assert_cmpint(shutdown(fd, SHUT_WR), ==, 0);
        }
    }
}

static int accept_plainly(int listener, struct sockaddr *address, socklen_t *length)
{
    return accept(listener, address, length);
}

/* Which of them is accepted now. */
static char accept_next(Fixture *f)
{
    char number = '-';

    f->accepted = accept_living(accept_plainly, f->listener, NULL, NULL);
    g_assert_cmpint(f->accepted, >=, 0);
    g_assert_cmpint(read(f->accepted, &number, 1), ==, 1);
    close(f->accepted);
    f->accepted = -1;
    return number;
}

static void test_passes_over_the_dead(Fixture *f, G_GNUC_UNUSED gconstpointer data)
{
    queue(f, "ddld");
    g_assert_cmpint(accept_next(f), ==, '2');
    g_assert_cmpint(accept_next(f), ==, '3');
}

static void test_keeps_the_order_of_the_living(Fixture *f, G_GNUC_UNUSED gconstpointer data)
{
    queue(f, "ldhl");
    g_assert_cmpint(accept_next(f), ==, '0');
    g_assert_cmpint(accept_next(f), ==, '2');
    g_assert_cmpint(accept_next(f), ==, '3');
}

/* swtpm ends with it, as it would without us. */
static void test_gives_the_last_one_dead_or_alive(Fixture *f, G_GNUC_UNUSED gconstpointer data)
{
    queue(f, "ddd");
    g_assert_cmpint(accept_next(f), ==, '2');
    errno = 0;
    g_assert_cmpint(accept_living(accept_plainly, f->listener, NULL, NULL), ==, -1);
    g_assert_cmpint(errno, ==, EAGAIN);
}

static void test_tells_the_address_of_the_accepted(Fixture *f, G_GNUC_UNUSED gconstpointer data)
{
    struct sockaddr_un mine = { .sun_family = AF_UNIX };
    struct sockaddr_un from = { .sun_family = AF_UNSPEC };
    socklen_t length = sizeof(from);
    const int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

    g_assert_cmpint(g_snprintf(mine.sun_path, sizeof(mine.sun_path), "%s/mine", f->folder), >, 0);
    g_assert_cmpint(bind(fd, (struct sockaddr *)&mine, sizeof(mine)), ==, 0);
    queue(f, "d");
    g_assert_cmpint(connect(fd, (struct sockaddr *)&f->address, sizeof(f->address)), ==, 0);
    f->accepted = accept_living(accept_plainly, f->listener, (struct sockaddr *)&from, &length);
    g_assert_cmpstr(from.sun_path, ==, mine.sun_path);
    g_assert_cmpint(length, >, sizeof(from.sun_family));
    close(fd);
    g_unlink(mine.sun_path);
}

static void test_leaves_other_families_alone(Fixture *f, G_GNUC_UNUSED gconstpointer data)
{
    struct sockaddr_in here = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    socklen_t length = sizeof(here);
    const int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    g_assert_cmpint(bind(listener, (struct sockaddr *)&here, sizeof(here)), ==, 0);
    g_assert_cmpint(listen(listener, CLIENTS_MAX), ==, 0);
    g_assert_cmpint(getsockname(listener, (struct sockaddr *)&here, &length), ==, 0);
    for (int i = 0; i < 2; i++) {
        const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
        const char number = (char)('0' + i);

        g_assert_cmpint(connect(fd, (struct sockaddr *)&here, sizeof(here)), ==, 0);
        g_assert_cmpint(write(fd, &number, 1), ==, 1);
        close(fd);
    }
    close(f->listener);
    f->listener = listener;
    g_assert_cmpint(accept_next(f), ==, '0');
    g_assert_cmpint(accept_next(f), ==, '1');
}

static int calls;

/* One that has gone, whatever is in the queue. */
static int accept_dead(G_GNUC_UNUSED int listener, G_GNUC_UNUSED struct sockaddr *address,
                       G_GNUC_UNUSED socklen_t *length)
{
    int pair[2];

    calls++;
    g_assert_cmpint(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair), ==, 0);
    close(pair[1]);
    return pair[0];
}

static void test_comes_to_an_end(Fixture *f, G_GNUC_UNUSED gconstpointer data)
{
    queue(f, "l");
    f->accepted = accept_living(accept_dead, f->listener, NULL, NULL);
    g_assert_cmpint(f->accepted, >=, 0);
    g_assert_cmpint(calls, ==, ACCEPT_PASS_MAX + 1);
    g_assert_cmpint(fcntl(f->accepted + 1, F_GETFD), ==, -1); /* the others are closed */
}

#define ADD(name, function)                                                                        \
    g_test_add("/module/accept-living/" name, Fixture, NULL, set_up, function, tear_down)

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    ADD("passes-over-the-dead", test_passes_over_the_dead);
    ADD("keeps-the-order-of-the-living", test_keeps_the_order_of_the_living);
    ADD("gives-the-last-one-dead-or-alive", test_gives_the_last_one_dead_or_alive);
    ADD("tells-the-address-of-the-accepted", test_tells_the_address_of_the_accepted);
    ADD("leaves-other-families-alone", test_leaves_other_families_alone);
    ADD("comes-to-an-end", test_comes_to_an_end);
    return g_test_run();
}
