/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "measure/descriptors.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "measure/failure.h"
#include "measure/process_files.h"

#ifndef SYS_pidfd_open
#define SYS_pidfd_open 434
#endif
#ifndef SYS_pidfd_getfd
#define SYS_pidfd_getfd 438
#endif

enum { DESCRIPTORS_MAX = 4096 }; /* a vTPM has some ten, a QEMU some hundred */

/* The number of the process whose folder this is; 0: it has ended. */
static pid_t number_of(int dir)
{
    const int fd = openat(dir, "stat", O_RDONLY | O_CLOEXEC);
    char text[32];
    const ssize_t n = fd >= 0 ? read(fd, text, sizeof(text) - 1) : -1;

    if (fd >= 0) {
        close(fd);
    }
    text[n > 0 ? n : 0] = '\0';
    return (pid_t)atoi(text);
}

/* What is opened by number is the process of the folder, where that has not ended after it. */
int descriptors_open(int dir, GError **error)
{
    const pid_t pid = number_of(dir);
    int pidfd = pid > 0 ? (int)syscall(SYS_pidfd_open, pid, 0) : -1;

    if (pidfd >= 0 && number_of(dir) != pid) {
        close(pidfd);
        pidfd = -1;
    }
    if (pidfd < 0) {
        measure_fail(error, "the process has ended");
    }
    return pidfd;
}

int descriptors_count(int dir, GError **error)
{
    gsize len;
    g_autofree char *status = process_files_read(dir, "status", &len, error);
    const char *line = status ? strstr(status, "\nFDSize:") : NULL;
    int count = -1;

    if (status && (!line || sscanf(line, "\nFDSize: %d", &count) != 1)) {
        measure_fail(error, "the process has ended");
        return -1;
    }
    if (count > DESCRIPTORS_MAX) {
        measure_fail(error, "the process has too many open files");
        return -1;
    }
    return count;
}

int descriptors_copy(int pidfd, int number)
{
    return (int)syscall(SYS_pidfd_getfd, pidfd, number, 0);
}
