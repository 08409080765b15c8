/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "state_key.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

enum { KEY_REQUEST_ID = 1 };

static bool fail(char *error, size_t error_size, const char *what, int number)
{
    snprintf(error, error_size, "%s: %s; is vtpm-managerd running, and of the same version?", what,
             number ? strerror(number) : "it closed the connection");
    return false;
}

/* A connection on which each step takes the time-out at most; -1 with @error set. */
static int connect_manager(const Settings *s, char *error, size_t error_size)
{
    const struct timeval patience = { s->timeout_ms / 1000, s->timeout_ms % 1000 * 1000L };
    struct sockaddr_un address = { .sun_family = AF_UNIX };
    int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);

    memcpy(address.sun_path, s->manager, sizeof(address.sun_path));
    if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof(patience)) != 0 ||
        setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience)) != 0 ||
        connect(fd, (const struct sockaddr *)&address, sizeof(address)) != 0) {
        fail(error, error_size, s->manager, errno);
        if (fd >= 0) {
            close(fd);
        }
        return -1;
    }
    return fd;
}

/* @packet: gets the reply, of which @ret borrows */
static bool exchange(int fd, const Settings *s, uint8_t packet[MANAGER_MESSAGE_MAX],
                     ManagerMessage *ret, char *error, size_t error_size)
{
    const ManagerMessage request = { .type = MANAGER_KEY, .id = KEY_REQUEST_ID, .key = s->uuid };
    WireWriter w = WIRE_WRITER(packet, MANAGER_MESSAGE_MAX);
    ssize_t n;

    if (!wire_put_manager_message(&w, &request) ||
        send(fd, packet, w.len, MSG_NOSIGNAL) != (ssize_t)w.len) {
        return fail(error, error_size, s->manager, errno);
    }
    n = recv(fd, packet, MANAGER_MESSAGE_MAX, 0);
    if (n <= 0) {
        return fail(error, error_size, s->manager, n < 0 ? errno : 0);
    }
    if (!wire_decode_manager_message((WireBytes){ packet, (size_t)n }, ret) ||
        ret->type != MANAGER_KEY_REPLY || ret->id != KEY_REQUEST_ID) {
        return fail(error, error_size, s->manager, EPROTO);
    }
    return true;
}

static StateKeyAnswer judge(const ManagerReply *reply, uint8_t ret[MANAGER_KEY_SIZE], char *error,
                            size_t error_size)
{
    if (reply->status != MANAGER_OK) {
        snprintf(error, error_size, "the manager refuses it: %s",
                 manager_reason_text(reply->reason));
        return STATE_KEY_REFUSED;
    }
    if (reply->key.len == 0) {
        return STATE_KEY_NONE;
    }
    memcpy(ret, reply->key.p, MANAGER_KEY_SIZE);
    return STATE_KEY_GIVEN;
}

StateKeyAnswer state_key_ask(const Settings *s, uint8_t ret[MANAGER_KEY_SIZE], char *error,
                             size_t error_size)
{
    StateKeyAnswer answer = STATE_KEY_REFUSED;
    uint8_t packet[MANAGER_MESSAGE_MAX];
    ManagerMessage reply;
    int fd = connect_manager(s, error, error_size);

    if (fd < 0) {
        return answer;
    }
    if (exchange(fd, s, packet, &reply, error, error_size)) {
        answer = judge(&reply.reply, ret, error, error_size);
    }
    explicit_bzero(packet, sizeof(packet));
    close(fd);
    return answer;
}
