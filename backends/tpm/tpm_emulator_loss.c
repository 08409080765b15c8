/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * TPM emulator back end: whether the TPM is there; its loss
 */
#include "qemu/osdep.h"
#include "qapi/qapi-events-tpm-status.h"
#include "qemu/error-report.h"
#include "system/tpm_qemu_version.h"
#include "tpm_emulator_flight.h"
#include "tpm_emulator_loss.h"
#include "trace.h"

static const bool state_follows[TPM_BACKEND_STATE__MAX][TPM_BACKEND_STATE__MAX] = {
    [TPM_BACKEND_STATE_STOPPED] = {
        [TPM_BACKEND_STATE_STOPPED] = true,
        [TPM_BACKEND_STATE_RUNNING] = true,
        [TPM_BACKEND_STATE_LOST] = true,
    },
    [TPM_BACKEND_STATE_RUNNING] = {
        [TPM_BACKEND_STATE_STOPPED] = true,
        [TPM_BACKEND_STATE_LOST] = true,
    },
    [TPM_BACKEND_STATE_LOST] = {
        [TPM_BACKEND_STATE_WAITING] = true,
    },
    [TPM_BACKEND_STATE_WAITING] = {
        [TPM_BACKEND_STATE_LOST] = true,
        [TPM_BACKEND_STATE_STOPPED] = true,
    },
};

bool tpm_emulator_is_lost(const TPMEmulator *s)
{
    return s->state == TPM_BACKEND_STATE_LOST || s->state == TPM_BACKEND_STATE_WAITING;
}

void tpm_emulator_set_state(TPMEmulator *s, TpmBackendState state, const char *reason)
{
    assert(state_follows[s->state][state]);
    s->state = state;
    s->served |= state == TPM_BACKEND_STATE_RUNNING;
    g_free(s->lost_reason);
    s->lost_reason = g_strdup(reason);
    trace_tpm_emulator_state(TpmBackendState_str(state), reason ? reason : "");
    /* a reset passes through stopped and comes back to running: no news for anyone */
    if (state != TPM_BACKEND_STATE_STOPPED && state != s->told_state && s->parent.id) {
        s->told_state = state;
        qapi_event_send_tpm_backend_state(s->parent.id, state, TPM_OPTIONAL(reason));
    }
}

void tpm_emulator_close_data(TPMEmulator *s)
{
    if (s->data) {
        object_unref(OBJECT(s->data));
        s->data = NULL;
    }
}

void tpm_emulator_lose(TPMEmulator *s, const char *reason)
{
    if (tpm_emulator_is_lost(s)) {
        return;
    }
    /* before that QEMU ends, and whoever has caused it tells why */
    if (s->served) {
        error_report("tpm-emulator: TPM '%s' is lost: %s; its commands fail until it is back and "
                     "the guest is reset",
                     s->parent.id, reason);
    }
    tpm_emulator_set_state(s, TPM_BACKEND_STATE_LOST, reason);
    if (s->flight.phase != TPM_EMULATOR_QUIET) {
        tpm_emulator_flight_answer(s, TPM_FRAME_FAILED);
    }
    tpm_emulator_flight_answer_parked(s, TPM_FRAME_FAILED);
    qemu_bh_schedule(s->errand_bh);
    tpm_emulator_close_data(s);
    s->ctrl_owed = 0;
    if (s->ctrl_open) {
        qemu_chr_fe_disconnect(&s->ctrl);
    }
}
