/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Headers, authorization areas, hash algorithms, names and signing schemes. */
#include "tpm.h"

static const struct {
    uint16_t alg;
    uint16_t size;
} hashes[] = {
    { TPM_ALG_SHA1, 20 },     { TPM_ALG_SHA256, 32 },   { TPM_ALG_SHA384, 48 },
    { TPM_ALG_SHA512, 64 },   { TPM_ALG_SM3_256, 32 },  { TPM_ALG_SHA3_256, 32 },
    { TPM_ALG_SHA3_384, 48 }, { TPM_ALG_SHA3_512, 64 },
};

size_t wire_hash_size(uint16_t alg)
{
    for (size_t i = 0; i < sizeof(hashes) / sizeof(hashes[0]); i++) {
        if (hashes[i].alg == alg) {
            return hashes[i].size;
        }
    }
    return 0;
}

bool wire_get_tpm_header(WireReader *r, WireTpmHeader *ret)
{
    WireReader t = *r;
    WireTpmHeader h;

    if (!wire_get_u16(&t, &h.tag) || !wire_get_u32(&t, &h.size) || !wire_get_u32(&t, &h.code)) {
        return false;
    }
    *ret = h;
    *r = t;
    return true;
}

bool wire_put_tpm_header(WireWriter *w, const WireTpmHeader *h)
{
    WireWriter t = *w;

    if (!wire_put_u16(&t, h->tag) || !wire_put_u32(&t, h->size) || !wire_put_u32(&t, h->code)) {
        return false;
    }
    *w = t;
    return true;
}

static bool get_auth(WireReader *r, WireAuth *ret)
{
    return wire_get_u32(r, &ret->handle) && wire_get_tpm2b(r, WIRE_DIGEST_MAX, &ret->nonce) &&
           wire_get_u8(r, &ret->attributes) && wire_get_tpm2b(r, WIRE_DIGEST_MAX, &ret->hmac);
}

bool wire_get_auth_area(WireReader *r, WireAuthArea *ret)
{
    WireReader t = *r;
    WireReader area;
    WireAuthArea a = { 0 };
    WireBytes body;
    uint32_t size;

    if (!wire_get_u32(&t, &size) || !wire_get_bytes(&t, size, &body)) {
        return false;
    }
    area = WIRE_READER(body.p, body.len);
    do {
        if (a.count == WIRE_AUTH_MAX || !get_auth(&area, &a.auth[a.count])) {
            return false;
        }
        a.count++;
    } while (area.left != 0);
    *ret = a;
    *r = t;
    return true;
}

bool wire_put_auth_area(WireWriter *w, const WireAuthArea *a)
{
    WireWriter t = *w;
    size_t mark;

    if (a->count > WIRE_AUTH_MAX || !wire_open_u32(&t, &mark)) {
        return false;
    }
    for (unsigned i = 0; i < a->count; i++) {
        if (!wire_put_u32(&t, a->auth[i].handle) || !wire_put_tpm2b(&t, a->auth[i].nonce) ||
            !wire_put_u8(&t, a->auth[i].attributes) || !wire_put_tpm2b(&t, a->auth[i].hmac)) {
            return false;
        }
    }
    if (!wire_close_u32(&t, mark)) {
        return false;
    }
    *w = t;
    return true;
}

bool wire_name_valid(WireBytes name)
{
    WireReader r = WIRE_READER(name.p, name.len);
    uint16_t alg;

    if (name.len == 0) {
        return true;
    }
    return wire_get_u16(&r, &alg) && r.left != 0 && r.left == wire_hash_size(alg);
}

bool wire_get_name(WireReader *r, WireBytes *ret)
{
    WireReader t = *r;
    WireBytes name;

    if (!wire_get_tpm2b(&t, WIRE_NAME_MAX, &name) || !wire_name_valid(name)) {
        return false;
    }
    *ret = name;
    *r = t;
    return true;
}

/* What follows the algorithm in TPMU_SIG_SCHEME and in a TPMT_*_SCHEME of a key. */
typedef enum SchemeDetails {
    SCHEME_NOTHING,
    SCHEME_HASH,
    SCHEME_HASH_COUNT,
} SchemeDetails;

static const struct {
    uint16_t alg;
    SchemeDetails details;
} schemes[] = {
    { TPM_ALG_NULL, SCHEME_NOTHING },     { TPM_ALG_RSAES, SCHEME_NOTHING },
    { TPM_ALG_RSASSA, SCHEME_HASH },      { TPM_ALG_RSAPSS, SCHEME_HASH },
    { TPM_ALG_OAEP, SCHEME_HASH },        { TPM_ALG_ECDSA, SCHEME_HASH },
    { TPM_ALG_ECDH, SCHEME_HASH },        { TPM_ALG_SM2, SCHEME_HASH },
    { TPM_ALG_ECSCHNORR, SCHEME_HASH },   { TPM_ALG_HMAC, SCHEME_HASH },
    { TPM_ALG_ECDAA, SCHEME_HASH_COUNT },
};

static bool scheme_details(uint16_t alg, SchemeDetails *ret)
{
    for (size_t i = 0; i < sizeof(schemes) / sizeof(schemes[0]); i++) {
        if (schemes[i].alg == alg) {
            *ret = schemes[i].details;
            return true;
        }
    }
    return false;
}

bool wire_sig_scheme_known(uint16_t scheme)
{
    SchemeDetails details;

    return scheme_details(scheme, &details);
}

bool wire_get_sig_scheme(WireReader *r, WireSigScheme *ret)
{
    WireReader t = *r;
    WireSigScheme s = { 0 };
    SchemeDetails details;

    if (!wire_get_u16(&t, &s.scheme) || !scheme_details(s.scheme, &details) ||
        (details >= SCHEME_HASH && !wire_get_u16(&t, &s.hash)) ||
        (details >= SCHEME_HASH_COUNT && !wire_get_u16(&t, &s.count))) {
        return false;
    }
    *ret = s;
    *r = t;
    return true;
}

bool wire_put_sig_scheme(WireWriter *w, const WireSigScheme *s)
{
    WireWriter t = *w;
    SchemeDetails details;

    if (!scheme_details(s->scheme, &details) || !wire_put_u16(&t, s->scheme) ||
        (details >= SCHEME_HASH && !wire_put_u16(&t, s->hash)) ||
        (details >= SCHEME_HASH_COUNT && !wire_put_u16(&t, s->count))) {
        return false;
    }
    *w = t;
    return true;
}
