/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "daemon/listener.h"

#include <errno.h>
#include <fcntl.h>
#include <gio/gio.h>
#include <sys/socket.h>
#include <unistd.h>

#include "daemon/errno_advice.h"
#include "daemon/log_kind.h"

static LogKind full = LOG_KIND("connections turned away for want of descriptors");

static int open_spare(void)
{
    return open("/dev/null", O_RDONLY | O_CLOEXEC);
}

gboolean listener_start(Listener *listener, Poller *poller, int fd, PollerReady ready,
                        GError **error)
{
    listener->connections = g_hash_table_new(NULL, NULL);
    listener->spare = open_spare();
    if (listener->spare < 0 || !poller_add(poller, &listener->watch, fd, ready)) {
        int number = errno;

        g_set_error(error, G_IO_ERROR, (gint)g_io_error_from_errno(number),
                    "cannot wait for connections: %s%s", g_strerror(number), errno_advice(number));
        if (listener->spare >= 0) {
            close(listener->spare);
        }
        close(fd);
        return FALSE;
    }
    listener->poller = poller;
    return TRUE;
}

static int accept_one(const Listener *listener)
{
    return accept4(listener->watch.fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
}

/* Accepts with the spare descriptor, which tells whether anybody waits at all. */
static int accept_with_spare(Listener *listener, int number)
{
    int fd;

    close(listener->spare);
    fd = accept_one(listener);
    if (fd >= 0 && (!listener->make_room || !listener->make_room(listener))) {
        close(fd);
        fd = -1;
        log_kind_warn(&full, "a connection is turned away: %s%s", g_strerror(number),
                      errno_advice(number));
    }
    listener->spare = open_spare();
    return fd;
}

int listener_accept(Listener *listener)
{
    int fd = accept_one(listener);
    int number = errno;

    if (fd < 0 && (number == EMFILE || number == ENFILE) && listener->spare >= 0) {
        fd = accept_with_spare(listener, number);
    }
    return fd;
}

void listener_stop(Listener *listener)
{
    GHashTableIter iter;
    gpointer key;

    if (!listener->poller) {
        return;
    }
    poller_remove(listener->poller, &listener->watch);
    close(listener->watch.fd);
    if (listener->spare >= 0) {
        close(listener->spare);
    }
    g_hash_table_iter_init(&iter, listener->connections);
    while (g_hash_table_iter_next(&iter, &key, NULL)) {
        poller_remove(listener->poller, key);
    }
    listener->poller = NULL;
}

void listener_clear(Listener *listener, void (*close_one)(PollerWatch *connection))
{
    GHashTableIter iter;
    gpointer key;

    listener_stop(listener);
    while (listener->connections && g_hash_table_size(listener->connections) > 0) {
        g_hash_table_iter_init(&iter, listener->connections);
        g_hash_table_iter_next(&iter, &key, NULL);
        close_one(key);
    }
    g_clear_pointer(&listener->connections, g_hash_table_unref);
}
