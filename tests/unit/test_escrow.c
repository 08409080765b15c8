/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Escrows, what seals them, and keys for them: there and back, each truncation, each change. */
#include <glib.h>
#include <openssl/ec.h>
#include <openssl/rsa.h>
#include <string.h>

#include "escrow/escrow-key.h"

#define TYPE "test+jwe"

static DqBytes bytes_of(const char *text)
{
    return (DqBytes){ (const uint8_t *)text, strlen(text) };
}

static EVP_PKEY *make_key(gboolean rsa)
{
    EVP_PKEY *key = rsa ? EVP_RSA_gen(2048) : EVP_EC_gen("P-256");

    g_assert_nonnull(key);
    return key;
}

/* Whether @text is opened by @key, and has @plain. */
static gboolean opens(const char *text, gsize len, EVP_PKEY *key, const char *plain)
{
    uint8_t content_key[DQ_JWE_KEY_SIZE];
    g_auto(DqJwe) jwe = { 0 };
    g_auto(DqSecret) got = { 0 };
    g_autoptr(GError) error = NULL;
    const gboolean ok = dq_jwe_read((DqBytes){ (const uint8_t *)text, len }, TYPE, &jwe, &error) &&
                        dq_jwe_key(&jwe, key, content_key, &error) &&
                        dq_jwe_open(&jwe, content_key, &got, &error);

    g_assert_true(ok == !error);
    g_assert_true(!ok || (got.len == strlen(plain) && memcmp(got.data, plain, got.len) == 0));
    return ok;
}

static void test_jwe(gconstpointer data)
{
    const gboolean rsa = GPOINTER_TO_INT(data);
    EVP_PKEY *key = make_key(rsa), *other = make_key(rsa), *kind = make_key(!rsa);
    g_autofree char *text = dq_jwe_seal(key, TYPE, bytes_of("secret"), NULL);
    g_autofree char *again = dq_jwe_seal(key, TYPE, bytes_of("secret"), NULL);
    g_autofree char *copy = NULL;
    const gsize len = strlen(text);

    g_assert_cmpstr(text, !=, again);
    g_assert_true(opens(text, len, key, "secret"));
    g_assert_false(opens(text, len, other, "secret"));
    g_assert_false(opens(text, len, kind, "secret"));
    for (gsize i = 0; i < len; i++) {
        g_assert_false(opens(text, i, key, "secret"));
    }
    copy = g_strconcat(text, "A", NULL);
    g_assert_false(opens(copy, len + 1, key, "secret"));
    for (gsize i = 0; i < len; i++) {
        copy[len] = '\0';
        copy[i] = text[i] == 'A' ? 'B' : 'A';
        g_assert_false(opens(copy, len, key, "secret"));
        copy[i] = text[i];
    }
    EVP_PKEY_free(key);
    EVP_PKEY_free(other);
    EVP_PKEY_free(kind);
}

static void test_jwe_type(void)
{
    EVP_PKEY *key = make_key(FALSE);
    g_autofree char *text = dq_jwe_seal(key, "other+jwe", bytes_of("secret"), NULL);
    g_auto(DqJwe) jwe = { 0 };
    g_autoptr(GError) error = NULL;

    g_assert_false(dq_jwe_read(bytes_of(text), TYPE, &jwe, &error));
    g_assert_error(error, DQ_JWE_ERROR, DQ_JWE_ERROR_MALFORMED);
    EVP_PKEY_free(key);
}

/* As openssl kdf SSKDF has it of the same bytes. */
static void test_kdf(void)
{
    uint8_t z[DQ_JWE_COORDINATE_SIZE], key[DQ_JWE_KEY_SIZE];
    g_autofree char *hex = NULL;

    for (gsize i = 0; i < sizeof(z); i++) {
        z[i] = (uint8_t)i;
    }
    dq_jwe_key_agreed(z, key);
    hex = dq_hex_encode(key, sizeof(key));
    g_assert_cmpstr(hex, ==, "9c69e3c7102763b0078e554d3301fa1ab2c55a821fd6b2132b41aa495f0b302e");
}

static DqEscrow *make_escrow(void)
{
    DqEscrow *escrow = dq_escrow_new("acme");
    DqEscrowVm vm = { .ek.len = 34, .ek.data = { 0, 0x0b } };

    escrow->made = 1700000000;
    for (guint i = 0; i < 5; i++) {
        memset(vm.uuid, (int)i + 1, sizeof(vm.uuid));
        memset(vm.key, (int)i + 100, sizeof(vm.key));
        vm.ek.len = i == 3 ? 0 : 34;
        g_snprintf(vm.name, sizeof(vm.name), "vm %u", i);
        dq_escrow_add(escrow, &vm);
    }
    return escrow;
}

static void assert_same(const DqEscrow *a, const DqEscrow *b)
{
    g_assert_cmpstr(a->group, ==, b->group);
    g_assert_cmpuint(a->made, ==, b->made);
    g_assert_cmpuint(a->vms->len, ==, b->vms->len);
    for (guint i = 0; i < a->vms->len; i++) {
        const DqEscrowVm *x = &g_array_index(a->vms, DqEscrowVm, i);
        const DqEscrowVm *y = &g_array_index(b->vms, DqEscrowVm, i);

        g_assert_cmpmem(x->uuid, sizeof(x->uuid), y->uuid, sizeof(y->uuid));
        g_assert_cmpmem(x->key, sizeof(x->key), y->key, sizeof(y->key));
        g_assert_cmpmem(x->ek.data, x->ek.len, y->ek.data, y->ek.len);
        g_assert_cmpstr(x->name, ==, y->name);
    }
}

static void test_escrow(void)
{
    g_autoptr(DqEscrow) escrow = make_escrow();
    g_auto(DqSecret) bytes = { 0 };
    g_autoptr(DqEscrow) got = NULL;

    dq_escrow_encode(escrow, &bytes);
    got = dq_escrow_decode((DqBytes){ bytes.data, bytes.len }, NULL);
    g_assert_nonnull(got);
    assert_same(escrow, got);
    for (gsize i = 0; i < bytes.len; i++) {
        g_autofree uint8_t *part = g_memdup2(bytes.data, i);
        g_autoptr(GError) error = NULL;

        g_assert_null(dq_escrow_decode((DqBytes){ part, i }, &error));
        g_assert_error(error, DQ_ESCROW_ERROR, DQ_ESCROW_ERROR_MALFORMED);
    }
}

static void test_count(void)
{
    g_autoptr(DqEscrow) escrow = dq_escrow_new("acme");
    g_auto(DqSecret) bytes = { 0 };

    dq_escrow_encode(escrow, &bytes);
    memset(bytes.data + bytes.len - 4, 0xff, 4); /* more VMs than there are bytes for */
    g_assert_null(dq_escrow_decode((DqBytes){ bytes.data, bytes.len }, NULL));
}

static void test_tenant(void)
{
    g_autoptr(DqEscrow) escrow = make_escrow();
    g_autoptr(DqJwsKey) key = dq_jws_key_make(NULL);
    g_autoptr(DqJwsKey) other = dq_jws_key_make(NULL);
    g_autofree char *text = dq_escrow_seal(escrow, dq_jws_key_pkey(key), NULL);
    g_autoptr(DqEscrow) got = dq_escrow_open(bytes_of(text), key, NULL);
    g_autoptr(GError) error = NULL;

    g_assert_nonnull(got);
    assert_same(escrow, got);
    g_assert_null(dq_escrow_open(bytes_of(text), other, &error));
    g_assert_error(error, DQ_JWE_ERROR, DQ_JWE_ERROR_SEALED);
}

/* What a host finds when it has opened what a tenant sealed for it. */
static void open_moved(const char *text, EVP_PKEY *host, DqSecret *ret)
{
    uint8_t content_key[DQ_JWE_KEY_SIZE];
    g_auto(DqJwe) jwe = { 0 };

    g_assert_true(dq_jwe_read(bytes_of(text), DQ_ESCROW_MOVE_TYPE, &jwe, NULL));
    g_assert_true(dq_jwe_key(&jwe, host, content_key, NULL));
    g_assert_true(dq_jwe_open(&jwe, content_key, ret, NULL));
}

static void test_move(void)
{
    static const uint8_t area[] = "a public area", wrong[] = "another area";
    g_autoptr(DqEscrow) escrow = make_escrow(), got = NULL;
    g_autoptr(DqJwsKey) key = dq_jws_key_make(NULL), other = dq_jws_key_make(NULL);
    g_autofree char *pem = dq_jws_key_public(key), *other_pem = dq_jws_key_public(other);
    g_autoptr(DqJwsPublic) public = dq_jws_public_new(bytes_of(pem), NULL);
    g_autoptr(DqJwsPublic) other_public = dq_jws_public_new(bytes_of(other_pem), NULL);
    EVP_PKEY *host = make_key(FALSE);
    g_autofree char *text =
        dq_escrow_move(escrow, key, host, (DqBytes){ area, sizeof(area) }, NULL);
    g_auto(DqSecret) plain = { 0 };
    DqBytes bytes;

    open_moved(text, host, &plain);
    bytes = (DqBytes){ plain.data, plain.len };
    got = dq_escrow_receive(bytes, public, (DqBytes){ area, sizeof(area) }, NULL);
    g_assert_nonnull(got);
    assert_same(escrow, got);
    g_assert_null(dq_escrow_receive(bytes, public, (DqBytes){ wrong, sizeof(wrong) }, NULL));
    g_assert_null(dq_escrow_receive(bytes, other_public, (DqBytes){ area, sizeof(area) }, NULL));
    for (gsize i = 0; i < plain.len; i++) {
        g_autofree uint8_t *part = g_memdup2(plain.data, plain.len);

        g_assert_null(
            dq_escrow_receive((DqBytes){ part, i }, public, (DqBytes){ area, sizeof(area) }, NULL));
        part[i] ^= 1;
        g_assert_null(dq_escrow_receive((DqBytes){ part, plain.len }, public,
                                        (DqBytes){ area, sizeof(area) }, NULL));
    }
    EVP_PKEY_free(host);
}

static void test_key(void)
{
    static const uint8_t some[] = { 1, 2, 3 };
    g_auto(DqEscrowKey) key = { .group = "acme",
                                .public_area = g_bytes_new(some, 1),
                                .attest = g_bytes_new(some, 2),
                                .signature = g_bytes_new(some, 3) };
    g_auto(DqEscrowKey) got = { .group = "" };
    g_autofree char *text = dq_escrow_key_write(&key);

    g_assert_true(dq_escrow_key_read(text, strlen(text), &got, NULL));
    g_assert_cmpstr(got.group, ==, "acme");
    g_assert_true(g_bytes_equal(got.signature, key.signature));
    for (gsize i = 0; i < strlen(text); i++) {
        g_auto(DqEscrowKey) none = { .group = "" };
        g_autoptr(GError) error = NULL;

        g_assert_false(dq_escrow_key_read(text, i, &none, &error));
        g_assert_error(error, DQ_ESCROW_KEY_ERROR, DQ_ESCROW_KEY_ERROR_MALFORMED);
    }
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_data_func("/jwe/p256", GINT_TO_POINTER(FALSE), test_jwe);
    g_test_add_data_func("/jwe/rsa", GINT_TO_POINTER(TRUE), test_jwe);
    g_test_add_func("/jwe/type", test_jwe_type);
    g_test_add_func("/jwe/kdf", test_kdf);
    g_test_add_func("/escrow/there-and-back", test_escrow);
    g_test_add_func("/escrow/count", test_count);
    g_test_add_func("/escrow/tenant", test_tenant);
    g_test_add_func("/escrow/move", test_move);
    g_test_add_func("/escrow/key", test_key);
    return g_test_run();
}
