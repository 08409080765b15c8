/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One message and its answer over a stream socket to swtpm, without ever waiting: whoever polls the
 * socket calls exchange_step(). There is one at a time on a socket.
 */
#ifndef VTPM_CUSE_EXCHANGE_H
#define VTPM_CUSE_EXCHANGE_H

#include "ptm.h"

/**
 * How far an answer goes, told from its first bytes, as ptm_answer_size() does.
 * @what: as given to exchange_begin()
 */
typedef PtmProgress ExchangeSize(const void *what, WireBytes have, size_t *ret_size);

/** All but @fd is zero while there is none. */
typedef struct Exchange {
    int fd;       /* borrowed */
    uint8_t *out; /* owned; NULL: no exchange */
    size_t out_len;
    size_t sent;
    uint8_t *in; /* owned: the answer so far */
    size_t in_len;
    size_t in_room;
    ExchangeSize *size;
    const void *what; /* borrowed */
} Exchange;

typedef enum ExchangeProgress {
    EXCHANGE_WAITS,
    EXCHANGE_ANSWERED, /* the answer is in @in, until exchange_end() */
    EXCHANGE_LOST,     /* the peer is gone, or breaks the protocol */
} ExchangeProgress;

/**
 * exchange_begin: what came without having been asked for is dropped: swtpm ends some answers
 * that say that a call failed later than ptm_answer_size() knows.
 * @out: (transfer full): made by malloc(); the message
 */
void exchange_begin(Exchange *e, uint8_t *out, size_t len, ExchangeSize *size, const void *what);

static inline bool exchange_runs(const Exchange *e)
{
    return e->out != NULL;
}

/** exchange_events: what to poll the socket for. */
short exchange_events(const Exchange *e);

/** exchange_step: does what can be done without waiting. */
ExchangeProgress exchange_step(Exchange *e);

/** exchange_end: wipes message and answer, which may be a TPM's state. */
void exchange_end(Exchange *e);

/**
 * exchange_idle: drops what came without having been asked for. Returns false where the peer is
 * gone.
 */
bool exchange_idle(Exchange *e);

#endif
