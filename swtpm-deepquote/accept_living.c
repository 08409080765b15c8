/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "accept_living.h"

#include <poll.h>
#include <stdbool.h>
#include <unistd.h>

static short happened(int fd, short events)
{
    struct pollfd one = { .fd = fd, .events = events };

    return poll(&one, 1, 0) == 1 ? one.revents : 0;
}

static bool is_unix(int fd)
{
    int domain;
    socklen_t length = sizeof(domain);

    return getsockopt(fd, SOL_SOCKET, SO_DOMAIN, &domain, &length) == 0 && domain == AF_UNIX;
}

/* Whether another connection is to be accepted in place of @fd. */
static bool is_to_be_passed(int fd, int listener)
{
    return fd >= 0 && is_unix(fd) && (happened(fd, 0) & POLLHUP) &&
           (happened(listener, POLLIN) & POLLIN);
}

int accept_living(Accept *accept_one, int listener, struct sockaddr *address, socklen_t *length)
{
    const socklen_t room = length ? *length : 0;
    int fd = accept_one(listener, address, length);

    for (int passed = 0; passed < ACCEPT_PASS_MAX && is_to_be_passed(fd, listener); passed++) {
        close(fd);
        if (length) {
            *length = room;
        }
        fd = accept_one(listener, address, length);
    }
    return fd;
}
