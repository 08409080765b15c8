/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * TPM emulator back end: when commands of the host are sent
 *
 * From the main loop, one at a time, while nothing is in flight. The guest's next command goes
 * before the next of them, so that none waits for more than one.
 */
#include "qemu/osdep.h"
#include "qapi/error.h"
#include "qemu/main-loop.h"
#include "system/runstate.h"
#include "tpm_emulator_host.h"
#include "tpm_emulator_io.h"
#include "tpm_emulator_loss.h"

/* Why the TPM cannot make one now, and does not by waiting; NULL where it can. */
static const char *refusal(const TPMEmulator *s)
{
    if (s->version != TPM_VERSION_2_0) {
        return "the TPM is not version 2.0";
    }
    if (runstate_check(RUN_STATE_INMIGRATE)) {
        return "the TPM waits for an incoming migration";
    }
    if (tpm_emulator_is_lost(s)) {
        return "the TPM is lost, until it is back and the guest is reset";
    }
    if (s->handed_over) {
        return "the TPM's state was saved, and the guest has not run since";
    }
    if (s->state != TPM_BACKEND_STATE_RUNNING || s->order == TPM_EMULATOR_NOT_STARTED) {
        return "the guest has not started its TPM";
    }
    return NULL;
}

static int64_t now_ms(void)
{
    return qemu_clock_get_ms(QEMU_CLOCK_REALTIME);
}

static void fail(TPMEmulator *s, TPMEmulatorErrand *errand, const char *why)
{
    tpm_emulator_errand_fail(&s->errands, s->parent.id, errand, why);
}

static void set_timer(TPMEmulator *s)
{
    int64_t deadline_ms = tpm_emulator_errand_deadline(&s->errands);

    if (deadline_ms == INT64_MAX) {
        timer_del(s->errand_timer);
    } else {
        timer_mod(s->errand_timer, deadline_ms);
    }
}

/* Sends the next one, where that can be. Each landing calls for it again. */
static void send_next(void *opaque)
{
    TPMEmulator *s = opaque;
    TPMEmulatorErrand *errand;

    while (s->flight.phase == TPM_EMULATOR_QUIET &&
           (errand = tpm_emulator_errand_next(&s->errands))) {
        const char *why = refusal(s);

        if (why) {
            fail(s, errand, why);
        } else if (s->hashing) {
            break;
        } else {
            tpm_emulator_errand_start(&s->errands, errand);
            tpm_emulator_send_errand(s, errand->command, errand->command_size);
        }
    }
    set_timer(s);
}

static void deadline_passed(void *opaque)
{
    TPMEmulator *s = opaque;
    TPMEmulatorErrand *errand;

    while ((errand = tpm_emulator_errand_overdue(&s->errands, now_ms()))) {
        fail(s, errand, "the TPM was busy for as long as it was to wait");
    }
    set_timer(s);
}

TpmHostCommand *tpm_emulator_host_command(TPMBackend *tb, const TPMHostRequest *request,
                                          Error **errp)
{
    TPMEmulator *s = TPM_EMULATOR(tb);
    const char *why = refusal(s);
    const TPMEmulatorErrand *errand;

    if (why) {
        error_setg(errp, "TPM '%s': %s", tb->id, why);
        return NULL;
    }
    errand = tpm_emulator_errand_add(&s->errands, request, now_ms(), errp);
    if (!errand) {
        return NULL;
    }
    set_timer(s);
    qemu_bh_schedule(s->errand_bh);
    return tpm_emulator_errand_query(errand);
}

TpmHostCommand *tpm_emulator_host_query(TPMBackend *tb, uint32_t number, Error **errp)
{
    const TPMEmulatorErrand *errand = tpm_emulator_errand_find(&TPM_EMULATOR(tb)->errands, number);

    if (!errand) {
        error_setg(errp, "TPM '%s' has no command of the host with number %" PRIu32, tb->id,
                   number);
        return NULL;
    }
    return tpm_emulator_errand_query(errand);
}

void tpm_emulator_host_set_hashing(TPMEmulator *s, bool hashing)
{
    s->hashing = hashing;
    if (!hashing) {
        qemu_bh_schedule(s->errand_bh);
    }
}

void tpm_emulator_host_init(TPMEmulator *s)
{
    s->errand_bh = qemu_bh_new(send_next, s);
    s->errand_timer = timer_new_ms(QEMU_CLOCK_REALTIME, deadline_passed, s);
}

void tpm_emulator_host_finalize(TPMEmulator *s)
{
    timer_free(s->errand_timer);
    qemu_bh_delete(s->errand_bh);
    tpm_emulator_errands_clear(&s->errands);
}
