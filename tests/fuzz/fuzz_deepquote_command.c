/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "fuzz_recode.h"

static void fuzz_commands(WireBytes in, WireWriter w)
{
    static WireDeepQuoteCommand c;
    WirePcrSelection s;
    uint32_t what, offset;

    if (wire_decode_deepquote_command(in, &c) == TPM_RC_SUCCESS) {
        if (c.quote_size >= in.len) {
            abort();
        }
        fuzz_expect_same(in, &w, wire_put_deepquote_command(&w, &c));
    }
    if (wire_decode_host_pcr_read_command(in, &s) == TPM_RC_SUCCESS && s.count > 4) {
        abort();
    }
    if (wire_decode_host_credential_command(in, &what, &offset) == TPM_RC_SUCCESS &&
        what >= DEEPQUOTE_CREDENTIALS) {
        abort();
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static uint8_t buf[65536];
    WireBytes in = { data, size };
    WireWriter w = WIRE_WRITER(buf, sizeof(buf));
    WireDeepQuoteResponse resp;

    if (size > sizeof(buf)) {
        return 0;
    }
    fuzz_commands(in, w);
    if (wire_decode_deepquote_response(in, &resp)) {
        fuzz_expect_same(in, &w, wire_put_deepquote_response(&w, &resp));
    }
    if (wire_decode_quote_response(in, &resp) && resp.evidence.len != 0) {
        abort();
    }
    return 0;
}
