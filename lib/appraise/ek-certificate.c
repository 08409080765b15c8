/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "appraise/ek-certificate.h"

#include "attest/crypto.h"
#include "attest/public.h"

#include <openssl/bio.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>
#include <string.h>

/* What the TCG numbers; text is what a directory name of a SAN has. */
#define OID_MANUFACTURER "2.23.133.2.1"
#define OID_MODEL "2.23.133.2.2"
#define OID_VERSION "2.23.133.2.3"
#define OID_EK_CERTIFICATE "2.23.133.8.1"

enum { FILE_MAX_BYTES = 1 << 20 };

struct DqEkAuthorities {
    X509_STORE *roots;
    STACK_OF(X509) * between;
    guint root_count;
};

static gboolean fail(GError **error, DqError code, const char *format, ...) G_GNUC_PRINTF(3, 4);

static gboolean fail(GError **error, DqError code, const char *format, ...)
{
    g_autofree char *text = NULL;
    va_list args;

    va_start(args, format);
    text = g_strdup_vprintf(format, args);
    va_end(args);
    dq_crypto_failed();
    g_set_error_literal(error, DQ_ERROR, (gint)code, text);
    return FALSE;
}

/* ----------------------------------------------------------------------------- Authorities */

static gboolean is_root(X509 *certificate)
{
    return X509_NAME_cmp(X509_get_subject_name(certificate), X509_get_issuer_name(certificate)) ==
           0;
}

/* Takes @certificate. */
static gboolean add(DqEkAuthorities *a, X509 *certificate)
{
    gboolean ok;

    if (is_root(certificate)) {
        ok = X509_STORE_add_cert(a->roots, certificate) == 1;
        a->root_count += ok;
        X509_free(certificate);
        return ok;
    }
    ok = sk_X509_push(a->between, certificate) > 0;
    if (!ok) {
        X509_free(certificate);
    }
    return ok;
}

/* All certificates of a file. */
static gboolean add_file(DqEkAuthorities *a, const char *path, GError **error)
{
    g_autofree char *data = NULL;
    const uint8_t *der;
    gsize len;
    guint count = 0;
    BIO *bio;
    X509 *certificate;

    if (!g_file_get_contents(path, &data, &len, NULL) || len > FILE_MAX_BYTES) {
        return fail(error, DQ_ERROR_VALUE, "%s: it cannot be read, or is too large", path);
    }
    der = (const uint8_t *)data;
    certificate = d2i_X509(NULL, &der, (long)len);
    if (certificate) {
        return add(a, certificate) || fail(error, DQ_ERROR_VALUE, "%s: it cannot be used", path);
    }
    bio = BIO_new_mem_buf(data, (int)len);
    /* With a passphrase none is asked for at the terminal. */
    while ((certificate = PEM_read_bio_X509(bio, NULL, NULL, (void *)"")) && add(a, certificate)) {
        count++;
    }
    BIO_free(bio);
    dq_crypto_failed(); /* PEM that is over is an error of OpenSSL's */
    return count > 0 || fail(error, DQ_ERROR_VALUE, "%s: there is no certificate in it", path);
}

static gboolean add_folder(DqEkAuthorities *a, const char *folder, GError **error)
{
    g_autoptr(GDir) dir = g_dir_open(folder, 0, error);
    const char *name;

    if (!dir) {
        g_clear_error(error);
        return fail(error, DQ_ERROR_VALUE, "%s: it is no folder that can be read", folder);
    }
    while ((name = g_dir_read_name(dir))) {
        g_autofree char *path = g_build_filename(folder, name, NULL);

        if (!add_file(a, path, error)) {
            return FALSE;
        }
    }
    return a->root_count > 0 ||
           fail(error, DQ_ERROR_VALUE, "%s: it has no root, a certificate that is signed by itself",
                folder);
}

DqEkAuthorities *dq_ek_authorities_new(const char *folder, GError **error)
{
    g_autoptr(DqEkAuthorities) a = g_new0(DqEkAuthorities, 1);

    a->roots = X509_STORE_new();
    a->between = sk_X509_new_null();
    if (!a->roots || !a->between || !add_folder(a, folder, error)) {
        return NULL;
    }
    return g_steal_pointer(&a);
}

void dq_ek_authorities_free(DqEkAuthorities *authorities)
{
    if (!authorities) {
        return;
    }
    X509_STORE_free(authorities->roots);
    sk_X509_pop_free(authorities->between, X509_free);
    g_free(authorities);
}

/* ----------------------------------------------------------------------------------- Facts */

void dq_ek_facts_clear(DqEkFacts *facts)
{
    g_clear_pointer(&facts->manufacturer, g_free);
    g_clear_pointer(&facts->model, g_free);
    g_clear_pointer(&facts->version, g_free);
    g_clear_pointer(&facts->issuer, g_free);
}

/* (transfer full): the text of an attribute; "" where the name has none. */
static char *attribute(const X509_NAME *name, const char *oid)
{
    ASN1_OBJECT *object = OBJ_txt2obj(oid, 1);
    const int at = X509_NAME_get_index_by_OBJ(name, object, -1);
    unsigned char *text = NULL;
    const int len =
        at < 0
            ? -1
            : ASN1_STRING_to_UTF8(&text, X509_NAME_ENTRY_get_data(X509_NAME_get_entry(name, at)));
    char *copy = g_strndup((const char *)text, len > 0 ? (gsize)len : 0);
    char *valid = g_utf8_make_valid(copy ? copy : "", -1);

    g_free(copy);
    OPENSSL_free(text);
    ASN1_OBJECT_free(object);
    return valid;
}

static char *name_text(const X509_NAME *name)
{
    BIO *bio = BIO_new(BIO_s_mem());
    char *data = NULL;
    long len = 0;
    g_autofree char *copy = NULL;

    if (bio && X509_NAME_print_ex(bio, name, 0, XN_FLAG_RFC2253 & ~ASN1_STRFLGS_ESC_MSB) >= 0) {
        len = BIO_get_mem_data(bio, &data);
    }
    copy = g_strndup(len > 0 ? data : "", len > 0 ? (gsize)len : 0);
    BIO_free(bio);
    return g_utf8_make_valid(copy, -1);
}

static int64_t expiry(const X509 *certificate)
{
    struct tm tm = { 0 };
    g_autoptr(GDateTime) time = NULL;

    if (ASN1_TIME_to_tm(X509_get0_notAfter(certificate), &tm) != 1) {
        return 0;
    }
    time = g_date_time_new_utc(tm.tm_year + 1900, tm.tm_mon + 1, tm.tm_mday, tm.tm_hour, tm.tm_min,
                               tm.tm_sec);
    return time ? g_date_time_to_unix(time) : 0;
}

static void read_facts(X509 *certificate, DqEkFacts *ret)
{
    GENERAL_NAMES *names = X509_get_ext_d2i(certificate, NID_subject_alt_name, NULL, NULL);
    const X509_NAME *name = X509_get_subject_name(certificate);

    for (int i = 0; i < sk_GENERAL_NAME_num(names); i++) {
        const GENERAL_NAME *n = sk_GENERAL_NAME_value(names, i);

        if (n->type == GEN_DIRNAME) {
            name = n->d.directoryName;
        }
    }
    ret->manufacturer = attribute(name, OID_MANUFACTURER);
    ret->model = attribute(name, OID_MODEL);
    ret->version = attribute(name, OID_VERSION);
    ret->issuer = name_text(X509_get_issuer_name(certificate));
    ret->expires = expiry(certificate);
    GENERAL_NAMES_free(names);
}

/* ----------------------------------------------------------------------------------- Check */

static gboolean is_of_key(X509 *certificate, DqBytes ek)
{
    EVP_PKEY *key = NULL;
    DqBytes area;
    WirePublic p;
    gboolean same;

    if (dq_public_unwrap(ek, &area, &p)) {
        key = dq_public_to_pkey(&p);
    }
    same = key && X509_get0_pubkey(certificate) &&
           EVP_PKEY_eq(X509_get0_pubkey(certificate), key) == 1;
    EVP_PKEY_free(key);
    return same;
}

/* The profile asks for the purpose, and some older certificates have none. One that cannot be read,
 * or is there twice, is another matter. */
static gboolean is_meant_for_ek(X509 *certificate)
{
    enum { ABSENT = -1 };
    int state = 0;
    EXTENDED_KEY_USAGE *usage = X509_get_ext_d2i(certificate, NID_ext_key_usage, &state, NULL);
    gboolean found = !usage && state == ABSENT;

    for (int i = 0; i < sk_ASN1_OBJECT_num(usage); i++) {
        char oid[64];

        OBJ_obj2txt(oid, sizeof(oid), sk_ASN1_OBJECT_value(usage, i), 1);
        found |= g_str_equal(oid, OID_EK_CERTIFICATE);
    }
    EXTENDED_KEY_USAGE_free(usage);
    return found && X509_check_ca(certificate) == 0;
}

static gboolean leads_to_root(const DqEkAuthorities *a, X509 *certificate, int64_t now,
                              GError **error)
{
    X509_STORE_CTX *ctx = X509_STORE_CTX_new();
    int result = X509_V_ERR_OUT_OF_MEM;

    if (ctx && X509_STORE_CTX_init(ctx, a->roots, certificate, a->between) == 1) {
        X509_STORE_CTX_set_time(ctx, 0, (time_t)now);
        result = X509_verify_cert(ctx) == 1 ? X509_V_OK : X509_STORE_CTX_get_error(ctx);
    }
    X509_STORE_CTX_free(ctx);
    return result == X509_V_OK ||
           fail(error, DQ_ERROR_KEY, "the certificate of its endorsement key leads to no root: %s",
                X509_verify_cert_error_string(result));
}

static gboolean check(const DqEkAuthorities *a, X509 *certificate, DqBytes ek, int64_t now,
                      GError **error)
{
    if (!is_of_key(certificate, ek)) {
        return fail(error, DQ_ERROR_KEY, "the certificate is not of its endorsement key");
    }
    if (!is_meant_for_ek(certificate)) {
        return fail(error, DQ_ERROR_KEY, "the certificate is not meant for an endorsement key");
    }
    return leads_to_root(a, certificate, now, error);
}

gboolean dq_ek_certificate_check(const DqEkAuthorities *authorities, DqBytes certificate,
                                 DqBytes ek, int64_t now, DqEkFacts *ret_facts, GError **error)
{
    const uint8_t *der = certificate.data;
    X509 *x509 = certificate.len > 0 ? d2i_X509(NULL, &der, (long)certificate.len) : NULL;
    gboolean ok;

    if (!x509 || der != certificate.data + certificate.len) {
        X509_free(x509);
        return fail(error, DQ_ERROR_KEY, "its endorsement key has no certificate that can be read");
    }
    ok = check(authorities, x509, ek, now, error);
    if (ok) {
        read_facts(x509, ret_facts);
    }
    X509_free(x509);
    return ok;
}
