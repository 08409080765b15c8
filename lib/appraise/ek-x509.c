/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "appraise/ek-x509.h"

#include "appraise/ek-certificate.h"
#include "attest/crypto.h"

#include <openssl/bio.h>
#include <openssl/x509v3.h>
#include <string.h>

/* What the TCG numbers; text is what a directory name of a SAN has. */
#define OID_MANUFACTURER "2.23.133.2.1"
#define OID_MODEL "2.23.133.2.2"
#define OID_VERSION "2.23.133.2.3"
#define OID_EK_CERTIFICATE "2.23.133.8.1"

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

void dq_ek_read_facts(X509 *certificate, DqEkFacts *ret)
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

/* The profile asks for the purpose, and some older certificates have none. One that cannot be read,
 * or is there twice, is another matter. */
gboolean dq_ek_is_meant(X509 *certificate)
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
    return found;
}

struct stack_st_X509 *dq_ek_read_chain(DqBytes chain)
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
