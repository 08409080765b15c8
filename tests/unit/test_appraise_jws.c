/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Signed JSON. That OpenSSL's program verifies it: integration/ear. */
#include "appraise/jws.h"

#include "attest/base64url.h"

#include <openssl/ecdsa.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <string.h>

static char *key_pem(EVP_PKEY *pkey)
{
    BIO *bio = BIO_new(BIO_s_mem());
    char *data, *text;
    long len;

    g_assert_cmpint(PEM_write_bio_PrivateKey(bio, pkey, NULL, NULL, 0, NULL, NULL), ==, 1);
    len = BIO_get_mem_data(bio, &data);
    text = g_strndup(data, (gsize)len);
    BIO_free(bio);
    return text;
}

static DqJwsKey *read_key(const char *pem, gsize len)
{
    g_autoptr(GError) error = NULL;
    DqJwsKey *key = dq_jws_key_new((DqBytes){ (const uint8_t *)pem, len }, &error);

    g_assert_true((!key) == g_error_matches(error, DQ_ERROR, DQ_ERROR_KEY));
    return key;
}

/* The bytes behind base64url. */
static uint8_t *decode(const char *text, gsize *ret_len)
{
    g_autofree char *padded =
        g_strdup_printf("%s%.*s", text, (int)((4 - strlen(text) % 4) % 4), "==");

    g_strdelimit(padded, "-", '+');
    g_strdelimit(padded, "_", '/');
    return g_base64_decode(padded, ret_len);
}

static gboolean verifies(EVP_PKEY *pkey, const char *text, const uint8_t *numbers)
{
    ECDSA_SIG *sig = ECDSA_SIG_new();
    EVP_MD_CTX *ctx = EVP_MD_CTX_new();
    unsigned char *der = NULL;
    int len;
    gboolean ok;

    ECDSA_SIG_set0(sig, BN_bin2bn(numbers, 32, NULL), BN_bin2bn(numbers + 32, 32, NULL));
    len = i2d_ECDSA_SIG(sig, &der);
    g_assert_cmpint(EVP_DigestVerifyInit(ctx, NULL, EVP_sha256(), NULL, pkey), ==, 1);
    ok = EVP_DigestVerify(ctx, der, (size_t)len, (const uint8_t *)text, strlen(text)) == 1;
    OPENSSL_free(der);
    EVP_MD_CTX_free(ctx);
    ECDSA_SIG_free(sig);
    return ok;
}

/* So often that numbers come which are shorter than others. */
static void signs_what_verifies(void)
{
    EVP_PKEY *pkey = EVP_EC_gen("P-256");
    g_autofree char *pem = key_pem(pkey);
    g_autoptr(DqJwsKey) key = read_key(pem, strlen(pem));

    for (guint i = 0; i < 1000; i++) {
        g_autofree char *jws = dq_jws_sign(key, "eat+jwt", "{\"a\":1}", NULL);
        g_auto(GStrv) parts = g_strsplit(jws, ".", -1);
        g_autofree char *text = g_strjoin(".", parts[0], parts[1], NULL);
        g_autofree uint8_t *numbers = NULL;
        gsize len;

        g_assert_cmpuint(g_strv_length(parts), ==, 3);
        g_assert_cmpstr(parts[0], ==, "eyJhbGciOiJFUzI1NiIsInR5cCI6ImVhdCtqd3QifQ");
        g_assert_cmpstr(parts[1], ==, "eyJhIjoxfQ");
        numbers = decode(parts[2], &len);
        g_assert_cmpuint(len, ==, 64);
        g_assert_true(verifies(pkey, text, numbers));
        numbers[63] ^= 1;
        g_assert_false(verifies(pkey, text, numbers));
    }
    EVP_PKEY_free(pkey);
}

static void refuses_other_keys(void)
{
    static const char *const curves[] = { "P-384", "secp256k1" };
    EVP_PKEY *rsa = EVP_RSA_gen(3072);
    g_autofree char *rsa_pem = key_pem(rsa);

    g_assert_null(read_key(rsa_pem, strlen(rsa_pem)));
    g_assert_null(read_key("", 0));
    for (gsize i = 0; i < G_N_ELEMENTS(curves); i++) {
        EVP_PKEY *pkey = EVP_EC_gen(curves[i]);
        g_autofree char *pem = key_pem(pkey);

        g_assert_null(read_key(pem, strlen(pem)));
        EVP_PKEY_free(pkey);
    }
    EVP_PKEY_free(rsa);
}

/* RFC 7515, appendix C: bytes whose base64 has both letters that differ, and padding. */
static void encodes_for_addresses(void)
{
    static const uint8_t bytes[] = { 3, 236, 255, 224, 193 };
    static const char *const texts[] = { "", "Aw", "A-w", "A-z_", "A-z_4A", "A-z_4ME" };

    for (gsize n = 0; n < G_N_ELEMENTS(texts); n++) {
        g_autofree char *text = dq_base64url((DqBytes){ bytes, n });

        g_assert_cmpstr(text, ==, texts[n]);
    }
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/appraise/jws/signs-what-verifies", signs_what_verifies);
    g_test_add_func("/appraise/jws/refuses-other-keys", refuses_other_keys);
    g_test_add_func("/appraise/jws/encodes-for-addresses", encodes_for_addresses);
    return g_test_run();
}
