/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "vtpm/ek_authority.h"

#include <errno.h>
#include <fcntl.h>
#include <gio/gio.h>
#include <glib/gstdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <openssl/pem.h>

#include "attest/bytes.h"
#include "attest/key.h"
#include "tpm/sign.h"
#include "vtpm/x509_make.h"

enum {
    FILE_MAX = 65536,
    CERTIFICATES_MAX = 8, /* of the present key and earlier ones */
    LIFE_DAYS = 20 * 365,
    RENEW_DAYS = LIFE_DAYS / 2, /* so that what it issues lives that long at least */
};

#define FILE_NAME "ek-authority.pem"

static const char extensions[] = "basicConstraints=critical,CA:TRUE,pathlen:0\n"
                                 "keyUsage=critical,keyCertSign\n"
                                 "extendedKeyUsage=" OID_EK_CERTIFICATE "\n"
                                 "subjectKeyIdentifier=hash\n";

struct EkAuthority {
    EVP_PKEY *key;
    GPtrArray *certificates; /* element-type X509; the key's first, then those of earlier ones */
};

void ek_authority_free(EkAuthority *authority)
{
    if (authority) {
        EVP_PKEY_free(authority->key);
        g_ptr_array_unref(authority->certificates);
        g_free(authority);
    }
}

static void free_certificate(gpointer certificate)
{
    X509_free(certificate);
}

static EkAuthority *authority_new(void)
{
    EkAuthority *a = g_new0(EkAuthority, 1);

    a->certificates = g_ptr_array_new_with_free_func(free_certificate);
    return a;
}

static gboolean fail(GError **error, const char *path, const char *why)
{
    g_set_error(error, G_IO_ERROR, G_IO_ERROR_FAILED, "%s: %s", path, why);
    return FALSE;
}

/* ------------------------------------------------------------------------------------- The file */

/* The key, and then the certificates; whatever else there is makes it damaged. */
static gboolean parse(EkAuthority *a, const char *data, gsize size)
{
    BIO *bio = BIO_new_mem_buf(data, (int)size);
    X509 *certificate;

    /* With a passphrase none is asked for at the terminal. */
    a->key = bio ? PEM_read_bio_PrivateKey(bio, NULL, NULL, (void *)"") : NULL;
    while (a->key && a->certificates->len < CERTIFICATES_MAX &&
           (certificate = PEM_read_bio_X509(bio, NULL, NULL, (void *)""))) {
        g_ptr_array_add(a->certificates, certificate);
    }
    BIO_free(bio);
    return a->certificates->len > 0 &&
           X509_check_private_key(a->certificates->pdata[0], a->key) == 1;
}

/* Reads a file that is its owner's alone; -1 with errno set. */
static gssize read_secret(const char *path, char *data, gsize max)
{
    int fd = open(path, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
    struct stat st;
    gssize len = -1;

    if (fd < 0) {
        return -1;
    }
    if (fstat(fd, &st) == 0) {
        errno = EPERM;
        if (S_ISREG(st.st_mode) && st.st_uid == geteuid() && !(st.st_mode & (S_IRWXG | S_IRWXO))) {
            len = read(fd, data, max);
        }
    }
    close(fd);
    return len;
}

/* FALSE without an error: there is no file. */
static gboolean load(EkAuthority *a, const char *path, GError **error)
{
    char data[FILE_MAX];
    const gssize size = read_secret(path, data, sizeof(data));
    gboolean parsed;

    if (size < 0) {
        if (errno == EPERM) {
            fail(error, path,
                 "others than the manager may read the key of the authority for vTPMs, or it is no "
                 "file of the manager's: chmod 600, or remove it to have a new key made");
        } else if (errno != ENOENT) {
            fail(error, path, g_strerror(errno));
        }
        return FALSE;
    }
    parsed = size < FILE_MAX && parse(a, data, (gsize)size);
    explicit_bzero(data, sizeof(data));
    return parsed ||
           fail(error, path,
                "it is no key with its certificate: put a copy back, or remove it to have a "
                "new authority for vTPMs made");
}

static gboolean save(const EkAuthority *a, const char *path, GError **error)
{
    BIO *bio = BIO_new(BIO_s_secmem());
    gboolean ok = bio && PEM_write_bio_PKCS8PrivateKey(bio, a->key, NULL, NULL, 0, NULL, NULL) == 1;
    char *text;
    long size;

    for (guint i = 0; ok && i < a->certificates->len; i++) {
        ok = PEM_write_bio_X509(bio, a->certificates->pdata[i]) == 1;
    }
    if (ok) {
        size = BIO_get_mem_data(bio, &text);
        ok = g_file_set_contents_full(path, text, size,
                                      G_FILE_SET_CONTENTS_CONSISTENT | G_FILE_SET_CONTENTS_DURABLE,
                                      0600, error);
    } else {
        fail(error, path, "OpenSSL cannot write the authority's key");
    }
    BIO_free(bio); /* which wipes it */
    return ok;
}

/* ---------------------------------------------------------------------------- What certifies it */

/** The host's attestation key. */
typedef struct Issuer {
    TpmSession *tpm;
    DqKey *key;
} Issuer;

static gboolean sign(EVP_PKEY *key, X509 *x509, GError **error)
{
    return X509_sign(x509, key, EVP_sha256()) > 0 ||
           fail(error, "the authority for vTPMs", "OpenSSL cannot sign its certificate");
}

/*
 * Has the TPM sign what OpenSSL would. A key that is thrown away first signs the certificate, of
 * the same kind, so that all but the signature is there.
 */
static X509 *sign_by_tpm(const Issuer *issuer, X509 *x509, GError **error)
{
    EVP_PKEY *ak = dq_key_get_pkey(issuer->key);
    EVP_PKEY *other =
        EVP_PKEY_get_base_id(ak) == EVP_PKEY_RSA ? EVP_RSA_gen(2048) : EVP_EC_gen("P-256");
    unsigned char *body = NULL;
    int size = other && sign(other, x509, error) ? i2d_re_X509_tbs(x509, &body) : -1;
    g_autoptr(GBytes) signature = NULL;
    X509 *signed_by_tpm = NULL;

    EVP_PKEY_free(other);
    if (size > 0 && size <= TPM_SIGN_MAX &&
        tpm_sign(issuer->tpm, (WireBytes){ body, (size_t)size }, &signature, error)) {
        signed_by_tpm = x509_with_signature(x509, signature);
    }
    OPENSSL_free(body);
    if (signed_by_tpm && X509_verify(signed_by_tpm, ak) == 1) {
        return signed_by_tpm;
    }
    X509_free(signed_by_tpm);
    if (!error || !*error) {
        fail(error, "the authority for vTPMs", "the TPM's signature on its certificate is wrong");
    }
    return NULL;
}

/* (transfer full): by the attestation key, of @key, which is good until @until. */
static X509 *certify(const Issuer *issuer, EVP_PKEY *key, const ASN1_TIME *until, GError **error)
{
    g_autofree char *of_ak = x509_key_id(dq_key_get_pkey(issuer->key));
    g_autofree char *id = x509_key_id(key);
    X509 *x509 = x509_make(key, until);
    X509 *done = NULL;

    if (x509 && of_ak && id &&
        x509_add_name(X509_get_issuer_name(x509), "host attestation key", of_ak) &&
        x509_add_name(X509_get_subject_name(x509), "host authority for vTPMs", id) &&
        x509_add_extensions(x509, NULL, extensions)) {
        done = sign_by_tpm(issuer, x509, error);
    } else {
        fail(error, "the authority for vTPMs", "OpenSSL cannot make its certificate");
    }
    X509_free(x509);
    return done;
}

/* ------------------------------------------------------------------------------- What is made */

static gboolean is_good_for(X509 *certificate, int days)
{
    time_t then = time(NULL) + (time_t)days * 24 * 60 * 60;

    return X509_cmp_time(X509_get0_notAfter(certificate), &then) > 0;
}

/* A new key, before the certificates of those that there were. */
static gboolean make_key(EkAuthority *a, const Issuer *issuer, GError **error)
{
    ASN1_TIME *until = X509_time_adj_ex(NULL, LIFE_DAYS, 0, NULL);
    EVP_PKEY *key = EVP_EC_gen("P-256");
    X509 *certificate = key && until ? certify(issuer, key, until, error) : NULL;

    ASN1_TIME_free(until);
    if (!certificate) {
        EVP_PKEY_free(key);
        return FALSE;
    }
    EVP_PKEY_free(a->key); /* which wipes it */
    a->key = key;
    g_ptr_array_insert(a->certificates, 0, certificate);
    if (a->certificates->len > CERTIFICATES_MAX) {
        g_ptr_array_set_size(a->certificates, CERTIFICATES_MAX);
    }
    return TRUE;
}

/* Takes out what has expired, and has the rest be certified by the present attestation key. */
static gboolean settle_earlier(EkAuthority *a, const Issuer *issuer, gboolean *changed,
                               GError **error)
{
    for (guint i = a->certificates->len; i-- > 0;) {
        X509 *now = a->certificates->pdata[i];
        X509 *anew;

        if (!is_good_for(now, 0)) {
            g_ptr_array_remove_index(a->certificates, i);
            *changed = TRUE;
        } else if (X509_verify(now, dq_key_get_pkey(issuer->key)) != 1) {
            anew = certify(issuer, X509_get0_pubkey(now), X509_get0_notAfter(now), error);
            if (!anew) {
                return FALSE;
            }
            X509_free(now);
            a->certificates->pdata[i] = anew;
            *changed = TRUE;
        }
    }
    return TRUE;
}

static gboolean settle(EkAuthority *a, const Issuer *issuer, gboolean renew, gboolean *changed,
                       GError **error)
{
    renew |= !a->key || !is_good_for(a->certificates->pdata[0], RENEW_DAYS);
    if (!settle_earlier(a, issuer, changed, error) || (renew && !make_key(a, issuer, error))) {
        return FALSE;
    }
    *changed |= renew;
    return TRUE;
}

EkAuthority *ek_authority_open(const char *state_dir, TpmSession *tpm, GBytes *ak_public,
                               gboolean renew, GError **error)
{
    g_autofree char *path = g_build_filename(state_dir, FILE_NAME, NULL);
    g_autoptr(EkAuthority) a = authority_new();
    const DqBytes area = dq_bytes_peek(ak_public);
    g_autoptr(DqKey) ak = dq_key_new(area.data, area.len, error);
    GError *why = NULL;
    gboolean changed = FALSE;

    if (!ak) {
        return NULL;
    }
    if (!load(a, path, &why) && why) {
        g_propagate_error(error, why);
        return NULL;
    }
    if (!settle(a, &(Issuer){ tpm, ak }, renew, &changed, error) ||
        (changed && !save(a, path, error))) {
        return NULL;
    }
    return g_steal_pointer(&a);
}

/* --------------------------------------------------------------------------------- What it is */

static GBytes *encode(const X509 *certificate)
{
    unsigned char *der = NULL;
    int len = i2d_X509(certificate, &der);
    GBytes *bytes = g_bytes_new(der, len > 0 ? (gsize)len : 0);

    OPENSSL_free(der);
    return bytes;
}

GBytes *ek_authority_chain(const EkAuthority *authority)
{
    GByteArray *all = g_byte_array_new();

    for (guint i = 0; i < authority->certificates->len; i++) {
        g_autoptr(GBytes) der = encode(authority->certificates->pdata[i]);
        const DqBytes bytes = dq_bytes_peek(der);

        g_byte_array_append(all, bytes.data, (guint)bytes.len);
    }
    return g_byte_array_free_to_bytes(all);
}

static int64_t seconds_of(const ASN1_TIME *time)
{
    struct tm tm = { 0 };

    return ASN1_TIME_to_tm(time, &tm) == 1 ? (int64_t)timegm(&tm) : 0;
}

gboolean ek_authority_facts(const EkAuthority *authority, guint i, EkAuthorityFacts *ret)
{
    X509 *x509;

    if (i >= authority->certificates->len) {
        return FALSE;
    }
    x509 = authority->certificates->pdata[i];
    ret->certificate = encode(x509);
    ret->key = x509_key_id(X509_get0_pubkey(x509));
    ret->until = seconds_of(X509_get0_notAfter(x509));
    return TRUE;
}

void ek_authority_facts_clear(EkAuthorityFacts *facts)
{
    g_clear_pointer(&facts->certificate, g_bytes_unref);
    g_clear_pointer(&facts->key, g_free);
}

X509 *ek_authority_certificate(const EkAuthority *authority)
{
    return authority->certificates->pdata[0];
}

EVP_PKEY *ek_authority_key(const EkAuthority *authority)
{
    return authority->key;
}
