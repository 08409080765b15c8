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

/* As much of @text as there is room for, with a question mark for what cannot be printed. */
static void take_text(const char *text, gsize len, char ret[DQ_EK_TEXT_MAX + 1])
{
    g_autofree char *valid = g_utf8_make_valid(text, (gssize)len);
    g_autoptr(GString) out = g_string_new(NULL);

    for (const char *c = valid; *c != '\0'; c = g_utf8_next_char(c)) {
        const gunichar u = g_utf8_get_char(c);
        const gsize before = out->len;

        g_string_append_unichar(out, g_unichar_isprint(u) ? u : '?');
        if (out->len > DQ_EK_TEXT_MAX) {
            g_string_truncate(out, before);
            break;
        }
    }
    g_strlcpy(ret, out->str, DQ_EK_TEXT_MAX + 1);
}

/* The text of an attribute; "" where the name has none. */
static void take_attribute(const X509_NAME *name, const char *oid, char ret[DQ_EK_TEXT_MAX + 1])
{
    ASN1_OBJECT *object = OBJ_txt2obj(oid, 1);
    const int at = X509_NAME_get_index_by_OBJ(name, object, -1);
    unsigned char *text = NULL;
    const int len =
        at < 0
            ? -1
            : ASN1_STRING_to_UTF8(&text, X509_NAME_ENTRY_get_data(X509_NAME_get_entry(name, at)));

    take_text(len > 0 ? (const char *)text : "", len > 0 ? (gsize)len : 0, ret);
    OPENSSL_free(text);
    ASN1_OBJECT_free(object);
}

static void take_name(const X509_NAME *name, char ret[DQ_EK_TEXT_MAX + 1])
{
    BIO *bio = BIO_new(BIO_s_mem());
    char *data = NULL;
    long len = 0;

    if (bio && X509_NAME_print_ex(bio, name, 0, XN_FLAG_RFC2253 & ~ASN1_STRFLGS_ESC_MSB) >= 0) {
        len = BIO_get_mem_data(bio, &data);
    }
    take_text(len > 0 ? data : "", len > 0 ? (gsize)len : 0, ret);
    BIO_free(bio);
}

/* The bytes that RFC 5280 has for it; a minus sign, which it forbids, is not told. */
static void take_serial(const X509 *certificate, char ret[DQ_EK_TEXT_MAX + 1])
{
    const ASN1_INTEGER *serial = X509_get0_serialNumber(certificate);
    g_autofree char *hex =
        dq_hex_encode(ASN1_STRING_get0_data(serial), (gsize)ASN1_STRING_length(serial));

    g_strlcpy(ret, hex[0] != '\0' ? hex : "00", DQ_EK_TEXT_MAX + 1);
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
    take_attribute(name, OID_MANUFACTURER, ret->manufacturer);
    take_attribute(name, OID_MODEL, ret->model);
    take_attribute(name, OID_VERSION, ret->version);
    take_serial(certificate, ret->serial);
    take_name(X509_get_issuer_name(certificate), ret->issuer);
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

/* (transfer full): certificates up to the end or to what is none. */
static STACK_OF(X509) * read_chain(DqBytes chain)
{
    STACK_OF(X509) *all = sk_X509_new_null();
    const uint8_t *at = chain.data;
    const uint8_t *const end = chain.len > 0 ? at + chain.len : at;

    while (all && at != end && sk_X509_num(all) < DQ_EK_CHAIN_MAX) {
        X509 *certificate;

        if (*at == 0x00 || *at == 0xff) {
            at++;
            continue;
        }
        certificate = d2i_X509(NULL, &at, (long)(end - at));
        if (!certificate || sk_X509_push(all, certificate) <= 0) {
            X509_free(certificate);
            break;
        }
    }
    dq_crypto_failed(); /* what is no certificate is an error of OpenSSL's */
    return all;
}

/* Those in between: of the folder, and of @chain. They are borrowed from where they are. */
static STACK_OF(X509) * all_between(const DqEkAuthorities *a, STACK_OF(X509) * chain)
{
    STACK_OF(X509) *all = sk_X509_dup(a->between);

    for (int i = 0; all && i < sk_X509_num(chain); i++) {
        if (sk_X509_push(all, sk_X509_value(chain, i)) <= 0) {
            sk_X509_free(all);
            return NULL;
        }
    }
    return all;
}

static gboolean leads_to_root(const DqEkAuthorities *a, X509 *certificate, STACK_OF(X509) * chain,
                              int64_t now, GError **error)
{
    STACK_OF(X509) *between = all_between(a, chain);
    X509_STORE_CTX *ctx = between ? X509_STORE_CTX_new() : NULL;
    int result = X509_V_ERR_OUT_OF_MEM;

    if (ctx && X509_STORE_CTX_init(ctx, a->roots, certificate, between) == 1) {
        X509_STORE_CTX_set_time(ctx, 0, (time_t)now);
        result = X509_verify_cert(ctx) == 1 ? X509_V_OK : X509_STORE_CTX_get_error(ctx);
    }
    X509_STORE_CTX_free(ctx);
    sk_X509_free(between);
    return result == X509_V_OK ||
           fail(error, DQ_ERROR_KEY, "the certificate of its endorsement key leads to no root: %s",
                X509_verify_cert_error_string(result));
}

static gboolean check(const DqEkAuthorities *a, X509 *certificate, const DqEkCredential *ek,
                      int64_t now, GError **error)
{
    STACK_OF(X509) * chain;
    gboolean ok;

    if (!is_of_key(certificate, ek->key)) {
        return fail(error, DQ_ERROR_KEY, "the certificate is not of its endorsement key");
    }
    if (!is_meant_for_ek(certificate)) {
        return fail(error, DQ_ERROR_KEY, "the certificate is not meant for an endorsement key");
    }
    chain = read_chain(ek->chain);
    ok = leads_to_root(a, certificate, chain, now, error);
    sk_X509_pop_free(chain, X509_free);
    return ok;
}

gboolean dq_ek_certificate_check(const DqEkAuthorities *authorities, const DqEkCredential *ek,
                                 int64_t now, DqEkFacts *ret_facts, GError **error)
{
    const uint8_t *der = ek->certificate.data;
    X509 *x509 = ek->certificate.len > 0 ? d2i_X509(NULL, &der, (long)ek->certificate.len) : NULL;
    gboolean ok;

    if (!x509 || der != ek->certificate.data + ek->certificate.len) {
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
