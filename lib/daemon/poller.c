/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "daemon/poller.h"

#include <errno.h>
#include <gio/gio.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "daemon/errno_advice.h"

enum { EVENTS_AT_ONCE = 64 };

struct Poller {
    int epoll;
    GSource *source;
    struct epoll_event events[EVENTS_AT_ONCE];
    int count; /* of @events still to be handed out, for poller_remove() */
};

typedef struct PollerSource {
    GSource source;
    Poller *poller;
} PollerSource;

static gboolean dispatch(GSource *source, G_GNUC_UNUSED GSourceFunc callback,
                         G_GNUC_UNUSED gpointer data)
{
    Poller *poller = ((PollerSource *)source)->poller;

    poller->count = epoll_wait(poller->epoll, poller->events, EVENTS_AT_ONCE, 0);
    for (int i = 0; i < poller->count; i++) {
        PollerWatch *watch = poller->events[i].data.ptr;

        if (watch) {
            watch->ready(watch, poller->events[i].events);
        }
    }
    poller->count = 0;
    return G_SOURCE_CONTINUE;
}

static GSourceFuncs poller_funcs = { .dispatch = dispatch };

Poller *poller_new(GMainContext *context, GError **error)
{
    Poller *poller;
    int fd = epoll_create1(EPOLL_CLOEXEC);

    if (fd < 0) {
        g_set_error(error, G_IO_ERROR, g_io_error_from_errno(errno),
                    "cannot make an epoll descriptor: %s%s", g_strerror(errno),
                    errno_advice(errno));
        return NULL;
    }
    poller = g_new0(Poller, 1);
    poller->epoll = fd;
    poller->source = g_source_new(&poller_funcs, sizeof(PollerSource));
    ((PollerSource *)poller->source)->poller = poller;
    g_source_add_unix_fd(poller->source, fd, G_IO_IN);
    g_source_set_static_name(poller->source, "poller");
    /* Nothing here runs the loop again, and GLib's guard against it costs two wake-ups a dispatch.
     */
    g_source_set_can_recurse(poller->source, TRUE);
    g_source_attach(poller->source, context);
    return poller;
}

void poller_free(Poller *poller)
{
    if (!poller) {
        return;
    }
    g_source_destroy(poller->source);
    g_source_unref(poller->source);
    close(poller->epoll);
    g_free(poller);
}

gboolean poller_add(Poller *poller, PollerWatch *watch, int fd, PollerReady ready)
{
    struct epoll_event event = { .events = EPOLLIN | EPOLLRDHUP, .data.ptr = watch };

    if (epoll_ctl(poller->epoll, EPOLL_CTL_ADD, fd, &event) != 0) {
        return FALSE;
    }
    watch->fd = fd;
    watch->ready = ready;
    return TRUE;
}

void poller_remove(Poller *poller, PollerWatch *watch)
{
    epoll_ctl(poller->epoll, EPOLL_CTL_DEL, watch->fd, NULL);
    /* What epoll has reported and was not handed out yet must not be. */
    for (int i = 0; i < poller->count; i++) {
        if (poller->events[i].data.ptr == watch) {
            poller->events[i].data.ptr = NULL;
        }
    }
}
