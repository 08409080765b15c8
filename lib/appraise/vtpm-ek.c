/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "appraise/vtpm-ek.h"

#include "appraise/ek-x509.h"
#include "attest/bytes.h"
#include "attest/crypto.h"
#include "attest/key.h"
#include "wire/ek-template.h"
#include "wire/tpm-constants.h"

#include <openssl/core_names.h>
#include <openssl/x509v3.h>
#include <string.h>

enum { VALUE_MAX = 512, RSA_EXPONENT = 65537 };

static gboolean fail(GError **error, const char *why)
{
    dq_crypto_failed();
    g_set_error_literal(error, DQ_ERROR, DQ_ERROR_KEY, why);
    return FALSE;
}

/* All of @der is one certificate; NULL: it is not. */
static X509 *parse(DqBytes der, gsize max)
{
    const uint8_t *at = der.data;
    X509 *x509 = der.len > 0 && der.len <= max ? d2i_X509(NULL, &at, (long)der.len) : NULL;

    if (x509 && at != der.data + der.len) {
        X509_free(x509);
        return NULL;
    }
    return x509;
}

/* -------------------------------------------------------------------------------- Which key */

/* A number of the key with @size bytes, or as many as it has; FALSE: there is none so short. */
static gboolean get_number(EVP_PKEY *key, const char *name, gsize size, uint8_t value[VALUE_MAX],
                           WireBytes *ret)
{
    BIGNUM *number = NULL;
    gboolean ok = EVP_PKEY_get_bn_param(key, name, &number) == 1;
    const gsize wanted = size > 0 ? size : ok ? (gsize)BN_num_bytes(number) : 0;

    ok = ok && wanted > 0 && wanted <= VALUE_MAX &&
         BN_bn2binpad(number, value, (int)wanted) == (int)wanted;
    *ret = (WireBytes){ value, wanted };
    BN_free(number);
    return ok;
}

static gboolean has_usual_exponent(EVP_PKEY *key)
{
    BIGNUM *e = NULL;
    gboolean usual =
        EVP_PKEY_get_bn_param(key, OSSL_PKEY_PARAM_RSA_E, &e) == 1 && BN_is_word(e, RSA_EXPONENT);

    BN_free(e);
    return usual;
}

static const struct {
    int nid;
    uint16_t curve;
    gsize size; /* of a coordinate */
} curves[] = {
    { NID_X9_62_prime256v1, TPM_ECC_NIST_P256, 32 },
    { NID_secp384r1, TPM_ECC_NIST_P384, 48 },
};

/* @x, @y: room for the parts that @ret borrows */
static gboolean make_public(EVP_PKEY *key, uint8_t x[VALUE_MAX], uint8_t y[VALUE_MAX],
                            WirePublic *ret)
{
    WireBytes first, second = { 0 };
    char group[64];

    if (EVP_PKEY_get_base_id(key) == EVP_PKEY_RSA) {
        return has_usual_exponent(key) && get_number(key, OSSL_PKEY_PARAM_RSA_N, 0, x, &first) &&
               wire_ek_template(0, first, second, ret);
    }
    if (EVP_PKEY_get_group_name(key, group, sizeof(group), NULL) != 1) {
        return FALSE;
    }
    for (gsize i = 0; i < G_N_ELEMENTS(curves); i++) {
        if (OBJ_sn2nid(group) == curves[i].nid) {
            return get_number(key, OSSL_PKEY_PARAM_EC_PUB_X, curves[i].size, x, &first) &&
                   get_number(key, OSSL_PKEY_PARAM_EC_PUB_Y, curves[i].size, y, &second) &&
                   wire_ek_template(curves[i].curve, first, second, ret);
        }
    }
    return FALSE;
}

/* Whether @name is that of the certificate's key, by the default template of its kind. */
static gboolean is_of_name(X509 *certificate, DqBytes name)
{
    EVP_PKEY *key = X509_get0_pubkey(certificate);
    uint8_t x[VALUE_MAX], y[VALUE_MAX], area[WIRE_EK_AREA_MAX];
    WireWriter w = WIRE_WRITER(area, sizeof(area));
    g_autoptr(DqKey) ek = NULL;
    WirePublic public;

    if (!key || !make_public(key, x, y, &public) || !wire_put_public(&w, &public)) {
        return FALSE;
    }
    ek = dq_key_new(area, w.len, NULL);
    return ek && dq_bytes_equal(dq_key_get_name(ek), name);
}

/* Whether the certificate names the VM. */
static gboolean is_of_vm(X509 *certificate, const uint8_t *uuid)
{
    g_autofree char *text = dq_uuid_format(uuid);
    char name[64];
    const int len = X509_NAME_get_text_by_NID(X509_get_subject_name(certificate), NID_commonName,
                                              name, sizeof(name));

    return len == (int)strlen(text) && memcmp(name, text, (gsize)len) == 0;
}

/* ------------------------------------------------------------------------------ Who issued it */

static gboolean is_good_at(X509 *certificate, int64_t now)
{
    time_t then = (time_t)now;

    return X509_cmp_time(X509_get0_notBefore(certificate), &then) < 0 &&
           X509_cmp_time(X509_get0_notAfter(certificate), &then) > 0;
}

static gboolean has_issued(X509 *authority, X509 *certificate)
{
    EVP_PKEY *key = X509_get0_pubkey(authority);

    return key &&
           X509_NAME_cmp(X509_get_subject_name(authority), X509_get_issuer_name(certificate)) ==
               0 &&
           X509_verify(certificate, key) == 1;
}

/* It has no extension that cannot be read, or that asks for what is not done here. */
static gboolean is_understood(X509 *certificate)
{
    return !(X509_get_extension_flags(certificate) & (EXFLAG_CRITICAL | EXFLAG_INVALID));
}

/* It may certify endorsement keys, and no further authorities. */
static gboolean is_authority(X509 *certificate)
{
    return X509_check_ca(certificate) == 1 && X509_get_pathlen(certificate) == 0 &&
           (X509_get_extension_flags(certificate) & EXFLAG_KUSAGE) &&
           (X509_get_key_usage(certificate) & KU_KEY_CERT_SIGN) && is_understood(certificate) &&
           dq_ek_is_meant(certificate);
}

static X509 *find_issuer(STACK_OF(X509) * chain, X509 *certificate)
{
    for (int i = 0; i < sk_X509_num(chain); i++) {
        if (has_issued(sk_X509_value(chain, i), certificate)) {
            return sk_X509_value(chain, i);
        }
    }
    return NULL;
}

static gboolean check_issuer(STACK_OF(X509) * chain, X509 *certificate, const DqVtpmEk *ek,
                             int64_t now, GError **error)
{
    X509 *authority = find_issuer(chain, certificate);

    if (!authority) {
        return fail(error, "it was issued by none of the authorities whose certificates came with "
                           "it: another host may have made this vTPM");
    }
    if (X509_verify(authority, dq_key_get_pkey(ek->host)) != 1) {
        return fail(error, "the authority that issued it was not certified by this host's "
                           "attestation key");
    }
    if (!is_authority(authority)) {
        return fail(error, "what issued it is no authority for endorsement keys");
    }
    return is_good_at(authority, now) ||
           fail(error, "the certificate of the authority that issued it is not valid now");
}

static gboolean check(X509 *certificate, const DqVtpmEk *ek, int64_t now, GError **error)
{
    STACK_OF(X509) * chain;
    gboolean ok;

    if (!is_of_name(certificate, ek->name)) {
        return fail(error, "it is of another endorsement key than the one that the host has pinned "
                           "for this VM");
    }
    if (!is_of_vm(certificate, ek->uuid)) {
        return fail(error, "it names another VM");
    }
    if (!dq_ek_is_meant(certificate) || X509_check_ca(certificate) != 0 ||
        !is_understood(certificate)) {
        return fail(error, "it is not meant for an endorsement key");
    }
    if (!is_good_at(certificate, now)) {
        return fail(error, "it has expired, or is not valid yet");
    }
    chain = dq_ek_read_chain(ek->chain);
    ok = check_issuer(chain, certificate, ek, now, error);
    sk_X509_pop_free(chain, X509_free);
    return ok;
}

gboolean dq_vtpm_ek_check(const DqVtpmEk *ek, int64_t now, DqEkFacts *ret_facts, GError **error)
{
    X509 *certificate = parse(ek->certificate, DQ_VTPM_EK_MAX);
    gboolean ok;

    if (!certificate) {
        return fail(error, "it is no X.509 certificate in DER");
    }
    ok = ek->chain.len <= DQ_VTPM_EK_CHAIN_MAX
             ? check(certificate, ek, now, error)
             : fail(error, "the authority's certificates are too long");
    if (ok) {
        dq_ek_read_facts(certificate, ret_facts);
    }
    X509_free(certificate);
    dq_crypto_failed(); /* of certificates that were tried and did not fit */
    return ok;
}
