/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Signed JSON taken apart; whether the signature is right is jws-verify.h's. Spec: RFC 7515. */
#ifndef APPRAISE_JWS_PARTS_H
#define APPRAISE_JWS_PARTS_H

#include "attest/deepquote.h"

enum {
    DQ_JWS_MAX = 384 << 20, /* bytes of text: a payload of 256 MiB and more */
    DQ_JWS_HEADER_MAX = 1024,
};

/**
 * DqJwsError:
 * @DQ_JWS_ERROR_MALFORMED: it is no JWS in compact serialization
 * @DQ_JWS_ERROR_SIGNATURE: the signature is not one of this key over this text
 * @DQ_JWS_ERROR_HEADER: it is signed in another way, or for something else
 */
typedef enum DqJwsError {
    DQ_JWS_ERROR_MALFORMED,
    DQ_JWS_ERROR_SIGNATURE,
    DQ_JWS_ERROR_HEADER,
} DqJwsError;

#define DQ_JWS_ERROR dq_jws_error_quark()
GQuark dq_jws_error_quark(void);

/** DqJwsParts: nothing of it is verified. @signed_text is borrowed from the text. */
typedef struct DqJwsParts {
    GBytes *header, *payload, *signature;
    DqBytes signed_text;
} DqJwsParts;

/**
 * dq_jws_parts: takes HEADER.PAYLOAD.SIGNATURE apart; nothing may stand before, between or after.
 * @ret_parts: untouched on failure
 *
 * Errors: DQ_JWS_ERROR_MALFORMED.
 */
gboolean dq_jws_parts(DqBytes text, DqJwsParts *ret_parts, GError **error);
void dq_jws_parts_clear(DqJwsParts *parts);

/**
 * dq_jws_check_header: whether it says @algorithm and @type. Only "alg", "typ" and "kid" may be
 * there: whoever signs with more expects it to be understood.
 *
 * Errors: DQ_JWS_ERROR_HEADER.
 */
gboolean dq_jws_check_header(GBytes *header, const char *algorithm, const char *type,
                             GError **error);

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(DqJwsParts, dq_jws_parts_clear)

#endif
