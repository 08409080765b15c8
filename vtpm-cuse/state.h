/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A TPM's state on its way: openers take and give it in pieces, by ioctls or by read and write, and
 * swtpm as a whole. It is a secret: what is left of it is wiped.
 *
 * Source of the facts: tpm_ioctl.h of swtpm 0.7, PTM_GET_STATEBLOB and PTM_SET_STATEBLOB.
 */
#ifndef VTPM_CUSE_STATE_H
#define VTPM_CUSE_STATE_H

#include "ptm.h"

/** Which state, and in which form. */
typedef struct StateKind {
    uint32_t flags;
    uint32_t type;
} StateKind;

/** One that is on its way; all zeros: none is. */
typedef struct State {
    uint8_t *bytes; /* owned */
    size_t len;
    size_t room;     /* for bytes */
    size_t at;       /* taken up to here */
    StateKind asked; /* what an opener asked for, or gives */
    uint32_t flags;  /* as swtpm says, of one that is taken */
    enum { STATE_NONE, STATE_TAKEN, STATE_GIVEN } way;
} State;

/** state_clear: nothing is on its way any more, and nothing is left of it in memory. */
void state_clear(State *s);

/** state_put_get: the message that asks for a whole state. */
bool state_put_get(WireWriter *w, const PtmCall *call, StateKind kind);

/**
 * state_begin_taking: keeps the state of swtpm's answer, for pieces.
 * @answer: whole, with the result 0
 *
 * Returns false where it is no answer, or not the whole state; nothing is then on its way.
 */
bool state_begin_taking(State *s, const PtmCall *call, StateKind kind, WireBytes answer);

/** state_has: whether pieces of this state can be taken. */
bool state_has(const State *s, StateKind kind);

/**
 * state_take_piece: the structure with the piece at @offset, which may be empty; with the last one
 * nothing is on its way any more.
 * @ret: @call->size bytes
 */
void state_take_piece(State *s, const PtmCall *call, uint32_t offset, uint8_t *ret);

/** state_next: up to @size further bytes, borrowed; fewer are the end. */
WireBytes state_next(const State *s, size_t size);

/** state_advance: state_next(@size) was handed over. */
void state_advance(State *s, size_t size);

/** What has become of a piece. */
typedef enum StateGiven {
    STATE_PIECE_KEPT,
    STATE_COMPLETE,  /* state_put_set() can make the message */
    STATE_TOO_LARGE, /* nothing is on its way any more */
    STATE_WRONG,     /* not a piece; as above */
} StateGiven;

/** state_give_piece: takes over what an ioctl gives. @argument: its structure */
StateGiven state_give_piece(State *s, const PtmCall *call, WireBytes argument);

/** state_give: the same of a write; there STATE_COMPLETE is never the case. */
StateGiven state_give(State *s, WireBytes bytes);

/** state_put_set: the message that gives a whole state to swtpm. */
bool state_put_set(WireWriter *w, const PtmCall *call, const State *s);

#endif
