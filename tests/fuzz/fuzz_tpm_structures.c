/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The input is tried as each of the structures of wire/tpm.h. */
#include "fuzz_recode.h"

static void fuzz_whole(WireBytes in, WireWriter w)
{
    WireAttest attest;
    WireSignature signature;
    WirePublic public;
    WireWriter t = w;

    if (wire_decode_attest(in, &attest)) {
        fuzz_expect_same(in, &t, wire_put_attest(&t, &attest));
    }
    t = w;
    if (wire_decode_signature(in, &signature)) {
        fuzz_expect_same(in, &t, wire_put_signature(&t, &signature));
    }
    t = w;
    if (wire_decode_public(in, &public)) {
        fuzz_expect_same(in, &t, wire_put_public(&t, &public));
    }
}

static void fuzz_prefix(WireBytes in, WireWriter w)
{
    WireReader r = WIRE_READER(in.p, in.len);
    WireWriter t = w;
    WireAuthArea auth;
    WirePcrSelection selection;
    WireSigScheme scheme;

    if (wire_get_auth_area(&r, &auth)) {
        fuzz_expect_same((WireBytes){ in.p, in.len - r.left }, &t, wire_put_auth_area(&t, &auth));
    }
    r = WIRE_READER(in.p, in.len);
    t = w;
    if (wire_get_pcr_selection(&r, &selection)) {
        fuzz_expect_same((WireBytes){ in.p, in.len - r.left }, &t,
                         wire_put_pcr_selection(&t, &selection));
    }
    r = WIRE_READER(in.p, in.len);
    t = w;
    if (wire_get_sig_scheme(&r, &scheme)) {
        fuzz_expect_same((WireBytes){ in.p, in.len - r.left }, &t,
                         wire_put_sig_scheme(&t, &scheme));
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static uint8_t buf[65536];
    WireBytes in = { data, size };
    WireWriter w = WIRE_WRITER(buf, sizeof(buf));

    if (size <= sizeof(buf)) {
        fuzz_whole(in, w);
        fuzz_prefix(in, w);
    }
    return 0;
}
