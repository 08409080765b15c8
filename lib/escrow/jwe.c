/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "escrow/jwe.h"

#include <openssl/ec.h>
#include <openssl/rand.h>
#include <openssl/rsa.h>
#include <string.h>

#include "appraise/ecdh.h"
#include "appraise/json-fields.h"
#include "appraise/jws-algorithm.h"
#include "attest/base64url.h"
#include "attest/bytes.h"
#include "attest/crypto.h"
#include "attest/digest.h"
#include "attest/public.h"
#include "wire/tpm-constants.h"

#define ALG_AGREED "ECDH-ES"
#define ALG_RSA "RSA-OAEP-256"
#define ENC "A256GCM"

enum {
    PARTS = 5,
    HEADER_MAX = 1024,
    RSA_BITS = 2048,
    NONCE_SIZE = 12,
    TAG_SIZE = 16,
};

G_DEFINE_QUARK(dq_jwe_error, dq_jwe_error)

void dq_secret_clear(DqSecret *secret)
{
    if (secret->data) {
        OPENSSL_cleanse(secret->data, secret->len);
    }
    g_clear_pointer(&secret->data, g_free);
    secret->len = 0;
}

void dq_jwe_clear(DqJwe *jwe)
{
    GBytes **all[] = { &jwe->key, &jwe->nonce, &jwe->text, &jwe->tag };

    for (gsize i = 0; i < G_N_ELEMENTS(all); i++) {
        g_clear_pointer(all[i], g_bytes_unref);
    }
}

static gboolean fail(GError **error, DqJweError code, const char *what)
{
    dq_crypto_failed();
    g_set_error(error, DQ_JWE_ERROR, (int)code, "%s", what);
    return FALSE;
}

/* ------------------------------------------------------------------------- the content's key */

/* One step of the KDF of SP 800-56A: the key is as long as the hash. Spec: RFC 7518, 4.6.2. */
void dq_jwe_key_agreed(const uint8_t *z, uint8_t ret_key[DQ_JWE_KEY_SIZE])
{
    static const uint8_t round[] = { 0, 0, 0, 1 };
    static const uint8_t enc_size[] = { 0, 0, 0, sizeof(ENC) - 1 };
    static const uint8_t rest[] = { 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0 }; /* no parties; 256 bits */
    const DqBytes parts[] = {
        { round, sizeof(round) },       { z, DQ_JWE_COORDINATE_SIZE },
        { enc_size, sizeof(enc_size) }, { (const uint8_t *)ENC, sizeof(ENC) - 1 },
        { rest, sizeof(rest) },
    };

    G_STATIC_ASSERT(DQ_JWE_KEY_SIZE == DQ_HASH_SIZE);
    dq_sha256(parts, G_N_ELEMENTS(parts), ret_key);
}

static gboolean agree(EVP_PKEY *own, EVP_PKEY *peer, uint8_t ret_key[DQ_JWE_KEY_SIZE])
{
    uint8_t z[DQ_JWE_COORDINATE_SIZE];
    const gboolean ok = dq_ecdh_agree(own, peer, z, sizeof(z));

    if (ok) {
        dq_jwe_key_agreed(z, ret_key);
    }
    OPENSSL_cleanse(z, sizeof(z));
    return ok;
}

static gboolean set_oaep(EVP_PKEY_CTX *ctx)
{
    return EVP_PKEY_CTX_set_rsa_padding(ctx, RSA_PKCS1_OAEP_PADDING) == 1 &&
           EVP_PKEY_CTX_set_rsa_oaep_md(ctx, EVP_sha256()) == 1 &&
           EVP_PKEY_CTX_set_rsa_mgf1_md(ctx, EVP_sha256()) == 1;
}

/* The sender's point as a key; NULL where it is not on the curve. */
static EVP_PKEY *sender_of(const DqJwe *jwe)
{
    const WirePublic p = { .type = TPM_ALG_ECC,
                           .ecc_curve = TPM_ECC_NIST_P256,
                           .ecc_x = { jwe->x, sizeof(jwe->x) },
                           .ecc_y = { jwe->y, sizeof(jwe->y) } };

    return dq_public_to_pkey(&p);
}

static gboolean decrypt_key(const DqJwe *jwe, EVP_PKEY *pkey, uint8_t ret_key[DQ_JWE_KEY_SIZE])
{
    const DqBytes in = dq_bytes_peek(jwe->key);
    uint8_t out[RSA_BITS / 8];
    size_t len = sizeof(out);
    EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new(pkey, NULL);
    const gboolean ok = ctx && EVP_PKEY_decrypt_init(ctx) == 1 && set_oaep(ctx) &&
                        EVP_PKEY_decrypt(ctx, out, &len, in.data, in.len) == 1 &&
                        len == DQ_JWE_KEY_SIZE;

    EVP_PKEY_CTX_free(ctx);
    if (ok) {
        memcpy(ret_key, out, DQ_JWE_KEY_SIZE);
    }
    OPENSSL_cleanse(out, sizeof(out));
    return ok;
}

gboolean dq_jwe_key(const DqJwe *jwe, EVP_PKEY *pkey, uint8_t ret_key[DQ_JWE_KEY_SIZE],
                    GError **error)
{
    EVP_PKEY *sender;
    gboolean ok;

    if (!(jwe->agreed ? dq_jws_is_p256(pkey) : dq_jws_is_rsa_2048(pkey))) {
        return fail(error, DQ_JWE_ERROR_KEY,
                    jwe->agreed ? "it is for a key on P-256, which this is not"
                                : "it is for an RSA key of 2048 bits, which this is not");
    }
    if (!jwe->agreed) {
        return decrypt_key(jwe, pkey, ret_key) ||
               fail(error, DQ_JWE_ERROR_SEALED, "it is not for this key, or was changed");
    }
    sender = sender_of(jwe);
    ok = sender && agree(pkey, sender, ret_key);
    EVP_PKEY_free(sender);
    return ok || fail(error, DQ_JWE_ERROR_SEALED, "its sender's point is not on the curve");
}

/* --------------------------------------------------------------------------------- Reading */

/* A coordinate in the header. */
static gboolean get_coordinate(JsonObject *epk, const char *name,
                               uint8_t ret[DQ_JWE_COORDINATE_SIZE])
{
    const char *text = dq_json_string(epk, name);
    g_autoptr(GBytes) bytes =
        text ? dq_base64url_decode((DqBytes){ (const uint8_t *)text, strlen(text) }) : NULL;

    if (!bytes || g_bytes_get_size(bytes) != DQ_JWE_COORDINATE_SIZE) {
        return FALSE;
    }
    memcpy(ret, g_bytes_get_data(bytes, NULL), DQ_JWE_COORDINATE_SIZE);
    return TRUE;
}

static gboolean get_point(JsonObject *header, DqJwe *jwe)
{
    static const char *const names[] = { "kty", "crv", "x", "y", NULL };
    JsonNode *node = dq_json_member(header, "epk", JSON_NODE_OBJECT);
    JsonObject *epk = node ? json_node_get_object(node) : NULL;

    return epk && !dq_json_unknown(epk, names) &&
           g_strcmp0(dq_json_string(epk, "kty"), "EC") == 0 &&
           g_strcmp0(dq_json_string(epk, "crv"), "P-256") == 0 &&
           get_coordinate(epk, "x", jwe->x) && get_coordinate(epk, "y", jwe->y);
}

/* What is there beyond these is expected to be understood. */
static gboolean read_header(GBytes *bytes, const char *type, DqJwe *jwe)
{
    static const char *const names[] = { "alg", "enc", "typ", "epk", NULL };
    const DqBytes text = dq_bytes_peek(bytes);
    g_autoptr(JsonParser) parser = dq_json_load((const char *)text.data, text.len, HEADER_MAX,
                                                DQ_JWE_ERROR, DQ_JWE_ERROR_MALFORMED, NULL);
    JsonObject *header = parser ? json_node_get_object(json_parser_get_root(parser)) : NULL;
    const char *alg = header ? dq_json_string(header, "alg") : NULL;

    if (!alg || dq_json_unknown(header, names) ||
        g_strcmp0(dq_json_string(header, "enc"), ENC) != 0 ||
        g_strcmp0(dq_json_string(header, "typ"), type) != 0) {
        return FALSE;
    }
    jwe->agreed = g_str_equal(alg, ALG_AGREED);
    return jwe->agreed ? get_point(header, jwe)
                       : g_str_equal(alg, ALG_RSA) && !json_object_has_member(header, "epk");
}

/* The next part, up to a dot or, for the last one, to the end. */
static GBytes *take_part(DqBytes *rest, gboolean last)
{
    const uint8_t *dot = rest->len > 0 ? memchr(rest->data, '.', rest->len) : NULL;
    const gsize len = dot ? (gsize)(dot - rest->data) : rest->len;
    const DqBytes part = { rest->data, len };

    if (last != !dot) {
        return NULL;
    }
    *rest = dot ? (DqBytes){ dot + 1, rest->len - len - 1 } : (DqBytes){ NULL, 0 };
    return dq_base64url_decode(part);
}

static gboolean has_sizes(const DqJwe *jwe)
{
    return g_bytes_get_size(jwe->key) == (jwe->agreed ? 0 : RSA_BITS / 8) &&
           g_bytes_get_size(jwe->nonce) == NONCE_SIZE && g_bytes_get_size(jwe->tag) == TAG_SIZE;
}

gboolean dq_jwe_read(DqBytes text, const char *type, DqJwe *ret, GError **error)
{
    g_autoptr(GBytes) header = NULL;
    g_auto(DqJwe) jwe = { 0 };
    GBytes **parts[PARTS] = { &header, &jwe.key, &jwe.nonce, &jwe.text, &jwe.tag };
    DqBytes rest = text;

    if (text.len > DQ_JWE_MAX) {
        return fail(error, DQ_JWE_ERROR_MALFORMED, "it is too long");
    }
    for (guint i = 0; i < PARTS; i++) {
        *parts[i] = take_part(&rest, i + 1 == PARTS);
        if (!*parts[i]) {
            return fail(error, DQ_JWE_ERROR_MALFORMED,
                        "it is no text of five parts in base64url with dots between them");
        }
        if (i == 0) {
            jwe.header = (DqBytes){ text.data, text.len - rest.len - 1 };
        }
    }
    if (!read_header(header, type, &jwe) || !has_sizes(&jwe)) {
        return fail(error, DQ_JWE_ERROR_MALFORMED,
                    "it is sealed in another way than is known here, or for something else");
    }
    *ret = jwe;
    jwe = (DqJwe){ 0 };
    return TRUE;
}

gboolean dq_jwe_open(const DqJwe *jwe, const uint8_t key[DQ_JWE_KEY_SIZE], DqSecret *ret_plain,
                     GError **error)
{
    const DqBytes text = dq_bytes_peek(jwe->text), nonce = dq_bytes_peek(jwe->nonce);
    const DqBytes tag = dq_bytes_peek(jwe->tag);
    g_auto(DqSecret) plain = { g_malloc(MAX(text.len, 1)), text.len };
    EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();
    int len;
    const gboolean ok =
        ctx && EVP_DecryptInit_ex(ctx, EVP_aes_256_gcm(), NULL, key, nonce.data) == 1 &&
        EVP_DecryptUpdate(ctx, NULL, &len, jwe->header.data, (int)jwe->header.len) == 1 &&
        EVP_DecryptUpdate(ctx, plain.data, &len, text.data, (int)text.len) == 1 &&
        EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_AEAD_SET_TAG, TAG_SIZE, (uint8_t *)tag.data) == 1 &&
        EVP_DecryptFinal_ex(ctx, plain.data + len, &len) == 1;

    EVP_CIPHER_CTX_free(ctx);
    if (!ok) {
        return fail(error, DQ_JWE_ERROR_SEALED, "it is not for this key, or was changed");
    }
    *ret_plain = (DqSecret){ g_steal_pointer(&plain.data), text.len };
    return TRUE;
}

/* --------------------------------------------------------------------------------- Writing */

/* What is to be sealed, on its way. */
typedef struct Sealing {
    uint8_t key[DQ_JWE_KEY_SIZE];
    char *header;  /* JSON */
    char *wrapped; /* base64url */
} Sealing;

static gboolean begin_agreed(EVP_PKEY *recipient, const char *type, Sealing *s)
{
    uint8_t x[DQ_JWE_COORDINATE_SIZE], y[DQ_JWE_COORDINATE_SIZE];
    EVP_PKEY *own = EVP_EC_gen("P-256");
    const gboolean ok = own && dq_ecdh_point(own, x, y, sizeof(x)) && agree(own, recipient, s->key);

    EVP_PKEY_free(own);
    if (ok) {
        g_autofree char *x_text = dq_base64url((DqBytes){ x, sizeof(x) });
        g_autofree char *y_text = dq_base64url((DqBytes){ y, sizeof(y) });

        s->header = g_strdup_printf("{\"alg\":\"" ALG_AGREED "\",\"enc\":\"" ENC
                                    "\",\"typ\":\"%s\",\"epk\":{\"kty\":\"EC\",\"crv\":\"P-256\","
                                    "\"x\":\"%s\",\"y\":\"%s\"}}",
                                    type, x_text, y_text);
        s->wrapped = g_strdup("");
    }
    return ok;
}

static gboolean begin_rsa(EVP_PKEY *recipient, const char *type, Sealing *s)
{
    uint8_t out[RSA_BITS / 8];
    size_t len = sizeof(out);
    EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new(recipient, NULL);
    const gboolean ok = ctx && RAND_priv_bytes(s->key, sizeof(s->key)) == 1 &&
                        EVP_PKEY_encrypt_init(ctx) == 1 && set_oaep(ctx) &&
                        EVP_PKEY_encrypt(ctx, out, &len, s->key, sizeof(s->key)) == 1;

    EVP_PKEY_CTX_free(ctx);
    if (ok) {
        s->header =
            g_strdup_printf("{\"alg\":\"" ALG_RSA "\",\"enc\":\"" ENC "\",\"typ\":\"%s\"}", type);
        s->wrapped = dq_base64url((DqBytes){ out, len });
    }
    return ok;
}

/* (transfer full): the compact serialization; NULL where something failed. */
static char *finish(const Sealing *s, DqBytes plain)
{
    g_autofree char *header = dq_base64url((DqBytes){ (uint8_t *)s->header, strlen(s->header) });
    g_autofree uint8_t *out = g_malloc(MAX(plain.len, 1));
    uint8_t nonce[NONCE_SIZE], tag[TAG_SIZE];
    EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();
    int len;
    const gboolean ok =
        ctx && RAND_bytes(nonce, sizeof(nonce)) == 1 &&
        EVP_EncryptInit_ex(ctx, EVP_aes_256_gcm(), NULL, s->key, nonce) == 1 &&
        EVP_EncryptUpdate(ctx, NULL, &len, (uint8_t *)header, (int)strlen(header)) == 1 &&
        EVP_EncryptUpdate(ctx, out, &len, plain.data, (int)plain.len) == 1 &&
        EVP_EncryptFinal_ex(ctx, out + len, &len) == 1 &&
        EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_AEAD_GET_TAG, sizeof(tag), tag) == 1;
    g_autofree char *nonce_text = NULL, *text = NULL, *tag_text = NULL;

    EVP_CIPHER_CTX_free(ctx);
    if (!ok) {
        return NULL;
    }
    nonce_text = dq_base64url((DqBytes){ nonce, sizeof(nonce) });
    text = dq_base64url((DqBytes){ out, plain.len });
    tag_text = dq_base64url((DqBytes){ tag, sizeof(tag) });
    return g_strjoin(".", header, s->wrapped, nonce_text, text, tag_text, NULL);
}

char *dq_jwe_seal(EVP_PKEY *recipient, const char *type, DqBytes plain, GError **error)
{
    Sealing s = { 0 };
    char *text = NULL;

    if (!dq_jws_is_p256(recipient) && !dq_jws_is_rsa_2048(recipient)) {
        fail(error, DQ_JWE_ERROR_KEY,
             "nothing is sealed for such a key: take one on P-256, or of "
             "RSA with 2048 bits");
        return NULL;
    }
    g_return_val_if_fail(plain.len <= DQ_JWE_MAX / 2, NULL);
    if ((dq_jws_is_rsa_2048(recipient) ? begin_rsa : begin_agreed)(recipient, type, &s)) {
        text = finish(&s, plain);
    }
    OPENSSL_cleanse(s.key, sizeof(s.key));
    g_free(s.header);
    g_free(s.wrapped);
    if (!text) {
        fail(error, DQ_JWE_ERROR_KEY, "nothing can be sealed for this key");
    }
    return text;
}
