/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Channel binding: the nonce that stands for a challenge and the key of a channel. */
#include "attest/deepquote.h"
#include "attest/crypto.h"

#include "attest/bytes.h"
#include "attest/digest.h"

#include <openssl/pem.h>
#include <openssl/x509.h>
#include <string.h>

static const char bind_domain[] = "DEEPQUOTE-BIND-V2"; /* its 0 is the separator */

/** What PEM calls a thing that has a public key, and what is in it. */
static const struct {
    const char *name;
    gboolean certificate;
} kinds[] = {
    { PEM_STRING_X509, TRUE },
    { PEM_STRING_X509_OLD, TRUE },
    { PEM_STRING_X509_TRUSTED, TRUE },
    { PEM_STRING_PUBLIC, FALSE },
};

/* (transfer full): SubjectPublicKeyInfo as it came; NULL for a key that OpenSSL cannot read. It is
 * encoded from where it was decoded: a copy of X509_PUBKEY loses how many bits are unused. */
static GBytes *encode(const X509_PUBKEY *key)
{
    uint8_t *info = NULL;
    int len = key && X509_PUBKEY_get0(key) ? i2d_X509_PUBKEY(key, &info) : -1;
    GBytes *bytes = len > 0 ? g_bytes_new(info, (gsize)len) : NULL;

    OPENSSL_free(info);
    return bytes;
}

/* @exact: nothing may follow the certificate. */
static GBytes *key_of_certificate(const uint8_t *der, gsize len, gboolean exact)
{
    const uint8_t *p = der;
    X509 *certificate = d2i_X509(NULL, &p, (long)len);
    GBytes *key = NULL;

    if (certificate && (!exact || p == der + len)) {
        key = encode(X509_get_X509_PUBKEY(certificate));
    }
    X509_free(certificate);
    return key;
}

static GBytes *key_of_info(const uint8_t *der, gsize len)
{
    const uint8_t *p = der;
    X509_PUBKEY *info = d2i_X509_PUBKEY(NULL, &p, (long)len);
    GBytes *key = p == der + len ? encode(info) : NULL;

    X509_PUBKEY_free(info);
    return key;
}

/* The first block that has a key; a server's certificate comes first in its chain. */
static GBytes *key_from_pem(const uint8_t *data, gsize len)
{
    BIO *bio = BIO_new_mem_buf(data, (int)len);
    GBytes *key = NULL;
    gboolean found = FALSE;
    char *name, *header;
    uint8_t *der;
    long n;

    while (!found && bio && PEM_read_bio(bio, &name, &header, &der, &n) == 1) {
        for (gsize i = 0; i < G_N_ELEMENTS(kinds) && !found; i++) {
            if (strcmp(kinds[i].name, name) == 0) {
                found = TRUE;
                /* a trusted certificate has what it is trusted for behind it */
                key = kinds[i].certificate ? key_of_certificate(der, (gsize)n, FALSE)
                                           : key_of_info(der, (gsize)n);
            }
        }
        OPENSSL_free(name);
        OPENSSL_free(header);
        OPENSSL_free(der);
    }
    BIO_free(bio);
    return key;
}

/* (transfer full): NULL where there is none. */
static GBytes *find_key(const uint8_t *data, gsize len)
{
    GBytes *key = NULL;

    if (len <= G_MAXINT) {
        key = key_from_pem(data, len);
        key = key ? key : key_of_certificate(data, len, TRUE);
        key = key ? key : key_of_info(data, len);
    }
    dq_crypto_failed();
    return key;
}

GBytes *dq_spki_new(DqBytes data, GError **error)
{
    GBytes *key = find_key(data.data, data.len);

    if (!key) {
        g_set_error(error, DQ_ERROR, DQ_ERROR_KEY,
                    "this is no certificate and no public key, in PEM or DER");
    }
    return key;
}

gboolean dq_bind_nonce(DqBytes challenge, DqBytes channel_key, uint8_t ret_nonce[DQ_HASH_SIZE],
                       GError **error)
{
    g_autoptr(GBytes) key = find_key(channel_key.data, channel_key.len);
    uint8_t digest[DQ_HASH_SIZE];
    const DqBytes parts[] = { { (const uint8_t *)bind_domain, sizeof(bind_domain) },
                              challenge,
                              { digest, sizeof(digest) } };
    DqBytes info;

    if (!key) {
        g_set_error(error, DQ_ERROR, DQ_ERROR_KEY,
                    "this is no certificate and no public key: give what the channel's server "
                    "shows, in PEM or DER (openssl s_client -connect HOST:PORT prints it)");
        return FALSE;
    }
    info = dq_bytes_peek(key);
    dq_sha256(&info, 1, digest);
    dq_sha256(parts, G_N_ELEMENTS(parts), ret_nonce);
    return TRUE;
}
