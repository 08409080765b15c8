/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "wire/public.h"

#include "wire/hash.h"

/* TPMT_SYM_DEF_OBJECT+ */
static bool get_symmetric(WireReader *r, WirePublic *p)
{
    return wire_get_u16(r, &p->sym_alg) &&
           (p->sym_alg == TPM_ALG_NULL ||
            (wire_get_u16(r, &p->sym_key_bits) && wire_get_u16(r, &p->sym_mode)));
}

static bool put_symmetric(WireWriter *w, const WirePublic *p)
{
    return wire_put_u16(w, p->sym_alg) &&
           (p->sym_alg == TPM_ALG_NULL ||
            (wire_put_u16(w, p->sym_key_bits) && wire_put_u16(w, p->sym_mode)));
}

static bool get_rsa(WireReader *r, WirePublic *p)
{
    return get_symmetric(r, p) && wire_get_sig_scheme(r, &p->scheme) &&
           wire_get_u16(r, &p->rsa_key_bits) && wire_get_u32(r, &p->rsa_exponent) &&
           wire_get_tpm2b(r, WIRE_KEY_BYTES_MAX, &p->rsa_modulus);
}

static bool put_rsa(WireWriter *w, const WirePublic *p)
{
    return put_symmetric(w, p) && wire_put_sig_scheme(w, &p->scheme) &&
           wire_put_u16(w, p->rsa_key_bits) && wire_put_u32(w, p->rsa_exponent) &&
           wire_put_tpm2b(w, p->rsa_modulus);
}

static bool get_ecc(WireReader *r, WirePublic *p)
{
    return get_symmetric(r, p) && wire_get_sig_scheme(r, &p->scheme) &&
           wire_get_u16(r, &p->ecc_curve) && wire_get_u16(r, &p->kdf_scheme) &&
           (p->kdf_scheme == TPM_ALG_NULL || wire_get_u16(r, &p->kdf_hash)) &&
           wire_get_tpm2b(r, WIRE_ECC_BYTES_MAX, &p->ecc_x) &&
           wire_get_tpm2b(r, WIRE_ECC_BYTES_MAX, &p->ecc_y);
}

static bool put_ecc(WireWriter *w, const WirePublic *p)
{
    return put_symmetric(w, p) && wire_put_sig_scheme(w, &p->scheme) &&
           wire_put_u16(w, p->ecc_curve) && wire_put_u16(w, p->kdf_scheme) &&
           (p->kdf_scheme == TPM_ALG_NULL || wire_put_u16(w, p->kdf_hash)) &&
           wire_put_tpm2b(w, p->ecc_x) && wire_put_tpm2b(w, p->ecc_y);
}

static const struct {
    uint16_t type;
    bool (*get)(WireReader *r, WirePublic *p);
    bool (*put)(WireWriter *w, const WirePublic *p);
} types[] = {
    { TPM_ALG_RSA, get_rsa, put_rsa },
    { TPM_ALG_ECC, get_ecc, put_ecc },
};

bool wire_decode_public(WireBytes bytes, WirePublic *ret)
{
    WireReader r = WIRE_READER(bytes.p, bytes.len);
    WirePublic p = { 0 };

    if (!wire_get_u16(&r, &p.type) || !wire_get_u16(&r, &p.name_alg) ||
        wire_hash_size(p.name_alg) == 0 || !wire_get_u32(&r, &p.attributes) ||
        !wire_get_tpm2b(&r, WIRE_DIGEST_MAX, &p.auth_policy)) {
        return false;
    }
    for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++) {
        if (types[i].type == p.type) {
            if (!types[i].get(&r, &p) || r.left != 0) {
                return false;
            }
            *ret = p;
            return true;
        }
    }
    return false;
}

bool wire_put_public(WireWriter *w, const WirePublic *p)
{
    WireWriter t = *w;

    if (!wire_put_u16(&t, p->type) || !wire_put_u16(&t, p->name_alg) ||
        !wire_put_u32(&t, p->attributes) || !wire_put_tpm2b(&t, p->auth_policy)) {
        return false;
    }
    for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++) {
        if (types[i].type == p->type) {
            if (!types[i].put(&t, p)) {
                return false;
            }
            *w = t;
            return true;
        }
    }
    return false;
}
