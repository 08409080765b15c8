/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "wire/signature.h"

#include "wire/hash.h"

typedef enum SignatureShape {
    SHAPE_NONE, /* TPM_ALG_NULL: nothing follows */
    SHAPE_RSA,  /* hash, TPM2B_PUBLIC_KEY_RSA */
    SHAPE_ECC,  /* hash, two TPM2B_ECC_PARAMETER */
    SHAPE_HASH, /* TPMT_HA: hash, digest without a size */
} SignatureShape;

static const struct {
    uint16_t alg;
    SignatureShape shape;
} shapes[] = {
    { TPM_ALG_NULL, SHAPE_NONE },     { TPM_ALG_RSASSA, SHAPE_RSA }, { TPM_ALG_RSAPSS, SHAPE_RSA },
    { TPM_ALG_ECDSA, SHAPE_ECC },     { TPM_ALG_ECDAA, SHAPE_ECC },  { TPM_ALG_SM2, SHAPE_ECC },
    { TPM_ALG_ECSCHNORR, SHAPE_ECC }, { TPM_ALG_HMAC, SHAPE_HASH },
};

static bool shape_of(uint16_t alg, SignatureShape *ret)
{
    for (size_t i = 0; i < sizeof(shapes) / sizeof(shapes[0]); i++) {
        if (shapes[i].alg == alg) {
            *ret = shapes[i].shape;
            return true;
        }
    }
    return false;
}

static bool get_values(WireReader *r, SignatureShape shape, WireSignature *s)
{
    size_t digest = wire_hash_size(s->hash);

    switch (shape) {
    case SHAPE_RSA:
        return wire_get_tpm2b(r, WIRE_KEY_BYTES_MAX, &s->r);
    case SHAPE_ECC:
        return wire_get_tpm2b(r, WIRE_ECC_BYTES_MAX, &s->r) &&
               wire_get_tpm2b(r, WIRE_ECC_BYTES_MAX, &s->s);
    case SHAPE_HASH:
        return digest != 0 && wire_get_bytes(r, digest, &s->r);
    default:
        return false;
    }
}

bool wire_get_signature(WireReader *r, WireSignature *ret)
{
    WireReader t = *r;
    WireSignature s = { 0 };
    SignatureShape shape;

    if (!wire_get_u16(&t, &s.alg) || !shape_of(s.alg, &shape)) {
        return false;
    }
    if (shape != SHAPE_NONE && (!wire_get_u16(&t, &s.hash) || !get_values(&t, shape, &s))) {
        return false;
    }
    *ret = s;
    *r = t;
    return true;
}

bool wire_decode_signature(WireBytes bytes, WireSignature *ret)
{
    WireReader r = WIRE_READER(bytes.p, bytes.len);
    WireSignature s;

    if (!wire_get_signature(&r, &s) || r.left != 0) {
        return false;
    }
    *ret = s;
    return true;
}

static bool put_values(WireWriter *w, SignatureShape shape, const WireSignature *s)
{
    switch (shape) {
    case SHAPE_RSA:
        return wire_put_tpm2b(w, s->r);
    case SHAPE_ECC:
        return wire_put_tpm2b(w, s->r) && wire_put_tpm2b(w, s->s);
    case SHAPE_HASH:
        return s->r.len == wire_hash_size(s->hash) && wire_put_bytes(w, s->r);
    default:
        return false;
    }
}

bool wire_put_signature(WireWriter *w, const WireSignature *s)
{
    WireWriter t = *w;
    SignatureShape shape;

    if (!shape_of(s->alg, &shape) || !wire_put_u16(&t, s->alg)) {
        return false;
    }
    if (shape != SHAPE_NONE && (!wire_put_u16(&t, s->hash) || !put_values(&t, shape, s))) {
        return false;
    }
    *w = t;
    return true;
}
