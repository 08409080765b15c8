/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "vtpm/credential.h"

#include <gio/gio.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include "attest/bytes.h"
#include "attest/key.h"

struct Credentials {
    TpmHost *tpm;
    EkAuthority *authority;              /* NULL: there is none */
    GBytes *item[DEEPQUOTE_CREDENTIALS]; /* by DEEPQUOTE_HOST_AK_PUBLIC...; NULL: there is none */
};

#define SIMULATED_SUBJECT "SIMULATED TPM - not hardware"

enum { CERTIFICATE_DAYS = 3650 };

G_DEFINE_AUTOPTR_CLEANUP_FUNC(X509, X509_free)
G_DEFINE_AUTOPTR_CLEANUP_FUNC(EVP_PKEY, EVP_PKEY_free)
G_DEFINE_AUTOPTR_CLEANUP_FUNC(BIO, BIO_free)

static X509 *parse_certificate(const uint8_t *data, gsize size)
{
    const unsigned char *p = data;
    g_autoptr(BIO) bio = BIO_new_mem_buf(data, (int)size);
    X509 *x509 = d2i_X509(NULL, &p, (long)size);

    return x509 ? x509 : PEM_read_bio_X509(bio, NULL, NULL, NULL);
}

static GBytes *certificate_der(X509 *x509)
{
    unsigned char *der = NULL;
    int len = i2d_X509(x509, &der);
    GBytes *bytes = len > 0 ? g_bytes_new(der, (gsize)len) : NULL;

    OPENSSL_free(der);
    return bytes;
}

static gboolean is_of_key(X509 *x509, EVP_PKEY *key)
{
    EVP_PKEY *own = X509_get0_pubkey(x509);

    return own && EVP_PKEY_eq(own, key) == 1;
}

static GBytes *load_certificate(const char *path, EVP_PKEY *key, GError **error)
{
    g_autofree char *data = NULL;
    g_autoptr(X509) x509 = NULL;
    gsize size;

    if (!g_file_get_contents(path, &data, &size, error)) {
        return NULL;
    }
    x509 = parse_certificate((const uint8_t *)data, size);
    if (!x509) {
        g_set_error(error, G_IO_ERROR, G_IO_ERROR_INVALID_DATA,
                    "%s is no X.509 certificate: give one in DER or PEM", path);
        return NULL;
    }
    if (!is_of_key(x509, key)) {
        g_set_error(error, G_IO_ERROR, G_IO_ERROR_INVALID_DATA,
                    "%s certifies another key than this host's attestation key: export that with "
                    "vtpm-managerctl ak and have it certified",
                    path);
        return NULL;
    }
    return certificate_der(x509);
}

static gboolean add_name(X509_NAME *name, const char *field, const char *value)
{
    return X509_NAME_add_entry_by_txt(name, field, MBSTRING_UTF8, (const unsigned char *)value, -1,
                                      -1, 0) == 1;
}

/* Issued for @key by a CA that exists for as long as this function runs. */
static GBytes *issue_simulated(EVP_PKEY *key)
{
    g_autoptr(EVP_PKEY) ca = EVP_EC_gen("P-256");
    g_autoptr(X509) x509 = X509_new();
    uint32_t serial = g_random_int() >> 1;
    X509_NAME *subject;
    X509_NAME *issuer;

    if (!ca || !x509) {
        return NULL;
    }
    subject = X509_get_subject_name(x509);
    issuer = X509_get_issuer_name(x509);
    if (!X509_set_version(x509, X509_VERSION_3) ||
        !ASN1_INTEGER_set(X509_get_serialNumber(x509), serial) ||
        !X509_gmtime_adj(X509_getm_notBefore(x509), 0) ||
        !X509_time_adj_ex(X509_getm_notAfter(x509), CERTIFICATE_DAYS, 0, NULL) ||
        !add_name(subject, "O", SIMULATED_SUBJECT) || !add_name(subject, "CN", SIMULATED_SUBJECT) ||
        !add_name(issuer, "CN", SIMULATED_SUBJECT ", throw-away CA") ||
        !X509_set_pubkey(x509, key) || !X509_sign(x509, ca, EVP_sha256())) {
        return NULL;
    }
    return certificate_der(x509);
}

/* Kept, so that it is the same after a restart. */
static GBytes *simulated_certificate(EVP_PKEY *key, const char *state_dir, GError **error)
{
    g_autofree char *path = g_build_filename(state_dir, "ak-simulated.der", NULL);
    g_autoptr(GBytes) der = load_certificate(path, key, NULL);
    gsize size;

    if (der) {
        return g_steal_pointer(&der);
    }
    der = issue_simulated(key);
    if (!der) {
        g_set_error(error, G_IO_ERROR, G_IO_ERROR_FAILED,
                    "cannot make a certificate for the simulated TPM's attestation key; check the "
                    "OpenSSL configuration");
        return NULL;
    }
    if (!g_file_set_contents(path, g_bytes_get_data(der, &size), (gssize)g_bytes_get_size(der),
                             error)) {
        return NULL;
    }
    return g_steal_pointer(&der);
}

Credentials *credentials_new(TpmHost *tpm, const char *certificate_file, const char *state_dir,
                             GError **error)
{
    g_autoptr(Credentials) c = g_new0(Credentials, 1);
    g_autoptr(TpmInfo) info = tpm_host_info(tpm);
    const DqBytes ak = dq_bytes_peek(info->ak_public);
    g_autoptr(DqKey) key = dq_key_new(ak.data, ak.len, NULL);

    if (!key) {
        g_set_error(error, G_IO_ERROR, G_IO_ERROR_FAILED,
                    "the attestation key's public area cannot be used; check the TPM's firmware");
        return NULL;
    }
    c->tpm = tpm;
    c->item[DEEPQUOTE_HOST_AK_PUBLIC] = g_bytes_ref(info->ak_public);
    if (info->ek_public) {
        c->item[DEEPQUOTE_HOST_EK_PUBLIC] = g_bytes_ref(info->ek_public);
    }
    if (certificate_file || info->simulated) {
        EVP_PKEY *pkey = dq_key_get_pkey(key);
        GBytes *der = certificate_file ? load_certificate(certificate_file, pkey, error)
                                       : simulated_certificate(pkey, state_dir, error);

        if (!der) {
            return NULL;
        }
        c->item[DEEPQUOTE_HOST_AK_CERTIFICATE] = der;
    }
    return g_steal_pointer(&c);
}

void credentials_free(Credentials *credentials)
{
    if (!credentials) {
        return;
    }
    for (gsize i = 0; i < G_N_ELEMENTS(credentials->item); i++) {
        g_clear_pointer(&credentials->item[i], g_bytes_unref);
    }
    ek_authority_free(credentials->authority);
    g_free(credentials);
}

void credentials_take_authority(Credentials *credentials, EkAuthority *authority)
{
    GBytes **item = &credentials->item[DEEPQUOTE_VTPM_EK_CHAIN];

    ek_authority_free(credentials->authority);
    credentials->authority = authority;
    g_clear_pointer(item, g_bytes_unref);
    *item = authority ? ek_authority_chain(authority) : NULL;
}

const EkAuthority *credentials_authority(const Credentials *credentials)
{
    return credentials->authority;
}

/* The TPM may have been given another since it was last asked for. */
static void refresh_ek_certificate(Credentials *credentials)
{
    GBytes **item = &credentials->item[DEEPQUOTE_HOST_EK_CERTIFICATE];
    g_autoptr(TpmInfo) info = tpm_host_info(credentials->tpm);

    g_clear_pointer(item, g_bytes_unref);
    *item = info->ek_certificate ? g_bytes_ref(info->ek_certificate) : NULL;
}

GBytes *credentials_item(Credentials *credentials, uint32_t what)
{
    if (what == DEEPQUOTE_HOST_EK_CERTIFICATE) {
        refresh_ek_certificate(credentials);
    }
    return what < DEEPQUOTE_CREDENTIALS ? credentials->item[what] : NULL;
}

gboolean credentials_page(Credentials *credentials, uint32_t what, uint32_t offset, uint32_t room,
                          uint32_t *ret_total, WireBytes *ret_page)
{
    GBytes *item = credentials_item(credentials, what);
    gsize size = 0;
    const uint8_t *data = item ? g_bytes_get_data(item, &size) : NULL;

    if (what >= DEEPQUOTE_CREDENTIALS || offset > size) {
        return FALSE;
    }
    *ret_total = (uint32_t)size;
    *ret_page = (WireBytes){ data ? data + offset : NULL,
                             MIN(size - offset, (gsize)MIN(room, (uint32_t)DEEPQUOTE_PAGE_MAX)) };
    return TRUE;
}
