/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "measure/process_files.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "daemon/peer.h"
#include "measure/descriptors.h"
#include "measure/failure.h"

enum {
    TEXT_MAX = 4 * 1024 * 1024, /* more than arguments can be */
    CHUNK = 64 * 1024,
    NS_PER_S = 1000000000,
    THREADS_MAX = 16, /* that are looked at for the oldest */
};

static void close_fd(int *fd)
{
    if (*fd >= 0) {
        close(*fd);
        *fd = -1;
    }
}

#define AUTO_FD __attribute__((cleanup(close_fd))) int

char *process_files_read(int dir, const char *name, gsize *ret_len, GError **error)
{
    g_autoptr(GString) text = g_string_new(NULL);
    g_autofree char *chunk = g_malloc(CHUNK);
    AUTO_FD fd = openat(dir, name, O_RDONLY | O_CLOEXEC);
    ssize_t n = -1;

    while (fd >= 0 && (n = read(fd, chunk, CHUNK)) > 0 && text->len <= TEXT_MAX) {
        g_string_append_len(text, chunk, n);
    }
    if (n != 0) {
        measure_fail(error, "it cannot be looked at (%s): %s", name,
                     n > 0 ? "it is too long" : g_strerror(errno));
        return NULL;
    }
    *ret_len = text->len;
    return g_string_free(g_steal_pointer(&text), FALSE);
}

/* ----------------------------------------------------------------------------------- since when */

/* When a process or one of its threads was started, in ticks since the host was. */
static gboolean read_started(int dir, const char *stat, uint64_t *ret, GError **error)
{
    gsize len;
    g_autofree char *text = process_files_read(dir, stat, &len, error);

    return text && (peer_started_of(text, ret) || measure_fail(error, "the process has ended"));
}

/* The earliest of the threads that were made after the first one; FALSE: there is none. */
static gboolean find_first_made(int dir, uint64_t *ret)
{
    const int fd = openat(dir, "task", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *tasks = fd >= 0 ? fdopendir(fd) : NULL;
    gboolean found = FALSE;
    struct dirent *entry;

    if (!tasks && fd >= 0) {
        close(fd);
    }
    /* The kernel names them in the order in which they were made, the first one first. */
    for (guint i = 0; tasks && i <= THREADS_MAX && (entry = readdir(tasks));) {
        g_autofree char *stat = g_strconcat("task/", entry->d_name, "/stat", NULL);
        uint64_t ticks;

        if (!g_ascii_isdigit(entry->d_name[0]) || i++ == 0 ||
            !read_started(dir, stat, &ticks, NULL)) {
            continue;
        }
        *ret = found ? MIN(*ret, ticks) : ticks;
        found = TRUE;
    }
    if (tasks) {
        closedir(tasks);
    }
    return found;
}

/*
 * Nanoseconds since 1970 by which a process had begun to run its program; a tick of the clock is
 * allowed for. That is later than when it was started: libvirt gives files to QEMU's user between
 * fork() and exec(), which ends all threads but one. QEMU makes one before its main().
 */
static gboolean read_begun(int dir, int64_t *ret, GError **error)
{
    const int64_t per_second = sysconf(_SC_CLK_TCK);
    struct timespec up;
    uint64_t ticks;

    if (!find_first_made(dir, &ticks) && !read_started(dir, "stat", &ticks, error)) {
        return FALSE;
    }
    clock_gettime(CLOCK_BOOTTIME, &up);
    *ret = g_get_real_time() * 1000 - (up.tv_sec * (int64_t)NS_PER_S + up.tv_nsec) +
           ((int64_t)ticks + 1) * (NS_PER_S / per_second);
    return TRUE;
}

static gboolean is_unchanged(int dir, const struct stat *st, const char *path, GError **error)
{
    int64_t begun = 0;

    if (!read_begun(dir, &begun, error)) {
        return FALSE;
    }
    return st->st_ctim.tv_sec * (int64_t)NS_PER_S + st->st_ctim.tv_nsec <= begun ||
           measure_fail(
               error, "%s was changed or replaced since the VM was started: restart the VM", path);
}

/* -------------------------------------------------------------------------------------- at a path
 */

/* From its root on: the folder that it was in when it read a file may be another by now. */
static gboolean is_whole(const char *path, GError **error)
{
    return path[0] == '/' ||
           measure_fail(error,
                        "%s, which the VM was started with, is below a folder that cannot "
                        "be told: give QEMU the whole path",
                        path);
}

/* Not opened for reading: that may do something, where it is no regular file. */
static int find(int dir, const char *path)
{
    const struct open_how how = { .flags = O_PATH | O_CLOEXEC,
                                  .resolve = RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS };
    AUTO_FD root = openat(dir, "root", O_PATH | O_DIRECTORY | O_CLOEXEC);

    return root < 0 ? -1 : (int)syscall(SYS_openat2, root, path, &how, sizeof(how));
}

/* For reading what was found, if it is a regular file that is as old as the process. */
static int open_found(int dir, int found, const char *path, GError **error)
{
    char at[32];
    struct stat st;
    int fd;

    if (fstat(found, &st) != 0 || !S_ISREG(st.st_mode)) {
        measure_fail(error, "%s is no regular file", path);
        return -1;
    }
    if (!is_unchanged(dir, &st, path, error)) {
        return -1;
    }
    snprintf(at, sizeof(at), "/proc/self/fd/%d", found);
    fd = open(at, O_RDONLY | O_CLOEXEC | O_NOCTTY);
    if (fd < 0) {
        measure_fail(error, "%s cannot be read: %s", path, g_strerror(errno));
    }
    return fd;
}

int process_files_open(int dir, const char *path, GError **error)
{
    AUTO_FD found = -1;

    if (!is_whole(path, error)) {
        return -1;
    }
    found = find(dir, path);
    if (found < 0) {
        measure_fail(error, "%s, which the VM was started with, cannot be found: %s", path,
                     g_strerror(errno));
        return -1;
    }
    return open_found(dir, found, path, error);
}

/* ------------------------------------------------------------------------------ among those open
 */

/* Whether a descriptor leads to the file. */
static gboolean leads_to(int fd, const char *path, const struct stat *file)
{
    char at[32];
    char link[PATH_MAX];
    struct stat st;
    ssize_t n;

    snprintf(at, sizeof(at), "/proc/self/fd/%d", fd);
    n = readlink(at, link, sizeof(link) - 1);
    link[n > 0 ? n : 0] = '\0';
    return link[0] == '/' &&
           (strcmp(link, path) == 0 || (file && fstat(fd, &st) == 0 && st.st_dev == file->st_dev &&
                                        st.st_ino == file->st_ino));
}

static gboolean is_written_to(int fd)
{
    const int flags = fcntl(fd, F_GETFL);

    return flags < 0 || (flags & O_ACCMODE) != O_RDONLY;
}

typedef struct Held {
    int fd;            /* a copy of one of the descriptors; -1: there is none */
    gboolean written;  /* by one of them */
    gboolean withheld; /* some are kept from us */
} Held;

/* FALSE, with errno: none of them can be looked at. */
static gboolean look_at(int pidfd, int number, const char *path, const struct stat *file, Held *ret)
{
    const int fd = descriptors_copy(pidfd, number);

    if (fd < 0) {
        ret->withheld = ret->withheld || errno == EACCES;
        return errno == EBADF || errno == EACCES;
    }
    if (!leads_to(fd, path, file)) {
        close(fd);
        return TRUE;
    }
    ret->written = ret->written || is_written_to(fd);
    close_fd(&ret->fd);
    ret->fd = fd;
    return TRUE;
}

static gboolean find_held(int dir, const char *path, const struct stat *file, Held *ret,
                          GError **error)
{
    const int count = descriptors_count(dir, error);
    AUTO_FD pidfd = count >= 0 ? descriptors_open(dir, error) : -1;

    if (pidfd < 0) {
        return FALSE;
    }
    for (int number = 0; number < count; number++) {
        if (!look_at(pidfd, number, path, file, ret)) {
            return measure_fail(error, "what it has open cannot be looked at: %s",
                                g_strerror(errno));
        }
    }
    if (ret->fd < 0 && ret->withheld) {
        return measure_fail(error, "%s may be what AppArmor keeps from this manager", path);
    }
    return ret->fd >= 0 || measure_fail(error,
                                        "%s is not, or no longer, what the VM was started with: "
                                        "restart the VM",
                                        path);
}

gboolean process_files_open_held(int dir, const char *path, int *ret_fd, GError **error)
{
    AUTO_FD found = -1;
    Held held = { .fd = -1 };
    struct stat st;
    gboolean good;

    if (!is_whole(path, error)) {
        return FALSE;
    }
    found = find(dir, path);
    good = find_held(dir, path, found >= 0 && fstat(found, &st) == 0 ? &st : NULL, &held, error);
    *ret_fd = -1;
    if (good && !held.written) {
        *ret_fd = open_found(dir, held.fd, path, error);
        good = *ret_fd >= 0;
    }
    close_fd(&held.fd);
    return good;
}
