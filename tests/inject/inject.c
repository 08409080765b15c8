/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Calls that fail when a test says so: preloaded into the program that INJECT_PROGRAM names, ruled
 * by the file INJECT_CONTROL, which both have mapped. Other programs, such as its children, pass.
 */
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

/* tests/lib/inject.py has the same order. */
typedef enum Kind { KIND_SEND, KIND_WRITE, KIND_SYNC, KIND_RENAME, KINDS } Kind;

typedef struct Fault {
    int32_t left;   /* 1: the next call fails, once; 2: the one after it; 0: none does */
    int32_t error;  /* its errno */
    int32_t failed; /* how many have */
} Fault;

typedef struct Control {
    Fault faults[KINDS];
    int32_t clock_s; /* added to the wall clock */
} Control;

static Control none;
static Control *control = &none;

__attribute__((constructor)) static void set_up(void)
{
    const char *program = getenv("INJECT_PROGRAM");
    const char *path = getenv("INJECT_CONTROL");
    int fd;

    if (!program || !path || strcmp(program, program_invocation_short_name) != 0) {
        return;
    }
    fd = open(path, O_RDWR | O_CLOEXEC);
    if (fd >= 0) {
        void *map = mmap(NULL, sizeof(Control), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);

        control = map == MAP_FAILED ? control : map;
        close(fd);
    }
}

static int fails(Kind kind)
{
    Fault *fault = &control->faults[kind];

    if (__atomic_load_n(&fault->left, __ATOMIC_SEQ_CST) <= 0 ||
        __atomic_fetch_sub(&fault->left, 1, __ATOMIC_SEQ_CST) != 1) {
        return 0;
    }
    fault->failed++;
    errno = fault->error;
    return 1;
}

/* Files only: what a lost write to a pipe or an event does is another matter. */
static int is_file(int fd)
{
    int before = errno;
    struct stat s;
    int is = fstat(fd, &s) == 0 && S_ISREG(s.st_mode);

    errno = before;
    return is;
}

/* Sets *@ret_function, once, to the function @name that would have been called but for us. */
static void find(void *ret_function, const char *name)
{
    void *found;

    memcpy(&found, ret_function, sizeof(found));
    if (!found) {
        found = dlsym(RTLD_NEXT, name);
        memcpy(ret_function, &found, sizeof(found));
    }
}

/* Declares the function real() of the same type. */
#define REAL(name)                                                                                 \
    static __typeof__(&(name)) real;                                                               \
                                                                                                   \
    find(&real, #name)

/*
 * The C library's names of parameters are reserved; and that real() is set is not seen through
 * memcpy().
 */
/* NOLINTBEGIN(readability-inconsistent-declaration-parameter-name,clang-analyzer-core.*) */

ssize_t send(int fd, const void *data, size_t size, int flags)
{
    REAL(send);
    return fails(KIND_SEND) ? -1 : real(fd, data, size, flags);
}

ssize_t write(int fd, const void *data, size_t size)
{
    REAL(write);
    return is_file(fd) && fails(KIND_WRITE) ? -1 : real(fd, data, size);
}

ssize_t pwrite(int fd, const void *data, size_t size, off_t at)
{
    REAL(pwrite);
    return is_file(fd) && fails(KIND_WRITE) ? -1 : real(fd, data, size, at);
}

ssize_t pwrite64(int fd, const void *data, size_t size, off64_t at)
{
    REAL(pwrite64);
    return is_file(fd) && fails(KIND_WRITE) ? -1 : real(fd, data, size, at);
}

int fsync(int fd)
{
    REAL(fsync);
    return fails(KIND_SYNC) ? -1 : real(fd);
}

int fdatasync(int fd)
{
    REAL(fdatasync);
    return fails(KIND_SYNC) ? -1 : real(fd);
}

int rename(const char *from, const char *to)
{
    REAL(rename);
    return fails(KIND_RENAME) ? -1 : real(from, to);
}

int clock_gettime(clockid_t clock, struct timespec *ret)
{
    int result;

    REAL(clock_gettime);
    result = real(clock, ret);
    if (result == 0 && clock == CLOCK_REALTIME) {
        ret->tv_sec += control->clock_s;
    }
    return result;
}

int gettimeofday(struct timeval *restrict ret, void *restrict zone)
{
    int result;

    REAL(gettimeofday);
    result = real(ret, zone);
    if (result == 0) {
        ret->tv_sec += control->clock_s;
    }
    return result;
}

/* NOLINTEND(readability-inconsistent-declaration-parameter-name,clang-analyzer-core.*) */
