/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * TPM emulator back end: the control channel
 *
 * Neither channel is ever read or written in a way that may block: a control request waits on its
 * own, within a time limit. The peer is not trusted: no length of its is used before it was
 * compared with what there is room for, and what breaks the protocol loses the TPM.
 */
#include "qemu/osdep.h"
#include "qapi/error.h"
#include "qemu/bswap.h"
#include "chardev/char-socket.h"
#include "io/channel-socket.h"
#include "tpm_emulator_control.h"
#include "tpm_emulator_loss.h"
#include "trace.h"

/*
 * How long a wait looks again and again before it sleeps. Whoever sleeps is woken late, by tens of
 * microseconds where the core slept too, and most answers are there before. In between the TPM gets
 * its turn, if it shares the core.
 */
#define AWAKE_NS (60 * SCALE_US)

#define VCPU_LIMIT_MS 2000 /* longest control request that a vCPU waits for */

QIOChannel *tpm_emulator_control_channel(TPMEmulator *s)
{
    return s->ctrl_open ? SOCKET_CHARDEV(s->ctrl.chr)->ioc : NULL;
}

int tpm_emulator_fd(QIOChannel *ioc)
{
    return QIO_CHANNEL_SOCKET(ioc)->fd;
}

bool tpm_emulator_wait_readable(int fd, int64_t deadline_ns)
{
    GPollFD pfd = { .fd = fd, .events = G_IO_IN };
    int64_t now = tpm_emulator_now(), awake_until = now + AWAKE_NS;

    while (now < deadline_ns) {
        int n = qemu_poll_ns(&pfd, 1, now < awake_until ? 0 : deadline_ns - now);

        if (n > 0 || (n < 0 && errno != EINTR)) {
            return n > 0;
        }
        if (now < awake_until) {
            g_thread_yield();
        }
        now = tpm_emulator_now();
    }
    return false;
}

TPMEmulatorProgress tpm_emulator_read_some(QIOChannel *ioc, uint8_t *buf, size_t room, size_t *have)
{
    ssize_t n = qio_channel_read(ioc, (char *)buf, room, NULL);

    if (n == QIO_CHANNEL_ERR_BLOCK) {
        return TPM_EMULATOR_MORE;
    }
    if (n <= 0) {
        return TPM_EMULATOR_BROKEN;
    }
    *have += n;
    return TPM_EMULATOR_DONE;
}

TPMEmulatorProgress tpm_emulator_control_drain(TPMEmulator *s)
{
    uint8_t word[sizeof(ptm_res)];
    size_t have;

    while (s->ctrl_owed) {
        QIOChannel *ioc = tpm_emulator_control_channel(s);
        TPMEmulatorProgress p;

        have = 0;
        p = ioc ? tpm_emulator_read_some(ioc, word, MIN(sizeof(word), s->ctrl_owed), &have)
                : TPM_EMULATOR_BROKEN;
        if (p != TPM_EMULATOR_DONE) {
            return p;
        }
        s->ctrl_owed -= have;
    }
    return TPM_EMULATOR_DONE;
}

bool tpm_emulator_control_send(TPMEmulator *s, const TPMEmulatorControl *call, int64_t deadline_ns)
{
    QIOChannel *ioc = tpm_emulator_control_channel(s);
    uint32_t command = cpu_to_be32(call->command);
    size_t total = sizeof(command) + call->body_size + call->tail_size;
    g_autofree uint8_t *message = g_malloc(total);
    struct iovec iov = { message, total };
    int fd = call->fd;

    memcpy(message, &command, sizeof(command));
    if (call->body_size) {
        memcpy(message + sizeof(command), call->body, call->body_size);
    }
    if (call->tail_size) {
        memcpy(message + sizeof(command) + call->body_size, call->tail, call->tail_size);
    }
    while (ioc && iov.iov_len) {
        ssize_t n =
            qio_channel_writev_full(ioc, &iov, 1, fd < 0 ? NULL : &fd, fd < 0 ? 0 : 1, 0, NULL);

        if (n == QIO_CHANNEL_ERR_BLOCK) {
            GPollFD pfd = { .fd = tpm_emulator_fd(ioc), .events = G_IO_OUT };
            int64_t left = deadline_ns - tpm_emulator_now();

            if (left <= 0 || qemu_poll_ns(&pfd, 1, left) <= 0) {
                return false;
            }
            continue;
        }
        if (n <= 0) {
            return false;
        }
        fd = -1;
        iov.iov_base = (uint8_t *)iov.iov_base + n;
        iov.iov_len -= n;
    }
    return ioc != NULL;
}

static bool control_read(TPMEmulator *s, void *buf, size_t size, int64_t deadline_ns)
{
    QIOChannel *ioc = tpm_emulator_control_channel(s);
    size_t have = 0;

    while (ioc && have < size) {
        TPMEmulatorProgress p =
            tpm_emulator_read_some(ioc, (uint8_t *)buf + have, size - have, &have);

        if (p == TPM_EMULATOR_BROKEN ||
            (p == TPM_EMULATOR_MORE &&
             !tpm_emulator_wait_readable(tpm_emulator_fd(ioc), deadline_ns))) {
            return false;
        }
    }
    return ioc != NULL;
}

/* Throws away the replies to cancel requests that nobody waited for. */
static bool control_skip_owed(TPMEmulator *s, int64_t deadline_ns)
{
    uint8_t word[sizeof(ptm_res)];

    while (s->ctrl_owed) {
        size_t size = MIN(sizeof(word), s->ctrl_owed);

        if (!control_read(s, word, size, deadline_ns)) {
            return false;
        }
        s->ctrl_owed -= size;
    }
    return true;
}

/* A refusal may come with or without the rest of its reply: what was sent along is there by now. */
static void control_discard_rest(TPMEmulator *s, size_t size)
{
    QIOChannel *ioc = tpm_emulator_control_channel(s);
    g_autofree uint8_t *rest = g_malloc(size);
    size_t have = 0;

    while (ioc && have < size &&
           tpm_emulator_read_some(ioc, rest, size - have, &have) == TPM_EMULATOR_DONE) {
        continue;
    }
}

static bool control_exchange(TPMEmulator *s, const TPMEmulatorControl *call, uint32_t *ret_result)
{
    uint32_t limit_ms =
        call->on_vcpu ? MIN(s->control_timeout_ms, VCPU_LIMIT_MS) : s->control_timeout_ms;
    int64_t deadline_ns = tpm_emulator_now() + limit_ms * (int64_t)SCALE_MS;
    uint32_t result = 0;

    if (!control_skip_owed(s, deadline_ns) || !tpm_emulator_control_send(s, call, deadline_ns)) {
        return false;
    }
    if (!call->no_result) {
        if (!control_read(s, &result, sizeof(result), deadline_ns)) {
            return false;
        }
        result = be32_to_cpu(result);
    }
    if (result) {
        control_discard_rest(s, call->reply_size);
    } else if (!control_read(s, call->reply, call->reply_size, deadline_ns)) {
        return false;
    }
    *ret_result = result;
    return true;
}

/* Loses the TPM over @command and says so in @errp. Returns: false, for the caller to return. */
static bool control_broke(TPMEmulator *s, uint32_t command, Error **errp)
{
    g_autofree char *reason = g_strdup_printf("no proper reply to control command 0x%x", command);

    tpm_emulator_lose(s, reason);
    error_setg(errp, "tpm-emulator: %s; look at the log of the TPM process", reason);
    return false;
}

bool tpm_emulator_control(TPMEmulator *s, const TPMEmulatorControl *call, Error **errp)
{
    uint32_t result = 0;

    assert(s->flight.phase == TPM_EMULATOR_QUIET);
    if (!control_exchange(s, call, &result)) {
        return control_broke(s, call->command, errp);
    }
    trace_tpm_emulator_control(call->command, result);
    if (result && !(result & call->tolerate)) {
        error_setg(errp,
                   "tpm-emulator: the TPM refused control command 0x%x with result 0x%x; "
                   "look at the log of the TPM process",
                   call->command, result);
        return false;
    }
    if (call->ret_result) {
        *call->ret_result = result;
    }
    return true;
}

bool tpm_emulator_control_more(TPMEmulator *s, uint32_t command, void *buf, size_t size,
                               Error **errp)
{
    int64_t deadline_ns = tpm_emulator_now() + s->control_timeout_ms * (int64_t)SCALE_MS;

    return control_read(s, buf, size, deadline_ns) || control_broke(s, command, errp);
}
