/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The certificate of a vTPM's endorsement key, and those of its host's authority: UINT16 size of
 * the first, then both. The attestation key and the Name are those of tests/fuzz/corpus/vtpm_ek.
 */
#include "appraise/vtpm-ek.h"

#include "attest/bytes.h"

#include <stdint.h>
#include <string.h>

#include "vtpm_ek_host.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static DqKey *host;
    WireReader r = WIRE_READER(data, size);
    g_autoptr(GError) error = NULL;
    DqEkFacts facts, before;
    DqVtpmEk ek = { .uuid = vm_uuid, .name = { ek_name, sizeof(ek_name) } };
    WireBytes certificate;
    uint16_t n;

    if (!host) {
        host = dq_key_new(host_key, sizeof(host_key), NULL);
        g_assert_nonnull(host);
    }
    if (!wire_get_u16(&r, &n) || !wire_get_bytes(&r, n, &certificate)) {
        return 0;
    }
    ek.host = host;
    ek.certificate = dq_unwire(certificate);
    ek.chain = (DqBytes){ r.p, r.left };
    memset(&facts, 0x5a, sizeof(facts));
    before = facts;
    if (dq_vtpm_ek_check(&ek, MADE, &facts, &error)) {
        g_assert_no_error(error);
        g_assert_true(g_utf8_validate(facts.model, -1, NULL));
    } else {
        g_assert_error(error, DQ_ERROR, DQ_ERROR_KEY);
        g_assert_cmpmem(&facts, sizeof(facts), &before, sizeof(before));
    }
    return 0;
}
