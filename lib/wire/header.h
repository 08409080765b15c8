/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Headers of TPM commands and responses. Spec: TPM 2.0 Part 1, section 18. */
#ifndef WIRE_HEADER_H
#define WIRE_HEADER_H

#include "wire/cursor.h"

typedef struct WireTpmHeader {
    uint16_t tag;
    uint32_t size; /* of the whole message, header included */
    uint32_t code; /* command code or response code */
} WireTpmHeader;

/** wire_get_tpm_header: @ret->size is as sent; the caller compares it with what it holds. */
bool wire_get_tpm_header(WireReader *r, WireTpmHeader *ret);
bool wire_put_tpm_header(WireWriter *w, const WireTpmHeader *h);

#endif
