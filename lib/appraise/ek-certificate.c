/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "appraise/ek-certificate.h"

#include "appraise/ek-x509.h"

#include "attest/crypto.h"
#include "attest/public.h"

#include <openssl/bio.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>
#include <string.h>

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
    if (!dq_ek_is_meant(certificate) || X509_check_ca(certificate) != 0) {
        return fail(error, DQ_ERROR_KEY, "the certificate is not meant for an endorsement key");
    }
    chain = dq_ek_read_chain(ek->chain);
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
        dq_ek_read_facts(x509, ret_facts);
    }
    X509_free(x509);
    return ok;
}
