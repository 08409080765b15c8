/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "ptm.h"

#include <endian.h>
#include <string.h>
#include <sys/ioctl.h>

enum { PTM_TYPE = 'P' };

/*
 * SET_DATAFD, number 15, is not here: the channel for commands is ours, and an opener has nothing
 * that it could hand over by an ioctl.
 */
/* clang-format off */
static const PtmCall calls[] = {
    /* name                  number size  capability kind       request  response */
    { "GET_CAPABILITY",        0,    8,        0, KIND_CAPABILITY, NULL,   "8",     0 },
    { "INIT",                  1,    4,  1u << 0, KIND_RESET,      "4",    "4",     0 },
    { "SHUTDOWN",              2,    4,  1u << 1, KIND_SHUTDOWN,   NULL,   "4",     0 },
    { "GET_TPMESTABLISHED",    3,    8,  1u << 2, KIND_PLAIN,      NULL,   "41...", 0 },
    { "SET_LOCALITY",          4,    4,  1u << 3, KIND_PLAIN,      "1...", "4",     0 },
    { "HASH_START",            5,    4,  1u << 4, KIND_PLAIN,      NULL,   "4",     0 },
    { "HASH_DATA",             6, 4100,  1u << 4, KIND_PLAIN,      "4*",   "4",     PTM_HASH_MAX },
    { "HASH_END",              7,    4,  1u << 4, KIND_PLAIN,      NULL,   "4",     0 },
    { "CANCEL_TPM_CMD",        8,    4,  1u << 5, KIND_PLAIN,      NULL,   "4",     0 },
    { "STORE_VOLATILE",        9,    4,  1u << 6, KIND_PLAIN,      NULL,   "4",     0 },
    { "RESET_TPMESTABLISHED", 10,    4,  1u << 7, KIND_PLAIN,      "1...", "4",     0 },
    { "GET_STATEBLOB",        11, 3088,  1u << 8, KIND_GET_STATE,  "444",  "4444*", PTM_STATE_MAX },
    { "SET_STATEBLOB",        12, 3084,  1u << 9, KIND_SET_STATE,  "444*", "4",     PTM_PIECE },
    { "STOP",                 13,    4, 1u << 10, KIND_RESET,      NULL,   "4",     0 },
    { "GET_CONFIG",           14,    8, 1u << 11, KIND_PLAIN,      NULL,   "44",    0 },
    { "SET_BUFFERSIZE",       16,   16, 1u << 13, KIND_PLAIN,      "4",    "4444",  0 },
    { "GET_INFO",             17, 3088, 1u << 14, KIND_PLAIN,      "844",  "444*",  PTM_PIECE },
};
/* clang-format on */

enum { CALLS = sizeof(calls) / sizeof(calls[0]), PROBE = 3 };

unsigned long ptm_ioctl_code(const PtmCall *call)
{
    return _IOC(call->request ? _IOC_READ | _IOC_WRITE : _IOC_READ, PTM_TYPE, call->number,
                call->size);
}

const PtmCall *ptm_find(unsigned long ioctl_code)
{
    for (size_t i = 0; i < CALLS; i++) {
        if (ptm_ioctl_code(&calls[i]) == ioctl_code) {
            return &calls[i];
        }
    }
    return NULL;
}

const PtmCall *ptm_calls(size_t *ret_count)
{
    *ret_count = CALLS;
    return calls;
}

uint64_t ptm_capabilities(void)
{
    uint64_t bits = 0;

    for (size_t i = 0; i < CALLS; i++) {
        bits |= calls[i].capability;
    }
    return bits;
}

const PtmCall *ptm_running_probe(void)
{
    return &calls[PROBE];
}

uint32_t ptm_code(const PtmCall *call)
{
    return call->number + 1;
}

uint32_t ptm_number(const uint8_t *at)
{
    uint32_t number;

    memcpy(&number, at, sizeof(number));
    return number;
}

/* How many bytes a field of fixed size takes. */
static size_t width(char field)
{
    return field == '8' ? 8 : field == '4' ? 4 : 1;
}

/* One field of a structure, which has room for it, as a message has it. */
static bool put_field(WireWriter *w, char field, const uint8_t *at)
{
    uint64_t wide;

    switch (field) {
    case '4':
        return wire_put_u32(w, ptm_number(at));
    case '8':
        memcpy(&wide, at, sizeof(wide));
        return wire_put_u64(w, wide);
    case '1':
        return wire_put_u8(w, *at);
    default:
        return wire_put_u8(w, 0);
    }
}

bool ptm_put_request(WireWriter *w, const PtmCall *call, WireBytes argument)
{
    WireWriter t = *w;
    WireReader r = WIRE_READER(argument.p, argument.len);
    const char *field = call->request ? call->request : "";
    WireBytes bytes = { NULL, 0 };

    if (!wire_put_u32(&t, ptm_code(call))) {
        return false;
    }
    for (; *field && *field != '*'; field++) {
        if (!wire_get_bytes(&r, width(*field), &bytes) || !put_field(&t, *field, bytes.p)) {
            return false;
        }
    }
    if (*field == '*') {
        const uint32_t count = ptm_number(bytes.p);

        if (count > call->data_max || !wire_get_bytes(&r, count, &bytes) ||
            !wire_put_bytes(&t, bytes)) {
            return false;
        }
    }
    *w = t;
    return true;
}

static uint32_t big_endian(const uint8_t *at)
{
    return be32toh(ptm_number(at));
}

/* Whether the answer ends after its result, which says that the call failed. */
static bool failed(const PtmCall *call, WireBytes answer)
{
    return call->kind != KIND_CAPABILITY && answer.len >= 4 && big_endian(answer.p) != 0;
}

/* How long the answer is up to its '*', or to what of it says how it goes on. */
static size_t fixed_size(const PtmCall *call, WireBytes have)
{
    size_t size = 0;

    if (call->kind != KIND_CAPABILITY && (have.len < 4 || failed(call, have))) {
        return 4;
    }
    for (const char *field = call->response; *field && *field != '*'; field++) {
        size += width(*field);
    }
    return size;
}

PtmProgress ptm_answer_size(const PtmCall *call, WireBytes have, size_t *ret_size)
{
    size_t size = fixed_size(call, have);

    if (have.len >= size && !failed(call, have) && strchr(call->response, '*')) {
        const uint32_t count = big_endian(have.p + size - 4);

        if (count > call->data_max) {
            return PTM_BROKEN;
        }
        size += count;
    }
    if (have.len > size) {
        return PTM_BROKEN;
    }
    *ret_size = size;
    return have.len < size ? PTM_MORE : PTM_WHOLE;
}

void ptm_put_result(const PtmCall *call, uint32_t result, uint8_t *ret)
{
    memset(ret, 0, call->size);
    memcpy(ret, &result, sizeof(result));
}

/* Moves one field of an answer into a structure that has room for it. */
static bool get_field(WireReader *r, char field, uint8_t *at)
{
    uint32_t number;
    uint64_t wide;

    switch (field) {
    case '4':
        if (!wire_get_u32(r, &number)) {
            return false;
        }
        memcpy(at, &number, sizeof(number));
        return true;
    case '8':
        if (!wire_get_u64(r, &wide)) {
            return false;
        }
        memcpy(at, &wide, sizeof(wide));
        return true;
    default:
        return wire_get_u8(r, at);
    }
}

bool ptm_get_response(const PtmCall *call, WireBytes answer, uint8_t *ret)
{
    WireReader r = WIRE_READER(answer.p, answer.len);
    uint8_t *at = ret;
    size_t size;

    if (call->kind == KIND_GET_STATE || ptm_answer_size(call, answer, &size) != PTM_WHOLE) {
        return false;
    }
    if (failed(call, answer)) {
        ptm_put_result(call, big_endian(answer.p), ret);
        return true;
    }
    memset(ret, 0, call->size);
    for (const char *field = call->response; *field; at += width(*field++)) {
        /* both were held against the table: all there is, and no more than there is room for */
        if (*field == '*' ? !wire_get_copy(&r, r.left, at) : !get_field(&r, *field, at)) {
            return false;
        }
    }
    return true;
}
