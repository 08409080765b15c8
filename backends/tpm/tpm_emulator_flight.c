/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * TPM emulator back end: the record of the command in flight; its answer to the front end
 */
#include "qemu/osdep.h"
#include "system/tpm_qemu_version.h"
#include "system/tpm_util.h"
#include "tpm_emulator_flight.h"
#include "trace.h"

void tpm_emulator_flight_unwatch(TPMEmulator *s)
{
    if (s->flight.watched_fd >= 0) {
        tpm_watch_fd(s->flight.watched_fd, NULL, NULL);
        s->flight.watched_fd = -1;
        timer_del(s->command_timer);
    }
}

/* No response of our own is one to an errand. */
static void land_errand(TPMEmulator *s, size_t size, bool from_tpm)
{
    g_autofree char *why = NULL;

    s->flight.errand = false;
    if (from_tpm) {
        tpm_emulator_errand_land(&s->errands, s->parent.id, s->flight.reply, size);
        return;
    }
    why = g_strdup_printf("the TPM was lost: %s", s->lost_reason);
    tpm_emulator_errand_fail(&s->errands, s->parent.id, s->errands.running, why);
}

/* Ends the flight with the @size bytes in flight.reply and tells the front end. */
static void land(TPMEmulator *s, size_t size, bool from_tpm)
{
    TPMEmulatorFlight *f = &s->flight;
    TPMBackendCmd *cmd = f->cmd;
    uint32_t rc = tpm_cmd_get_errcode(f->reply);

    tpm_emulator_flight_unwatch(s);
    f->phase = TPM_EMULATOR_QUIET;
    f->cmd = NULL;
    f->have = size;
    if (from_tpm) {
        s->order = tpm_emulator_order_after(s->order, f->deed, rc == 0);
    }
    if (tpm_emulator_errand_next(&s->errands)) {
        qemu_bh_schedule(s->errand_bh);
    }
    if (f->errand) {
        land_errand(s, size, from_tpm);
    }
    if (!cmd) {
        return;
    }
    if (from_tpm) {
        tpm_command_stats_add(&s->stats, f->code, tpm_emulator_now() - f->started_ns, rc != 0,
                              f->inline_wait);
    } else {
        tpm_command_stats_add_failure(&s->stats, f->code);
        s->failures++;
    }
    trace_tpm_emulator_response(f->code, rc, size, f->inline_wait);
    cmd->selftest_done = rc == 0 && tpm_util_is_selftest(cmd->in, cmd->in_len);
    memcpy(cmd->out, f->reply, MIN(size, cmd->out_len));
    TPM_IF_GET_CLASS(s->parent.tpmif)->request_completed(s->parent.tpmif, 0);
}

void tpm_emulator_flight_begin(TPMEmulator *s, TPMBackendCmd *cmd, const uint8_t *command,
                               size_t size)
{
    TPMEmulatorFlight *f = &s->flight;

    assert(f->phase == TPM_EMULATOR_QUIET);
    f->phase = TPM_EMULATOR_RESPONSE;
    f->cmd = cmd;
    f->errand = false;
    f->code = size ? tpm_cmd_get_ordinal(command) : 0;
    f->deed = tpm_emulator_deed(command, size);
    f->started_ns = tpm_emulator_now();
    f->cancelled = false;
    f->inline_wait = false;
    f->have = 0;
    s->measure.busy = s->measure.starting = false; /* one that ended with the TPM's loss */
}

void tpm_emulator_flight_land(TPMEmulator *s, size_t size)
{
    land(s, size, true);
}

void tpm_emulator_flight_answer(TPMEmulator *s, TPMFrameFault fault)
{
    tpm_frame_put_fault(s->flight.reply, s->version, fault);
    land(s, TPM_FRAME_HEADER, false);
}

void tpm_emulator_flight_answer_parked(TPMEmulator *s, TPMFrameFault fault)
{
    TPMBackendCmd *cmd = s->parked;

    if (cmd) {
        s->parked = NULL;
        tpm_emulator_flight_begin(s, cmd, cmd->in,
                                  tpm_frame_is_whole(cmd->in, cmd->in_len) ? cmd->in_len : 0);
        tpm_emulator_flight_answer(s, fault);
    }
}
