/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Commands of a TPM 1.2 that an OIAP session authorizes.
 *
 * Spec: TPM Main Part 1, section 13 (authorization protocols); Part 3, section 18.1 (TPM_OIAP).
 */
#ifndef TOOLS_GUEST12_SESSION_H
#define TOOLS_GUEST12_SESSION_H

#include "device.h"
#include "secret.h"

#include "wire/tpm12-constants.h"

/** What is needed of a session for one command and its response. */
typedef struct Session {
    uint32_t handle;
    uint8_t even[TPM12_DIGEST_SIZE]; /* the TPM's nonce */
    uint8_t odd[TPM12_DIGEST_SIZE];  /* ours */
} Session;

/** session_begin: TPM_OIAP. Errors: of device_exchange(), and TPM12_ERROR_TPM. */
gboolean session_begin(Device *device, Session *ret, GError **error);

/**
 * session_trailer: authorizes the command of @ordinal whose parameters without handles are
 * @covered, as the session's last.
 * @ret: handle, nonceOdd, continueAuthSession, HMAC
 */
gboolean session_trailer(Session *session, const Secret *secret, uint32_t ordinal,
                         WireBytes covered, uint8_t ret[TPM12_COMMAND_TRAILER_SIZE],
                         GError **error);

/**
 * session_verify: whether the TPM that knows @secret made this response to it.
 * @covered: the response's parameters without handles
 * @trailer: TPM12_RESPONSE_TRAILER_SIZE bytes
 *
 * Errors: TPM12_ERROR_MALFORMED.
 */
gboolean session_verify(const Session *session, const Secret *secret, uint32_t ordinal,
                        WireBytes covered, WireBytes trailer, GError **error);

#endif
