/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "vtpm/ek_certificate.h"

#include <gio/gio.h>
#include <string.h>

#include "attest/bytes.h"
#include "attest/key.h"
#include "vtpm/x509_make.h"

enum { TEXT_MAX = 64 };

/* What an EK is: it decrypts for its TPM alone. */
static const uint32_t ek_attributes = TPMA_OBJECT_FIXEDTPM | TPMA_OBJECT_FIXEDPARENT |
                                      TPMA_OBJECT_SENSITIVEDATAORIGIN | TPMA_OBJECT_RESTRICTED |
                                      TPMA_OBJECT_DECRYPT;

/*
 * A name of OpenSSL's sections begins with something and a point, which it takes off. The first
 * attribute of 2.5.29.9 (subjectDirectoryAttributes) is tpmSpecification: family, level, revision.
 */
static const char extensions[] = "basicConstraints=critical,CA:FALSE\n"
                                 "keyUsage=critical,%s\n"
                                 "extendedKeyUsage=" OID_EK_CERTIFICATE "\n"
                                 "authorityKeyIdentifier=keyid:always\n"
                                 "subjectAltName=critical,dirName:tpm\n"
                                 "2.5.29.9=ASN1:SEQUENCE:attributes\n"
                                 "[tpm]\n"
                                 "a.2.23.133.2.1=%s\n"
                                 "b.2.23.133.2.2=%s\n"
                                 "c.2.23.133.2.3=%s\n"
                                 "[attributes]\n"
                                 "a=SEQUENCE:attribute\n"
                                 "[attribute]\n"
                                 "a=OID:2.23.133.2.16\n"
                                 "b=SET:values\n"
                                 "[values]\n"
                                 "a=SEQUENCE:specification\n"
                                 "[specification]\n"
                                 "a=FORMAT:UTF8,UTF8String:2.0\n"
                                 "b=INTEGER:%u\n"
                                 "c=INTEGER:%u\n";

static gboolean fail(GError **error, const char *why)
{
    g_set_error_literal(error, G_IO_ERROR, G_IO_ERROR_INVALID_DATA, why);
    return FALSE;
}

/* Nothing that means something in a configuration. */
static gboolean is_plain(const char *text)
{
    const gsize len = text ? strlen(text) : 0;

    for (gsize i = 0; i < len; i++) {
        if (!g_ascii_isalnum(text[i]) && !strchr(":._ -", text[i])) {
            return FALSE;
        }
    }
    return len > 0 && len <= TEXT_MAX && text[0] != ' ' && text[len - 1] != ' ';
}

static gboolean is_ek(const DqKey *key)
{
    const uint32_t attributes = key->public.attributes;

    return !key->tpm12 && (attributes & ek_attributes) == ek_attributes &&
           !(attributes & TPMA_OBJECT_SIGN_ENCRYPT);
}

static X509 *make(const EkAuthority *authority, const DqKey *key, const EkSubject *s)
{
    EVP_PKEY *pkey = dq_key_get_pkey(key);
    X509 *issuer = ek_authority_certificate(authority);
    X509 *x509 = x509_make(pkey, X509_get0_notAfter(issuer));
    g_autofree char *text = g_strdup_printf(
        extensions, key->public.type == TPM2_ALG_RSA ? "keyEncipherment" : "keyAgreement",
        s->manufacturer, s->model, s->version, s->level, s->revision);

    if (x509 && x509_add_name(X509_get_subject_name(x509), "vTPM", s->uuid) &&
        X509_set_issuer_name(x509, X509_get_subject_name(issuer)) &&
        x509_add_extensions(x509, issuer, text) &&
        X509_sign(x509, ek_authority_key(authority), EVP_sha256()) > 0) {
        return x509;
    }
    X509_free(x509);
    return NULL;
}

GBytes *ek_certificate_issue(const EkAuthority *authority, const EkSubject *subject,
                             GBytes **ret_name, GError **error)
{
    const DqBytes area = dq_bytes_peek(subject->key);
    g_autoptr(DqKey) key = dq_key_new(area.data, area.len, error);
    unsigned char *der = NULL;
    GBytes *bytes;
    DqBytes name;
    X509 *x509;
    int len;

    if (!key) {
        return NULL;
    }
    if (!is_ek(key)) {
        fail(error, "this is no endorsement key: one is a restricted decryption key that cannot "
                    "leave its TPM");
        return NULL;
    }
    if (!is_plain(subject->manufacturer) || !is_plain(subject->model) ||
        !is_plain(subject->version)) {
        fail(error, "manufacturer, model and version are 1 to 64 letters, digits and :._ - each");
        return NULL;
    }
    x509 = make(authority, key, subject);
    len = x509 ? i2d_X509(x509, &der) : -1;
    bytes = len > 0 ? g_bytes_new(der, (gsize)len) : NULL;
    OPENSSL_free(der);
    X509_free(x509);
    if (!bytes) {
        fail(error, "OpenSSL cannot make the certificate; check its configuration");
        return NULL;
    }
    name = dq_key_get_name(key);
    *ret_name = g_bytes_new(name.data, name.len);
    return bytes;
}
