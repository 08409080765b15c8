/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "appraise/time-stamp.h"

#include "attest/crypto.h"

#include <openssl/ts.h>
#include <openssl/x509_vfy.h>
#include <string.h>
#include <time.h>

G_DEFINE_QUARK(dq_time_stamp_error, dq_time_stamp_error)

static gboolean fail(DqTimeStampError code, const char *text, GError **error)
{
    dq_crypto_failed();
    g_set_error_literal(error, DQ_TIME_STAMP_ERROR, (gint)code, text);
    return FALSE;
}

/* ---------------------------------------------------------------------------------- Asking for one
 */

static gboolean set_imprint(TS_REQ *request, const uint8_t digest[DQ_HASH_SIZE])
{
    TS_MSG_IMPRINT *imprint = TS_MSG_IMPRINT_new();
    X509_ALGOR *algorithm = X509_ALGOR_new();
    uint8_t copy[DQ_HASH_SIZE];
    gboolean good;

    memcpy(copy, digest, sizeof(copy)); /* OpenSSL takes no const, and copies */
    good = imprint && algorithm &&
           X509_ALGOR_set0(algorithm, OBJ_nid2obj(NID_sha256), V_ASN1_NULL, NULL) == 1 &&
           TS_MSG_IMPRINT_set_algo(imprint, algorithm) == 1 &&
           TS_MSG_IMPRINT_set_msg(imprint, copy, sizeof(copy)) == 1 &&
           TS_REQ_set_msg_imprint(request, imprint) == 1;
    X509_ALGOR_free(algorithm);
    TS_MSG_IMPRINT_free(imprint);
    return good;
}

GBytes *dq_time_stamp_request(const uint8_t digest[DQ_HASH_SIZE])
{
    TS_REQ *request = TS_REQ_new();
    unsigned char *der = NULL;
    GBytes *bytes;
    int len = -1;

    if (request && TS_REQ_set_version(request, 1) == 1 && set_imprint(request, digest) &&
        TS_REQ_set_cert_req(request, 1) == 1) {
        len = i2d_TS_REQ(request, &der);
    }
    TS_REQ_free(request);
    if (len < 0) { /* nothing but memory can be missing */
        dq_crypto_failed();
        g_error("OpenSSL makes no request for a time stamp");
    }
    bytes = g_bytes_new(der, (gsize)len);
    OPENSSL_free(der);
    return bytes;
}

/* ------------------------------------------------------------------------------------- Reading one
 */

static gboolean read_digest(TS_TST_INFO *info, uint8_t ret_digest[DQ_HASH_SIZE])
{
    TS_MSG_IMPRINT *imprint = TS_TST_INFO_get_msg_imprint(info);
    const ASN1_OBJECT *algorithm;
    const ASN1_OCTET_STRING *digest;

    X509_ALGOR_get0(&algorithm, NULL, NULL, TS_MSG_IMPRINT_get_algo(imprint));
    digest = TS_MSG_IMPRINT_get_msg(imprint);
    if (OBJ_obj2nid(algorithm) != NID_sha256 || ASN1_STRING_length(digest) != DQ_HASH_SIZE) {
        return FALSE;
    }
    memcpy(ret_digest, ASN1_STRING_get0_data(digest), DQ_HASH_SIZE);
    return TRUE;
}

static gboolean read_time(TS_TST_INFO *info, int64_t *ret_time)
{
    struct tm tm;

    if (ASN1_TIME_to_tm(TS_TST_INFO_get_time(info), &tm) != 1) {
        return FALSE;
    }
    *ret_time = (int64_t)timegm(&tm);
    return TRUE;
}

/* By an authority for time stamps whose certificate was good at @now. */
static gboolean is_signed(TS_RESP *response, const char *roots, int64_t now)
{
    X509_STORE *store = X509_STORE_new();
    gboolean good = store && X509_STORE_load_file(store, roots) == 1;

    if (good) {
        X509_VERIFY_PARAM_set_time(X509_STORE_get0_param(store), (time_t)now);
        good = TS_RESP_verify_signature(TS_RESP_get_token(response), NULL, store, NULL) == 1;
    }
    X509_STORE_free(store);
    return good;
}

static gboolean read_response(TS_RESP *response, const char *roots, uint8_t *digest, int64_t *time,
                              GError **error)
{
    const long status =
        ASN1_INTEGER_get(TS_STATUS_INFO_get0_status(TS_RESP_get_status_info(response)));
    TS_TST_INFO *info = TS_RESP_get_tst_info(response);

    if ((status != TS_STATUS_GRANTED && status != TS_STATUS_GRANTED_WITH_MODS) || !info) {
        return fail(DQ_TIME_STAMP_ERROR_REFUSED, "the authority gave no time stamp: ask again",
                    error);
    }
    if (!read_digest(info, digest) || !read_time(info, time)) {
        return fail(DQ_TIME_STAMP_ERROR_MALFORMED, "it stamps no SHA-256", error);
    }
    if (!is_signed(response, roots, *time)) {
        return fail(DQ_TIME_STAMP_ERROR_SIGNATURE,
                    "no authority for time stamps that leads to these roots signed it", error);
    }
    return TRUE;
}

gboolean dq_time_stamp_read(DqBytes bytes, const char *roots, uint8_t ret_digest[DQ_HASH_SIZE],
                            int64_t *ret_time, GError **error)
{
    const unsigned char *p = bytes.data;
    TS_RESP *response = bytes.len > 0 && bytes.len <= DQ_TIME_STAMP_MAX
                            ? d2i_TS_RESP(NULL, &p, (long)bytes.len)
                            : NULL;
    uint8_t digest[DQ_HASH_SIZE];
    int64_t time;
    gboolean good;

    if (!response || p != bytes.data + bytes.len) {
        TS_RESP_free(response);
        return fail(DQ_TIME_STAMP_ERROR_MALFORMED, "it is no response of a time stamp authority",
                    error);
    }
    good = read_response(response, roots, digest, &time, error);
    TS_RESP_free(response);
    if (good) {
        memcpy(ret_digest, digest, sizeof(digest));
        *ret_time = time;
    }
    return good;
}
