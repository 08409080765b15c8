/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * TPM emulator back end: connection, start and stop of the TPM
 *
 * The TPM is started at each reset of the guest. When it is lost the guest goes on, with a TPM that
 * answers every command with a failure. A TPM that comes back is not started before the next reset
 * of the guest, because fresh PCRs under a running guest would be a forged measurement.
 */
#include "qemu/osdep.h"
#include "qapi/error.h"
#include "qemu/bswap.h"
#include "qemu/sockets.h"
#include "chardev/char-socket.h"
#include "io/channel-socket.h"
#include "system/runstate.h"
#include "system/tpm_qemu_version.h"
#include "system/tpm_util.h"
#include "system/tpm_wakeup.h"
#include "tpm_emulator_control.h"
#include "tpm_emulator_io.h"
#include "tpm_emulator_link.h"
#include "tpm_emulator_loss.h"

#define MIN_FRAME 128 /* smallest buffer that a TPM may tell */

/* --- connection --- */

static void control_opened(TPMEmulator *s)
{
    s->ctrl_open = true;
    if (s->state == TPM_BACKEND_STATE_LOST) {
        tpm_emulator_set_state(s, TPM_BACKEND_STATE_WAITING, NULL);
    }
}

static void control_closed(TPMEmulator *s)
{
    s->ctrl_open = false;
    if (s->state == TPM_BACKEND_STATE_WAITING) {
        tpm_emulator_set_state(s, TPM_BACKEND_STATE_LOST, "the connection was closed again");
    } else {
        tpm_emulator_lose(s, "the TPM closed its control channel");
    }
}

static void control_event(void *opaque, QEMUChrEvent event)
{
    if (event == CHR_EVENT_OPENED) {
        control_opened(opaque);
    } else if (event == CHR_EVENT_CLOSED) {
        control_closed(opaque);
    }
}

/* What arrives is read where it is waited for, never by the chardev. */
static int control_can_read(void *opaque)
{
    return 0;
}

/* Hands the TPM one end of a socket pair as its data channel. */
static bool open_data(TPMEmulator *s, Error **errp)
{
    int fds[2];
    bool sent;

    if (qemu_socketpair(AF_UNIX, SOCK_STREAM, 0, fds) < 0) {
        error_setg_errno(errp, errno, "tpm-emulator: cannot make a data channel");
        return false;
    }
    sent = tpm_emulator_control(s, TPM_EMULATOR_CONTROL(CMD_SET_DATAFD, .fd = fds[1]), errp);
    close(fds[1]);
    if (!sent) {
        close(fds[0]);
        return false;
    }
    s->data = QIO_CHANNEL(qio_channel_socket_new_fd(fds[0], errp));
    if (!s->data) {
        close(fds[0]);
        return false;
    }
    return qio_channel_set_blocking(s->data, false, errp) == 0;
}

/* Any TPM answers TPM2_ReadClock, started or not; a 1.2 does so under its own tag. */
static bool probe_version(TPMEmulator *s, Error **errp)
{
    static const uint8_t read_clock[] = { 0x80, 0x01, 0, 0, 0, 10, 0, 0, 0x01, 0x81 };
    TPMVersion before = s->version;
    uint16_t tag = 0;

    if (tpm_emulator_exchange(s, read_clock, sizeof(read_clock))) {
        tag = tpm_cmd_get_tag(s->flight.reply);
    }
    s->version = tag == TPM_FRAME_TAG_2_0   ? TPM_VERSION_2_0
                 : tag == TPM_FRAME_TAG_1_2 ? TPM_VERSION_1_2
                                            : TPM_VERSION_UNSPEC;
    if (s->version == TPM_VERSION_UNSPEC || (before && s->version != before)) {
        s->version = before;
        error_setg(errp, "tpm-emulator: no TPM of the expected version answers at chardev '%s'",
                   s->options->chardev);
        return false;
    }
    return true;
}

static bool probe_caps(TPMEmulator *s, Error **errp)
{
    static const ptm_cap needed = PTM_CAP_INIT | PTM_CAP_SHUTDOWN | PTM_CAP_GET_TPMESTABLISHED |
                                  PTM_CAP_SET_LOCALITY | PTM_CAP_SET_DATAFD | PTM_CAP_STOP |
                                  PTM_CAP_SET_BUFFERSIZE;
    ptm_cap caps = 0;

    if (!tpm_emulator_control(s,
                              TPM_EMULATOR_CONTROL(CMD_GET_CAPABILITY, .reply = &caps,
                                                   .reply_size = sizeof(caps), .no_result = true),
                              errp)) {
        return false;
    }
    s->caps = be64_to_cpu(caps);
    if (!tpm_emulator_can(s, needed)) {
        error_setg(errp,
                   "tpm-emulator: the TPM lacks capabilities 0x%" PRIx64
                   " of the control protocol; use a newer one",
                   (uint64_t)(needed & ~s->caps));
        return false;
    }
    return true;
}

bool tpm_emulator_stop(TPMEmulator *s, Error **errp)
{
    if (!tpm_emulator_control(s, TPM_EMULATOR_CONTROL(CMD_STOP), errp)) {
        return false;
    }
    tpm_emulator_set_state(s, TPM_BACKEND_STATE_STOPPED, NULL);
    return true;
}

/* @wanted 0 asks for the size in use. The TPM has to be stopped. */
static bool set_buffer_size(TPMEmulator *s, uint32_t wanted, Error **errp)
{
    uint32_t body = cpu_to_be32(wanted);
    uint32_t sizes[3]; /* in use, smallest, largest */

    if (!tpm_emulator_control(s,
                              TPM_EMULATOR_CONTROL(CMD_SET_BUFFERSIZE, .body = &body,
                                                   .body_size = sizeof(body), .reply = sizes,
                                                   .reply_size = sizeof(sizes)),
                              errp)) {
        return false;
    }
    if (be32_to_cpu(sizes[0]) < MIN_FRAME) {
        error_setg(errp, "tpm-emulator: the TPM's buffer of %" PRIu32 " bytes is too small",
                   be32_to_cpu(sizes[0]));
        return false;
    }
    s->buffer_size = MIN(be32_to_cpu(sizes[0]), TPM_FRAME_MAX);
    return true;
}

/* Over a control connection that stands: all that comes before the first INIT. */
static bool link_up(TPMEmulator *s, Error **errp)
{
    s->locality = TPM_EMULATOR_NO_LOCALITY;
    s->order = TPM_EMULATOR_NOT_STARTED;
    s->ctrl_owed = 0;
    return open_data(s, errp) && probe_version(s, errp) && probe_caps(s, errp) &&
           tpm_emulator_stop(s, errp) && set_buffer_size(s, 0, errp);
}

bool tpm_emulator_connect(TPMEmulator *s, Error **errp)
{
    if (qemu_chr_fe_wait_connected(&s->ctrl, errp) < 0) {
        return false;
    }
    qemu_chr_fe_set_handlers(&s->ctrl, control_can_read, NULL, control_event, NULL, s, NULL, true);
    if (!s->ctrl_open) {
        error_setg(errp, "tpm-emulator: chardev '%s' is not connected; start the TPM first",
                   s->options->chardev);
        return false;
    }
    return link_up(s, errp);
}

/* At a guest reset: takes a TPM that has come back. */
static bool link_again(TPMEmulator *s, Error **errp)
{
    if (!s->ctrl_open && !TPM_SOCKET_RECONNECTS(s->ctrl.chr) &&
        !SOCKET_CHARDEV(s->ctrl.chr)->is_listen && qemu_chr_fe_wait_connected(&s->ctrl, errp) < 0) {
        return false;
    }
    if (s->state != TPM_BACKEND_STATE_WAITING) {
        error_setg(errp,
                   "tpm-emulator: TPM '%s' has not come back; start it and reset the guest again",
                   s->parent.id);
        return false;
    }
    tpm_emulator_set_state(s, TPM_BACKEND_STATE_STOPPED, NULL);
    if (!link_up(s, errp)) {
        tpm_emulator_lose(s, "it came back but could not be used");
        return false;
    }
    return true;
}

/* --- start and stop --- */

bool tpm_emulator_read_established(TPMEmulator *s, bool on_vcpu, Error **errp)
{
    uint8_t reply[sizeof(ptm_est) - sizeof(ptm_res)];

    if (!tpm_emulator_control(s,
                              TPM_EMULATOR_CONTROL(CMD_GET_TPMESTABLISHED, .reply = reply,
                                                   .reply_size = sizeof(reply), .on_vcpu = on_vcpu),
                              errp)) {
        return false;
    }
    s->established = reply[0] != 0;
    return true;
}

bool tpm_emulator_init(TPMEmulator *s, uint32_t flags, Error **errp)
{
    uint32_t body = cpu_to_be32(flags);

    if (!tpm_emulator_control(
            s, TPM_EMULATOR_CONTROL(CMD_INIT, .body = &body, .body_size = sizeof(body)), errp)) {
        return false;
    }
    s->locality = TPM_EMULATOR_NO_LOCALITY;
    s->hashing = false;
    qemu_bh_schedule(s->errand_bh);
    tpm_emulator_measure_reset(&s->measure, tpm_is_waking_up());
    s->order =
        flags & PTM_INIT_FLAG_DELETE_VOLATILE ? TPM_EMULATOR_UNKNOWN : TPM_EMULATOR_NOT_STARTED;
    if (!tpm_emulator_read_established(s, false, errp)) {
        return false;
    }
    tpm_emulator_set_state(s, TPM_BACKEND_STATE_RUNNING, NULL);
    return true;
}

void tpm_emulator_shut_down(TPMEmulator *s)
{
    static const uint8_t shutdown_clear[] = { 0x80, 0x01, 0, 0, 0, 12, 0, 0, 0x01, 0x45, 0, 0 };

    if (s->version == TPM_VERSION_2_0 && s->state == TPM_BACKEND_STATE_RUNNING &&
        s->order == TPM_EMULATOR_IN_USE && !s->handed_over) {
        tpm_emulator_exchange(s, shutdown_clear, sizeof(shutdown_clear));
    }
}

bool tpm_emulator_first_start(TPMEmulator *s, uint32_t buffer_size, Error **errp)
{
    ERRP_GUARD();

    if (tpm_emulator_is_lost(s)) {
        error_setg(errp, "%s", s->lost_reason ? s->lost_reason : "it was lost and has come back");
    } else {
        tpm_emulator_start(s, buffer_size, errp);
    }
    if (*errp) {
        error_prepend(errp, "TPM '%s' cannot be started: ", s->parent.id);
        return false;
    }
    s->just_begun = true;
    return true;
}

bool tpm_emulator_start(TPMEmulator *s, uint32_t buffer_size, Error **errp)
{
    if (s->just_begun) {
        s->just_begun = false;
        return true;
    }
    if (tpm_emulator_is_lost(s) && !link_again(s, errp)) {
        return false;
    }
    tpm_emulator_shut_down(s);
    if (!tpm_emulator_stop(s, errp) || (buffer_size && !set_buffer_size(s, buffer_size, errp))) {
        return false;
    }
    /* an incoming stream brings the state first */
    return runstate_check(RUN_STATE_INMIGRATE) || tpm_emulator_init(s, 0, errp);
}
