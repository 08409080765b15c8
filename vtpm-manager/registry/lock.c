/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "registry/lock.h"

#include <errno.h>
#include <fcntl.h>
#include <gio/gio.h>
#include <sys/file.h>
#include <unistd.h>

static int fail(int fd, const char *path, int number, GError **error)
{
    if (fd >= 0) {
        close(fd);
    }
    if (number == EWOULDBLOCK) {
        g_set_error(error, G_IO_ERROR, G_IO_ERROR_BUSY,
                    "another vtpm-managerd uses this state directory (%s is locked): stop it, or "
                    "give another --state-dir",
                    path);
    } else {
        g_set_error(error, G_IO_ERROR, (gint)g_io_error_from_errno(number),
                    "cannot use %s: %s; check --state-dir and its owner", path, g_strerror(number));
    }
    return -1;
}

int state_lock_take(const char *dir, GError **error)
{
    g_autofree char *path = g_build_filename(dir, "lock", NULL);
    int fd;

    if (g_mkdir_with_parents(dir, 0700) != 0) {
        return fail(-1, dir, errno, error);
    }
    fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (fd < 0 || flock(fd, LOCK_EX | LOCK_NB) != 0) {
        return fail(fd, path, errno, error);
    }
    return fd;
}
