/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tpm2_deepquote_scheme.h"

#include "common/input.h"
#include "wire/hash.h"

#include <string.h>

#define MAKE_AN_AK ": make an attestation key with --ak-create or tpm2_createak"

enum { RSA_BITS_MIN = 2048 };

static const struct {
    const char *name;
    uint16_t alg, type; /* @type: of a key that signs so */
    gboolean verified;  /* verifiers take it */
} schemes[] = {
    { "ecdsa", TPM2_ALG_ECDSA, TPM2_ALG_ECC, TRUE },
    { "rsassa", TPM2_ALG_RSASSA, TPM2_ALG_RSA, TRUE },
    { "rsapss", TPM2_ALG_RSAPSS, TPM2_ALG_RSA, TRUE },
    { "ecschnorr", TPM2_ALG_ECSCHNORR, TPM2_ALG_ECC, FALSE },
    { "ecdaa", TPM2_ALG_ECDAA, TPM2_ALG_ECC, FALSE },
    { "sm2", TPM2_ALG_SM2, TPM2_ALG_ECC, FALSE },
};

static const struct {
    const char *name;
    uint16_t type, size; /* @size: of an RSA key in bits, or the curve */
} templates[] = {
    { "ecc", TPM2_ALG_ECC, TPM2_ECC_NIST_P256 },
    { "ecc256", TPM2_ALG_ECC, TPM2_ECC_NIST_P256 },
    { "ecc384", TPM2_ALG_ECC, TPM2_ECC_NIST_P384 },
    { "rsa", TPM2_ALG_RSA, 2048 },
    { "rsa2048", TPM2_ALG_RSA, 2048 },
    { "rsa3072", TPM2_ALG_RSA, 3072 },
};

static const uint16_t verified_curves[] = { TPM2_ECC_NIST_P256, TPM2_ECC_NIST_P384,
                                            TPM2_ECC_NIST_P521 };

static gboolean refuse(GError **error, const char *text)
{
    g_set_error_literal(error, VTPM_ERROR, VTPM_ERROR_INPUT, text);
    return FALSE;
}

uint16_t scheme_parse(const char *text)
{
    uint64_t number;
    gboolean is_number = input_number(text, G_MAXUINT16, &number);

    for (size_t i = 0; i < G_N_ELEMENTS(schemes); i++) {
        if (is_number ? schemes[i].alg == number : strcmp(schemes[i].name, text) == 0) {
            return schemes[i].alg;
        }
    }
    return 0;
}

gboolean scheme_check_hash(uint16_t hash, GError **error)
{
    switch (hash) {
    case TPM2_ALG_SHA256:
    case TPM2_ALG_SHA384:
    case TPM2_ALG_SHA512:
        return TRUE;
    case TPM2_ALG_SHA1:
        return refuse(error, "a signature with SHA-1 can be forged, and no verifier of deep quotes "
                             "takes it: sign with sha256 (-g, or another key)");
    default:
        return refuse(error, "verifiers of deep quotes take signatures with sha256, sha384 and "
                             "sha512 only: name one with -g, or take another key");
    }
}

static gboolean check_scheme(uint16_t scheme, uint16_t type, GError **error)
{
    for (size_t i = 0; i < G_N_ELEMENTS(schemes); i++) {
        if (schemes[i].alg != scheme) {
            continue;
        }
        if (schemes[i].type != type) {
            g_set_error(error, VTPM_ERROR, VTPM_ERROR_INPUT,
                        "the key is no %s key, and cannot sign by %s: leave --scheme out",
                        schemes[i].type == TPM2_ALG_RSA ? "RSA" : "ECC", schemes[i].name);
            return FALSE;
        }
        if (schemes[i].verified) {
            return TRUE;
        }
    }
    return refuse(error, "verifiers of deep quotes take signatures by ecdsa, rsassa and rsapss "
                         "only, not by ecschnorr, ecdaa or sm2: name one with --scheme, or take "
                         "another key");
}

static uint16_t default_scheme(uint16_t type)
{
    return type == TPM2_ALG_RSA ? TPM2_ALG_RSASSA : TPM2_ALG_ECDSA;
}

/* What stands in "unique" sets the AK apart from other primary keys. */
static const char ak_unique[] = "deepquote AK";

static const TPMT_PUBLIC ak_common = {
    .nameAlg = TPM2_ALG_SHA256,
    .objectAttributes = TPMA_OBJECT_FIXEDTPM | TPMA_OBJECT_FIXEDPARENT |
                        TPMA_OBJECT_SENSITIVEDATAORIGIN | TPMA_OBJECT_USERWITHAUTH |
                        TPMA_OBJECT_NODA | TPMA_OBJECT_RESTRICTED | TPMA_OBJECT_SIGN_ENCRYPT,
};

static void fill_template(uint16_t type, uint16_t size, SchemeChoice choice, TPMT_PUBLIC *p)
{
    *p = ak_common;
    p->type = type;
    if (type == TPM2_ALG_ECC) {
        p->parameters.eccDetail = (TPMS_ECC_PARMS){
            .symmetric.algorithm = TPM2_ALG_NULL,
            .scheme = { .scheme = choice.scheme, .details.anySig.hashAlg = choice.hash },
            .curveID = size,
            .kdf.scheme = TPM2_ALG_NULL,
        };
        p->unique.ecc.x.size = sizeof(ak_unique) - 1;
        memcpy(p->unique.ecc.x.buffer, ak_unique, sizeof(ak_unique) - 1);
    } else {
        p->parameters.rsaDetail = (TPMS_RSA_PARMS){
            .symmetric.algorithm = TPM2_ALG_NULL,
            .scheme = { .scheme = choice.scheme, .details.anySig.hashAlg = choice.hash },
            .keyBits = size,
        };
        p->unique.rsa.size = sizeof(ak_unique) - 1;
        memcpy(p->unique.rsa.buffer, ak_unique, sizeof(ak_unique) - 1);
    }
}

gboolean scheme_template(const char *name, SchemeChoice choice, TPM2B_PUBLIC *ret, GError **error)
{
    size_t i = 0;

    while (i < G_N_ELEMENTS(templates) && strcmp(templates[i].name, name) != 0) {
        i++;
    }
    if (i == G_N_ELEMENTS(templates)) {
        return refuse(error, "-G: an attestation key is ecc, ecc256, ecc384, rsa, rsa2048 or "
                             "rsa3072");
    }
    if (choice.scheme == 0) {
        choice.scheme = default_scheme(templates[i].type);
    }
    if (choice.hash == 0) {
        choice.hash = TPM2_ALG_SHA256;
    }
    if (!check_scheme(choice.scheme, templates[i].type, error) ||
        !scheme_check_hash(choice.hash, error)) {
        return FALSE;
    }
    fill_template(templates[i].type, templates[i].size, choice, &ret->publicArea);
    return TRUE;
}

static gboolean is_verified_curve(uint16_t curve)
{
    for (size_t i = 0; i < G_N_ELEMENTS(verified_curves); i++) {
        if (verified_curves[i] == curve) {
            return TRUE;
        }
    }
    return FALSE;
}

/** Whether the key signs at all, and as something that a verifier has the means for. */
static gboolean check_key(const TPMT_PUBLIC *p, GError **error)
{
    const TPMA_OBJECT storage = TPMA_OBJECT_RESTRICTED | TPMA_OBJECT_DECRYPT;

    if (p->type == TPM2_ALG_KEYEDHASH) {
        return refuse(error, "the key is an HMAC key or sealed data: nobody who lacks its secret "
                             "could check the quote" MAKE_AN_AK);
    }
    if (p->type == TPM2_ALG_SYMCIPHER) {
        return refuse(error, "the key is a symmetric one, which signs nothing" MAKE_AN_AK);
    }
    if ((p->objectAttributes & TPMA_OBJECT_SIGN_ENCRYPT) == 0) {
        return refuse(error, (p->objectAttributes & storage) == storage
                                 ? "the key is an endorsement or storage key, which protects other "
                                   "keys and cannot sign" MAKE_AN_AK
                                 : "the key decrypts and cannot sign" MAKE_AN_AK);
    }
    if (p->type == TPM2_ALG_RSA ? p->parameters.rsaDetail.keyBits < RSA_BITS_MIN
                                : !is_verified_curve(p->parameters.eccDetail.curveID)) {
        return refuse(error,
                      "verifiers of deep quotes take RSA keys of 2048 bits or more, and keys "
                      "on NIST P-256, P-384 and P-521" MAKE_AN_AK);
    }
    return TRUE;
}

/** The scheme of the key itself; 0 where it has none. */
static SchemeChoice own_scheme(const TPMT_PUBLIC *p)
{
    SchemeChoice own;

    if (p->type == TPM2_ALG_RSA) {
        own.scheme = p->parameters.rsaDetail.scheme.scheme;
        own.hash = p->parameters.rsaDetail.scheme.details.anySig.hashAlg;
    } else {
        own.scheme = p->parameters.eccDetail.scheme.scheme;
        own.hash = p->parameters.eccDetail.scheme.details.anySig.hashAlg;
    }
    return own.scheme == TPM2_ALG_NULL ? (SchemeChoice){ 0, 0 } : own;
}

/** A choice is heard where the key leaves one. */
static gboolean agree(SchemeChoice own, SchemeChoice choice, uint16_t type, SchemeChoice *ret,
                      GError **error)
{
    if (own.scheme == 0) {
        ret->scheme = choice.scheme != 0 ? choice.scheme : default_scheme(type);
        ret->hash = choice.hash != 0 ? choice.hash : TPM2_ALG_SHA256;
        return TRUE;
    }
    if (choice.scheme != 0 && choice.scheme != own.scheme) {
        return refuse(error, "the key has a scheme of its own, which is another: leave --scheme "
                             "out");
    }
    if (choice.hash != 0 && choice.hash != own.hash) {
        return refuse(error, "the key's own scheme has another hash algorithm: leave -g out");
    }
    *ret = own;
    return TRUE;
}

gboolean scheme_for_key(const TPMT_PUBLIC *public, SchemeChoice choice, TPMT_SIG_SCHEME *ret,
                        GError **error)
{
    SchemeChoice agreed;

    if (!public) {
        /* nothing is signed; the TPM takes the hash of the PCR digest from the scheme */
        agreed.scheme = TPM2_ALG_ECDSA;
        agreed.hash = choice.hash != 0 ? choice.hash : TPM2_ALG_SHA256;
    } else if (!check_key(public, error) ||
               !agree(own_scheme(public), choice, public->type, &agreed, error) ||
               !check_scheme(agreed.scheme, public->type, error)) {
        return FALSE;
    }
    if (!scheme_check_hash(agreed.hash, error)) {
        return FALSE;
    }
    ret->scheme = agreed.scheme;
    ret->details.any.hashAlg = agreed.hash;
    return TRUE;
}
