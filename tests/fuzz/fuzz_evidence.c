/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "fuzz_recode.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static uint8_t buf[65536];
    static WireEvidence e;
    WireBytes in = { data, size };
    WireWriter w = WIRE_WRITER(buf, sizeof(buf));
    WireBinding b;
    AuditHead head;

    if (size > sizeof(buf)) {
        return 0;
    }
    if (wire_decode_evidence_of(in, &e)) {
        fuzz_expect_same(in, &w, wire_put_evidence(&w, &e));
        w.len = 0;
    }
    if (wire_decode_binding(in, &b)) {
        fuzz_expect_same(in, &w, wire_put_binding(&w, &b));
    }
    if (wire_decode_audit_head(in, &head)) {
        fuzz_expect_same(in, &w, wire_put_audit_head(&w, &head));
    }
    return 0;
}
