/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "appraise/appraise-parts.h"

#include "attest/bytes.h"
#include "attest/digest.h"
#include "wire/parts.h"

/* Somebody chose each character of a name. */
static char *say_parts(WireParts parts)
{
    GString *out = g_string_new(NULL);
    WirePart part;

    while (wire_next_part(&parts, &part)) {
        g_autofree char *name = g_strndup((const char *)part.name.p, part.name.len);
        g_autofree char *said = g_strescape(name, NULL);
        g_autofree char *hex = dq_hex_encode(part.digest, sizeof(part.digest));

        g_string_append_printf(out, "%s\"%s\" %s", out->len > 0 ? ", " : "", said, hex);
    }
    return g_string_free(out, FALSE);
}

void dq_appraise_parts(DqBytes list, DqBytes measurement, DqVerdict *verdict)
{
    uint8_t digest[DQ_HASH_SIZE];
    DqResult result = DQ_RESULT_FAIL;
    WireParts parts;
    char *detail;

    dq_sha256(&list, 1, digest);
    if (measurement.len == 0) {
        result = DQ_RESULT_NOT_COMPARED;
        detail = g_strdup("the host did not sign for a measurement: tpm2_deepquote --flags "
                          "measurements asks for it");
    } else if (!dq_bytes_equal(measurement, (DqBytes){ digest, sizeof(digest) })) {
        detail = g_strdup("the list of parts is not the one that the host signed for");
    } else if (!wire_decode_parts(dq_wire(list), &parts)) {
        detail = g_strdup("what the host signed for is no list of parts that can be read here");
    } else {
        result = DQ_RESULT_PASS;
        detail = say_parts(parts);
    }
    dq_verdict_add_finding(verdict, "vtpm-parts", result, detail);
}
