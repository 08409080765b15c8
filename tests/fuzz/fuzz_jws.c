/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Signed JSON: what is taken apart is put together to the same text; a header is one or an error.
 */
#include "attest/base64url.h"
#include "appraise/jws-verify.h"
#include "attest/bytes.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* The key of RFC 7515, appendix A.3. */
static const char key_pem[] = "-----BEGIN PUBLIC KEY-----\n"
                              "MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEf83OJ3D2xF1Bg8vub9tLe1gHMzV7\n"
                              "6e8Tus9uPHvRVEXH8UTNG72bfocs3+257rn0s2ldbqkLJK2KRiMohYjlrQ==\n"
                              "-----END PUBLIC KEY-----\n";

static DqJwsPublic *read_key(void)
{
    const DqBytes pem = { (const uint8_t *)key_pem, sizeof(key_pem) - 1 };

    return dq_jws_public_new(pem, NULL);
}

static void compare(const DqJwsParts *parts, const uint8_t *data, size_t size)
{
    g_autofree char *first = dq_base64url(dq_bytes_peek(parts->header));
    g_autofree char *second = dq_base64url(dq_bytes_peek(parts->payload));
    g_autofree char *third = dq_base64url(dq_bytes_peek(parts->signature));
    g_autofree char *text = g_strjoin(".", first, second, third, NULL);

    g_assert_cmpmem(text, strlen(text), data, size);
    g_assert_true(parts->signed_text.len == strlen(first) + 1 + strlen(second));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const DqBytes text = { data, size };
    static DqJwsPublic *key; /* for all inputs */
    g_autoptr(GError) error = NULL, why = NULL;
    g_auto(DqJwsParts) parts = { 0 };
    g_autoptr(GBytes) payload = NULL;

    key = key ? key : read_key();
    payload = dq_jws_verify(key, "eat+jwt", text, &error);
    g_assert_true((!payload) == (error && error->domain == DQ_JWS_ERROR));
    if (dq_jws_parts(text, &parts, NULL)) {
        compare(&parts, data, size);
        g_assert_true(dq_jws_check_header(parts.header, "ES256", "eat+jwt", &why) == !why);
    }
    return 0;
}
