/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Signed JSON that is verified. */
#include "appraise/jws-verify.h"

#include "attest/base64url.h"
#include "appraise/jws.h"
#include "attest/bytes.h"

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <string.h>

#define TYPE "test+jws"
#define PAYLOAD "{\"a\":\"\xc3\xa9\"}"

/* RFC 7515, appendix A.3: its key, and what it signs, which has no "typ". */
static const char rfc_key[] = "-----BEGIN PUBLIC KEY-----\n"
                              "MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEf83OJ3D2xF1Bg8vub9tLe1gHMzV7\n"
                              "6e8Tus9uPHvRVEXH8UTNG72bfocs3+257rn0s2ldbqkLJK2KRiMohYjlrQ==\n"
                              "-----END PUBLIC KEY-----\n";
static const char rfc_jws[] =
    "eyJhbGciOiJFUzI1NiJ9."
    "eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ"
    ".DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgfTjDxw5djxLa8ISlSApmWQxfKTUJqPP3-Kg6NU1Q";

/** A private key and its public one, in both forms. */
typedef struct Keys {
    EVP_PKEY *pkey;
    DqJwsKey *private;
    DqJwsPublic *public;
} Keys;

static DqBytes bytes_of(const char *text)
{
    return (DqBytes){ (const uint8_t *)text, strlen(text) };
}

static char *take_text(BIO *bio)
{
    char *data;
    const long len = BIO_get_mem_data(bio, &data);
    char *text = g_strndup(data, (gsize)len);

    BIO_free(bio);
    return text;
}

static char *public_pem(EVP_PKEY *pkey)
{
    BIO *bio = BIO_new(BIO_s_mem());

    g_assert_cmpint(PEM_write_bio_PUBKEY(bio, pkey), ==, 1);
    return take_text(bio);
}

static char *private_pem(EVP_PKEY *pkey)
{
    BIO *bio = BIO_new(BIO_s_mem());

    g_assert_cmpint(PEM_write_bio_PrivateKey(bio, pkey, NULL, NULL, 0, NULL, NULL), ==, 1);
    return take_text(bio);
}

static Keys keys_of(EVP_PKEY *pkey)
{
    Keys k = { .pkey = pkey };
    g_autofree char *pub = public_pem(k.pkey);
    g_autofree char *priv = private_pem(k.pkey);

    k.private = dq_jws_key_new(bytes_of(priv), NULL);
    k.public = dq_jws_public_new(bytes_of(pub), NULL);
    g_assert_nonnull(k.private);
    g_assert_nonnull(k.public);
    return k;
}

static Keys keys_new(void)
{
    return keys_of(EVP_EC_gen("P-256"));
}

static void keys_clear(Keys *k)
{
    EVP_PKEY_free(k->pkey);
    dq_jws_key_free(k->private);
    dq_jws_public_free(k->public);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Keys, keys_clear)

static void expect_refused(const DqJwsPublic *key, const char *type, DqBytes text, DqJwsError code)
{
    g_autoptr(GError) error = NULL;

    g_assert_null(dq_jws_verify(key, type, text, &error));
    g_assert_error(error, DQ_JWS_ERROR, (int)code);
}

/* HEADER.PAYLOAD.SIGNATURE by this key, whatever the header says. */
static char *sign_with_header(EVP_PKEY *pkey, const char *header)
{
    g_autofree char *first = dq_base64url(bytes_of(header));
    g_autofree char *second = dq_base64url(bytes_of(PAYLOAD));
    g_autofree char *text = g_strjoin(".", first, second, NULL);
    g_autofree char *third = NULL;
    EVP_MD_CTX *ctx = EVP_MD_CTX_new();
    uint8_t der[128], numbers[64];
    size_t len = sizeof(der);
    const uint8_t *p = der;
    ECDSA_SIG *sig;

    g_assert_cmpint(EVP_DigestSignInit(ctx, NULL, EVP_sha256(), NULL, pkey), ==, 1);
    g_assert_cmpint(EVP_DigestSign(ctx, der, &len, (const uint8_t *)text, strlen(text)), ==, 1);
    sig = d2i_ECDSA_SIG(NULL, &p, (long)len);
    BN_bn2binpad(ECDSA_SIG_get0_r(sig), numbers, 32);
    BN_bn2binpad(ECDSA_SIG_get0_s(sig), numbers + 32, 32);
    ECDSA_SIG_free(sig);
    EVP_MD_CTX_free(ctx);
    third = dq_base64url((DqBytes){ numbers, sizeof(numbers) });
    return g_strjoin(".", text, third, NULL);
}

static void takes_what_was_signed(void)
{
    g_auto(Keys) k = keys_new();

    for (guint i = 0; i < 200; i++) {
        g_autofree char *jws = dq_jws_sign(k.private, TYPE, PAYLOAD, NULL);
        g_autoptr(GError) error = NULL;
        g_autoptr(GBytes) payload = dq_jws_verify(k.public, TYPE, bytes_of(jws), &error);

        g_assert_no_error(error);
        g_assert_cmpmem(g_bytes_get_data(payload, NULL), g_bytes_get_size(payload), PAYLOAD,
                        strlen(PAYLOAD));
    }
}

/* Its signature is right: what is refused is that it says nothing of what it is for. */
static void takes_the_signature_of_rfc_7515(void)
{
    g_autoptr(DqJwsPublic) key = dq_jws_public_new(bytes_of(rfc_key), NULL);
    g_autofree char *changed = g_strdup(rfc_jws);

    expect_refused(key, TYPE, bytes_of(rfc_jws), DQ_JWS_ERROR_HEADER);
    changed[30] ^= 1;
    expect_refused(key, TYPE, bytes_of(changed), DQ_JWS_ERROR_SIGNATURE);
}

static void refuses_each_truncation_and_each_changed_letter(void)
{
    g_auto(Keys) k = keys_new();
    g_autofree char *jws = dq_jws_sign(k.private, TYPE, PAYLOAD, NULL);
    const gsize len = strlen(jws);

    for (gsize n = 0; n < len; n++) {
        g_autofree char *copy = g_memdup2(jws, len);

        g_assert_null(dq_jws_verify(k.public, TYPE, (DqBytes){ (const uint8_t *)jws, n }, NULL));
        copy[n] = copy[n] == 'A' ? 'B' : 'A';
        g_assert_null(dq_jws_verify(k.public, TYPE, (DqBytes){ (const uint8_t *)copy, len }, NULL));
    }
}

static void refuses_another_key(void)
{
    g_auto(Keys) k = keys_new(), other = keys_new();
    g_autofree char *jws = dq_jws_sign(k.private, TYPE, PAYLOAD, NULL);
    uint8_t a[DQ_HASH_SIZE], b[DQ_HASH_SIZE];

    expect_refused(other.public, TYPE, bytes_of(jws), DQ_JWS_ERROR_SIGNATURE);
    dq_jws_public_digest(k.public, a);
    dq_jws_public_digest(other.public, b);
    g_assert_cmpint(memcmp(a, b, sizeof(a)), !=, 0);
}

static void refuses_what_was_signed_for_something_else(void)
{
    g_auto(Keys) k = keys_new();
    g_autofree char *jws = dq_jws_sign(k.private, "eat+jwt", PAYLOAD, NULL);

    expect_refused(k.public, TYPE, bytes_of(jws), DQ_JWS_ERROR_HEADER);
}

/* Signed by the right key all of them. */
static void refuses_other_headers(void)
{
    static const struct {
        const char *header;
        gboolean good;
    } cases[] = {
        { "{\"typ\":\"" TYPE "\", \"kid\":\"a\", \"alg\":\"ES256\"}", TRUE },
        { "{\"alg\":\"none\",\"typ\":\"" TYPE "\"}", FALSE },
        { "{\"alg\":\"HS256\",\"typ\":\"" TYPE "\"}", FALSE },
        { "{\"alg\":[\"ES256\"],\"typ\":\"" TYPE "\"}", FALSE },
        { "{\"alg\":\"ES256\"}", FALSE },
        { "{\"alg\":\"ES256\",\"typ\":\"" TYPE "\",\"crit\":[\"exp\"],\"exp\":1}", FALSE },
        { "{\"alg\":\"ES256\",\"typ\":\"" TYPE "\",\"b64\":false}", FALSE },
        { "[]", FALSE },
        { "\xff", FALSE },
        { "{", FALSE },
    };
    g_auto(Keys) k = keys_new();

    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autofree char *jws = sign_with_header(k.pkey, cases[i].header);

        if (cases[i].good) {
            g_autoptr(GBytes) payload = dq_jws_verify(k.public, TYPE, bytes_of(jws), NULL);

            g_assert_nonnull(payload);
        } else {
            expect_refused(k.public, TYPE, bytes_of(jws), DQ_JWS_ERROR_HEADER);
        }
    }
}

static void refuses_other_forms(void)
{
    g_auto(Keys) k = keys_new();
    g_autofree char *jws = dq_jws_sign(k.private, TYPE, PAYLOAD, NULL);
    g_autofree char *long_header = g_strnfill(4 * DQ_JWS_HEADER_MAX, 'A');
    char *const others[] = { g_strconcat(jws, "\n", NULL),
                             g_strconcat(" ", jws, NULL),
                             g_strconcat(jws, "=", NULL),
                             g_strconcat(jws, ".", NULL),
                             g_strconcat(jws, ".AA", NULL),
                             g_strdup(".."),
                             g_strconcat(".", jws, NULL),
                             g_strdup("e30.e30."),
                             g_strconcat(long_header, strchr(jws, '.'), NULL) };

    for (gsize i = 0; i < G_N_ELEMENTS(others); i++) {
        expect_refused(k.public, TYPE, bytes_of(others[i]), DQ_JWS_ERROR_MALFORMED);
        g_free(others[i]);
    }
}

static void refuses_numbers_that_are_none(void)
{
    g_auto(Keys) k = keys_new();
    g_autofree char *jws = dq_jws_sign(k.private, TYPE, PAYLOAD, NULL);
    static const uint8_t fills[] = { 0, 0xff };

    for (gsize i = 0; i < G_N_ELEMENTS(fills); i++) {
        uint8_t numbers[64];
        g_autofree char *third = NULL, *text = NULL;

        memset(numbers, fills[i], sizeof(numbers));
        third = dq_base64url((DqBytes){ numbers, sizeof(numbers) });
        text = g_strdup_printf("%.*s%s", (int)(strrchr(jws, '.') - jws) + 1, jws, third);
        expect_refused(k.public, TYPE, bytes_of(text), DQ_JWS_ERROR_SIGNATURE);
    }
}

/* What is signed with one kind of key is none of the other, whatever its header says. */
static void takes_rsa_as_rs256(void)
{
    g_auto(Keys) k = keys_of(EVP_RSA_gen(2048)), other = keys_new();
    g_autofree char *jws = dq_jws_sign(k.private, TYPE, PAYLOAD, NULL);
    g_autofree char *foreign = dq_jws_sign(other.private, TYPE, PAYLOAD, NULL);
    g_autofree char *as_public = dq_jws_key_public(k.private);
    g_autofree char *pem = public_pem(k.pkey);
    g_autoptr(GBytes) payload = dq_jws_verify(k.public, TYPE, bytes_of(jws), NULL);

    g_assert_true(g_str_has_prefix(jws, "eyJhbGciOiJSUzI1NiIsInR5cCI6"));
    g_assert_nonnull(payload);
    g_assert_cmpstr(as_public, ==, pem);
    expect_refused(k.public, TYPE, bytes_of(foreign), DQ_JWS_ERROR_MALFORMED);
    expect_refused(other.public, TYPE, bytes_of(jws), DQ_JWS_ERROR_MALFORMED);
    jws[strlen(jws) - 20] = jws[strlen(jws) - 20] == 'A' ? 'B' : 'A';
    expect_refused(k.public, TYPE, bytes_of(jws), DQ_JWS_ERROR_SIGNATURE);
}

static void verifies_bytes_alone(void)
{
    g_auto(Keys) k = keys_new(), other = keys_new();
    const DqBytes bytes = bytes_of("signed");
    g_autofree char *signature = dq_jws_key_sign(k.private, bytes, NULL);

    g_assert_true(dq_jws_public_verify(k.public, bytes, signature));
    g_assert_false(dq_jws_public_verify(other.public, bytes, signature));
    g_assert_false(dq_jws_public_verify(k.public, bytes_of("singed"), signature));
    g_assert_false(dq_jws_public_verify(k.public, bytes, "="));
    g_assert_false(dq_jws_public_verify(k.public, bytes, ""));
}

static void takes_no_other_public_keys(void)
{
    EVP_PKEY *pkeys[] = { EVP_RSA_gen(1024), EVP_RSA_gen(3072), EVP_EC_gen("P-384"),
                          EVP_EC_gen("secp256k1") };

    for (gsize i = 0; i < G_N_ELEMENTS(pkeys); i++) {
        g_autofree char *pem = public_pem(pkeys[i]);
        g_autoptr(GError) error = NULL;

        g_assert_null(dq_jws_public_new(bytes_of(pem), &error));
        g_assert_error(error, DQ_ERROR, DQ_ERROR_KEY);
        EVP_PKEY_free(pkeys[i]);
    }
    g_assert_null(dq_jws_public_new((DqBytes){ NULL, 0 }, NULL));
    g_assert_null(dq_jws_public_new(bytes_of("no key"), NULL));
}

/* RFC 7515, appendix C; then letters that are none, one too many, and bits behind the end. */
static void decodes_one_form_of_base64url(void)
{
    static const uint8_t bytes[] = { 3, 236, 255, 224, 193 };
    static const char *const texts[] = { "", "Aw", "A-w", "A-z_", "A-z_4A", "A-z_4ME" };
    static const char *const bad[] = { "A",    "A-z_4", "Aw==", "Ax", "A-x",     "A-z/",
                                       "A+z_", "Aw\n",  " Aw",  "A.", "\xc3\xa9" };

    for (gsize n = 0; n < G_N_ELEMENTS(texts); n++) {
        g_autoptr(GBytes) got = dq_base64url_decode(bytes_of(texts[n]));

        g_assert_nonnull(got);
        g_assert_true(dq_bytes_equal(dq_bytes_peek(got), (DqBytes){ bytes, n }));
    }
    for (gsize i = 0; i < G_N_ELEMENTS(bad); i++) {
        g_assert_null(dq_base64url_decode(bytes_of(bad[i])));
    }
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
#define ADD(name, function) g_test_add_func("/appraise/jws-verify/" name, function)
    ADD("takes-what-was-signed", takes_what_was_signed);
    ADD("takes-the-signature-of-rfc-7515", takes_the_signature_of_rfc_7515);
    ADD("refuses-each-truncation-and-each-changed-letter",
        refuses_each_truncation_and_each_changed_letter);
    ADD("refuses-another-key", refuses_another_key);
    ADD("refuses-what-was-signed-for-something-else", refuses_what_was_signed_for_something_else);
    ADD("refuses-other-headers", refuses_other_headers);
    ADD("refuses-other-forms", refuses_other_forms);
    ADD("refuses-numbers-that-are-none", refuses_numbers_that_are_none);
    ADD("takes-rsa-as-rs256", takes_rsa_as_rs256);
    ADD("verifies-bytes-alone", verifies_bytes_alone);
    ADD("takes-no-other-public-keys", takes_no_other_public_keys);
    ADD("decodes-one-form-of-base64url", decodes_one_form_of_base64url);
    return g_test_run();
}
