/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "appraise/certificate.h"

#include "attest/crypto.h"

#include <openssl/x509.h>

enum { DER_MAX = 65536 };

static char *subject_text(const X509 *certificate)
{
    BIO *out = BIO_new(BIO_s_mem());
    const char *text;
    char *copy = NULL;
    long len;

    if (out && X509_NAME_print_ex(out, X509_get_subject_name(certificate), 0,
                                  XN_FLAG_RFC2253 & ~ASN1_STRFLGS_ESC_MSB) >= 0) {
        len = BIO_get_mem_data(out, &text);
        copy = len > 0 ? g_utf8_make_valid(text, len) : g_strdup("");
    }
    BIO_free(out);
    return copy;
}

char *dq_certificate_subject(WireBytes der)
{
    const unsigned char *p = der.p;
    X509 *certificate =
        der.len > 0 && der.len <= DER_MAX ? d2i_X509(NULL, &p, (long)der.len) : NULL;
    char *text = certificate ? subject_text(certificate) : NULL;

    X509_free(certificate);
    if (!text) {
        dq_crypto_failed();
    }
    return text;
}
