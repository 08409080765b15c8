/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "wire/tpm12-key.h"

enum {
    EXPONENT_MAX = 4,
    VERSION_1_1 = 0x01010000, /* TPM_KEY begins with it */
    KEY12_BEGINS = TPM12_TAG_KEY12 << 16,
};

/* TPM_KEY_PARMS with TPM_RSA_KEY_PARMS */
static bool get_parms(WireReader *r, WireTpm12Pubkey *p)
{
    uint32_t algorithm;
    WireBytes rsa;
    WireReader parms;

    if (!wire_get_u32(r, &algorithm) || algorithm != TPM12_ALG_RSA ||
        !wire_get_u16(r, &p->enc_scheme) || !wire_get_u16(r, &p->sig_scheme) ||
        !wire_get_sized(r, r->left, &rsa)) {
        return false;
    }
    parms = WIRE_READER(rsa.p, rsa.len);
    return wire_get_u32(&parms, &p->key_bits) && wire_get_u32(&parms, &p->primes) &&
           wire_get_sized(&parms, EXPONENT_MAX, &p->exponent) && parms.left == 0;
}

static bool get_modulus(WireReader *r, WireTpm12Pubkey *p)
{
    return wire_get_sized(r, WIRE_KEY_BYTES_MAX, &p->modulus) && p->modulus.len > 0;
}

static bool get_pubkey(WireReader *r, WireTpm12Pubkey *ret)
{
    WireReader t = *r;
    WireTpm12Pubkey p;

    if (!get_parms(&t, &p) || !get_modulus(&t, &p)) {
        return false;
    }
    *ret = p;
    *r = t;
    return true;
}

bool wire_decode_tpm12_pubkey(WireBytes bytes, WireTpm12Pubkey *ret)
{
    WireReader r = WIRE_READER(bytes.p, bytes.len);
    WireTpm12Pubkey p;

    if (!get_pubkey(&r, &p) || r.left != 0) {
        return false;
    }
    *ret = p;
    return true;
}

bool wire_put_tpm12_pubkey(WireWriter *w, const WireTpm12Pubkey *p)
{
    WireWriter t = *w;
    size_t mark;

    if (!wire_put_u32(&t, TPM12_ALG_RSA) || !wire_put_u16(&t, p->enc_scheme) ||
        !wire_put_u16(&t, p->sig_scheme) || !wire_open_u32(&t, &mark) ||
        !wire_put_u32(&t, p->key_bits) || !wire_put_u32(&t, p->primes) ||
        !wire_put_sized(&t, p->exponent) || !wire_close_u32(&t, mark) ||
        !wire_put_sized(&t, p->modulus)) {
        return false;
    }
    *w = t;
    return true;
}

bool wire_skip_tpm12_pubkey(WireReader *r)
{
    WireReader t = *r;
    uint32_t algorithm, schemes;
    WireBytes skipped;

    if (!wire_get_u32(&t, &algorithm) || !wire_get_u32(&t, &schemes) ||
        !wire_get_sized(&t, t.left, &skipped) || !wire_get_sized(&t, t.left, &skipped)) {
        return false;
    }
    *r = t;
    return true;
}

/* What precedes the key parameters: version or tag, keyUsage, keyFlags, authDataUsage */
static bool get_usage(WireReader *r, uint16_t *ret)
{
    uint32_t begins, flags;
    uint8_t auth_data_usage;

    return wire_get_u32(r, &begins) && (begins == VERSION_1_1 || begins == KEY12_BEGINS) &&
           wire_get_u16(r, ret) && wire_get_u32(r, &flags) && wire_get_u8(r, &auth_data_usage);
}

bool wire_get_tpm12_key(WireReader *r, WireTpm12Key *ret)
{
    WireReader t = *r;
    WireTpm12Key key;
    WireBytes pcr_info;

    if (!get_usage(&t, &key.usage) || !get_parms(&t, &key.public) ||
        !wire_get_sized(&t, t.left, &pcr_info) || !get_modulus(&t, &key.public)) {
        return false;
    }
    *ret = key;
    *r = t;
    return true;
}

bool wire_get_tpm12_ek(WireReader *r, WireTpm12Key *ret)
{
    WireReader t = *r;
    WireTpm12Key key;

    if (!get_usage(&t, &key.usage) || !get_pubkey(&t, &key.public)) {
        return false;
    }
    *ret = key;
    *r = t;
    return true;
}
