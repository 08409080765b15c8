/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * TPM emulator back end: how a command gets to the TPM, its response back
 *
 * A command moves through the phases of TPMEmulatorPhase whenever one of the channels has news: on
 * the vCPU that started it for as long as the option inline-us allows, from the main loop after
 * that. Nothing here blocks.
 *
 * The vCPU does not wait within its register write: QEMU's big lock cannot be dropped there
 * (another device may be in the middle of something, and a device in use refuses other vCPUs), and
 * a lock that is held for most of the time starves all who need it. It waits as work of its own,
 * which runs without the lock right after the instruction that wrote the register.
 */
#include "qemu/osdep.h"
#include "block/aio.h"
#include "qemu/main-loop.h"
#include "qemu/bswap.h"
#include "hw/core/cpu.h"
#include "system/cpus.h"
#include "system/tpm_qemu_version.h"
#include "tpm_emulator_control.h"
#include "tpm_emulator_flight.h"
#include "tpm_emulator_io.h"
#include "tpm_emulator_loss.h"
#include "trace.h"

static TPMEmulatorProgress flight_send(TPMEmulator *s, const uint8_t *command, size_t size)
{
    s->flight.phase = TPM_EMULATOR_RESPONSE;
    s->flight.have = 0;
    if (!s->data || qio_channel_write(s->data, (const char *)command, size, NULL) != size) {
        return TPM_EMULATOR_BROKEN;
    }
    return TPM_EMULATOR_MORE;
}

static TPMEmulatorProgress locality_send(TPMEmulator *s)
{
    TPMBackendCmd *cmd = s->flight.cmd;
    uint32_t body = 0;

    *(uint8_t *)&body = cmd->locty;
    trace_tpm_emulator_locality(cmd->locty);
    s->flight.asked = tpm_emulator_control_send(
        s, TPM_EMULATOR_CONTROL(CMD_SET_LOCALITY, .body = &body, .body_size = sizeof(body)), 0);
    return s->flight.asked ? TPM_EMULATOR_MORE : TPM_EMULATOR_BROKEN;
}

/*
 * Sends SET_LOCALITY, awaits the reply to it, then sends the command. swtpm takes what it reads at
 * once for one request: a request that follows another before that is answered may be lost.
 */
static TPMEmulatorProgress locality_step(TPMEmulator *s)
{
    TPMEmulatorFlight *f = &s->flight;
    QIOChannel *ioc = tpm_emulator_control_channel(s);
    TPMEmulatorProgress p = tpm_emulator_control_drain(s);

    if (p != TPM_EMULATOR_DONE) {
        return p;
    }
    if (!f->asked) {
        return locality_send(s);
    }
    p = ioc ? tpm_emulator_read_some(ioc, f->reply + f->have, sizeof(ptm_res) - f->have, &f->have)
            : TPM_EMULATOR_BROKEN;
    if (p != TPM_EMULATOR_DONE || f->have < sizeof(ptm_res)) {
        return p;
    }
    if (ldl_be_p(f->reply)) {
        tpm_emulator_flight_answer(s, TPM_FRAME_FAILED);
        return TPM_EMULATOR_DONE;
    }
    s->locality = f->cmd->locty;
    if (f->cancelled) {
        tpm_emulator_flight_answer(s, TPM_FRAME_CANCELLED);
        return TPM_EMULATOR_DONE;
    }
    return flight_send(s, f->cmd->in, f->cmd->in_len);
}

/* A response that is whole: the guest's, unless a kernel has to be measured before it gets it. */
static TPMEmulatorProgress response_whole(TPMEmulator *s, size_t size)
{
    TPMEmulatorFlight *f = &s->flight;

    switch (tpm_emulator_measure_step(&s->measure, s->version, f->cmd ? f->cmd->in : NULL,
                                      f->cmd ? f->cmd->in_len : 0, f->reply, &size)) {
    case TPM_EMULATOR_MEASURE_SEND:
        return flight_send(s, s->measure.command, tpm_cmd_get_size(s->measure.command));
    case TPM_EMULATOR_MEASURE_FAIL:
        tpm_emulator_lose(s, "what is booted could not be measured");
        return TPM_EMULATOR_DONE;
    default:
        tpm_emulator_flight_land(s, size);
        return TPM_EMULATOR_DONE;
    }
}

/* Awaits the response: one whole frame, no byte more, no larger than there is room for. */
static TPMEmulatorProgress response_step(TPMEmulator *s)
{
    TPMEmulatorFlight *f = &s->flight;
    size_t room = f->cmd ? MIN(f->cmd->out_len, sizeof(f->reply)) : sizeof(f->reply);
    TPMEmulatorProgress p = s->data ? tpm_emulator_read_some(s->data, f->reply + f->have,
                                                             sizeof(f->reply) - f->have, &f->have)
                                    : TPM_EMULATOR_BROKEN;
    uint32_t size;

    if (p != TPM_EMULATOR_DONE || f->have < TPM_FRAME_HEADER) {
        return p;
    }
    size = tpm_cmd_get_size(f->reply);
    if (size < TPM_FRAME_HEADER || size > room || f->have > size) {
        return TPM_EMULATOR_BROKEN;
    }
    return f->have == size ? response_whole(s, size) : TPM_EMULATOR_DONE;
}

static void start_for_kernel(TPMEmulator *s);
static void take_parked(TPMEmulator *s);

/* Takes all the news there is. */
static void flight_advance(TPMEmulator *s)
{
    static TPMEmulatorProgress (*const step[])(TPMEmulator *) = {
        [TPM_EMULATOR_LOCALITY] = locality_step,
        [TPM_EMULATOR_RESPONSE] = response_step,
    };
    TPMEmulatorProgress p = TPM_EMULATOR_DONE;

    while (s->flight.phase != TPM_EMULATOR_QUIET && p == TPM_EMULATOR_DONE) {
        p = step[s->flight.phase](s);
    }
    if (p == TPM_EMULATOR_BROKEN) {
        tpm_emulator_lose(s, s->flight.have ? "a malformed reply" : "the connection broke");
    }
    start_for_kernel(s);
    take_parked(s);
}

static int flight_fd(TPMEmulator *s)
{
    return tpm_emulator_fd(
        s->flight.phase == TPM_EMULATOR_LOCALITY ? tpm_emulator_control_channel(s) : s->data);
}

static void flight_wait(TPMEmulator *s, int64_t deadline_ns)
{
    while (s->flight.phase != TPM_EMULATOR_QUIET &&
           tpm_emulator_wait_readable(flight_fd(s), deadline_ns)) {
        flight_advance(s);
    }
}

static void flight_watch(TPMEmulator *s);

static void flight_news(void *opaque)
{
    TPMEmulator *s = opaque;

    flight_advance(s);
    flight_watch(s);
}

/* From now on the main loop takes the news. */
static void flight_watch(TPMEmulator *s)
{
    int fd;

    if (s->flight.phase == TPM_EMULATOR_QUIET) {
        return;
    }
    fd = flight_fd(s);
    if (fd == s->flight.watched_fd) {
        return;
    }
    tpm_emulator_flight_unwatch(s);
    s->flight.watched_fd = fd;
    tpm_watch_fd(fd, flight_news, s);
    if (s->command_timeout_ms) {
        timer_mod(s->command_timer, s->flight.started_ns / SCALE_MS + s->command_timeout_ms);
    }
}

/* The command, or the request that has to go before it. */
static TPMEmulatorProgress flight_take_off(TPMEmulator *s)
{
    TPMBackendCmd *cmd = s->flight.cmd;

    if (s->locality == cmd->locty) {
        return flight_send(s, cmd->in, cmd->in_len);
    }
    s->flight.phase = TPM_EMULATOR_LOCALITY;
    s->flight.asked = false;
    s->locality = TPM_EMULATOR_NO_LOCALITY;
    return locality_step(s);
}

static int64_t inline_limit_ns(const TPMEmulator *s)
{
    return s->inline_us * (int64_t)SCALE_US;
}

/*
 * The inline wait as work of the vCPU. Without the big lock anything may happen to the flight and
 * to the connection, so all is looked at anew under it. A descriptor that was closed meanwhile only
 * makes the wait end at the wrong time.
 */
static void flight_wait_on_vcpu(CPUState *cpu, run_on_cpu_data data)
{
    TPMEmulator *s = data.host_ptr;
    int64_t deadline_ns = s->flight.started_ns + inline_limit_ns(s);
    bool news = true;

    while (news && s->flight.inline_wait && s->flight.phase != TPM_EMULATOR_QUIET &&
           !cpu_is_stopped(cpu)) {
        int fd = flight_fd(s);

        bql_unlock();
        news = tpm_emulator_wait_readable(fd, deadline_ns);
        bql_lock();
        if (news) {
            flight_advance(s);
        }
    }
    s->flight.inline_wait = false;
    flight_watch(s);
}

/* Waits for a fast command where a vCPU may; otherwise, and after that, the main loop does. */
static void flight_wait_inline(TPMEmulator *s)
{
    int64_t limit_ns = inline_limit_ns(s);

    s->flight.inline_wait =
        limit_ns && tpm_command_stats_expected(&s->stats, s->flight.code) <= limit_ns;
    if (s->flight.inline_wait && current_cpu) {
        async_run_on_cpu(current_cpu, flight_wait_on_vcpu, RUN_ON_CPU_HOST_PTR(s));
        return;
    }
    if (s->flight.inline_wait) {
        flight_wait(s, s->flight.started_ns + limit_ns);
        s->flight.inline_wait = false;
    }
    flight_watch(s);
}

/* Sends one of our own, which nobody waits for. */
static void send_own(TPMEmulator *s, const uint8_t *command, size_t size)
{
    if (flight_send(s, command, size) == TPM_EMULATOR_BROKEN) {
        tpm_emulator_lose(s, "the TPM takes no more commands");
        return;
    }
    flight_watch(s);
}

/* Sends a command of the guest, or answers it at once. */
static void submit(TPMEmulator *s, TPMBackendCmd *cmd)
{
    bool framed = tpm_frame_is_whole(cmd->in, cmd->in_len);

    tpm_emulator_flight_begin(s, cmd, cmd->in, framed ? cmd->in_len : 0);
    if (s->state != TPM_BACKEND_STATE_RUNNING) {
        tpm_emulator_flight_answer(s, TPM_FRAME_FAILED);
    } else if (!framed) {
        tpm_emulator_flight_answer(s, TPM_FRAME_BAD_SIZE);
    } else if (flight_take_off(s) == TPM_EMULATOR_BROKEN) {
        tpm_emulator_lose(s, "the TPM takes no more commands");
    }
}

/* Where the guest has taken the kernel and not started its TPM: before its next command. */
static void start_for_kernel(TPMEmulator *s)
{
    size_t size;

    if (!s->measure.due || s->flight.phase != TPM_EMULATOR_QUIET || s->hashing ||
        s->state != TPM_BACKEND_STATE_RUNNING) {
        return;
    }
    size = tpm_emulator_measure_start(&s->measure, s->version);
    tpm_emulator_flight_begin(s, NULL, s->measure.command, size);
    s->measure.starting = true;
    send_own(s, s->measure.command, size);
}

void tpm_emulator_kernel_taken(TPMEmulator *s)
{
    tpm_emulator_measure_kernel_taken(&s->measure);
    start_for_kernel(s);
}

/* The command of the guest that has waited for one of ours, which is over. */
static void take_parked(TPMEmulator *s)
{
    TPMBackendCmd *cmd = s->parked;

    if (!cmd || s->flight.phase != TPM_EMULATOR_QUIET) {
        return;
    }
    if (s->parked_cancelled) {
        tpm_emulator_flight_answer_parked(s, TPM_FRAME_CANCELLED);
        return;
    }
    s->parked = NULL;
    submit(s, cmd);
}

void tpm_emulator_submit(TPMBackend *tb, TPMBackendCmd *cmd)
{
    TPMEmulator *s = TPM_EMULATOR(tb);

    start_for_kernel(s);
    if (s->flight.phase != TPM_EMULATOR_QUIET && !s->flight.cmd) {
        s->parked = cmd;
        s->parked_cancelled = false;
        return;
    }
    submit(s, cmd);
    if (s->flight.phase != TPM_EMULATOR_QUIET) {
        flight_wait_inline(s);
    }
}

void tpm_emulator_send_errand(TPMEmulator *s, const uint8_t *command, size_t size)
{
    tpm_emulator_flight_begin(s, NULL, command, size);
    s->flight.errand = true;
    send_own(s, command, size);
}

void tpm_emulator_finish(TPMBackend *tb)
{
    TPMEmulator *s = TPM_EMULATOR(tb);

    flight_wait(s, tpm_emulator_now() + s->control_timeout_ms * (int64_t)SCALE_MS);
    if (s->flight.phase != TPM_EMULATOR_QUIET) {
        tpm_emulator_lose(s, "no answer to the last command before a reset or a snapshot");
    }
}

size_t tpm_emulator_exchange(TPMEmulator *s, const uint8_t *command, size_t size)
{
    tpm_emulator_flight_begin(s, NULL, command, size);
    if (flight_send(s, command, size) == TPM_EMULATOR_BROKEN) {
        tpm_emulator_lose(s, "the TPM takes no commands");
        return 0;
    }
    flight_wait(s, tpm_emulator_now() + s->control_timeout_ms * (int64_t)SCALE_MS);
    if (s->flight.phase != TPM_EMULATOR_QUIET) {
        tpm_emulator_lose(s, "no answer to a command");
    }
    return tpm_emulator_is_lost(s) ? 0 : s->flight.have;
}

void tpm_emulator_cancel(TPMEmulator *s)
{
    QIOChannel *ioc = tpm_emulator_control_channel(s);
    uint32_t command = cpu_to_be32(CMD_CANCEL_TPM_CMD);

    if (s->flight.phase == TPM_EMULATOR_QUIET || s->flight.cancelled) {
        return;
    }
    if (!s->flight.cmd) {
        s->parked_cancelled = true;
        return;
    }
    s->flight.cancelled = true;
    if (s->flight.phase != TPM_EMULATOR_RESPONSE || s->measure.busy || !ioc ||
        !tpm_emulator_can(s, PTM_CAP_CANCEL_TPM_CMD)) {
        return;
    }
    /* not while swtpm owes an answer, see locality_step(): at worst this command is not cancelled
     */
    if (tpm_emulator_control_drain(s) == TPM_EMULATOR_DONE &&
        qio_channel_write(ioc, (char *)&command, sizeof(command), NULL) == sizeof(command)) {
        s->ctrl_owed += sizeof(ptm_res);
    }
    trace_tpm_emulator_cancel(s->flight.code);
}
