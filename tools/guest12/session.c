/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "session.h"

#include "codes.h"
#include "exchange.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/rand.h>
#include <string.h>

enum {
    N = TPM12_DIGEST_SIZE,
    PARTS_MAX = 3,
};

static gboolean crypto_error(GError **error)
{
    g_set_error_literal(error, TPM12_ERROR, TPM12_ERROR_TPM,
                        "OpenSSL makes no SHA-1 or HMAC, which a TPM 1.2 needs: does its "
                        "configuration forbid them?");
    return FALSE;
}

static gboolean sha1(const WireBytes *parts, gsize count, uint8_t ret[N], GError **error)
{
    EVP_MD_CTX *ctx = EVP_MD_CTX_new();
    gboolean ok = ctx && EVP_DigestInit_ex(ctx, EVP_sha1(), NULL) == 1;

    for (gsize i = 0; ok && i < count; i++) {
        ok = EVP_DigestUpdate(ctx, parts[i].p, parts[i].len) == 1;
    }
    ok = ok && EVP_DigestFinal_ex(ctx, ret, NULL) == 1;
    EVP_MD_CTX_free(ctx);
    return ok || crypto_error(error);
}

/* HMAC over digest || nonceEven || nonceOdd || continueAuthSession */
static gboolean authorize(const Secret *secret, const uint8_t digest[N], const uint8_t *even,
                          const uint8_t *odd, uint8_t goes_on, uint8_t ret[N], GError **error)
{
    uint8_t message[3 * N + 1];
    size_t len = 0;

    memcpy(message, digest, N);
    memcpy(message + N, even, N);
    memcpy(message + 2 * N, odd, N);
    message[3 * N] = goes_on;
    return (EVP_Q_mac(NULL, "HMAC", NULL, "SHA1", NULL, secret->digest, sizeof(secret->digest),
                      message, sizeof(message), ret, N, &len) &&
            len == N) ||
           crypto_error(error);
}

static WireBytes be32(uint32_t v, uint8_t buf[4])
{
    WireWriter w = WIRE_WRITER(buf, 4);

    g_assert(wire_put_u32(&w, v));
    return wire_written(&w);
}

gboolean session_begin(Device *device, Session *ret, GError **error)
{
    uint8_t buf[WIRE_TPM_BUFFER_MAX];
    WireReader body;
    Session session = { 0 };

    if (!exchange(device, TPM12_ORD_OIAP, (WireBytes){ NULL, 0 }, "starting a session", buf, &body,
                  error)) {
        return FALSE;
    }
    if (!wire_get_u32(&body, &session.handle) || !wire_get_copy(&body, N, session.even) ||
        body.left != 0) {
        return exchange_malformed("starting a session", error);
    }
    if (RAND_bytes(session.odd, N) != 1) {
        return crypto_error(error);
    }
    *ret = session;
    return TRUE;
}

gboolean session_trailer(Session *session, const Secret *secret, uint32_t ordinal,
                         WireBytes covered, uint8_t ret[TPM12_COMMAND_TRAILER_SIZE], GError **error)
{
    uint8_t number[4], digest[N], mac[N];
    const WireBytes parts[] = { be32(ordinal, number), covered };
    WireWriter w = WIRE_WRITER(ret, TPM12_COMMAND_TRAILER_SIZE);

    if (!sha1(parts, G_N_ELEMENTS(parts), digest, error) ||
        !authorize(secret, digest, session->even, session->odd, 0, mac, error)) {
        return FALSE;
    }
    g_assert(wire_put_u32(&w, session->handle) &&
             wire_put_bytes(&w, (WireBytes){ session->odd, N }) && wire_put_u8(&w, 0) &&
             wire_put_bytes(&w, (WireBytes){ mac, N }));
    return TRUE;
}

gboolean session_verify(const Session *session, const Secret *secret, uint32_t ordinal,
                        WireBytes covered, WireBytes trailer, GError **error)
{
    uint8_t code[4], number[4], digest[N], even[N], want[N], mac[N], goes_on;
    const WireBytes parts[PARTS_MAX] = { be32(TPM12_SUCCESS, code), be32(ordinal, number),
                                         covered };
    WireReader r = WIRE_READER(trailer.p, trailer.len);

    if (!wire_get_copy(&r, N, even) || !wire_get_u8(&r, &goes_on) || !wire_get_copy(&r, N, mac) ||
        r.left != 0) {
        return exchange_malformed("the authorization of the answer", error);
    }
    if (!sha1(parts, G_N_ELEMENTS(parts), digest, error) ||
        !authorize(secret, digest, even, session->odd, goes_on, want, error)) {
        return FALSE;
    }
    if (CRYPTO_memcmp(want, mac, N) != 0) {
        g_set_error_literal(error, TPM12_ERROR, TPM12_ERROR_MALFORMED,
                            "the answer is not authorized: it was changed on the way from the TPM");
        return FALSE;
    }
    return TRUE;
}
