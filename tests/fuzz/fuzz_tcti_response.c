/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a TPM answers to TPM2_DeepQuote, on its way to ESAPI as the answer to TPM2_Quote. */
#include "tcti_deepquote.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    uint8_t buf[WIRE_TPM_BUFFER_MAX];
    WireWriter w = WIRE_WRITER(buf, sizeof(buf));
    WireBytes evidence = { NULL, 0 };
    uint32_t host_status = UINT32_MAX;
    WireDeepQuoteResponse before, after;
    const WireBytes in = { data, size };

    if (!tcti_deepquote_response(in, &w, &host_status, &evidence)) {
        if (w.len != 0 || evidence.p || host_status != UINT32_MAX) {
            abort();
        }
        return 0;
    }
    if (!wire_decode_deepquote_response(in, &before)) {
        /* an error response: it passes as it is */
        if (!wire_bytes_equal(in, wire_written(&w))) {
            abort();
        }
        return 0;
    }
    if (!wire_decode_quote_response(wire_written(&w), &after) ||
        !wire_bytes_equal(before.quoted, after.quoted) ||
        !wire_bytes_equal(before.signature, after.signature) ||
        !wire_bytes_equal(before.auth, after.auth) ||
        !wire_bytes_equal(before.evidence, evidence) || before.host_status != host_status) {
        abort();
    }
    return 0;
}
