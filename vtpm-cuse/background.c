/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "background.h"

#include <errno.h>
#include <fcntl.h>
#include <gio/gio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

/* In the process that was called: as the other fares, so does it. */
static _Noreturn void wait_for(pid_t child, int ready)
{
    char byte;
    int status;
    ssize_t n;

    do {
        n = read(ready, &byte, sizeof(byte));
    } while (n < 0 && errno == EINTR);
    if (n == 1) {
        _exit(EXIT_SUCCESS);
    }
    _exit(waitpid(child, &status, 0) == child && WIFEXITED(status) ? WEXITSTATUS(status)
                                                                   : EXIT_FAILURE);
}

gboolean background_start(Background *ret, GError **error)
{
    const int nowhere = open("/dev/null", O_RDWR | O_CLOEXEC);
    int ends[2];
    pid_t child = -1;

    if (nowhere >= 0 && pipe2(ends, O_CLOEXEC) == 0) {
        child = fork();
    }
    if (child < 0) {
        g_set_error(error, G_IO_ERROR, g_io_error_from_errno(errno), "--daemon: %s",
                    g_strerror(errno));
        return FALSE;
    }
    if (child > 0) {
        close(ends[1]);
        wait_for(child, ends[0]);
    }
    close(ends[0]);
    setsid();
    *ret = (Background){ ends[1], nowhere };
    return TRUE;
}

void background_ready(Background *b)
{
    if (b->ready < 0) {
        return;
    }
    dup2(b->nowhere, STDIN_FILENO);
    dup2(b->nowhere, STDOUT_FILENO);
    dup2(b->nowhere, STDERR_FILENO);
    if (write(b->ready, "", 1) != 1) {
        g_debug("whoever started this does not wait any more");
    }
    close(b->nowhere);
    close(b->ready);
    *b = BACKGROUND_NONE;
}
