/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The first byte chooses a call of the character device; the rest is what an opener hands over, and
 * what swtpm answers, and a command and a response.
 */
#include <stdlib.h>
#include <string.h>

#include "command.h"
#include "state.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* A message has the call's code, and never more than there is room for. */
static void fuzz_request(const PtmCall *call, WireBytes argument)
{
    static uint8_t buf[PTM_REQUEST_MAX];
    WireWriter w = WIRE_WRITER(buf, sizeof(buf));
    WireReader r;
    uint32_t code;

    if (!ptm_put_request(&w, call, argument)) {
        if (w.len != 0) {
            abort();
        }
        return;
    }
    r = WIRE_READER(buf, w.len);
    if (!wire_get_u32(&r, &code) || code != ptm_code(call) ||
        ptm_find(ptm_ioctl_code(call)) != call) {
        abort();
    }
}

/* An answer that is whole is so at one length alone. */
static void fuzz_answer(const PtmCall *call, WireBytes answer)
{
    static uint8_t structure[PTM_ARGUMENT_MAX];
    const PtmProgress progress = ptm_answer_size(call, answer, &(size_t){ 0 });
    size_t size;

    if (ptm_get_response(call, answer, structure) !=
        (progress == PTM_WHOLE && call->kind != KIND_GET_STATE)) {
        abort();
    }
    for (size_t n = 0; n < answer.len; n++) {
        switch (ptm_answer_size(call, (WireBytes){ answer.p, n }, &size)) {
        case PTM_MORE:
            if (size <= n || size > PTM_ANSWER_MAX) {
                abort();
            }
            break;
        case PTM_WHOLE:
            if (progress != PTM_BROKEN || size != n) {
                abort();
            }
            return;
        case PTM_BROKEN:
            return;
        }
    }
}

/* A state that is taken piece by piece is the one in the answer. */
static void fuzz_taking(const PtmCall *call, WireBytes answer)
{
    static uint8_t structure[PTM_ARGUMENT_MAX];
    const StateKind kind = { 1, 2 };
    State s = { 0 };

    if (!state_begin_taking(&s, call, kind, answer)) {
        return;
    }
    for (size_t at = 0; state_has(&s, kind);) {
        const size_t left = answer.len - 16 - at;

        state_take_piece(&s, call, (uint32_t)at, structure);
        if (ptm_number(structure + 12) != (left < PTM_PIECE ? left : PTM_PIECE) ||
            memcmp(structure + 16, answer.p + 16 + at, ptm_number(structure + 12)) != 0) {
            abort();
        }
        at += ptm_number(structure + 12);
    }
}

static void fuzz_giving(const PtmCall *call, WireBytes argument)
{
    State s = { 0 };

    for (int i = 0; i < 3; i++) {
        if (state_give_piece(&s, call, argument) == STATE_COMPLETE &&
            s.len > (size_t)(i + 1) * PTM_PIECE) {
            abort();
        }
    }
    state_clear(&s);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    size_t count;
    const PtmCall *call = ptm_calls(&count);
    const WireBytes rest = { size ? data + 1 : NULL, size ? size - 1 : 0 };
    size_t len;

    if (size == 0) {
        return 0;
    }
    call += data[0] % count;
    if (command_check(rest, &len) == 0 && (len > rest.len || len < COMMAND_HEADER)) {
        abort();
    }
    if (response_size(NULL, rest, &len) == PTM_WHOLE && len != rest.len) {
        abort();
    }
    if (call->kind == KIND_SET_STATE) {
        fuzz_giving(call, rest);
    } else {
        fuzz_request(call, rest);
    }
    if (call->kind == KIND_GET_STATE) {
        fuzz_taking(call, rest);
    }
    fuzz_answer(call, rest);
    return 0;
}
