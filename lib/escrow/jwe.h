/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Text that one key alone opens: JSON Web Encryption in compact serialization, A256GCM. For a key
 * on P-256 the content's key is agreed on (ECDH-ES); for RSA it is encrypted (RSA-OAEP-256).
 *
 * Spec: RFC 7516; RFC 7518, sections 4.3, 4.6 and 5.3.
 */
#ifndef ESCROW_JWE_H
#define ESCROW_JWE_H

#include "attest/deepquote.h"

#include <openssl/evp.h>

enum {
    DQ_JWE_MAX = 8 << 20, /* bytes of text */
    DQ_JWE_KEY_SIZE = 32, /* bytes of the content's key */
    DQ_JWE_COORDINATE_SIZE = 32,
};

/**
 * DqJweError:
 * @DQ_JWE_ERROR_MALFORMED: it is no such text, or is sealed in another way or for something else
 * @DQ_JWE_ERROR_KEY: it is sealed for another kind of key
 * @DQ_JWE_ERROR_SEALED: it is not for this key, or was changed
 */
typedef enum DqJweError {
    DQ_JWE_ERROR_MALFORMED,
    DQ_JWE_ERROR_KEY,
    DQ_JWE_ERROR_SEALED,
} DqJweError;

#define DQ_JWE_ERROR dq_jwe_error_quark()
GQuark dq_jwe_error_quark(void);

/** DqSecret: bytes that are wiped when they are freed. */
typedef struct DqSecret {
    uint8_t *data;
    gsize len;
} DqSecret;

void dq_secret_clear(DqSecret *secret);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(DqSecret, dq_secret_clear)

/** DqJwe: taken apart; nothing of it is known to be true. */
typedef struct DqJwe {
    gboolean agreed;                   /* ECDH-ES, with the two below; else RSA-OAEP-256 */
    uint8_t x[DQ_JWE_COORDINATE_SIZE]; /* of the sender's point, which may be on no curve */
    uint8_t y[DQ_JWE_COORDINATE_SIZE];
    GBytes *key;    /* the content's, encrypted by RSA; empty where it is agreed on */
    GBytes *nonce;  /* 12 bytes */
    GBytes *text;   /* encrypted */
    GBytes *tag;    /* 16 bytes */
    DqBytes header; /* as it is authenticated; borrowed from the text */
} DqJwe;

void dq_jwe_clear(DqJwe *jwe);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(DqJwe, dq_jwe_clear)

/**
 * dq_jwe_seal: (transfer full): @plain for the private key of @recipient.
 * @type: what the header's "typ" says
 *
 * Errors: DQ_JWE_ERROR_KEY where it is none on P-256 and none of RSA with 2048 bits.
 */
char *dq_jwe_seal(EVP_PKEY *recipient, const char *type, DqBytes plain, GError **error);

/**
 * dq_jwe_read: takes apart what dq_jwe_seal() made for this @type; nothing may stand before,
 * between or after.
 * @ret: untouched on failure
 *
 * Errors: DQ_JWE_ERROR_MALFORMED.
 */
gboolean dq_jwe_read(DqBytes text, const char *type, DqJwe *ret, GError **error);

/** dq_jwe_key_agreed: the content's key, from what the recipient agreed on with the sender's point.
 * @z: DQ_JWE_COORDINATE_SIZE bytes */
void dq_jwe_key_agreed(const uint8_t *z, uint8_t ret_key[DQ_JWE_KEY_SIZE]);

/**
 * dq_jwe_key: the content's key, by the recipient's @pkey, with its private part.
 *
 * Errors: DQ_JWE_ERROR_KEY, DQ_JWE_ERROR_SEALED.
 */
gboolean dq_jwe_key(const DqJwe *jwe, EVP_PKEY *pkey, uint8_t ret_key[DQ_JWE_KEY_SIZE],
                    GError **error);

/**
 * dq_jwe_open:
 * @ret_plain: clear it; untouched on failure
 *
 * Errors: DQ_JWE_ERROR_SEALED.
 */
gboolean dq_jwe_open(const DqJwe *jwe, const uint8_t key[DQ_JWE_KEY_SIZE], DqSecret *ret_plain,
                     GError **error);

#endif
