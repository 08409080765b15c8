/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A whole verification: keys, quote, evidence and nonce. The input is parts with a UINT16 size in
 * front of each: host key, vTPM key, nonce, quote, signature, PCR values, evidence.
 */
#include "memory_store.h"
#include "wire/cursor.h"

#include <stdint.h>

enum { HOST_KEY, VTPM_KEY, NONCE, QUOTED, SIGNATURE, PCRS, EVIDENCE, PARTS };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Passed or not compared, then at most one that failed, then those that were not run. */
static void expect_order(const DqVerdict *verdict)
{
    DqOutcome outcome = dq_verdict_get_outcome(verdict);
    gboolean all_passed = TRUE;
    unsigned i = 0;

    while (i < DQ_CHECKS && dq_verdict_get_result(verdict, (DqCheck)i) != DQ_RESULT_FAIL) {
        DqResult result = dq_verdict_get_result(verdict, (DqCheck)i++);

        g_assert_cmpint(result, !=, DQ_RESULT_NOT_RUN);
        all_passed = all_passed && result == DQ_RESULT_PASS;
    }
    g_assert_true((outcome == DQ_TRUSTED) == (i == DQ_CHECKS && all_passed));
    g_assert_true((outcome == DQ_REFUSED) == (i < DQ_CHECKS));
    g_assert_true((outcome == DQ_REFUSED) == (dq_verdict_get_reason(verdict) != NULL));
    if (i < DQ_CHECKS) {
        g_assert_cmpstr(dq_verdict_get_reason(verdict), ==, dq_check_word((DqCheck)i));
    }
    while (++i < DQ_CHECKS) {
        g_assert_cmpint(dq_verdict_get_result(verdict, (DqCheck)i), ==, DQ_RESULT_NOT_RUN);
    }
}

static void verify(DqKey *host, DqKey *vtpm, const DqBytes *part)
{
    static const uint8_t uuid[DQ_UUID_SIZE];
    g_autoptr(DqVerifier) verifier = dq_verifier_new();
    g_autoptr(MemoryStore) memory = memory_store_new();
    g_autoptr(DqStore) store = memory_store_get(memory);
    const DqQuote quote = {
        .evidence = part[EVIDENCE],
        .vtpm_quoted = part[QUOTED],
        .vtpm_signature = part[SIGNATURE],
        .vtpm_pcrs = part[PCRS],
        .vtpm_key = vtpm,
    };
    const DqExpected expected = {
        .challenge = part[NONCE],
        .uuid = vtpm ? NULL : uuid,
        .vtpm_key = vtpm,
    };

    if (part[NONCE].len > 0 && part[NONCE].len <= DQ_NONCE_MAX) {
        memory_store_issue(memory, part[NONCE]);
    }
    dq_verifier_add_host(verifier, host);
    dq_verifier_set_store(verifier, store);
    for (int again = 0; again < 2; again++) {
        g_autoptr(DqVerdict) verdict = dq_verifier_check(verifier, &quote, &expected, NULL);
        g_autofree char *json = dq_verdict_to_json(verdict);

        g_assert_nonnull(json);
        expect_order(verdict);
        /* Nobody enrolled the host, and the second time the challenge is used. */
        g_assert_false(dq_verdict_is_trusted(verdict));
        g_assert_true(again == 0 || dq_verdict_get_outcome(verdict) == DQ_REFUSED ||
                      memory->challenges->len == 0);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    WireReader r = WIRE_READER(data, size);
    DqBytes part[PARTS];
    g_autoptr(DqKey) host = NULL;
    g_autoptr(DqKey) vtpm = NULL;

    for (unsigned i = 0; i < PARTS; i++) {
        WireBytes b;

        if (!wire_get_tpm2b(&r, UINT16_MAX, &b)) {
            return 0;
        }
        part[i] = (DqBytes){ b.p, b.len };
    }
    host = dq_key_new(part[HOST_KEY].data, part[HOST_KEY].len, NULL);
    vtpm = dq_key_new(part[VTPM_KEY].data, part[VTPM_KEY].len, NULL);
    if (host) {
        verify(host, vtpm, part);
    }
    return 0;
}
