/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Bytes as text for addresses and tokens. Spec: RFC 4648 section 5, RFC 7515 section 2. */
#ifndef ATTEST_BASE64URL_H
#define ATTEST_BASE64URL_H

#include "attest/deepquote.h"

/** dq_base64url: (transfer full): without padding. */
char *dq_base64url(DqBytes bytes);

/**
 * dq_base64url_decode: (transfer full): the bytes of exactly what dq_base64url() gives: no padding,
 * no space, no other letter, and no bit set behind the last byte. NULL for anything else.
 */
GBytes *dq_base64url_decode(DqBytes text);

#endif
