/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What is refused before a credential is made. That a TPM opens them: integration/enrolment. */
#include "appraise/credential.h"

#include "attest/bytes.h"
#include "wire/public.h"
#include "wire/tpm-constants.h"

#include <string.h>

/* The base point of P-256: it is on the curve, and nobody's key. */
static const uint8_t base_x[32] = {
    0x6b, 0x17, 0xd1, 0xf2, 0xe1, 0x2c, 0x42, 0x47, 0xf8, 0xbc, 0xe6, 0xe5, 0x63, 0xa4, 0x40, 0xf2,
    0x77, 0x03, 0x7d, 0x81, 0x2d, 0xeb, 0x33, 0xa0, 0xf4, 0xa1, 0x39, 0x45, 0xd8, 0x98, 0xc2, 0x96,
};
static const uint8_t base_y[32] = {
    0x4f, 0xe3, 0x42, 0xe2, 0xfe, 0x1a, 0x7f, 0x9b, 0x8e, 0xe7, 0xeb, 0x4a, 0x7c, 0x0f, 0x9e, 0x16,
    0x2b, 0xce, 0x33, 0x57, 0x6b, 0x31, 0x5e, 0xce, 0xcb, 0xb6, 0x40, 0x68, 0x37, 0xbf, 0x51, 0xf5,
};
static const uint8_t name_bytes[34] = { 0x00, 0x0b, 1, 2, 3 };
static const uint8_t value_bytes[64] = { 9, 8, 7 };
static const DqBytes name = { name_bytes, sizeof(name_bytes) };

static WirePublic good_key(void)
{
    WirePublic p = { .type = TPM_ALG_ECC, .name_alg = TPM_ALG_SHA256 };

    p.attributes = TPMA_OBJECT_FIXEDTPM | TPMA_OBJECT_FIXEDPARENT |
                   TPMA_OBJECT_SENSITIVEDATAORIGIN | TPMA_OBJECT_ADMINWITHPOLICY |
                   TPMA_OBJECT_RESTRICTED | TPMA_OBJECT_DECRYPT;
    p.sym_alg = TPM_ALG_AES;
    p.sym_key_bits = 128;
    p.sym_mode = TPM_ALG_CFB;
    p.scheme.scheme = TPM_ALG_NULL;
    p.ecc_curve = TPM_ECC_NIST_P256;
    p.kdf_scheme = TPM_ALG_NULL;
    p.ecc_x = (WireBytes){ base_x, sizeof(base_x) };
    p.ecc_y = (WireBytes){ base_y, sizeof(base_y) };
    return p;
}

static GBytes *marshal(const WirePublic *p)
{
    uint8_t buf[512];
    WireWriter w = WIRE_WRITER(buf, sizeof(buf));

    g_assert_true(wire_put_public(&w, p));
    return g_bytes_new(buf, w.len);
}

static gboolean make(DqBytes ek, gsize size, DqCredential *ret)
{
    g_autoptr(GError) error = NULL;
    const gboolean made = dq_credential_make(ek, name, (DqBytes){ value_bytes, size }, ret, &error);

    g_assert_cmpint(made, ==, !error);
    g_assert_true(made || g_error_matches(error, DQ_ERROR, DQ_ERROR_KEY));
    return made;
}

static gboolean makes_for(const WirePublic *p)
{
    g_autoptr(GBytes) ek = marshal(p);
    g_auto(DqCredential) credential = { 0 };

    return make(dq_bytes_peek(ek), 32, &credential);
}

static void a_credential_is_another_each_time(void)
{
    const WirePublic p = good_key();
    g_autoptr(GBytes) ek = marshal(&p);
    g_auto(DqCredential) a = { 0 }, b = { 0 };

    g_assert_true(make(dq_bytes_peek(ek), 32, &a));
    g_assert_true(make(dq_bytes_peek(ek), 32, &b));
    g_assert_cmpuint(g_bytes_get_size(a.blob), ==, 2 + 2 + 32 + 2 + 32);
    g_assert_cmpuint(g_bytes_get_size(a.secret), ==, 2 + 2 + 32 + 2 + 32);
    g_assert_false(g_bytes_equal(a.blob, b.blob));
    g_assert_false(g_bytes_equal(a.secret, b.secret));
}

static void a_value_is_no_longer_than_a_digest(void)
{
    const WirePublic p = good_key();
    g_autoptr(GBytes) ek = marshal(&p);
    g_auto(DqCredential) credential = { 0 };

    g_assert_false(make(dq_bytes_peek(ek), 33, &credential));
    g_assert_null(credential.blob);
    g_assert_null(credential.secret);
    g_assert_true(make(dq_bytes_peek(ek), 1, &credential));
}

static void no_other_key_is_taken(void)
{
    static const uint32_t must[] = { TPMA_OBJECT_FIXEDTPM, TPMA_OBJECT_FIXEDPARENT,
                                     TPMA_OBJECT_SENSITIVEDATAORIGIN, TPMA_OBJECT_RESTRICTED,
                                     TPMA_OBJECT_DECRYPT };
    WirePublic p = good_key();

    g_assert_true(makes_for(&p));
    for (gsize i = 0; i < G_N_ELEMENTS(must); i++) {
        p = good_key();
        p.attributes &= ~must[i];
        g_assert_false(makes_for(&p));
    }
    p = good_key();
    p.attributes |= TPMA_OBJECT_SIGN;
    g_assert_false(makes_for(&p));
    p = good_key();
    p.ecc_curve = TPM_ECC_NIST_P521;
    g_assert_false(makes_for(&p));
    p = good_key();
    p.ecc_y.p = base_x; /* not on the curve */
    g_assert_false(makes_for(&p));
    p = good_key();
    p.sym_key_bits = 64;
    g_assert_false(makes_for(&p));
}

static void no_shorter_key_is_taken(void)
{
    const WirePublic p = good_key();
    g_autoptr(GBytes) ek = marshal(&p);
    const DqBytes whole = dq_bytes_peek(ek);
    g_auto(DqCredential) credential = { 0 };

    for (gsize n = 0; n < whole.len; n++) {
        g_autofree uint8_t *part = g_memdup2(whole.data, n);

        g_assert_false(make((DqBytes){ part, n }, 32, &credential));
    }
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/appraise/credential/another-each-time", a_credential_is_another_each_time);
    g_test_add_func("/appraise/credential/value-size", a_value_is_no_longer_than_a_digest);
    g_test_add_func("/appraise/credential/other-keys", no_other_key_is_taken);
    g_test_add_func("/appraise/credential/shorter-keys", no_shorter_key_is_taken);
    return g_test_run();
}
