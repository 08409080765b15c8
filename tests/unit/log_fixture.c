/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "log_fixture.h"

#include "attest/bytes.h"
#include "attest/digest.h"
#include "wire/hash.h"

#include <string.h>

const char *const log_names[] = { "seabios", "ovmf", "secureboot", "systemd-boot", NULL };

GBytes *log_read(const char *name, const char *kind)
{
    g_autofree char *file = g_strdup_printf("%s-%s", name, kind);
    g_autofree char *path =
        g_build_filename(g_getenv("SOURCE_ROOT"), "tests", "data", "logs", file, NULL);
    g_autoptr(GError) error = NULL;
    char *data;
    gsize size;

    g_file_get_contents(path, &data, &size, &error);
    g_assert_no_error(error);
    return g_bytes_new_take(data, size);
}

GArray *log_pcrs(const char *name)
{
    g_autoptr(GBytes) text = log_read(name, "pcrs.txt");
    const WireBytes bytes = log_bytes(text);
    g_autoptr(GError) error = NULL;
    GArray *values = pcr_values_parse((const char *)bytes.p, bytes.len, name, &error);

    g_assert_no_error(error);
    return values;
}

WireBytes log_bytes(GBytes *bytes)
{
    return dq_wire(dq_bytes_peek(bytes));
}

WireBytes log_quoted(const GArray *values, uint16_t alg, guint pcr)
{
    const PcrValue *v = pcr_values_find(values, alg, pcr);

    g_assert_nonnull(v);
    return (WireBytes){ v->value, v->size };
}

void log_put_le(GByteArray *out, uint64_t value, guint width)
{
    for (; width > 0; width--, value >>= 8) {
        g_byte_array_append(out, &(uint8_t){ value & 0xff }, 1);
    }
}

void log_put_text(GByteArray *out, const char *text)
{
    g_byte_array_append(out, (const uint8_t *)text, (guint)strlen(text));
}

WireBytes log_text(const char *text)
{
    return (WireBytes){ (const uint8_t *)text, strlen(text) };
}

void log_put_header(GByteArray *out)
{
    static const uint8_t zeroes[20];

    log_put_le(out, 0, 4);
    log_put_le(out, 3, 4);
    g_byte_array_append(out, zeroes, sizeof(zeroes));
    log_put_le(out, 16 + 12 + 8 + 1 + 2, 4);
    g_byte_array_append(out, (const uint8_t *)"Spec ID Event03", 16);
    log_put_le(out, 0, 4);          /* platform class */
    log_put_le(out, 0x02690200, 4); /* minor, major, errata, size of UINTN */
    log_put_le(out, 2, 4);
    log_put_le(out, TPM_ALG_SHA1, 2);
    log_put_le(out, 20, 2);
    log_put_le(out, TPM_ALG_SHA256, 2);
    log_put_le(out, 32, 2);
    log_put_le(out, 2, 1);
    log_put_text(out, "me");
}

void log_put_event(GByteArray *out, uint32_t pcr, uint32_t type, WireBytes data, WireBytes over)
{
    static const uint16_t algs[] = { TPM_ALG_SHA1, TPM_ALG_SHA256 };
    const DqBytes part = dq_unwire(over);
    uint8_t digest[DQ_DIGEST_MAX];

    log_put_le(out, pcr, 4);
    log_put_le(out, type, 4);
    log_put_le(out, G_N_ELEMENTS(algs), 4);
    for (gsize i = 0; i < G_N_ELEMENTS(algs); i++) {
        log_put_le(out, algs[i], 2);
        g_byte_array_append(out, digest, (guint)dq_digest(algs[i], &part, 1, digest));
    }
    log_put_le(out, data.len, 4);
    g_byte_array_append(out, data.p, (guint)data.len);
}
