/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The ioctls of a TPM that is a character device of swtpm's kind, and what each is on swtpm's
 * control channel. One table has the facts of both; here is what translates by it. No allocation,
 * no I/O, no logging.
 *
 * Source of the facts: tpm_ioctl.h of swtpm 0.7. An ioctl's structure is in the byte order of the
 * machine and a union of request and response; a message has the same fields in big-endian order.
 */
#ifndef VTPM_CUSE_PTM_H
#define VTPM_CUSE_PTM_H

#include "wire/cursor.h"

enum {
    PTM_PIECE = 3072,                /* of a state or of information, in an ioctl */
    PTM_HASH_MAX = 4096,             /* bytes to hash in an ioctl */
    PTM_ARGUMENT_MAX = 4100,         /* the largest structure: that of hash data */
    PTM_REQUEST_MAX = 8 + 4096,      /* the largest message, states apart: code, size, hash data */
    PTM_MESSAGE_READ = 4096,         /* what swtpm reads of a message at once */
    PTM_STATE_MAX = 4 * 1024 * 1024, /* many times what any TPM's state takes */
    PTM_ANSWER_MAX = 16 + PTM_STATE_MAX,
};

/** What has to be done with an ioctl beside carrying it over. */
typedef enum PtmKind {
    KIND_PLAIN,
    KIND_CAPABILITY, /* bits of what is not carried over are taken out */
    KIND_RESET,      /* the TPM starts or stops: what it answered before is gone */
    KIND_SHUTDOWN,   /* swtpm ends */
    KIND_GET_STATE,  /* an answer as a whole, an ioctl in pieces */
    KIND_SET_STATE,  /* ioctls in pieces, a message as a whole */
} PtmKind;

/** One ioctl. */
typedef struct PtmCall {
    const char *name;
    unsigned number;     /* in ioctl's; the message's code is one more */
    size_t size;         /* of its structure */
    uint32_t capability; /* the bit that says that a TPM has it; 0: none does */
    PtmKind kind;
    /*
     * Fields of the structures, in order: '1', '4' and '8' are numbers of so many bytes, '.' is a
     * byte of padding, '*' are as many bytes as the number before it says.
     */
    const char *request;  /* NULL: the ioctl hands nothing over */
    const char *response; /* of the message; begins with the result, but for the capabilities */
    size_t data_max;      /* most bytes for '*' */
} PtmCall;

/** ptm_find: the ioctl with this number, direction and size; NULL: not one that is carried over. */
const PtmCall *ptm_find(unsigned long ioctl_code);

/** ptm_ioctl_code: the reverse. */
unsigned long ptm_ioctl_code(const PtmCall *call);

/** ptm_calls: all of them; @ret_count says how many. */
const PtmCall *ptm_calls(size_t *ret_count);

/** ptm_capabilities: the bits of all that is carried over. */
uint64_t ptm_capabilities(void);

/**
 * ptm_put_request: an ioctl's structure as a message for the control channel. The pieces of states
 * are not messages; state_put_get() and state_put_set() make those.
 * @argument: as the opener gave it; exactly @call->size bytes where @call has a request
 *
 * Returns false, and puts nothing, where it is too short or a length in it leads outside.
 */
bool ptm_put_request(WireWriter *w, const PtmCall *call, WireBytes argument);

/** How much of an answer is there. */
typedef enum PtmProgress {
    PTM_MORE,
    PTM_WHOLE,
    PTM_BROKEN, /* no answer to this call looks like this */
} PtmProgress;

/**
 * ptm_answer_size: looks at the first bytes of an answer on the control channel.
 * @ret_size: how many bytes it takes, as far as can be said yet: never more than PTM_ANSWER_MAX,
 *     and more than @have.len where PTM_MORE is returned
 *
 * An answer whose result is not 0 ends there.
 */
PtmProgress ptm_answer_size(const PtmCall *call, WireBytes have, size_t *ret_size);

/**
 * ptm_get_response: a whole answer as the ioctl's structure; not for KIND_GET_STATE.
 * @ret: @call->size bytes, all of which are written
 *
 * Returns false, and writes nothing, where the answer is none.
 */
bool ptm_get_response(const PtmCall *call, WireBytes answer, uint8_t *ret);

/** ptm_put_result: a structure that has a TPM's result and nothing else. @ret: @call->size bytes */
void ptm_put_result(const PtmCall *call, uint32_t result, uint8_t *ret);

/** ptm_running_probe: a call that fails where the TPM does not run, and changes nothing. */
const PtmCall *ptm_running_probe(void);

/** ptm_code: what begins @call's message. */
uint32_t ptm_code(const PtmCall *call);

/** ptm_number: a 32-bit number of an ioctl's structure, in the byte order of the machine. */
uint32_t ptm_number(const uint8_t *at);

#endif
