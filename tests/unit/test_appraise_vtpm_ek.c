/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Certificates of vTPMs' endorsement keys: which are taken, and why others are not. That the
 * manager's and swtpm_setup's are: integration/vtpm_ek. */
#include "appraise/appraisal.h"
#include "appraise/vtpm-ek.h"

#include "attest/bytes.h"
#include "attest/verdict.h"
#include "vtpm/x509_make.h"
#include "wire/ek-template.h"
#include "wire/tpm-constants.h"

#include <openssl/core_names.h>
#include <openssl/x509v3.h>
#include <string.h>

#define AUTHORITY                                                                                  \
    "basicConstraints=critical,CA:TRUE,pathlen:0\nkeyUsage=critical,keyCertSign\n"                 \
    "extendedKeyUsage=2.23.133.8.1\n"
#define LEAF                                                                                       \
    "basicConstraints=critical,CA:FALSE\nextendedKeyUsage=2.23.133.8.1\n"                          \
    "subjectAltName=critical,dirName:tpm\n[tpm]\na.2.23.133.2.1=id:00001014\n"                     \
    "b.2.23.133.2.2=swtpm\nc.2.23.133.2.3=id:20191023\n"
#define VM "6ba7b810-9dad-41d1-80b4-00c04fd430c8"

enum { DAY = 24 * 60 * 60, LIFE = 10 * DAY };

static const uint8_t uuid[DQ_UUID_SIZE] = { 0x6b, 0xa7, 0xb8, 0x10, 0x9d, 0xad, 0x41, 0xd1,
                                            0x80, 0xb4, 0x00, 0xc0, 0x4f, 0xd4, 0x30, 0xc8 };

typedef struct Fixture {
    EVP_PKEY *ak_key, *authority_key, *ek_key;
    DqKey *ak, *ek;
    X509 *authority;
    int64_t now;
} Fixture;

/** How a certificate departs from a good one. */
typedef struct Made {
    const char *common_name; /* of the subject */
    const char *extensions;
    int days; /* from today on */
} Made;

static void get_point(EVP_PKEY *key, uint8_t point[65])
{
    size_t len = 0;

    g_assert_cmpint(EVP_PKEY_get_octet_string_param(key, OSSL_PKEY_PARAM_PUB_KEY, point, 65, &len),
                    ==, 1);
    g_assert_cmpuint(len, ==, 65); /* uncompressed */
}

static DqKey *make_key(const WirePublic *public)
{
    uint8_t area[WIRE_EK_AREA_MAX];
    WireWriter w = WIRE_WRITER(area, sizeof(area));
    DqKey *key;

    g_assert_true(wire_put_public(&w, public));
    key = dq_key_new(area, w.len, NULL);
    g_assert_nonnull(key);
    return key;
}

static DqKey *make_ek(EVP_PKEY *key)
{
    uint8_t point[65];
    WirePublic public;

    get_point(key, point);
    g_assert_true(wire_ek_template(TPM_ECC_NIST_P256, (WireBytes){ point + 1, 32 },
                                   (WireBytes){ point + 33, 32 }, &public));
    return make_key(&public);
}

static DqKey *make_ak(EVP_PKEY *key)
{
    uint8_t point[65];
    WirePublic public = { .type = TPM_ALG_ECC, .name_alg = TPM_ALG_SHA256 };

    get_point(key, point);
    public.attributes = TPMA_OBJECT_FIXEDTPM | TPMA_OBJECT_RESTRICTED | TPMA_OBJECT_SIGN;
    public.sym_alg = TPM_ALG_NULL;
    public.scheme = (WireSigScheme){ .scheme = TPM_ALG_ECDSA, .hash = TPM_ALG_SHA256 };
    public.ecc_curve = TPM_ECC_NIST_P256;
    public.kdf_scheme = TPM_ALG_NULL;
    public.ecc_x = (WireBytes){ point + 1, 32 };
    public.ecc_y = (WireBytes){ point + 33, 32 };
    return make_key(&public);
}

static X509 *make(EVP_PKEY *key, const Made *made, X509 *by, EVP_PKEY *by_key)
{
    ASN1_TIME *until = X509_time_adj_ex(NULL, made->days, 0, NULL);
    X509 *x509 = x509_make(key, until);

    ASN1_TIME_free(until);
    g_assert_true(x509_add_name(X509_get_subject_name(x509), "test", made->common_name));
    if (by) {
        X509_set_issuer_name(x509, X509_get_subject_name(by));
    }
    g_assert_true(x509_add_extensions(x509, by, made->extensions));
    g_assert_cmpint(X509_sign(x509, by_key, EVP_sha256()), >, 0);
    return x509;
}

static GBytes *to_der(X509 *x509)
{
    unsigned char *der = NULL;
    const int len = i2d_X509(x509, &der);
    GBytes *bytes = g_bytes_new(der, (gsize)len);

    OPENSSL_free(der);
    return bytes;
}

static const Made good_authority = { "authority", AUTHORITY, 10 };
static const Made good = { VM, LEAF, 10 };

static void set_up(Fixture *f, G_GNUC_UNUSED gconstpointer data)
{
    f->ak_key = EVP_EC_gen("P-256");
    f->authority_key = EVP_EC_gen("P-256");
    f->ek_key = EVP_EC_gen("P-256");
    f->ak = make_ak(f->ak_key);
    f->ek = make_ek(f->ek_key);
    f->authority = make(f->authority_key, &good_authority, NULL, f->ak_key);
    f->now = g_get_real_time() / G_USEC_PER_SEC + DAY;
}

static void tear_down(Fixture *f, G_GNUC_UNUSED gconstpointer data)
{
    X509_free(f->authority);
    dq_key_unref(f->ak);
    dq_key_unref(f->ek);
    EVP_PKEY_free(f->ak_key);
    EVP_PKEY_free(f->authority_key);
    EVP_PKEY_free(f->ek_key);
}

/* NULL: it is taken; else why not. Facts are poisoned first, and stay as they are then. */
static char *check_bytes(const Fixture *f, DqBytes certificate, DqBytes chain)
{
    const DqVtpmEk ek = { certificate, chain, f->ak, uuid, dq_key_get_name(f->ek) };
    g_autoptr(GError) error = NULL;
    DqEkFacts facts, before;

    memset(&facts, 0x5a, sizeof(facts));
    before = facts;
    if (dq_vtpm_ek_check(&ek, f->now, &facts, &error)) {
        g_assert_no_error(error);
        g_assert_cmpstr(facts.manufacturer, ==, "id:00001014");
        g_assert_cmpstr(facts.model, ==, "swtpm");
        return NULL;
    }
    g_assert_error(error, DQ_ERROR, DQ_ERROR_KEY);
    g_assert_cmpmem(&facts, sizeof(facts), &before, sizeof(before));
    return g_strdup(error->message);
}

static char *check(const Fixture *f, X509 *certificate, X509 *authority)
{
    g_autoptr(GBytes) der = to_der(certificate);
    g_autoptr(GBytes) chain = to_der(authority);

    return check_bytes(f, dq_bytes_peek(der), dq_bytes_peek(chain));
}

static void expect(char *said, const char *words)
{
    g_autofree char *text = said;

    if (words) {
        g_assert_nonnull(text);
        g_assert_nonnull(strstr(text, words));
    } else {
        g_assert_cmpstr(text, ==, NULL);
    }
}

static void is_taken(Fixture *f, G_GNUC_UNUSED gconstpointer data)
{
    X509 *x509 = make(f->ek_key, &good, f->authority, f->authority_key);

    expect(check(f, x509, f->authority), NULL);
    X509_free(x509);
}

/* Certificates by the authority that are no good one of this VM's. */
static void is_refused(Fixture *f, G_GNUC_UNUSED gconstpointer data)
{
    static const struct {
        Made made;
        const char *words;
    } cases[] = {
        { { "6ba7b810-9dad-41d1-80b4-00c04fd430c9", LEAF, 10 }, "names another VM" },
        { { VM "0", LEAF, 10 }, "names another VM" },
        { { VM, "extendedKeyUsage=serverAuth\n", 10 }, "not meant for an endorsement key" },
        { { VM, AUTHORITY, 10 }, "not meant for an endorsement key" },
        { { VM, "basicConstraints=critical,CA:FALSE\n1.2.3.4=critical,DER:0500\n", 10 },
          "not meant for an endorsement key" },
        { { VM, LEAF, 0 }, "has expired" },
    };

    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        X509 *x509 = make(f->ek_key, &cases[i].made, f->authority, f->authority_key);

        expect(check(f, x509, f->authority), cases[i].words);
        X509_free(x509);
    }
}

static void another_key_is_refused(Fixture *f, G_GNUC_UNUSED gconstpointer data)
{
    EVP_PKEY *const others[] = { EVP_EC_gen("P-256"), EVP_EC_gen("P-384"), EVP_EC_gen("P-521"),
                                 EVP_RSA_gen(2048), EVP_PKEY_Q_keygen(NULL, NULL, "ED25519") };

    for (gsize i = 0; i < G_N_ELEMENTS(others); i++) {
        X509 *x509 = make(others[i], &good, f->authority, f->authority_key);

        expect(check(f, x509, f->authority), "another endorsement key");
        X509_free(x509);
        EVP_PKEY_free(others[i]);
    }
}

static void each_kind_of_key_is_known(Fixture *f, G_GNUC_UNUSED gconstpointer data)
{
    EVP_PKEY *key = EVP_RSA_gen(2048);
    X509 *x509 = make(key, &good, f->authority, f->authority_key);
    BIGNUM *n = NULL;
    uint8_t modulus[256];
    WirePublic public;

    g_assert_cmpint(EVP_PKEY_get_bn_param(key, OSSL_PKEY_PARAM_RSA_N, &n), ==, 1);
    g_assert_cmpint(BN_bn2binpad(n, modulus, sizeof(modulus)), ==, sizeof(modulus));
    g_assert_true(
        wire_ek_template(0, (WireBytes){ modulus, sizeof(modulus) }, (WireBytes){ 0 }, &public));
    dq_key_unref(f->ek);
    f->ek = make_key(&public);
    expect(check(f, x509, f->authority), NULL);
    BN_free(n);
    X509_free(x509);
    EVP_PKEY_free(key);
}

/* Those who could have issued it, and may not. */
static void another_authority_is_refused(Fixture *f, G_GNUC_UNUSED gconstpointer data)
{
    static const struct {
        Made made;
        const char *words;
    } cases[] = {
        { { "authority", "keyUsage=critical,keyCertSign\n", 10 }, "no authority" },
        { { "authority", "basicConstraints=critical,CA:TRUE,pathlen:0\n", 10 }, "no authority" },
        { { "authority", "basicConstraints=critical,CA:TRUE\nkeyUsage=keyCertSign\n", 10 },
          "no authority" },
        { { "authority", "basicConstraints=critical,CA:TRUE,pathlen:0\nkeyUsage=cRLSign\n", 10 },
          "no authority" },
        { { "authority",
            "basicConstraints=critical,CA:TRUE,pathlen:0\nkeyUsage=keyCertSign\n"
            "extendedKeyUsage=serverAuth\n",
            10 },
          "no authority" },
        { { "authority", AUTHORITY, 0 }, "not valid now" },
        { { "other", AUTHORITY, 10 }, "none of the authorities" },
    };
    X509 *x509 = make(f->ek_key, &good, f->authority, f->authority_key);

    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        X509 *authority = make(f->authority_key, &cases[i].made, NULL, f->ak_key);

        expect(check(f, x509, authority), cases[i].words);
        X509_free(authority);
    }
    X509_free(x509);
}

static void another_hosts_authority_is_refused(Fixture *f, G_GNUC_UNUSED gconstpointer data)
{
    EVP_PKEY *other = EVP_EC_gen("P-256");
    X509 *x509 = make(f->ek_key, &good, f->authority, f->authority_key);
    X509 *theirs = make(f->authority_key, &good_authority, NULL, other);
    X509 *stranger = make(f->ek_key, &good, f->authority, other);

    expect(check(f, x509, theirs), "not certified by this host's");
    expect(check(f, stranger, f->authority), "none of the authorities");
    X509_free(x509);
    X509_free(theirs);
    X509_free(stranger);
    EVP_PKEY_free(other);
}

static void finds_the_authority_among_others(Fixture *f, G_GNUC_UNUSED gconstpointer data)
{
    X509 *x509 = make(f->ek_key, &good, f->authority, f->authority_key);
    EVP_PKEY *key = EVP_EC_gen("P-256");
    X509 *later = make(key, &good_authority, NULL, f->ak_key);
    g_autoptr(GBytes) der = to_der(x509);
    g_autoptr(GBytes) first = to_der(later);
    g_autoptr(GBytes) second = to_der(f->authority);
    g_autoptr(GByteArray) chain = g_byte_array_new();
    const DqBytes parts[] = { dq_bytes_peek(first), dq_bytes_peek(second) };

    for (gsize i = 0; i < G_N_ELEMENTS(parts); i++) {
        g_byte_array_append(chain, parts[i].data, (guint)parts[i].len);
    }
    expect(check_bytes(f, dq_bytes_peek(der), (DqBytes){ chain->data, chain->len }), NULL);
    expect(check_bytes(f, dq_bytes_peek(der), (DqBytes){ chain->data, parts[0].len }),
           "none of the authorities");
    X509_free(x509);
    X509_free(later);
    EVP_PKEY_free(key);
}

static void refuses_each_truncation(Fixture *f, G_GNUC_UNUSED gconstpointer data)
{
    X509 *x509 = make(f->ek_key, &good, f->authority, f->authority_key);
    g_autoptr(GBytes) der = to_der(x509);
    g_autoptr(GBytes) chain = to_der(f->authority);
    const DqBytes whole = dq_bytes_peek(der), all = dq_bytes_peek(chain);
    g_autofree uint8_t *longer = g_malloc0(whole.len + 1);

    for (gsize n = 0; n < whole.len; n++) {
        g_autofree uint8_t *part = g_memdup2(whole.data, n);

        expect(check_bytes(f, (DqBytes){ part, n }, all), "no X.509 certificate");
    }
    for (gsize n = 0; n < all.len; n++) {
        g_autofree uint8_t *part = g_memdup2(all.data, n);

        expect(check_bytes(f, whole, (DqBytes){ part, n }), "none of the authorities");
    }
    memcpy(longer, whole.data, whole.len);
    expect(check_bytes(f, (DqBytes){ longer, whole.len + 1 }, all), "no X.509 certificate");
    X509_free(x509);
}

/* One bit of it changed is not what was signed, or not what can be read. */
static void refuses_each_change(Fixture *f, G_GNUC_UNUSED gconstpointer data)
{
    X509 *x509 = make(f->ek_key, &good, f->authority, f->authority_key);
    g_autoptr(GBytes) der = to_der(x509);
    g_autoptr(GBytes) chain = to_der(f->authority);
    const DqBytes whole = dq_bytes_peek(der);
    g_autofree uint8_t *changed = g_memdup2(whole.data, whole.len);

    for (gsize i = 0; i < whole.len; i++) {
        g_autofree char *said = NULL;

        changed[i] ^= 1;
        said = check_bytes(f, (DqBytes){ changed, whole.len }, dq_bytes_peek(chain));
        g_assert_nonnull(said);
        changed[i] ^= 1;
    }
    X509_free(x509);
}

static void expect_finding(const Fixture *f, DqAppraisal *a, DqResult result, const char *words)
{
    const DqQuotedPcrs pcrs = { .host_key = f->ak, .now = f->now };
    g_autoptr(DqVerdict) verdict = dq_verdict_new();
    DqFinding finding;

    dq_appraise(&pcrs, verdict, a);
    g_assert_cmpuint(dq_verdict_get_findings(verdict), ==, 1);
    finding = dq_verdict_get_finding(verdict, 0);
    g_assert_cmpstr(finding.word, ==, "vtpm-ek");
    g_assert_cmpint(finding.result, ==, result);
    g_assert_nonnull(strstr(finding.detail, words));
}

static void is_a_finding(Fixture *f, G_GNUC_UNUSED gconstpointer data)
{
    X509 *x509 = make(f->ek_key, &good, f->authority, f->authority_key);
    g_autoptr(GBytes) der = to_der(x509);
    g_autoptr(GBytes) chain = to_der(f->authority);
    DqAppraisal a = { .has_uuid = TRUE, .ek_name = dq_key_get_name(f->ek) };

    memcpy(a.uuid, uuid, sizeof(uuid));
    a.logs.vtpm_ek = dq_bytes_peek(der);
    a.logs.ek_chain = dq_bytes_peek(chain);
    expect_finding(f, &a, DQ_RESULT_PASS, "model \"swtpm\"");
    a.uuid[0] ^= 1;
    expect_finding(f, &a, DQ_RESULT_FAIL, "names another VM");
    a.ek_name.len = 0;
    expect_finding(f, &a, DQ_RESULT_FAIL, "has pinned no endorsement key");
    X509_free(x509);
}

#define ADD(name, function)                                                                        \
    g_test_add("/appraise/vtpm-ek/" name, Fixture, NULL, set_up, function, tear_down)

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    ADD("of-the-pinned-key-is-taken", is_taken);
    ADD("of-another-vm-or-purpose-is-refused", is_refused);
    ADD("of-another-key-is-refused", another_key_is_refused);
    ADD("of-an-rsa-key-is-taken", each_kind_of_key_is_known);
    ADD("by-what-is-no-authority-is-refused", another_authority_is_refused);
    ADD("by-another-hosts-authority-is-refused", another_hosts_authority_is_refused);
    ADD("finds-the-authority-among-others", finds_the_authority_among_others);
    ADD("refuses-each-truncation", refuses_each_truncation);
    ADD("refuses-each-change", refuses_each_change);
    ADD("is-a-finding-of-the-verdict", is_a_finding);
    return g_test_run();
}
