/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Certificates of endorsement keys: what is told of one, and which chains lead to a root. That
 * swtpm_setup's are taken: integration/enrolment. */
#include "appraise/ek-certificate.h"

#include "wire/public.h"
#include "wire/tpm-constants.h"

#include <glib/gstdio.h>
#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <string.h>

#define NOW 1800000000 /* when all certificates are good */
#define LIFE 1000000   /* seconds before and after */

/* An authority, one in between, and a TPM. */
typedef struct Fixture {
    char *folder;
    EVP_PKEY *root_key, *between_key, *ek_key;
    X509 *root, *between;
    DqEkAuthorities *authorities;
    GBytes *ek, *chain;
} Fixture;

/** What a certificate is to say. */
typedef struct Subject {
    const char *name, *model;
    gboolean authority;
} Subject;

static const Subject root_subject = { "root", NULL, TRUE };
static const Subject between_subject = { "between", NULL, TRUE };

static void add_extension(X509 *x509, int nid, const char *value)
{
    X509_EXTENSION *extension = X509V3_EXT_conf_nid(NULL, NULL, nid, value);

    g_assert_nonnull(extension);
    g_assert_cmpint(X509_add_ext(x509, extension, -1), ==, 1);
    X509_EXTENSION_free(extension);
}

static void add_entry(X509_NAME *name, const char *field, const char *text)
{
    g_assert_cmpint(X509_NAME_add_entry_by_txt(name, field, MBSTRING_UTF8,
                                               (const unsigned char *)text, -1, -1, 0),
                    ==, 1);
}

/* The directory name that the EK Credential Profile has in SubjectAltName. */
static void add_tpm_name(X509 *x509, const char *model)
{
    GENERAL_NAMES *names = sk_GENERAL_NAME_new_null();
    GENERAL_NAME *general = GENERAL_NAME_new();
    X509_NAME *name = X509_NAME_new();

    add_entry(name, "2.23.133.2.1", "id:54455354");
    add_entry(name, "2.23.133.2.2", model);
    add_entry(name, "2.23.133.2.3", "id:00010002");
    GENERAL_NAME_set0_value(general, GEN_DIRNAME, name);
    sk_GENERAL_NAME_push(names, general);
    g_assert_cmpint(X509_add1_ext_i2d(x509, NID_subject_alt_name, names, 1, 0), ==, 1);
    GENERAL_NAMES_free(names);
}

static X509 *certify(const Subject *subject, EVP_PKEY *key, const Subject *by, EVP_PKEY *by_key)
{
    X509 *x509 = X509_new();
    X509_NAME *issuer = X509_NAME_new();

    X509_set_version(x509, 2);
    ASN1_INTEGER_set(X509_get_serialNumber(x509), 0x1234);
    ASN1_TIME_set(X509_getm_notBefore(x509), NOW - LIFE);
    ASN1_TIME_set(X509_getm_notAfter(x509), NOW + LIFE);
    add_entry(X509_get_subject_name(x509), "CN", subject->name);
    add_entry(issuer, "CN", by->name);
    X509_set_issuer_name(x509, issuer);
    X509_NAME_free(issuer);
    X509_set_pubkey(x509, key);
    if (subject->authority) {
        add_extension(x509, NID_basic_constraints, "critical,CA:TRUE");
    } else {
        add_extension(x509, NID_ext_key_usage, "2.23.133.8.1");
        add_tpm_name(x509, subject->model);
    }
    g_assert_cmpint(X509_sign(x509, by_key, EVP_sha256()), >, 0);
    return x509;
}

static GBytes *to_der(X509 *x509)
{
    unsigned char *der = NULL;
    const int len = i2d_X509(x509, &der);
    GBytes *bytes;

    g_assert_cmpint(len, >, 0);
    bytes = g_bytes_new(der, (gsize)len);
    OPENSSL_free(der);
    return bytes;
}

/* The key as TPMT_PUBLIC. */
static GBytes *to_public(EVP_PKEY *key)
{
    WirePublic p = { .type = TPM_ALG_ECC, .name_alg = TPM_ALG_SHA256 };
    uint8_t point[65], buf[512];
    WireWriter w = WIRE_WRITER(buf, sizeof(buf));
    size_t len = 0;

    g_assert_cmpint(
        EVP_PKEY_get_octet_string_param(key, OSSL_PKEY_PARAM_PUB_KEY, point, sizeof(point), &len),
        ==, 1);
    g_assert_cmpuint(len, ==, sizeof(point)); /* uncompressed */
    p.attributes = TPMA_OBJECT_FIXEDTPM | TPMA_OBJECT_RESTRICTED | TPMA_OBJECT_DECRYPT;
    p.sym_alg = TPM_ALG_AES;
    p.sym_key_bits = 128;
    p.sym_mode = TPM_ALG_CFB;
    p.scheme.scheme = TPM_ALG_NULL;
    p.ecc_curve = TPM_ECC_NIST_P256;
    p.kdf_scheme = TPM_ALG_NULL;
    p.ecc_x = (WireBytes){ point + 1, 32 };
    p.ecc_y = (WireBytes){ point + 33, 32 };
    g_assert_true(wire_put_public(&w, &p));
    return g_bytes_new(buf, w.len);
}

static void write_root(Fixture *f)
{
    g_autofree char *path = g_build_filename(f->folder, "root", NULL);
    g_autoptr(GBytes) der = to_der(f->root);

    g_assert_true(g_file_set_contents(path, g_bytes_get_data(der, NULL),
                                      (gssize)g_bytes_get_size(der), NULL));
}

static void set_up(Fixture *f, G_GNUC_UNUSED gconstpointer data)
{
    g_autoptr(GError) error = NULL;

    f->folder = g_dir_make_tmp("ek-certificate-XXXXXX", NULL);
    f->root_key = EVP_EC_gen("P-256");
    f->between_key = EVP_EC_gen("P-256");
    f->ek_key = EVP_EC_gen("P-256");
    f->root = certify(&root_subject, f->root_key, &root_subject, f->root_key);
    f->between = certify(&between_subject, f->between_key, &root_subject, f->root_key);
    f->ek = to_public(f->ek_key);
    f->chain = to_der(f->between);
    write_root(f);
    f->authorities = dq_ek_authorities_new(f->folder, &error);
    g_assert_no_error(error);
}

static void tear_down(Fixture *f, G_GNUC_UNUSED gconstpointer data)
{
    g_autofree char *path = g_build_filename(f->folder, "root", NULL);

    g_unlink(path);
    g_rmdir(f->folder);
    dq_ek_authorities_free(f->authorities);
    g_bytes_unref(f->ek);
    g_bytes_unref(f->chain);
    X509_free(f->root);
    X509_free(f->between);
    EVP_PKEY_free(f->root_key);
    EVP_PKEY_free(f->between_key);
    EVP_PKEY_free(f->ek_key);
    g_free(f->folder);
}

static GBytes *ek_certificate(Fixture *f, const char *model)
{
    const Subject subject = { "tpm", model, FALSE };
    X509 *x509 = certify(&subject, f->ek_key, &between_subject, f->between_key);
    GBytes *der = to_der(x509);

    X509_free(x509);
    return der;
}

static DqBytes bytes_of(GBytes *bytes)
{
    DqBytes b;

    b.data = g_bytes_get_data(bytes, &b.len);
    return b;
}

/* Facts are poisoned first, and stay as they are where it fails. */
static gboolean check(Fixture *f, DqBytes certificate, DqBytes chain, int64_t now,
                      DqEkFacts *ret_facts)
{
    const DqEkCredential ek = { bytes_of(f->ek), certificate, chain };
    g_autoptr(GError) error = NULL;
    DqEkFacts facts, before;
    gboolean ok;

    memset(&facts, 0x5a, sizeof(facts));
    before = facts;
    ok = dq_ek_certificate_check(f->authorities, &ek, now, &facts, &error);
    if (ok) {
        g_assert_no_error(error);
        *ret_facts = facts;
    } else {
        g_assert_error(error, DQ_ERROR, DQ_ERROR_KEY);
        g_assert_cmpmem(&facts, sizeof(facts), &before, sizeof(before));
    }
    return ok;
}

static void tells_facts(Fixture *f, G_GNUC_UNUSED gconstpointer data)
{
    g_autoptr(GBytes) certificate = ek_certificate(f, "model 7");
    DqEkFacts facts;

    g_assert_true(check(f, bytes_of(certificate), bytes_of(f->chain), NOW, &facts));
    g_assert_cmpstr(facts.manufacturer, ==, "id:54455354");
    g_assert_cmpstr(facts.model, ==, "model 7");
    g_assert_cmpstr(facts.version, ==, "id:00010002");
    g_assert_cmpstr(facts.serial, ==, "1234");
    g_assert_cmpstr(facts.issuer, ==, "CN=between");
    g_assert_cmpint(facts.expires, ==, NOW + LIFE);
}

static void facts_can_be_printed(Fixture *f, G_GNUC_UNUSED gconstpointer data)
{
    g_autofree char *dots = g_strnfill(DQ_EK_TEXT_MAX - 1, '.');
    g_autofree char *long_text = g_strconcat(dots, "é.", NULL); /* its last room is half a letter */
    g_autoptr(GBytes) escape = ek_certificate(f, "a\033[2Jb\nc");
    g_autoptr(GBytes) too_long = ek_certificate(f, long_text);
    DqEkFacts facts;

    g_assert_true(check(f, bytes_of(escape), bytes_of(f->chain), NOW, &facts));
    g_assert_cmpstr(facts.model, ==, "a?[2Jb?c");
    g_assert_true(check(f, bytes_of(too_long), bytes_of(f->chain), NOW, &facts));
    g_assert_cmpstr(facts.model, ==, dots);
}

static void needs_the_chain(Fixture *f, G_GNUC_UNUSED gconstpointer data)
{
    g_autoptr(GBytes) certificate = ek_certificate(f, "m");
    const DqBytes whole = bytes_of(f->chain);
    DqEkFacts facts;

    g_assert_true(check(f, bytes_of(certificate), whole, NOW, &facts));
    for (gsize n = 0; n < whole.len; n++) {
        g_autofree uint8_t *part = g_memdup2(whole.data, n);

        g_assert_false(check(f, bytes_of(certificate), (DqBytes){ part, n }, NOW, &facts));
    }
}

static void takes_padding(Fixture *f, G_GNUC_UNUSED gconstpointer data)
{
    static const uint8_t padding[] = { 0xff, 0x00, 0xff };
    g_autoptr(GBytes) certificate = ek_certificate(f, "m");
    g_autoptr(GByteArray) chain = g_byte_array_new();
    const DqBytes whole = bytes_of(f->chain);
    DqEkFacts facts;

    g_byte_array_append(chain, padding, sizeof(padding));
    g_byte_array_append(chain, whole.data, (guint)whole.len);
    g_byte_array_append(chain, (const uint8_t *)"garbage", 7);
    g_assert_true(
        check(f, bytes_of(certificate), (DqBytes){ chain->data, chain->len }, NOW, &facts));
    chain->data[0] = 'g'; /* what is no certificate ends it */
    g_assert_false(
        check(f, bytes_of(certificate), (DqBytes){ chain->data, chain->len }, NOW, &facts));
}

/* So many before it that it is not looked at. */
static void looks_at_so_many(Fixture *f, G_GNUC_UNUSED gconstpointer data)
{
    g_autoptr(GBytes) certificate = ek_certificate(f, "m");
    g_autoptr(GBytes) other = to_der(f->root);
    g_autoptr(GByteArray) chain = g_byte_array_new();
    const DqBytes whole = bytes_of(f->chain), filler = bytes_of(other);
    DqEkFacts facts;

    for (gsize i = 0; i < DQ_EK_CHAIN_MAX; i++) {
        g_byte_array_append(chain, filler.data, (guint)filler.len);
    }
    g_byte_array_append(chain, whole.data, (guint)whole.len);
    g_assert_false(
        check(f, bytes_of(certificate), (DqBytes){ chain->data, chain->len }, NOW, &facts));
    g_assert_true(check(f, bytes_of(certificate),
                        (DqBytes){ chain->data + filler.len, chain->len - filler.len }, NOW,
                        &facts));
}

static void a_root_in_the_chain_is_none(Fixture *f, G_GNUC_UNUSED gconstpointer data)
{
    static const Subject stranger = { "stranger", NULL, TRUE };
    static const Subject tpm = { "tpm", "m", FALSE };
    EVP_PKEY *key = EVP_EC_gen("P-256");
    X509 *root = certify(&stranger, key, &stranger, key);
    X509 *ek = certify(&tpm, f->ek_key, &stranger, key);
    g_autoptr(GBytes) chain = to_der(root);
    g_autoptr(GBytes) certificate = to_der(ek);
    DqEkFacts facts;

    g_assert_false(check(f, bytes_of(certificate), bytes_of(chain), NOW, &facts));
    X509_free(root);
    X509_free(ek);
    EVP_PKEY_free(key);
}

static void is_good_in_its_time(Fixture *f, G_GNUC_UNUSED gconstpointer data)
{
    g_autoptr(GBytes) certificate = ek_certificate(f, "m");
    DqEkFacts facts;

    g_assert_false(check(f, bytes_of(certificate), bytes_of(f->chain), NOW - LIFE - 1, &facts));
    g_assert_true(check(f, bytes_of(certificate), bytes_of(f->chain), NOW - LIFE, &facts));
    g_assert_true(check(f, bytes_of(certificate), bytes_of(f->chain), NOW + LIFE - 1, &facts));
    g_assert_false(check(f, bytes_of(certificate), bytes_of(f->chain), NOW + LIFE + 1, &facts));
}

static void refuses_each_truncation(Fixture *f, G_GNUC_UNUSED gconstpointer data)
{
    g_autoptr(GBytes) certificate = ek_certificate(f, "m");
    const DqBytes whole = bytes_of(certificate);
    DqEkFacts facts;

    for (gsize n = 0; n < whole.len; n++) {
        g_autofree uint8_t *part = g_memdup2(whole.data, n);

        g_assert_false(check(f, (DqBytes){ part, n }, bytes_of(f->chain), NOW, &facts));
    }
}

int main(int argc, char **argv)
{
    static const struct {
        const char *path;
        void (*run)(Fixture *f, gconstpointer data);
    } tests[] = {
        { "/appraise/ek-certificate/tells-facts", tells_facts },
        { "/appraise/ek-certificate/facts-can-be-printed", facts_can_be_printed },
        { "/appraise/ek-certificate/needs-the-chain", needs_the_chain },
        { "/appraise/ek-certificate/takes-padding", takes_padding },
        { "/appraise/ek-certificate/looks-at-so-many", looks_at_so_many },
        { "/appraise/ek-certificate/root-in-chain-is-none", a_root_in_the_chain_is_none },
        { "/appraise/ek-certificate/good-in-its-time", is_good_in_its_time },
        { "/appraise/ek-certificate/refuses-each-truncation", refuses_each_truncation },
    };

    g_test_init(&argc, &argv, NULL);
    for (gsize i = 0; i < G_N_ELEMENTS(tests); i++) {
        g_test_add(tests[i].path, Fixture, NULL, set_up, tests[i].run, tear_down);
    }
    return g_test_run();
}
