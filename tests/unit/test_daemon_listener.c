/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a listener says when it cannot listen. */
#include "daemon/listener.h"

#include <fcntl.h>
#include <gio/gio.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

static void ready(G_GNUC_UNUSED PollerWatch *watch, G_GNUC_UNUSED uint32_t events)
{
    g_assert_not_reached();
}

/* The message of a listener_start() that fails; @fd is closed by it. */
static char *failure(int fd, rlim_t limit)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(Poller) poller = poller_new(NULL, &error);
    Listener listener = { 0 };
    struct rlimit old;
    struct rlimit few;
    gboolean ok;

    g_assert_no_error(error);
    g_assert_cmpint(getrlimit(RLIMIT_NOFILE, &old), ==, 0);
    few = old;
    few.rlim_cur = MIN(limit, old.rlim_cur);
    g_assert_cmpint(setrlimit(RLIMIT_NOFILE, &few), ==, 0);
    ok = listener_start(&listener, poller, fd, ready, &error);
    g_assert_cmpint(setrlimit(RLIMIT_NOFILE, &old), ==, 0);
    g_assert_false(ok);
    g_assert_cmpint(fcntl(fd, F_GETFD), ==, -1);
    listener_clear(&listener, NULL);
    return g_strdup(error->message);
}

static void test_says_to_raise_the_limit_where_it_is_reached(void)
{
    g_autofree char *message = failure(open("/dev/null", O_RDONLY | O_CLOEXEC), 3);

    g_assert_nonnull(strstr(message, "; raise the limit of open files"));
}

static void test_says_no_such_thing_of_other_failures(void)
{
    /* epoll does not take a regular file. */
    g_autofree char *message = failure(open("/proc/self/exe", O_RDONLY | O_CLOEXEC), RLIM_INFINITY);

    g_assert_cmpstr(message, ==, "cannot wait for connections: Operation not permitted");
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/daemon/listener/says-to-raise-the-limit-where-it-is-reached",
                    test_says_to_raise_the_limit_where_it_is_reached);
    g_test_add_func("/daemon/listener/says-no-such-thing-of-other-failures",
                    test_says_no_such_thing_of_other_failures);
    return g_test_run();
}
