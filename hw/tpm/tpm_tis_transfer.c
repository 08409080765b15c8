/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * TPM TIS device: commands, responses and the locality-4 hash sequence through the FIFO
 *
 * TIS 1.3 and PTP 1.03, "Status register" with its state diagram, "Data FIFO", "Locality 4 hash
 * interface".
 */
#include "qemu/osdep.h"
#include "sysemu/tpm_backend_ext.h"
#include "sysemu/tpm_util.h"
#include "tpm_failure.h"
#include "tpm_tis.h"
#include "trace.h"

#define SIZE_FIELD_END 6 /* tag and size: from here on a command tells its length */

/* A missing entry is no transition; the states are counted from one for that. */
#define TO(_state) (TPM_TIS_STATE_##_state + 1)

static const uint8_t transition[TPM_TIS_STATES][TPM_TIS_EVENTS] = {
    [TPM_TIS_STATE_IDLE] = {
        [TPM_TIS_MAKE_READY] = TO(READY),
        [TPM_TIS_DROP] = TO(IDLE),
    },
    [TPM_TIS_STATE_READY] = {
        [TPM_TIS_MAKE_READY] = TO(READY),
        [TPM_TIS_FIRST_BYTE] = TO(RECEPTION),
        [TPM_TIS_DROP] = TO(IDLE),
    },
    [TPM_TIS_STATE_RECEPTION] = {
        [TPM_TIS_MAKE_READY] = TO(READY),
        [TPM_TIS_GO] = TO(EXECUTION),
        [TPM_TIS_DROP] = TO(IDLE),
    },
    [TPM_TIS_STATE_EXECUTION] = {
        [TPM_TIS_MAKE_READY] = TO(READY), /* by way of an abort */
        [TPM_TIS_RESPONDED] = TO(COMPLETION),
        [TPM_TIS_DROP] = TO(IDLE),
    },
    [TPM_TIS_STATE_COMPLETION] = {
        [TPM_TIS_MAKE_READY] = TO(READY),
        [TPM_TIS_RETRY] = TO(COMPLETION),
        [TPM_TIS_DROP] = TO(IDLE),
    },
};

/* What entering a state does to STS and which interrupts it may raise. */
static const struct {
    uint32_t sts;
    uint32_t interrupts;
} entry[TPM_TIS_STATES] = {
    [TPM_TIS_STATE_READY] = { TPM_TIS_STS_COMMAND_READY, TPM_TIS_INT_COMMAND_READY },
    [TPM_TIS_STATE_RECEPTION] = { TPM_TIS_STS_VALID | TPM_TIS_STS_EXPECT, 0 },
    [TPM_TIS_STATE_EXECUTION] = { TPM_TIS_STS_VALID, 0 },
    [TPM_TIS_STATE_COMPLETION] = { TPM_TIS_STS_VALID | TPM_TIS_STS_DATA_AVAILABLE,
                                   TPM_TIS_INT_DATA_AVAILABLE | TPM_TIS_INT_STS_VALID },
};

/* Self-test result and family outlive all states. */
static void set_sts(TPMLocality *l, uint32_t flags)
{
    l->sts &= TPM_TIS_STS_SELFTEST_DONE | TPM_TIS_STS_TPM_FAMILY_MASK;
    l->sts |= flags;
}

bool tpm_tis_may(const TPMState *s, uint8_t locty, TPMTISEvent event)
{
    return transition[s->loc[locty].state][event] != 0;
}

void tpm_tis_move(TPMState *s, uint8_t locty, TPMTISEvent event)
{
    TPMLocality *l = &s->loc[locty];
    TPMTISState former = l->state;

    assert(tpm_tis_may(s, locty, event));
    l->state = transition[former][event] - 1;
    set_sts(l, entry[l->state].sts);
    s->rw_offset = event == TPM_TIS_GO ? s->rw_offset : 0;
    if (l->state != former) {
        tpm_tis_raise(s, locty, entry[l->state].interrupts);
    }
}

/* --- commands and responses --- */

static void make_ready(TPMState *s, uint8_t locty)
{
    if (s->loc[locty].state == TPM_TIS_STATE_EXECUTION) {
        tpm_tis_abort(s);
    } else {
        tpm_tis_move(s, locty, TPM_TIS_MAKE_READY);
    }
}

static void go(TPMState *s, uint8_t locty)
{
    if (s->loc[locty].sts & TPM_TIS_STS_EXPECT) {
        return;
    }
    tpm_tis_move(s, locty, TPM_TIS_GO);
    s->cmd = (TPMBackendCmd){
        .locty = locty,
        .in = s->buffer,
        .in_len = s->rw_offset,
        .out = s->buffer,
        .out_len = s->be_buffer_size,
    };
    tpm_backend_deliver_request(s->be_driver, &s->cmd);
}

static void retry(TPMState *s, uint8_t locty)
{
    tpm_tis_move(s, locty, TPM_TIS_RETRY);
}

void tpm_tis_write_sts_command(TPMState *s, uint8_t locty, uint32_t flags)
{
    static const struct {
        uint32_t flag;
        TPMTISEvent event;
        void (*act)(TPMState *s, uint8_t locty);
    } commands[] = {
        { TPM_TIS_STS_COMMAND_READY, TPM_TIS_MAKE_READY, make_ready },
        { TPM_TIS_STS_TPM_GO, TPM_TIS_GO, go },
        { TPM_TIS_STS_RESPONSE_RETRY, TPM_TIS_RETRY, retry },
    };

    flags &= TPM_TIS_STS_COMMAND_READY | TPM_TIS_STS_TPM_GO | TPM_TIS_STS_RESPONSE_RETRY;
    for (unsigned i = 0; i < ARRAY_SIZE(commands); i++) {
        if (flags == commands[i].flag && tpm_tis_may(s, locty, commands[i].event)) {
            commands[i].act(s, locty);
            return;
        }
    }
}

static uint32_t response_size(const TPMState *s)
{
    return MIN(tpm_cmd_get_size(s->buffer), s->be_buffer_size);
}

uint32_t tpm_tis_burst_count(const TPMState *s, uint8_t locty)
{
    const TPMLocality *l = &s->loc[locty];

    if (l->sts & TPM_TIS_STS_DATA_AVAILABLE) {
        return response_size(s) - s->rw_offset;
    }
    if (l->state == TPM_TIS_STATE_EXECUTION || l->state == TPM_TIS_STATE_COMPLETION) {
        return 0;
    }
    return s->be_buffer_size - s->rw_offset;
}

uint8_t tpm_tis_fifo_read(TPMState *s, uint8_t locty)
{
    TPMLocality *l = &s->loc[locty];
    uint8_t byte;

    if (!(l->sts & TPM_TIS_STS_DATA_AVAILABLE)) {
        return TPM_TIS_NO_DATA_BYTE;
    }
    byte = s->buffer[s->rw_offset++];
    if (s->rw_offset >= response_size(s)) {
        set_sts(l, TPM_TIS_STS_VALID);
        tpm_tis_raise(s, locty, TPM_TIS_INT_STS_VALID);
    }
    return byte;
}

static bool command_complete(const TPMState *s)
{
    return s->rw_offset >= s->be_buffer_size ||
           (s->rw_offset >= SIZE_FIELD_END && s->rw_offset >= tpm_cmd_get_size(s->buffer));
}

void tpm_tis_fifo_write(TPMState *s, uint8_t locty, uint8_t byte)
{
    TPMLocality *l = &s->loc[locty];

    if (tpm_tis_may(s, locty, TPM_TIS_FIRST_BYTE)) {
        tpm_tis_move(s, locty, TPM_TIS_FIRST_BYTE);
    }
    if (!(l->sts & TPM_TIS_STS_EXPECT)) {
        return;
    }
    s->buffer[s->rw_offset++] = byte;
    if (command_complete(s)) {
        set_sts(l, TPM_TIS_STS_VALID);
    }
}

void tpm_tis_request_completed(TPMState *s, int ret)
{
    uint8_t locty = s->cmd.locty;

    if (s->cmd.selftest_done) {
        for (unsigned i = 0; i < TPM_TIS_NUM_LOCALITIES; i++) {
            s->loc[i].sts |= TPM_TIS_STS_SELFTEST_DONE;
        }
    }
    if (tpm_tis_is_aborting(s)) {
        tpm_tis_aborted(s);
        return;
    }
    if (ret != 0 || tpm_cmd_get_size(s->buffer) < TPM_FAILURE_SIZE) {
        tpm_put_failure(s->buffer, s->be_tpm_version);
    }
    tpm_tis_move(s, locty, TPM_TIS_RESPONDED);
}

/* --- locality-4 hash sequence --- */

static void hash_flush(TPMState *s)
{
    if (s->rw_offset) {
        s->hashing = tpm_backend_hash_data(s->be_driver, s->buffer, s->rw_offset);
        s->rw_offset = 0;
    }
}

/*
 * A command in execution is not aborted for it: the sequence does not begin, and the TPM shows that
 * nothing was hashed.
 */
void tpm_tis_hash_start(TPMState *s)
{
    bool executing = tpm_tis_is_locality(s->active_locty) &&
                     s->loc[s->active_locty].state == TPM_TIS_STATE_EXECUTION;

    if (executing || tpm_tis_is_aborting(s)) {
        return;
    }
    tpm_tis_take_over(s, 4);
    s->rw_offset = 0;
    s->hashing = tpm_backend_hash_start(s->be_driver);
}

void tpm_tis_hash_data(TPMState *s, uint8_t byte)
{
    if (!s->hashing) {
        return;
    }
    s->buffer[s->rw_offset++] = byte;
    if (s->rw_offset == sizeof(s->buffer)) {
        hash_flush(s);
    }
}

void tpm_tis_hash_end(TPMState *s)
{
    if (s->hashing) {
        hash_flush(s);
    }
    if (s->hashing) {
        tpm_backend_hash_end(s->be_driver);
    }
    s->hashing = false;
    if (s->active_locty == 4) {
        tpm_tis_relinquish(s);
    }
}
