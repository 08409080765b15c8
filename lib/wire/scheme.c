/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "wire/scheme.h"

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
