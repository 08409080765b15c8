/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Public areas and signatures. */
#include "maker.h"

#include "attest/key.h"
#include "attest/public.h"
#include "attest/signature.h"

#include <string.h>

static void refuse(const uint8_t *data, gsize len)
{
    g_autoptr(GError) error = NULL;

    g_assert_null(dq_key_new(data, len, &error));
    g_assert_error(error, DQ_ERROR, DQ_ERROR_KEY);
}

static void test_forms(void)
{
    g_autoptr(MakerKey) k = maker_key_new(TPM_ALG_ECDSA, TPM_ALG_SHA256, MAKER_AK_ATTRIBUTES);
    g_autoptr(DqKey) inner = dq_key_new(k->public->data + 2, k->public->len - 2, NULL);

    g_assert_nonnull(inner); /* TPMT_PUBLIC, without the size */
    g_assert_cmpmem(inner->name, inner->name_len, k->key->name, k->key->name_len);
    for (gsize n = 0; n < k->public->len; n++) {
        g_autofree uint8_t *shorter = g_memdup2(k->public->data, n);

        refuse(shorter, n);
    }
    g_byte_array_append(k->public, (const uint8_t *)"", 1);
    refuse(k->public->data, k->public->len);
}

/* The Name is SHA-256 of the public area behind its algorithm. */
static void test_name(void)
{
    g_autoptr(MakerKey) k = maker_key_new(TPM_ALG_ECDSA, TPM_ALG_SHA256, MAKER_AK_ATTRIBUTES);
    g_autofree char *want =
        g_compute_checksum_for_data(G_CHECKSUM_SHA256, k->public->data + 2, k->public->len - 2);
    DqBytes name = dq_key_get_name(k->key);
    g_autofree char *got = dq_hex_encode(name.data, name.len);

    g_assert_true(g_str_has_prefix(got, "000b"));
    g_assert_cmpstr(got + 4, ==, want);
}

/* A storage key on a curve that is not for us has a Name all the same. */
static void test_name_of_any_key(void)
{
    static const uint8_t number[32] = { 0x11 };
    const WirePublic p = {
        .type = TPM_ALG_ECC,
        .name_alg = TPM_ALG_SHA384,
        .sym_alg = TPM_ALG_NULL,
        .scheme = { .scheme = TPM_ALG_NULL },
        .ecc_curve = 0x0010, /* TPM_ECC_BN_P256 */
        .kdf_scheme = TPM_ALG_NULL,
        .ecc_x = { number, sizeof(number) },
        .ecc_y = { number, sizeof(number) },
    };
    uint8_t buffer[512], name[DQ_NAME_MAX], poison[DQ_NAME_MAX];
    WireWriter w = WIRE_WRITER(buffer, sizeof(buffer));
    g_autofree char *want = NULL;
    g_autofree char *got = NULL;

    g_assert_true(wire_put_public(&w, &p));
    memset(name, 0xA5, sizeof(name));
    memset(poison, 0xA5, sizeof(poison));
    for (gsize n = 0; n < w.len; n++) {
        g_assert_cmpuint(dq_public_name((DqBytes){ buffer, n }, name), ==, 0);
        g_assert_cmpmem(name, sizeof(name), poison, sizeof(poison));
    }
    g_assert_cmpuint(dq_public_name((DqBytes){ buffer, w.len }, name), ==, 2 + 48);
    want = g_compute_checksum_for_data(G_CHECKSUM_SHA384, buffer, w.len);
    got = dq_hex_encode(name, 2 + 48);
    g_assert_true(g_str_has_prefix(got, "000c"));
    g_assert_cmpstr(got + 4, ==, want);
    g_assert_null(dq_public_to_pkey(&p));
    refuse(buffer, w.len);
}

/* What OpenSSL makes of the public area is the key that was put into it. */
static void test_pkey(void)
{
    for (int rsa = 0; rsa <= 1; rsa++) {
        g_autoptr(MakerKey) k = maker_key_new(rsa ? TPM_ALG_RSASSA : TPM_ALG_ECDSA, TPM_ALG_SHA256,
                                              MAKER_AK_ATTRIBUTES);

        g_assert_true(EVP_PKEY_eq(dq_key_get_pkey(k->key), k->pkey) == 1);
    }
}

static void test_point(void)
{
    g_autoptr(MakerKey) k = maker_key_new(TPM_ALG_ECDSA, TPM_ALG_SHA256, MAKER_AK_ATTRIBUTES);

    k->public->data[k->public->len - 1] ^= 1;
    refuse(k->public->data, k->public->len);
    memset(k->public->data + k->public->len - 32, 0, 32);
    refuse(k->public->data, k->public->len);
}

static void test_short_rsa(void)
{
    uint8_t modulus[128], buffer[512];
    WirePublic p = {
        .type = TPM_ALG_RSA,
        .name_alg = TPM_ALG_SHA256,
        .attributes = MAKER_AK_ATTRIBUTES,
        .sym_alg = TPM_ALG_NULL,
        .scheme = { .scheme = TPM_ALG_RSASSA, .hash = TPM_ALG_SHA256 },
        .rsa_key_bits = 1024,
        .rsa_modulus = { modulus, sizeof(modulus) },
    };
    WireWriter w = WIRE_WRITER(buffer, sizeof(buffer));

    memset(modulus, 0xc5, sizeof(modulus));
    g_assert_true(wire_put_public(&w, &p));
    refuse(buffer, w.len);
}

static void test_attributes(void)
{
    static const struct {
        uint32_t change;
        gboolean attests;
        gboolean restricted;
    } cases[] = {
        { 0, TRUE, TRUE },
        { TPMA_OBJECT_RESTRICTED, FALSE, FALSE },
        { TPMA_OBJECT_FIXEDTPM, FALSE, FALSE },
        { TPMA_OBJECT_DECRYPT, FALSE, FALSE },
        { TPMA_OBJECT_SIGN, FALSE, FALSE },
        { TPMA_OBJECT_FIXEDPARENT, FALSE, TRUE },
        { TPMA_OBJECT_SENSITIVEDATAORIGIN, FALSE, TRUE },
    };

    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(MakerKey) k =
            maker_key_new(TPM_ALG_ECDSA, TPM_ALG_SHA256, MAKER_AK_ATTRIBUTES ^ cases[i].change);

        g_assert_cmpint(dq_key_is_attestation_key(k->key), ==, cases[i].attests);
        g_assert_cmpint(dq_key_is_restricted(k->key), ==, cases[i].restricted);
    }
}

static const struct {
    uint16_t alg, hash;
} schemes[] = {
    { TPM_ALG_ECDSA, TPM_ALG_SHA256 },
    { TPM_ALG_ECDSA, TPM_ALG_SHA384 },
    { TPM_ALG_RSASSA, TPM_ALG_SHA256 },
    { TPM_ALG_RSAPSS, TPM_ALG_SHA512 },
};

static void test_signatures(void)
{
    const DqBytes message = { (const uint8_t *)"message", 7 };
    const DqBytes other = { (const uint8_t *)"massage", 7 };

    for (gsize i = 0; i < G_N_ELEMENTS(schemes); i++) {
        g_autoptr(MakerKey) k = maker_key_new(schemes[i].alg, schemes[i].hash, MAKER_AK_ATTRIBUTES);
        g_autoptr(GByteArray) s = maker_sign(k, message);

        for (int again = 0; again < 3; again++) { /* with and without a context that is ready */
            g_assert_true(dq_key_verify(k->key, message, maker_bytes(s)));
            g_assert_false(dq_key_verify(k->key, other, maker_bytes(s)));
        }
        for (guint n = 0; n < s->len; n++) {
            g_assert_false(dq_key_verify(k->key, message, (DqBytes){ s->data, n }));
        }
        for (guint bit = 0; bit < s->len * 8; bit++) {
            s->data[bit / 8] ^= (uint8_t)(1u << bit % 8);
            g_assert_false(dq_key_verify(k->key, message, maker_bytes(s)));
            s->data[bit / 8] ^= (uint8_t)(1u << bit % 8);
        }
    }
}

/* Numbers that begin with zero bytes, or are shorter, as some TPMs write them. */
static void test_short_numbers(void)
{
    const DqBytes message = { (const uint8_t *)"message", 7 };
    g_autoptr(MakerKey) k = maker_key_new(TPM_ALG_ECDSA, TPM_ALG_SHA256, MAKER_AK_ATTRIBUTES);
    gboolean seen = FALSE;

    for (int tries = 0; !seen && tries < 10000; tries++) {
        g_autoptr(GByteArray) bytes = maker_sign(k, message);
        WireSignature s;

        g_assert_true(wire_decode_signature((WireBytes){ bytes->data, bytes->len }, &s));
        if (s.r.p[0] != 0) {
            continue;
        }
        seen = TRUE;
        g_assert_true(dq_key_verify_signature(k->key, message, &s));
        s.r.p++;
        s.r.len--;
        g_assert_true(dq_key_verify_signature(k->key, message, &s));
        s.r.len--;
        g_assert_false(dq_key_verify_signature(k->key, message, &s));
    }
    g_assert_true(seen);
}

/* A key that is bound to a scheme makes no other signatures, whatever the numbers say. */
static void test_other_scheme(void)
{
    const DqBytes message = { (const uint8_t *)"message", 7 };
    g_autoptr(MakerKey) k = maker_key_new(TPM_ALG_RSASSA, TPM_ALG_SHA256, MAKER_AK_ATTRIBUTES);
    g_autoptr(GByteArray) bytes = NULL;

    k->alg = TPM_ALG_RSAPSS; /* the private key does not know what it is bound to */
    bytes = maker_sign(k, message);
    g_assert_false(dq_key_verify(k->key, message, maker_bytes(bytes)));
    k->alg = TPM_ALG_RSASSA;
    k->hash = TPM_ALG_SHA512;
    g_byte_array_unref(bytes);
    bytes = maker_sign(k, message);
    g_assert_false(dq_key_verify(k->key, message, maker_bytes(bytes)));
}

static gpointer read_and_verify(gpointer data)
{
    const DqBytes message = { (const uint8_t *)"message", 7 };
    const MakerKey *k = data;
    g_autoptr(GByteArray) s = maker_sign(k, message);

    for (int i = 0; i < 200; i++) {
        g_autoptr(DqKey) own = dq_key_new(k->public->data, k->public->len, NULL);

        g_assert_true(dq_key_verify(own, message, maker_bytes(s)));
        g_assert_true(dq_key_verify(k->key, message, maker_bytes(s)));
    }
    return NULL;
}

/* Keys are read in several threads at once, and one key is used by all of them. */
static void test_threads(void)
{
    g_autoptr(MakerKey) k = maker_key_new(TPM_ALG_ECDSA, TPM_ALG_SHA256, MAKER_AK_ATTRIBUTES);
    GThread *threads[4];

    for (gsize i = 0; i < G_N_ELEMENTS(threads); i++) {
        threads[i] = g_thread_new("key", read_and_verify, k);
    }
    for (gsize i = 0; i < G_N_ELEMENTS(threads); i++) {
        g_thread_join(threads[i]);
    }
}

/* A pipe, a device or a mistyped name must not fill the verifier's memory. */
static void test_endless_file(void)
{
    g_autoptr(GError) error = NULL;
    DqKey *key = dq_key_new_from_file("/dev/zero", &error);

    g_assert_null(key);
    g_assert_error(error, G_FILE_ERROR, G_FILE_ERROR_INVAL);
    g_assert_nonnull(strstr(error->message, "more than 65536 bytes"));
}

static void test_no_file(void)
{
    g_autoptr(GError) error = NULL;
    DqKey *key = dq_key_new_from_file("/nonexistent/key", &error);

    g_assert_null(key);
    g_assert_error(error, G_FILE_ERROR, G_FILE_ERROR_NOENT);
    g_clear_error(&error);
    key = dq_key_new_from_file("/", &error); /* opens, and cannot be read */
    g_assert_null(key);
    g_assert_error(error, G_FILE_ERROR, G_FILE_ERROR_ISDIR);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/attest/key/both-forms-and-no-other-length", test_forms);
    g_test_add_func("/attest/key/name-is-the-digest-of-the-public-area", test_name);
    g_test_add_func("/attest/key/name-of-any-key", test_name_of_any_key);
    g_test_add_func("/attest/key/openssl-key-is-the-same", test_pkey);
    g_test_add_func("/attest/key/a-point-off-the-curve-is-refused", test_point);
    g_test_add_func("/attest/key/rsa-below-2048-bits-is-refused", test_short_rsa);
    g_test_add_func("/attest/key/attestation-keys-are-told-by-attributes", test_attributes);
    g_test_add_func("/attest/key/each-scheme-verifies-and-no-bit-may-differ", test_signatures);
    g_test_add_func("/attest/key/numbers-may-begin-with-zeroes", test_short_numbers);
    g_test_add_func("/attest/key/the-scheme-is-the-keys", test_other_scheme);
    g_test_add_func("/attest/key/threads-share-keys", test_threads);
    g_test_add_func("/attest/key/a-file-without-end-is-refused", test_endless_file);
    g_test_add_func("/attest/key/a-file-that-cannot-be-read-says-why", test_no_file);
    return g_test_run();
}
