/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "exchange.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

void exchange_begin(Exchange *e, uint8_t *out, size_t len, ExchangeSize *size, const void *what)
{
    exchange_idle(e); /* that the peer is gone is found out by the first step */
    e->out = out;
    e->out_len = len;
    e->size = size;
    e->what = what;
}

short exchange_events(const Exchange *e)
{
    return e->sent < e->out_len ? POLLIN | POLLOUT : POLLIN;
}

static void wipe(uint8_t *bytes, size_t len)
{
    if (bytes) {
        explicit_bzero(bytes, len);
        free(bytes);
    }
}

void exchange_end(Exchange *e)
{
    wipe(e->out, e->out_len);
    wipe(e->in, e->in_len);
    *e = (Exchange){ .fd = e->fd };
}

/* Whether the last call failed for good, rather than for now. */
static bool is_over(ssize_t n)
{
    return n == 0 || (n < 0 && errno != EAGAIN && errno != EINTR);
}

static bool send_more(Exchange *e)
{
    while (e->sent < e->out_len) {
        const ssize_t n =
            send(e->fd, e->out + e->sent, e->out_len - e->sent, MSG_DONTWAIT | MSG_NOSIGNAL);

        if (n <= 0) {
            return !is_over(n);
        }
        e->sent += (size_t)n;
    }
    return true;
}

/* Makes room for @size bytes of the answer, which are a secret of the TPM's. */
static bool grow(Exchange *e, size_t size)
{
    uint8_t *in;

    if (size <= e->in_room) {
        return true;
    }
    in = malloc(size);
    if (!in) {
        return false;
    }
    if (e->in) {
        memcpy(in, e->in, e->in_len);
        wipe(e->in, e->in_len);
    }
    e->in = in;
    e->in_room = size;
    return true;
}

ExchangeProgress exchange_step(Exchange *e)
{
    if (!send_more(e)) {
        return EXCHANGE_LOST;
    }
    for (;;) {
        size_t size;
        ssize_t n;

        switch (e->size(e->what, (WireBytes){ e->in, e->in_len }, &size)) {
        case PTM_BROKEN:
            return EXCHANGE_LOST;
        case PTM_WHOLE:
            return EXCHANGE_ANSWERED;
        case PTM_MORE:
            break;
        }
        if (!grow(e, size)) {
            return EXCHANGE_LOST;
        }
        n = recv(e->fd, e->in + e->in_len, size - e->in_len, MSG_DONTWAIT);
        if (n <= 0) {
            return is_over(n) ? EXCHANGE_LOST : EXCHANGE_WAITS;
        }
        e->in_len += (size_t)n;
    }
}

bool exchange_idle(Exchange *e)
{
    uint8_t unasked[4096]; /* more than any call has that failed; for a flood we are called again */
    const ssize_t n = recv(e->fd, unasked, sizeof(unasked), MSG_DONTWAIT);

    return n > 0 || !is_over(n);
}
