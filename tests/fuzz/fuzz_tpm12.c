/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The input is tried as each of the structures of a TPM 1.2, and as each command and response. */
#include "fuzz_recode.h"

#include "wire/tpm12-command.h"
#include "wire/tpm12-key.h"
#include "wire/tpm12-quote.h"

static void fuzz_structures(WireBytes in, WireWriter w)
{
    WireReader r = WIRE_READER(in.p, in.len);
    WireTpm12Pubkey public;
    WireTpm12Key key;
    WireQuoteInfo2 info;
    WireWriter t = w;

    if (wire_decode_tpm12_pubkey(in, &public)) {
        fuzz_expect_same(in, &t, wire_put_tpm12_pubkey(&t, &public));
        if (!wire_skip_tpm12_pubkey(&r) || r.left != 0) {
            abort();
        }
    }
    t = w;
    if (wire_decode_quote_info2(in, &info)) {
        fuzz_expect_same(in, &t, wire_put_quote_info2(&t, &info));
    }
    t = w;
    r = WIRE_READER(in.p, in.len);
    if (wire_get_tpm12_key(&r, &key) && !wire_put_tpm12_pubkey(&t, &key.public)) {
        abort();
    }
}

static void fuzz_command(WireBytes in, WireWriter w)
{
    WireTpm12DeepQuoteCommand c;
    WireWriter t = w;

    if (wire_decode_tpm12_deepquote_command(in, &c) != TPM12_SUCCESS) {
        return;
    }
    fuzz_expect_same(in, &t, wire_put_tpm12_deepquote_command(&t, &c));
    t = w;
    if (!wire_put_tpm12_quote_command(&t, &c) || t.len >= in.len) {
        abort();
    }
}

static void fuzz_response(WireBytes in, WireWriter w)
{
    WireTpm12QuoteResponse resp;
    WireQuoteInfo2 info;
    WireWriter t = w;

    if (wire_decode_tpm12_deepquote_response(in, &resp)) {
        fuzz_expect_same(in, &t, wire_put_tpm12_deepquote_response(&t, &resp));
        t = w;
        if (!wire_put_tpm12_signed(&t, (WireBytes){ in.p, TPM12_DIGEST_SIZE }, &resp) ||
            !wire_decode_quote_info2(wire_written(&t), &info)) {
            abort();
        }
    }
    if (wire_decode_tpm12_quote_response(in, &resp) && resp.evidence.len != 0) {
        abort();
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static uint8_t buf[65536];
    WireBytes in = { data, size };
    WireWriter w = WIRE_WRITER(buf, sizeof(buf));

    if (size <= sizeof(buf)) {
        fuzz_structures(in, w);
        fuzz_command(in, w);
        fuzz_response(in, w);
    }
    return 0;
}
