/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "wire_samples_tpm12.h"

#include "wire/tpm12-command.h"
#include "wire/tpm12-key.h"
#include "wire/tpm12-quote.h"

#include <stdlib.h>

static const char corpus[] = "tpm12";

static uint8_t pool[16384];
static size_t pool_used;

static WireBytes filled(size_t n)
{
    static uint8_t bytes[512];

    for (size_t i = 0; i < sizeof(bytes); i++) {
        bytes[i] = (uint8_t)(0x80 + i);
    }
    return (WireBytes){ bytes, n };
}

static WirePcrSelection pcrs(void)
{
    WirePcrSelection s = { 0 };

    if (!wire_pcr_select(&s, TPM_ALG_SHA1, 0) || !wire_pcr_select(&s, TPM_ALG_SHA1, 10)) {
        abort();
    }
    return s;
}

static bool recode_pubkey(WireBytes b, WireWriter *w)
{
    WireTpm12Pubkey p;

    return wire_decode_tpm12_pubkey(b, &p) && wire_put_tpm12_pubkey(w, &p);
}

static bool recode_quote_info2(WireBytes b, WireWriter *w)
{
    WireQuoteInfo2 q;

    return wire_decode_quote_info2(b, &q) && wire_put_quote_info2(w, &q);
}

static bool recode_command(WireBytes b, WireWriter *w)
{
    WireTpm12DeepQuoteCommand c;

    return wire_decode_tpm12_deepquote_command(b, &c) == TPM12_SUCCESS &&
           wire_put_tpm12_deepquote_command(w, &c);
}

static bool recode_response(WireBytes b, WireWriter *w)
{
    WireTpm12QuoteResponse resp;

    return wire_decode_tpm12_deepquote_response(b, &resp) &&
           wire_put_tpm12_deepquote_response(w, &resp);
}

/* What @encoded wrote, kept. */
static WireBytes keep(bool encoded, const WireWriter *w)
{
    if (!encoded) {
        abort();
    }
    pool_used += w->len;
    return wire_written(w);
}

#define KEEP(put, item)                                                                            \
    (w = WIRE_WRITER(pool + pool_used, sizeof(pool) - pool_used), keep(put(&w, item), &w))

void wire_samples_tpm12(WireBytes evidence, WireAddSample *add)
{
    static const uint8_t version_info[] = { 0x00, 0x30, 1,   2, 2, 0x9E, 0,    2,   0,
                                            'I',  'B',  'M', 0, 0, 2,    0xAB, 0xCD };
    static const uint8_t pcr_data[] = { 0, 3, 1, 4, 0, 1, [6] = 0xDD, [25] = 0xEE };
    const WireTpm12Pubkey key = {
        .enc_scheme = TPM12_ES_NONE,
        .sig_scheme = TPM12_SS_RSASSAPKCS1v15_SHA1,
        .key_bits = 2048,
        .primes = 2,
        .modulus = filled(256),
    };
    const WireQuoteInfo2 info = {
        .external_data = filled(TPM12_DIGEST_SIZE),
        .pcrs = pcrs(),
        .locality = 1,
        .pcr_digest = filled(TPM12_DIGEST_SIZE),
    };
    WireTpm12DeepQuoteCommand command = {
        .key_handle = 0x01020304,
        .external_data = filled(TPM12_DIGEST_SIZE),
        .pcrs = pcrs(),
        .add_version = 1,
        .host_pcrs = pcrs(),
        .flags = DEEPQUOTE_HASH_UUID,
        .trailer = filled(TPM12_COMMAND_TRAILER_SIZE),
    };
    WireTpm12QuoteResponse response = {
        .pcr_data = { pcr_data, sizeof(pcr_data) },
        .version_info = { version_info, sizeof(version_info) },
        .signature = filled(256),
        .evidence = evidence,
        .trailer = filled(TPM12_RESPONSE_TRAILER_SIZE),
    };
    WireWriter w;

    add("tpm12-pubkey", corpus, KEEP(wire_put_tpm12_pubkey, &key), recode_pubkey);
    add("tpm12-quote-info2", corpus, KEEP(wire_put_quote_info2, &info), recode_quote_info2);
    add("tpm12-deepquote-command", corpus, KEEP(wire_put_tpm12_deepquote_command, &command),
        recode_command);
    command.trailer.len = 0;
    add("tpm12-deepquote-command-bare", corpus, KEEP(wire_put_tpm12_deepquote_command, &command),
        recode_command);
    add("tpm12-deepquote-response", corpus, KEEP(wire_put_tpm12_deepquote_response, &response),
        recode_response);
    response.trailer.len = 0;
    response.version_info.len = 0;
    response.evidence.len = 0;
    response.host_status = DEEPQUOTE_RC_BUSY;
    add("tpm12-deepquote-response-alone", corpus,
        KEEP(wire_put_tpm12_deepquote_response, &response), recode_response);
}
