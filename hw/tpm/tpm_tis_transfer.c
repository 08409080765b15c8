/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * TPM TIS device: commands and responses through the FIFO
 *
 * TIS 1.3 and PTP 1.03, "Status register", "Data FIFO".
 */
#include "qemu/osdep.h"
#include "tpm_tis_irq.h"
#include "tpm_tis_locality.h"
#include "tpm_tis_state.h"
#include "tpm_tis_transfer.h"

#define SIZE_FIELD_END 6 /* tag and size: from here on a command tells its length */

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
        tpm_tis_set_sts(l, TPM_TIS_STS_VALID);
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
        tpm_tis_set_sts(l, TPM_TIS_STS_VALID);
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
    if (ret != 0 || tpm_cmd_get_size(s->buffer) < TPM_FRAME_HEADER) {
        tpm_frame_put_fault(s->buffer, s->be_tpm_version, TPM_FRAME_FAILED);
    }
    tpm_tis_move(s, locty, TPM_TIS_RESPONDED);
}
