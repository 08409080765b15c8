/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "vtpm/x509_make.h"

#include <openssl/conf.h>
#include <openssl/ecdsa.h>
#include <openssl/evp.h>
#include <openssl/rand.h>
#include <openssl/x509v3.h>

#include "attest/bytes.h"
#include "wire/signature.h"

enum { SERIAL_SIZE = 16, SHA1_SIZE = 20 };

static gboolean set_serial(X509 *x509)
{
    uint8_t serial[SERIAL_SIZE];
    BIGNUM *number;
    gboolean ok;

    if (RAND_bytes(serial, sizeof(serial)) != 1) {
        return FALSE;
    }
    serial[0] = (uint8_t)((serial[0] & 0x7f) | 0x40); /* positive, and of that size */
    number = BN_bin2bn(serial, sizeof(serial), NULL);
    ok = number && BN_to_ASN1_INTEGER(number, X509_get_serialNumber(x509));
    BN_free(number);
    return ok;
}

X509 *x509_make(EVP_PKEY *key, const ASN1_TIME *until)
{
    X509 *x509 = X509_new();

    if (x509 && X509_set_version(x509, X509_VERSION_3) && set_serial(x509) &&
        X509_gmtime_adj(X509_getm_notBefore(x509), 0) && X509_set1_notAfter(x509, until) &&
        X509_set_pubkey(x509, key)) {
        return x509;
    }
    X509_free(x509);
    return NULL;
}

gboolean x509_add_name(X509_NAME *name, const char *what, const char *value)
{
    return X509_NAME_add_entry_by_txt(name, "OU", MBSTRING_UTF8, (const unsigned char *)what, -1,
                                      -1, 0) == 1 &&
           X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_UTF8, (const unsigned char *)value, -1,
                                      -1, 0) == 1;
}

char *x509_key_id(EVP_PKEY *key)
{
    X509_PUBKEY *area = NULL;
    const unsigned char *bytes = NULL;
    int len = 0;
    uint8_t digest[SHA1_SIZE];
    char *text = NULL;

    if (X509_PUBKEY_set(&area, key) == 1 &&
        X509_PUBKEY_get0_param(NULL, &bytes, &len, NULL, area) == 1 &&
        EVP_Digest(bytes, (size_t)len, digest, NULL, EVP_sha1(), NULL) == 1) {
        text = dq_hex_encode(digest, sizeof(digest));
    }
    X509_PUBKEY_free(area);
    return text;
}

gboolean x509_add_extensions(X509 *x509, X509 *issuer, const char *text)
{
    BIO *bio = BIO_new_mem_buf(text, -1);
    CONF *conf = NCONF_new(NULL);
    X509V3_CTX ctx;
    gboolean ok = bio && conf && NCONF_load_bio(conf, bio, NULL) == 1;

    X509V3_set_ctx(&ctx, issuer ? issuer : x509, x509, NULL, NULL, 0);
    if (ok) {
        X509V3_set_nconf(&ctx, conf);
        ok = X509V3_EXT_add_nconf(conf, &ctx, "default", x509) == 1;
    }
    NCONF_free(conf);
    BIO_free(bio);
    return ok;
}

/* r and s as X.509 has them, in DER; NULL: they cannot be. */
static GBytes *ecdsa_value(const WireSignature *signature)
{
    BIGNUM *r = BN_bin2bn(signature->r.p, (int)signature->r.len, NULL);
    BIGNUM *s = BN_bin2bn(signature->s.p, (int)signature->s.len, NULL);
    ECDSA_SIG *both = ECDSA_SIG_new();
    unsigned char *der = NULL;
    GBytes *bytes = NULL;
    int len = -1;

    if (both && r && s && ECDSA_SIG_set0(both, r, s) == 1) {
        r = s = NULL; /* they are the signature's */
        len = i2d_ECDSA_SIG(both, &der);
    }
    if (len > 0) {
        bytes = g_bytes_new(der, (gsize)len);
    }
    OPENSSL_free(der);
    ECDSA_SIG_free(both);
    BN_free(r);
    BN_free(s);
    return bytes;
}

/* What the BIT STRING of a certificate holds. */
static GBytes *value_of(GBytes *bytes)
{
    WireSignature signature;

    if (!wire_decode_signature(dq_wire(dq_bytes_peek(bytes)), &signature)) {
        return NULL;
    }
    switch (signature.alg) {
    case TPM_ALG_RSASSA:
        return g_bytes_new(signature.r.p, signature.r.len);
    case TPM_ALG_ECDSA:
        return ecdsa_value(&signature);
    default:
        return NULL;
    }
}

X509 *x509_with_signature(const X509 *x509, GBytes *signature)
{
    X509 *copy = X509_dup(x509);
    const ASN1_BIT_STRING *bits = NULL;
    unsigned char *der = NULL;
    const unsigned char *at;
    X509 *done = NULL;
    g_autoptr(GBytes) value = value_of(signature);
    gsize size = 0;
    const void *data = value ? g_bytes_get_data(value, &size) : NULL;
    int len;

    if (!copy || !value) {
        X509_free(copy);
        return NULL;
    }
    X509_get0_signature(&bits, NULL, copy);
    /* It is our copy's; OpenSSL has no other way to set it. */
    if (ASN1_STRING_set((ASN1_BIT_STRING *)bits, data, (int)size) == 1) {
        len = i2d_X509(copy, &der);
        at = der;
        done = len > 0 ? d2i_X509(NULL, &at, len) : NULL;
    }
    OPENSSL_free(der);
    X509_free(copy);
    return done;
}
