/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * TPM emulator back end: control requests
 */
#ifndef BACKENDS_TPM_EMULATOR_CONTROL_H
#define BACKENDS_TPM_EMULATOR_CONTROL_H

#include "io/channel.h"
#include "tpm_emulator_int.h"
#include "tpm_ioctl.h"

/* One control request. Integers on the wire are big-endian; body and reply hold wire bytes. */
typedef struct TPMEmulatorControl {
    uint32_t command; /* CMD_* */
    const void *body;
    size_t body_size;
    const void *tail; /* further bytes of a long body */
    size_t tail_size;
    void *reply; /* what follows the result word; filled on success only */
    size_t reply_size;
    bool no_result;       /* the reply has no result word (GET_CAPABILITY) */
    int fd;               /* to pass along; -1 for none */
    bool on_vcpu;         /* a vCPU waits: shorter time limit */
    uint32_t tolerate;    /* a result with one of these bits is no error; the reply is not filled */
    uint32_t *ret_result; /* (nullable): the result word of a request that was no error */
} TPMEmulatorControl;

#define TPM_EMULATOR_CONTROL(cmd, ...)                                                             \
    (&(TPMEmulatorControl){ .command = (cmd), .fd = -1, ##__VA_ARGS__ })

typedef enum TPMEmulatorProgress {
    TPM_EMULATOR_DONE,
    TPM_EMULATOR_MORE, /* nothing to read for now */
    TPM_EMULATOR_BROKEN,
} TPMEmulatorProgress;

/* The socket under the control chardev; NULL while it is not connected. */
QIOChannel *tpm_emulator_control_channel(TPMEmulator *s);

int tpm_emulator_fd(QIOChannel *ioc);

/* Waits until @fd can be read. Returns: false where @deadline_ns passed first. */
bool tpm_emulator_wait_readable(int fd, int64_t deadline_ns);

/* Reads at most @room bytes and adds their number to *@have. DONE means that there were some. */
TPMEmulatorProgress tpm_emulator_read_some(QIOChannel *ioc, uint8_t *buf, size_t room,
                                           size_t *have);

/* Sends a request and leaves its reply to the caller. False where it cannot go out by then. */
bool tpm_emulator_control_send(TPMEmulator *s, const TPMEmulatorControl *call, int64_t deadline_ns);

/* Reads as many of the replies that nobody waits for as have arrived. DONE: all of them. */
TPMEmulatorProgress tpm_emulator_control_drain(TPMEmulator *s);

/**
 * tpm_emulator_control:
 * @s: with a control connection and no command in flight
 *
 * Sends one control request and waits for its reply, bounded by the time limit. A reply may be cut
 * short after a result word other than 0.
 *
 * Returns: true with call->reply filled. False with @errp set: the TPM refused, or the connection
 * broke, stayed silent or broke the protocol, in which case the TPM is lost.
 */
bool tpm_emulator_control(TPMEmulator *s, const TPMEmulatorControl *call, Error **errp);

/**
 * tpm_emulator_control_more:
 *
 * Reads @size further bytes of the reply to @command; the caller has bounded them.
 * Returns: false with @errp set, and then the TPM is lost.
 */
bool tpm_emulator_control_more(TPMEmulator *s, uint32_t command, void *buf, size_t size,
                               Error **errp);

#endif
