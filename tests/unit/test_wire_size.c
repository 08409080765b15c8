/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Sizes that lib/wire foretells, against evidence and responses that it really encodes. */
#include <glib.h>
#include <string.h>

#include "wire/attest.h"
#include "wire/evidence.h"
#include "wire/hash.h"
#include "wire/size.h"
#include "wire_samples.h"

/* What an evidence is made of here; the rest is bytes of 0x5A. */
typedef struct Shape {
    WirePcrSelection pcrs;
    uint16_t name_alg;
    uint16_t signature_alg;
    size_t signature; /* bytes of one number */
    unsigned path;
    size_t qualified_signer;
    size_t pcr_digest;
    size_t nonce;
} Shape;

static const uint8_t filler[DEEPQUOTE_PATH_MAX * DEEPQUOTE_HASH_SIZE] = { 0x5A };

static WireBytes fill(size_t len)
{
    g_assert_cmpuint(len, <=, sizeof(filler));
    return (WireBytes){ filler, len };
}

static WireBytes encode_attest(const Shape *s, uint8_t *buf, size_t cap)
{
    const WireAttest a = { .type = TPM_ST_ATTEST_QUOTE,
                           .qualified_signer = fill(s->qualified_signer),
                           .extra_data = fill(DEEPQUOTE_HASH_SIZE),
                           .pcr_select = s->pcrs,
                           .pcr_digest = fill(s->pcr_digest) };
    WireWriter w = WIRE_WRITER(buf, cap);

    g_assert_true(wire_put_attest(&w, &a));
    return wire_written(&w);
}

static WireBytes encode_binding(const Shape *s, uint8_t *buf, size_t cap)
{
    const WireBinding b = { .flags = DEEPQUOTE_HASH_UUID,
                            .nonce = fill(s->nonce),
                            .vtpm_quoted = fill(DEEPQUOTE_HASH_SIZE) };
    WireWriter w = WIRE_WRITER(buf, cap);

    g_assert_true(wire_put_binding(&w, &b));
    return wire_written(&w);
}

/* Encodes and decodes it; returns its size and that of the binding in it. */
static size_t real_size(const Shape *s, size_t *ret_binding)
{
    uint8_t attest[WIRE_ATTEST_MAX], binding[DEEPQUOTE_BINDING_MAX], out[16384];
    uint8_t name[WIRE_NAME_MAX] = { 0x00, (uint8_t)s->name_alg };
    WireEvidence e = {
        .host_quoted = encode_attest(s, attest, sizeof(attest)),
        .host_signature = { s->signature_alg, TPM_ALG_SHA256, fill(s->signature), { 0 } },
        .host_signer = { name, sizeof(uint16_t) + wire_hash_size(s->name_alg) },
        .binding_bytes = encode_binding(s, binding, sizeof(binding)),
        .path_length = (uint16_t)s->path,
        .path = filler,
        .host_pcrs = s->pcrs,
    };
    WireWriter w = WIRE_WRITER(out, sizeof(out));
    WireEvidence back;

    if (s->signature_alg == TPM_ALG_ECDSA) {
        e.host_signature.s = fill(s->signature);
    }
    for (WirePcrWalk walk = { 0 }; wire_pcr_next(&s->pcrs, &walk);) {
        e.pcr[e.pcr_count++] = fill(wire_hash_size(walk.hash));
    }
    g_assert_true(wire_put_evidence(&w, &e));
    g_assert_true(wire_decode_evidence(wire_written(&w), &back));
    *ret_binding = e.binding_bytes.len;
    return w.len;
}

/* Some PCRs of the first @banks algorithms; with @wide each bitmap has four bytes. */
static WirePcrSelection some_pcrs(unsigned banks, unsigned pcrs, gboolean wide)
{
    WirePcrSelection s = { 0 };

    for (unsigned i = 0; i < banks; i++) {
        for (unsigned pcr = 0; pcr < pcrs; pcr++) {
            g_assert_true(wire_pcr_select(&s, wire_hashes[i].alg, pcr));
        }
        s.bank[i].size = wide ? WIRE_PCR_SELECT_MAX : s.bank[i].size;
    }
    return s;
}

static void evidence_is_never_longer_than_foretold(void)
{
    for (unsigned banks = 0; banks <= DEEPQUOTE_HOST_BANKS_MAX; banks++) {
        for (unsigned path = 0; path <= DEEPQUOTE_PATH_MAX; path++) {
            Shape longest = { .pcrs = some_pcrs(banks, 24, TRUE),
                              .name_alg = TPM_ALG_SHA512,
                              .signature_alg = TPM_ALG_RSAPSS,
                              .signature = 256,
                              .path = path,
                              .qualified_signer = WIRE_NAME_MAX,
                              .pcr_digest = 32,
                              .nonce = DEEPQUOTE_NONCE_MAX };
            const WirePcrSelection narrow = some_pcrs(banks, 24, FALSE);
            size_t binding;
            size_t size = real_size(&longest, &binding);

            g_assert_cmpuint(wire_evidence_bound(&longest.pcrs, binding, path), ==, size);
            g_assert_cmpuint(wire_evidence_bound(&narrow, binding, path), ==, size);
            longest.signature_alg = TPM_ALG_ECDSA;
            longest.signature = 66;
            g_assert_cmpuint(real_size(&longest, &binding), <=,
                             wire_evidence_bound(&narrow, binding, path));
        }
    }
}

static void no_evidence_has_unknown_banks_or_five(void)
{
    WirePcrSelection five = some_pcrs(5, 1, FALSE);
    WirePcrSelection unknown = { .count = 1, .bank = { { TPM_ALG_NULL, 3, { 1 } } } };

    g_assert_cmpuint(wire_evidence_bound(&five, 0, 0), ==, SIZE_MAX);
    g_assert_cmpuint(wire_evidence_bound(&unknown, 0, 0), ==, SIZE_MAX);
}

static void a_response_is_as_long_as_foretold(void)
{
    const WireBytes sample = wire_sample("deepquote-response");
    WireDeepQuoteResponse resp;

    g_assert_true(wire_decode_deepquote_response(sample, &resp));
    g_assert_cmpuint(wire_deepquote_response_size(&resp), ==, sample.len);
}

/* A quote by a key of 4096 bits, with two sessions and the longest of everything else */
static void no_response_is_longer_than_foretold(void)
{
    const WirePcrSelection pcrs = some_pcrs(4, 24, TRUE);
    const WireAttest a = { .type = TPM_ST_ATTEST_QUOTE,
                           .qualified_signer = fill(WIRE_NAME_MAX),
                           .extra_data = fill(DEEPQUOTE_NONCE_MAX),
                           .pcr_select = pcrs,
                           .pcr_digest = fill(64) };
    const WireSignature s = { .alg = TPM_ALG_RSASSA, .hash = TPM_ALG_SHA512, .r = fill(512) };
    const WireAuthArea auth = { .count = 2,
                                .auth = { { .handle = TPM_RS_PW }, { .handle = 0x02000000 } } };
    const WirePcrSelection narrow = some_pcrs(4, 24, FALSE);
    uint8_t attest[WIRE_ATTEST_MAX], signature[600], out[WIRE_TPM_BUFFER_MAX];
    WireWriter w = WIRE_WRITER(attest, sizeof(attest));
    WireWriter v = WIRE_WRITER(signature, sizeof(signature));
    WireWriter o = WIRE_WRITER(out, sizeof(out));
    WireDeepQuoteResponse resp = { .host_status = DEEPQUOTE_RC_BUSY, .auth = fill(5 + 5 + 2 * 64) };

    g_assert_true(wire_put_attest(&w, &a) && wire_put_signature(&v, &s));
    resp.quoted = wire_written(&w);
    resp.signature = wire_written(&v);
    g_assert_true(wire_put_deepquote_response(&o, &resp));
    g_assert_cmpuint(wire_deepquote_response_bound(TRUE, &auth, DEEPQUOTE_NONCE_MAX, &narrow), ==,
                     o.len);
    g_assert_cmpuint(wire_deepquote_response_bound(FALSE, &auth, DEEPQUOTE_NONCE_MAX, &narrow), ==,
                     o.len - v.len + sizeof(uint16_t));
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/wire/size/evidence-is-never-longer-than-foretold",
                    evidence_is_never_longer_than_foretold);
    g_test_add_func("/wire/size/no-evidence-has-unknown-banks-or-five",
                    no_evidence_has_unknown_banks_or_five);
    g_test_add_func("/wire/size/a-response-is-as-long-as-foretold",
                    a_response_is_as_long_as_foretold);
    g_test_add_func("/wire/size/no-response-is-longer-than-foretold",
                    no_response_is_longer_than_foretold);
    return g_test_run();
}
