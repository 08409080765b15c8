/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Signatures of files in a list of IMA. */
#include "appraise/appraise-files.h"
#include "appraise/ima-signature.h"

#include "attest/verdict.h"
#include "log_fixture.h"
#include "wire/tpm-constants.h"

#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>
#include <string.h>

enum { HASH_SHA256 = 4, HEADER = 9 };

static GBytes *spki_of(EVP_PKEY *key)
{
    unsigned char *der = NULL;
    const int len = i2d_PUBKEY(key, &der);
    GBytes *spki = g_bytes_new(der, (gsize)len);

    OPENSSL_free(der);
    return spki;
}

/* As evmctl makes it: a header, and the signature over the digest. */
static GByteArray *make_signature(EVP_PKEY *key, const uint8_t digest[32])
{
    const uint8_t start[HEADER - 2] = { 3, 2, HASH_SHA256, 1, 2, 3, 4 };
    EVP_PKEY_CTX *context = EVP_PKEY_CTX_new_from_pkey(NULL, key, NULL);
    GByteArray *out = g_byte_array_new();
    uint8_t signature[512], size[2];
    size_t len = sizeof(signature);

    g_assert_cmpint(EVP_PKEY_sign_init(context), ==, 1);
    g_assert_cmpint(EVP_PKEY_CTX_set_signature_md(context, EVP_sha256()), ==, 1);
    g_assert_cmpint(EVP_PKEY_sign(context, signature, &len, digest, 32), ==, 1);
    EVP_PKEY_CTX_free(context);
    size[0] = (uint8_t)(len >> 8);
    size[1] = (uint8_t)len;
    g_byte_array_append(out, start, sizeof(start));
    g_byte_array_append(out, size, sizeof(size));
    g_byte_array_append(out, signature, (guint)len);
    return out;
}

static DqImaFields fields_of(const GByteArray *signature, const uint8_t *digest, const char *alg)
{
    return (DqImaFields){ .known = TRUE,
                          .digest = { log_text(alg), { digest, 32 } },
                          .signature = { signature->data, signature->len } };
}

static gboolean is_signed(const GByteArray *signature, const uint8_t *digest, const char *alg,
                          GPtrArray *keys)
{
    const DqImaFields f = fields_of(signature, digest, alg);

    return dq_ima_is_signed(&f, keys);
}

static GPtrArray *keys_of(GBytes *first, GBytes *second)
{
    GPtrArray *keys = g_ptr_array_new();

    g_ptr_array_add(keys, first);
    if (second) {
        g_ptr_array_add(keys, second);
    }
    return keys;
}

static void check_key(EVP_PKEY *key, EVP_PKEY *other)
{
    const uint8_t digest[32] = { 1, 2, 3 }, changed[32] = { 1, 2, 4 };
    g_autoptr(GBytes) spki = spki_of(key), wrong = spki_of(other);
    g_autoptr(GBytes) nonsense = g_bytes_new_static("nonsense", 8);
    g_autoptr(GPtrArray) right = keys_of(wrong, spki), others = keys_of(wrong, nonsense);
    g_autoptr(GPtrArray) none = g_ptr_array_new();
    g_autoptr(GByteArray) s = make_signature(key, digest);

    g_assert_true(is_signed(s, digest, "sha256", right));
    g_assert_false(is_signed(s, digest, "sha256", others));
    g_assert_false(is_signed(s, digest, "sha256", none));
    g_assert_false(is_signed(s, changed, "sha256", right));
    g_assert_false(is_signed(s, digest, "sha3-256", right));
    g_assert_false(is_signed(s, digest, "", right));
    for (guint size = 0; size < s->len; size++) {
        g_autofree uint8_t *cut = g_memdup2(s->data, size);
        const GByteArray part = { cut, size };

        g_assert_false(is_signed(&part, digest, "sha256", right));
    }
    for (guint i = 0; i < s->len; i++) {
        if (i < 3 || i > 6) { /* the identifier of the key is not looked at */
            s->data[i] ^= 1;
            g_assert_false(is_signed(s, digest, "sha256", right));
            s->data[i] ^= 1;
        }
    }
    g_byte_array_append(s, digest, 1);
    g_assert_false(is_signed(s, digest, "sha256", right));
}

static void a_key_that_signed_is_found(void)
{
    EVP_PKEY *rsa = EVP_RSA_gen(2048), *ec = EVP_EC_gen("P-256"), *other = EVP_EC_gen("P-256");

    check_key(rsa, other);
    check_key(ec, other);
    check_key(ec, rsa);
    EVP_PKEY_free(rsa);
    EVP_PKEY_free(ec);
    EVP_PKEY_free(other);
}

static void put_field(GByteArray *out, const void *data, gsize len)
{
    log_put_le(out, len, 4);
    g_byte_array_append(out, data, (guint)len);
}

/* A list of one entry of the template ima-sig. */
static GByteArray *make_list(const GByteArray *signature, const uint8_t digest[32])
{
    static const char name[] = "/usr/bin/signed", algorithm[] = "sha256:";
    g_autoptr(GByteArray) hash = g_byte_array_new(), data = g_byte_array_new();
    const uint8_t zeroes[DQ_IMA_SHA1_SIZE] = { 1 };
    GByteArray *list = g_byte_array_new();

    g_byte_array_append(hash, (const uint8_t *)algorithm, sizeof(algorithm));
    g_byte_array_append(hash, digest, 32);
    put_field(data, hash->data, hash->len);
    put_field(data, name, sizeof(name));
    put_field(data, signature->data, signature->len);
    log_put_le(list, DQ_IMA_PCR, 4);
    g_byte_array_append(list, zeroes, sizeof(zeroes));
    put_field(list, "ima-sig", strlen("ima-sig"));
    put_field(list, data->data, data->len);
    return list;
}

static void expect_files(const GByteArray *list, const DqProfile *profile, DqResult result,
                         const char *words)
{
    g_autoptr(DqVerdict) verdict = dq_verdict_new();
    const DqLog log = { .bytes = { list->data, list->len }, .profile = profile };
    DqFinding f;

    dq_appraise_files(&log, "vm-files", 1, verdict);
    f = dq_verdict_get_finding(verdict, 0);
    if (f.result != result || !strstr(f.detail, words)) {
        g_error("%d: '%s', not %d with '%s'", f.result, f.detail, result, words);
    }
}

static void a_signed_file_need_not_be_listed(void)
{
    const uint8_t digest[32] = { 1, 2, 3 }, other[32] = { 4 };
    EVP_PKEY *key = EVP_EC_gen("P-256");
    g_autoptr(GBytes) spki = spki_of(key);
    g_autoptr(DqProfile) p = dq_profile_new("p");
    g_autoptr(GByteArray) s = make_signature(key, digest);
    g_autoptr(GByteArray) list = make_list(s, digest), forged = make_list(s, other);

    expect_files(list, p, DQ_RESULT_FAIL, "\"/usr/bin/signed\" is not listed");
    dq_profile_add_key(p, spki);
    dq_profile_add_key(p, spki);
    g_assert_cmpuint(p->keys->len, ==, 1);
    expect_files(list, p, DQ_RESULT_PASS, "0 entries are as in profile 'p'; 1 signed by its keys");
    expect_files(forged, p, DQ_RESULT_FAIL, "\"/usr/bin/signed\" is not listed");
    dq_profile_add_file(p, log_text("/usr/bin/signed"), TPM_ALG_SHA256, (WireBytes){ other, 32 });
    expect_files(list, p, DQ_RESULT_FAIL, "has another digest than those listed");
    EVP_PKEY_free(key);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/appraise/ima-signature/a-key-that-signed-is-found",
                    a_key_that_signed_is_found);
    g_test_add_func("/appraise/ima-signature/a-signed-file-need-not-be-listed",
                    a_signed_file_need_not_be_listed);
    return g_test_run();
}
