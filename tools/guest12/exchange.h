/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Commands of a TPM 1.2 as this program sends them, and their answers. */
#ifndef TOOLS_GUEST12_EXCHANGE_H
#define TOOLS_GUEST12_EXCHANGE_H

#include "device.h"

#include "wire/tpm12-constants.h"

/**
 * exchange: a command without authorization.
 * @parameters: what follows the header
 * @what: for messages: what is tried
 * @buf: WIRE_TPM_BUFFER_MAX bytes
 * @ret_body: what follows the header of the answer, borrowed from @buf
 *
 * A TPM that asks to be asked again is, for some seconds.
 * Errors: of device_exchange(); TPM12_ERROR_TPM for each code but TPM_SUCCESS.
 */
gboolean exchange(Device *device, uint32_t ordinal, WireBytes parameters, const char *what,
                  uint8_t *buf, WireReader *ret_body, GError **error);

/**
 * exchange_whole: the same with a whole command, authorized or not, sent once.
 * @ret: the whole answer, whose code is TPM_SUCCESS
 */
gboolean exchange_whole(Device *device, WireBytes command, const char *what, uint8_t *buf,
                        WireBytes *ret, GError **error);

/** exchange_malformed: sets TPM12_ERROR_MALFORMED and returns FALSE. */
gboolean exchange_malformed(const char *what, GError **error);

#endif
