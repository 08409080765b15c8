/* SPDX-License-Identifier: GPL-2.0-or-later */
/* TPMT_SIGNATURE against a key. Spec: TPM 2.0 Part 2, section 11.3; Part 1, annexes B and C. */
#include "attest/signature.h"
#include "attest/crypto.h"

#include "attest/bytes.h"
#include "attest/digest.h"
#include "attest/key.h"

#include <openssl/rsa.h>
#include <string.h>

/* Collisions of SHA-1 can be made: what it signs proves nothing. */
static const uint16_t signing_hashes[] = { TPM_ALG_SHA256, TPM_ALG_SHA384, TPM_ALG_SHA512 };

static const struct {
    uint16_t alg;
    uint16_t key_type;
    int padding; /* RSA */
} schemes[] = {
    { TPM_ALG_ECDSA, TPM_ALG_ECC, 0 },
    { TPM_ALG_RSASSA, TPM_ALG_RSA, RSA_PKCS1_PADDING },
    { TPM_ALG_RSAPSS, TPM_ALG_RSA, RSA_PKCS1_PSS_PADDING },
};

/* SEQUENCE of two INTEGERs of at most 66 bytes and a sign byte each, all with their headers. */
#define DER_MAX (3 + 2 * (2 + 1 + WIRE_ECC_BYTES_MAX))

static gboolean hash_may_sign(uint16_t hash)
{
    for (gsize i = 0; i < G_N_ELEMENTS(signing_hashes); i++) {
        if (signing_hashes[i] == hash) {
            return TRUE;
        }
    }
    return FALSE;
}

gboolean dq_signature_hash_is_sound(const WireSignature *signature)
{
    return signature->alg == TPM_ALG_NULL || hash_may_sign(signature->hash);
}

/* Whether a key of this public area makes such signatures; the padding for RSA. */
static gboolean scheme_fits(const WirePublic *p, const WireSignature *s, int *ret_padding)
{
    if (p->scheme.scheme != TPM_ALG_NULL &&
        (p->scheme.scheme != s->alg || p->scheme.hash != s->hash)) {
        return FALSE;
    }
    for (gsize i = 0; i < G_N_ELEMENTS(schemes); i++) {
        if (schemes[i].alg == s->alg && schemes[i].key_type == p->type) {
            *ret_padding = schemes[i].padding;
            return hash_may_sign(s->hash);
        }
    }
    return FALSE;
}

gboolean dq_key_makes_signature(const DqKey *key, const WireSignature *signature)
{
    int padding;

    return scheme_fits(&key->public, signature, &padding);
}

/* Shortest DER INTEGER of an unsigned big-endian number; returns its size. */
static gsize put_integer(uint8_t *out, WireBytes n)
{
    gsize pad;

    while (n.len > 1 && n.p[0] == 0) {
        n.p++;
        n.len--;
    }
    pad = n.len == 0 || n.p[0] >= 0x80 ? 1 : 0;
    out[0] = 0x02;
    out[1] = (uint8_t)(pad + n.len);
    out[2] = 0;
    if (n.len > 0) {
        memcpy(out + 2 + pad, n.p, n.len);
    }
    return 2 + pad + n.len;
}

/* ECDSA-Sig-Value (RFC 3279); both numbers are at most WIRE_ECC_BYTES_MAX long. */
static gsize put_ecdsa(uint8_t out[DER_MAX], const WireSignature *s)
{
    uint8_t body[DER_MAX];
    gsize n = put_integer(body, s->r);
    gsize at = 0;

    n += put_integer(body + n, s->s);
    out[at++] = 0x30;
    if (n >= 0x80) {
        out[at++] = 0x81;
    }
    out[at++] = (uint8_t)n;
    memcpy(out + at, body, n);
    return at + n;
}

static EVP_PKEY_CTX *new_context(DqKey *key, const WireSignature *s, int padding)
{
    EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_pkey(NULL, key->pkey, NULL);

    if (ctx && EVP_PKEY_verify_init(ctx) == 1 &&
        EVP_PKEY_CTX_set_signature_md(ctx, dq_digest_md(s->hash)) == 1 &&
        (padding == 0 || EVP_PKEY_CTX_set_rsa_padding(ctx, padding) == 1) &&
        (padding != RSA_PKCS1_PSS_PADDING ||
         EVP_PKEY_CTX_set_rsa_pss_saltlen(ctx, RSA_PSS_SALTLEN_AUTO) == 1)) {
        return ctx;
    }
    EVP_PKEY_CTX_free(ctx);
    return NULL;
}

/* Takes the key's ready context out if it fits, so that no two threads have the same one. */
static EVP_PKEY_CTX *take_context(DqKey *key, const WireSignature *s, int padding)
{
    EVP_PKEY_CTX *ctx = NULL;

    g_mutex_lock(&key->lock);
    if (key->ready && key->ready_alg == s->alg && key->ready_hash == s->hash) {
        ctx = g_steal_pointer(&key->ready);
    }
    g_mutex_unlock(&key->lock);
    return ctx ? ctx : new_context(key, s, padding);
}

static void give_back_context(DqKey *key, const WireSignature *s, EVP_PKEY_CTX *ctx)
{
    EVP_PKEY_CTX *old;

    g_mutex_lock(&key->lock);
    old = key->ready;
    key->ready = ctx;
    key->ready_alg = s->alg;
    key->ready_hash = s->hash;
    g_mutex_unlock(&key->lock);
    EVP_PKEY_CTX_free(old);
}

static gboolean verify_digest(EVP_PKEY_CTX *ctx, const WireSignature *s, DqBytes digest)
{
    uint8_t der[DER_MAX];
    DqBytes sig = dq_unwire(s->r);

    if (s->alg == TPM_ALG_ECDSA) {
        if (s->r.len > WIRE_ECC_BYTES_MAX || s->s.len > WIRE_ECC_BYTES_MAX) {
            return FALSE;
        }
        sig = (DqBytes){ der, put_ecdsa(der, s) };
    }
    return EVP_PKEY_verify(ctx, sig.data, sig.len, digest.data, digest.len) == 1;
}

gboolean dq_key_verify_signature(DqKey *key, DqBytes message, const WireSignature *signature)
{
    uint8_t digest[DQ_DIGEST_MAX];
    EVP_PKEY_CTX *ctx;
    gsize n;
    gboolean good;
    int padding;

    if (!scheme_fits(&key->public, signature, &padding)) {
        return FALSE;
    }
    n = dq_digest(signature->hash, &message, 1, digest);
    ctx = n == 0 ? NULL : take_context(key, signature, padding);
    if (!ctx) {
        dq_crypto_failed();
        return FALSE;
    }
    good = verify_digest(ctx, signature, (DqBytes){ digest, n });
    if (good) {
        give_back_context(key, signature, ctx);
    } else {
        EVP_PKEY_CTX_free(ctx); /* a failed one is not used again */
        dq_crypto_failed();
    }
    return good;
}

gboolean dq_key_verify(DqKey *key, DqBytes message, DqBytes signature)
{
    WireSignature s;

    return wire_decode_signature(dq_wire(signature), &s) &&
           dq_key_verify_signature(key, message, &s);
}
