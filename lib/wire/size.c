/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "wire/size.h"

#include "wire/attest.h"
#include "wire/evidence.h"
#include "wire/hash.h"

#include <string.h>

enum {
    RSA_2048_BYTES = 256,
    RESPONSE_AUTH_LEAST = 5, /* TPMS_AUTH_RESPONSE with an empty nonce and an empty HMAC */
};

/* Names by their first bytes: the digest in them does not matter. */
static const uint8_t longest_name[WIRE_NAME_MAX] = { 0x00, TPM_ALG_SHA512 };

/* So many bytes, whatever they are: for a writer that counts. */
static WireBytes any_bytes(size_t len)
{
    return (WireBytes){ NULL, len };
}

static size_t attest_size(const WireAttest *a)
{
    WireWriter w = WIRE_COUNTER;

    return wire_put_attest(&w, a) ? w.len : 0;
}

/* The same PCRs in the most bytes. */
static WirePcrSelection widen(const WirePcrSelection *s)
{
    WirePcrSelection ret = *s;

    for (uint32_t i = 0; i < ret.count; i++) {
        WirePcrBank *b = &ret.bank[i];

        memset(b->select + b->size, 0, sizeof(b->select) - b->size);
        b->size = WIRE_PCR_SELECT_MAX;
    }
    return ret;
}

size_t wire_evidence_bound(const WirePcrSelection *host_pcrs, size_t binding, unsigned path)
{
    const WireAttest quoted = {
        .type = TPM_ST_ATTEST_QUOTE,
        .qualified_signer = { longest_name, sizeof(longest_name) },
        .extra_data = any_bytes(DEEPQUOTE_HASH_SIZE),
        .pcr_select = widen(host_pcrs),
        .pcr_digest = any_bytes(wire_hash_size(TPM_ALG_SHA256)),
    };
    WireEvidence e = {
        .host_quoted = any_bytes(attest_size(&quoted)),
        .host_signature = { .alg = TPM_ALG_RSASSA, .r = any_bytes(RSA_2048_BYTES) },
        .host_signer = { longest_name, sizeof(longest_name) },
        .binding_bytes = any_bytes(binding),
        .path_length = (uint16_t)path,
        .host_pcrs = quoted.pcr_select,
    };
    WireWriter w = WIRE_COUNTER;

    if (host_pcrs->count > DEEPQUOTE_HOST_BANKS_MAX) {
        return SIZE_MAX;
    }
    for (WirePcrWalk walk = { 0 }; wire_pcr_next(host_pcrs, &walk);) {
        e.pcr[e.pcr_count++] = any_bytes(wire_hash_size(walk.hash));
    }
    return wire_put_evidence(&w, &e) ? w.len : SIZE_MAX;
}

size_t wire_deepquote_response_size(const WireDeepQuoteResponse *resp)
{
    WireWriter w = WIRE_COUNTER;

    return wire_put_deepquote_response(&w, resp) ? w.len : SIZE_MAX;
}

/* A digest that is there with its flag. */
static WireBytes optional(uint32_t flags, uint32_t flag)
{
    return any_bytes((flags & flag) != 0 ? (size_t)DEEPQUOTE_HASH_SIZE : 0);
}

size_t wire_binding_bound(uint32_t flags)
{
    const WireBinding b = {
        .flags = DEEPQUOTE_HASH_UUID | flags,
        .nonce = any_bytes(DEEPQUOTE_NONCE_MAX),
        .vtpm_quoted = any_bytes(DEEPQUOTE_HASH_SIZE),
        .vtpm_signer = { longest_name, sizeof(longest_name) },
        .vtpm_ek = { longest_name, sizeof(longest_name) },
        .measurement = optional(flags, DEEPQUOTE_VTPM_MEASUREMENTS),
        .group_info = optional(flags, DEEPQUOTE_GROUP_INFO),
        .group_key = optional(flags, DEEPQUOTE_GROUP_PUBKEY),
        .launch = optional(flags, DEEPQUOTE_VM_LAUNCH),
    };
    WireWriter w = WIRE_COUNTER;

    return wire_put_binding(&w, &b) ? w.len : SIZE_MAX;
}

/* TPMS_AUTH_RESPONSEs: nonceTPM, sessionAttributes, acknowledgment. Those of a password are empty.
 */
static size_t auth_bound(const WireAuthArea *auth)
{
    size_t size = 0;

    for (unsigned i = 0; i < auth->count; i++) {
        size_t digest = auth->auth[i].handle == TPM_RS_PW ? 0 : WIRE_DIGEST_MAX;

        size += RESPONSE_AUTH_LEAST + 2 * digest;
    }
    return size;
}

size_t wire_deepquote_response_bound(bool signs, const WireAuthArea *auth, size_t nonce_len,
                                     const WirePcrSelection *pcrs)
{
    const WireAttest quoted = {
        .type = TPM_ST_ATTEST_QUOTE,
        .qualified_signer = { longest_name, sizeof(longest_name) },
        .extra_data = any_bytes(nonce_len),
        .pcr_select = widen(pcrs),
        .pcr_digest = any_bytes(WIRE_DIGEST_MAX),
    };
    const WireSignature longest = { .alg = TPM_ALG_RSASSA, .r = any_bytes(WIRE_KEY_BYTES_MAX) };
    const WireSignature none = { .alg = TPM_ALG_NULL };
    WireWriter signature = WIRE_COUNTER;
    WireDeepQuoteResponse resp = {
        .quoted = any_bytes(attest_size(&quoted)),
        .host_status = DEEPQUOTE_RC_BUSY, /* any, so that there need be no evidence */
        .auth = any_bytes(auth_bound(auth)),
    };

    if (!wire_put_signature(&signature, signs ? &longest : &none)) {
        return SIZE_MAX;
    }
    resp.signature = any_bytes(signature.len);
    return wire_deepquote_response_size(&resp);
}
