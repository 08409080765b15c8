/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tpm2_deepquote_pcr.h"
#include "tpm2_deepquote_interrupt.h"

#include <string.h>

#include "attest/pcr.h"
#include "attest/bytes.h"
#include "attest/digest.h"
#include "wire/hash.h"

enum {
    PCR_DIGESTS_MAX = 8,    /* in one response of TPM2_PCR_Read */
    PCR_READ_ATTEMPTS = 10, /* how often a change of a PCR starts reading again */
};

void pcr_selection_to_tss(const WirePcrSelection *s, TPML_PCR_SELECTION *ret)
{
    *ret = (TPML_PCR_SELECTION){ .count = s->count };
    for (uint32_t i = 0; i < s->count; i++) {
        ret->pcrSelections[i].hash = s->bank[i].hash;
        ret->pcrSelections[i].sizeofSelect = s->bank[i].size;
        for (unsigned b = 0; b < s->bank[i].size; b++) {
            ret->pcrSelections[i].pcrSelect[b] = s->bank[i].select[b];
        }
    }
}

/** One answer of TPM2_PCR_Read. */
typedef struct PcrPage {
    uint32_t counter;
    WirePcrSelection pcrs;
    uint32_t count;
    WireBytes digest[PCR_DIGESTS_MAX];
} PcrPage;

static gboolean decode_page(WireReader r, PcrPage *ret)
{
    PcrPage page;

    if (!wire_get_u32(&r, &page.counter) || !wire_get_pcr_selection(&r, &page.pcrs) ||
        !wire_get_u32(&r, &page.count) || page.count > PCR_DIGESTS_MAX ||
        page.count != wire_pcr_count(&page.pcrs)) {
        return FALSE;
    }
    for (uint32_t i = 0; i < page.count; i++) {
        if (!wire_get_tpm2b(&r, WIRE_DIGEST_MAX, &page.digest[i])) {
            return FALSE;
        }
    }
    if (r.left != 0) {
        return FALSE;
    }
    *ret = page;
    return TRUE;
}

/** Whether each digest of @page has the size of its bank. */
static gboolean page_sizes_right(const PcrPage *page)
{
    uint32_t n = 0;

    for (WirePcrWalk w = { 0 }; wire_pcr_next(&page->pcrs, &w);) {
        if (page->digest[n++].len != wire_hash_size(w.hash)) {
            return FALSE;
        }
    }
    return TRUE;
}

/** Takes the PCRs of @part, which @s selects, out of @s. */
static void unselect(WirePcrSelection *s, const WirePcrSelection *part)
{
    for (uint32_t i = 0; i < s->count; i++) {
        for (uint32_t j = 0; j < part->count; j++) {
            for (unsigned b = 0; b < WIRE_PCR_SELECT_MAX; b++) {
                if (s->bank[i].hash == part->bank[j].hash && b < part->bank[j].size) {
                    s->bank[i].select[b] &= (uint8_t)~part->bank[j].select[b];
                }
            }
        }
    }
}

static TSS2_RC exchange_pcr_read(TSS2_TCTI_CONTEXT *tcti, uint32_t command,
                                 const WirePcrSelection *pcrs, uint8_t *buf, WireReader *ret)
{
    uint8_t out[256];
    WireWriter w = WIRE_WRITER(out, sizeof(out));
    const WireTpmHeader h = { TPM_ST_NO_SESSIONS, 0, command };

    g_assert(wire_put_tpm_header(&w, &h) && wire_put_pcr_selection(&w, pcrs) &&
             wire_set_u32(&w, 2, (uint32_t)w.len));
    return vtpm_exchange(tcti, wire_written(&w), buf, ret);
}

/** Reading all PCRs once, under one value of the TPM's update counter. */
typedef struct PcrPass {
    TSS2_TCTI_CONTEXT *tcti;
    uint32_t command;
    GByteArray *values;
    gboolean first, changed; /* @changed: a PCR changed between two commands */
    uint32_t counter;
} PcrPass;

static gboolean take_page(PcrPass *pass, const PcrPage *page, GError **error)
{
    if (page->count == 0) {
        g_set_error(error, VTPM_ERROR, VTPM_ERROR_TPM,
                    "the TPM lacks some of these PCR banks: see tpm2_getcap pcrs");
        return FALSE;
    }
    pass->changed = !pass->first && page->counter != pass->counter;
    pass->first = FALSE;
    pass->counter = page->counter;
    for (uint32_t i = 0; i < page->count; i++) {
        g_byte_array_append(pass->values, page->digest[i].p, (guint)page->digest[i].len);
    }
    return TRUE;
}

/** One bank at a time: one that is selected twice is read twice. */
static gboolean read_bank(PcrPass *pass, const WirePcrBank *bank, GError **error)
{
    WirePcrSelection rest = { 1, { *bank } };

    while (wire_pcr_count(&rest) > 0 && !pass->changed) {
        uint8_t buf[WIRE_TPM_BUFFER_MAX];
        WireReader body;
        PcrPage page;

        if (!interrupt_check(error) ||
            !vtpm_check(exchange_pcr_read(pass->tcti, pass->command, &rest, buf, &body),
                        "reading PCRs", error)) {
            return FALSE;
        }
        if (!decode_page(body, &page) || !page_sizes_right(&page) ||
            !wire_pcr_covers(&rest, &page.pcrs)) {
            g_set_error(error, VTPM_ERROR, VTPM_ERROR_MALFORMED,
                        "the TPM's answer with PCR values is malformed");
            return FALSE;
        }
        if (!take_page(pass, &page, error)) {
            return FALSE;
        }
        unselect(&rest, &page.pcrs);
    }
    return TRUE;
}

gboolean pcr_read(TSS2_TCTI_CONTEXT *tcti, uint32_t command, const WirePcrSelection *pcrs,
                  GByteArray **ret_values, GError **error)
{
    for (int attempt = 0; attempt < PCR_READ_ATTEMPTS; attempt++) {
        g_autoptr(GByteArray) values = g_byte_array_new();
        PcrPass pass = { tcti, command, values, .first = TRUE };

        for (uint32_t i = 0; i < pcrs->count && !pass.changed; i++) {
            if (!read_bank(&pass, &pcrs->bank[i], error)) {
                return FALSE;
            }
        }
        if (!pass.changed) {
            *ret_values = g_steal_pointer(&values);
            return TRUE;
        }
    }
    g_set_error(error, VTPM_ERROR, VTPM_ERROR_TPM,
                "PCRs keep changing while they are read: try again when the machine is quiet");
    return FALSE;
}

size_t pcr_digest(uint16_t hash, GBytes *values, uint8_t *ret)
{
    const DqBytes all = dq_bytes_peek(values);

    return dq_digest(hash, &all, 1, ret);
}

gboolean pcr_digest_equals(const GByteArray *values, WireBytes digest)
{
    const WireBytes all = { values->data, values->len };

    return dq_pcr_digest_matches(TPM_ALG_NULL, &all, 1, digest);
}

/** tpm2-tools writes its structures as they are in memory, numbers in little-endian order. */
static void append_selection(GByteArray *out, const WirePcrSelection *s)
{
    TPML_PCR_SELECTION list;

    pcr_selection_to_tss(s, &list);
    for (uint32_t i = 0; i < list.count; i++) {
        list.pcrSelections[i].hash = GUINT16_TO_LE(list.pcrSelections[i].hash);
    }
    list.count = GUINT32_TO_LE(list.count);
    g_byte_array_append(out, (const uint8_t *)&list, sizeof(list));
}

/** Digests of up to eight PCRs, as one answer of TPM2_PCR_Read has them. */
static void append_digests(GByteArray *out, const WireBytes *digest, uint32_t count)
{
    TPML_DIGEST list = { .count = GUINT32_TO_LE(count) };

    for (uint32_t i = 0; i < count; i++) {
        list.digests[i].size = GUINT16_TO_LE((UINT16)digest[i].len);
        memcpy(list.digests[i].buffer, digest[i].p, digest[i].len);
    }
    g_byte_array_append(out, (const uint8_t *)&list, sizeof(list));
}

GBytes *pcr_serialize(const WirePcrSelection *pcrs, const GByteArray *values)
{
    g_autoptr(GByteArray) out = g_byte_array_new();
    const uint32_t n = (uint32_t)wire_pcr_count(pcrs);
    const uint32_t lists = GUINT32_TO_LE((n + PCR_DIGESTS_MAX - 1) / PCR_DIGESTS_MAX);
    WireBytes digest[DQ_PCRS_MAX];

    g_return_val_if_fail(dq_pcr_split(pcrs, (DqBytes){ values->data, values->len }, digest), NULL);
    append_selection(out, pcrs);
    g_byte_array_append(out, (const uint8_t *)&lists, sizeof(lists));
    for (uint32_t at = 0; at < n; at += PCR_DIGESTS_MAX) {
        append_digests(out, digest + at, MIN(n - at, (uint32_t)PCR_DIGESTS_MAX));
    }
    return g_byte_array_free_to_bytes(g_steal_pointer(&out));
}
