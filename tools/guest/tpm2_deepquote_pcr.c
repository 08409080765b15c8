/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tpm2_deepquote_pcr.h"

#include <string.h>

#include "attest/pcr.h"
#include "wire/hash.h"

enum {
    PCR_COUNT = 24,         /* of a PC Client TPM */
    PCR_DIGESTS_MAX = 8,    /* in one response of TPM2_PCR_Read */
    PCR_READ_ATTEMPTS = 10, /* how often a change of a PCR starts reading again */
};

uint16_t pcr_hash_by_name(const char *name)
{
    g_autofree char *lower = g_ascii_strdown(name, -1);
    const WireHash *hash = wire_hash_find_name(lower, strlen(lower));

    return hash == NULL ? 0 : hash->alg;
}

static bool select_indices(const char *list, uint16_t hash, WirePcrSelection *s)
{
    g_auto(GStrv) items = g_strsplit(list, ",", -1);

    if (g_strcmp0(list, "all") == 0) {
        for (unsigned pcr = 0; pcr < PCR_COUNT; pcr++) {
            if (!wire_pcr_select(s, hash, pcr)) {
                return false;
            }
        }
        return true;
    }
    for (char **item = items; *item != NULL; item++) {
        guint64 pcr;

        if (!g_ascii_string_to_unsigned(*item, 10, 0, PCR_COUNT - 1, &pcr, NULL) ||
            !wire_pcr_select(s, hash, (unsigned)pcr)) {
            return false;
        }
    }
    return items[0] != NULL;
}

bool pcr_list_parse(const char *text, WirePcrSelection *ret, GError **error)
{
    g_auto(GStrv) banks = g_strsplit(text, "+", -1);
    WirePcrSelection s = { 0 };

    for (char **bank = banks; *bank != NULL; bank++) {
        char *colon = strchr(*bank, ':');
        uint16_t hash;

        if (colon != NULL) {
            *colon = '\0';
        }
        hash = colon != NULL ? pcr_hash_by_name(*bank) : 0;
        if (hash == 0 || !select_indices(colon + 1, hash, &s)) {
            s.count = 0;
            break;
        }
    }
    if (s.count == 0) {
        g_set_error(error, VTPM_ERROR, VTPM_ERROR_INPUT,
                    "'%s' is not a list of PCRs: write it like sha256:0,1,2+sha1:all", text);
        return false;
    }
    *ret = s;
    return true;
}

/** One answer of TPM2_PCR_Read. */
typedef struct PcrPage {
    uint32_t counter;
    WirePcrSelection pcrs;
    uint32_t count;
    WireBytes digest[PCR_DIGESTS_MAX];
} PcrPage;

static bool decode_page(WireReader r, PcrPage *ret)
{
    PcrPage page;

    if (!wire_get_u32(&r, &page.counter) || !wire_get_pcr_selection(&r, &page.pcrs) ||
        !wire_get_u32(&r, &page.count) || page.count > PCR_DIGESTS_MAX ||
        page.count != wire_pcr_count(&page.pcrs)) {
        return false;
    }
    for (uint32_t i = 0; i < page.count; i++) {
        if (!wire_get_tpm2b(&r, WIRE_DIGEST_MAX, &page.digest[i])) {
            return false;
        }
    }
    if (r.left != 0) {
        return false;
    }
    *ret = page;
    return true;
}

/** Whether each digest of @page has the size of its bank. */
static bool page_sizes_right(const PcrPage *page)
{
    uint32_t n = 0;

    for (uint32_t i = 0; i < page->pcrs.count; i++) {
        const WirePcrBank *bank = &page->pcrs.bank[i];

        for (unsigned pcr = 0; pcr < WIRE_PCR_SELECT_MAX * 8; pcr++) {
            if (wire_pcr_selected(bank, pcr) &&
                page->digest[n++].len != wire_hash_size(bank->hash)) {
                return false;
            }
        }
    }
    return true;
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

/** One pass over @pcrs. @ret_changed: whether a PCR changed between its commands. */
static bool read_pass(TSS2_TCTI_CONTEXT *tcti, uint32_t command, const WirePcrSelection *pcrs,
                      GByteArray *values, bool *ret_changed, GError **error)
{
    WirePcrSelection rest = *pcrs;
    uint32_t counter = 0;

    for (bool first = true; wire_pcr_count(&rest) > 0; first = false) {
        uint8_t buf[WIRE_TPM_BUFFER_MAX];
        WireReader body;
        PcrPage page;

        if (!vtpm_check(exchange_pcr_read(tcti, command, &rest, buf, &body), "reading PCRs",
                        error)) {
            return false;
        }
        if (!decode_page(body, &page) || !page_sizes_right(&page) ||
            !wire_pcr_covers(&rest, &page.pcrs)) {
            g_set_error(error, VTPM_ERROR, VTPM_ERROR_MALFORMED,
                        "the TPM's answer with PCR values is malformed");
            return false;
        }
        if (page.count == 0) {
            g_set_error(error, VTPM_ERROR, VTPM_ERROR_TPM,
                        "the TPM lacks some of these PCR banks: see tpm2_getcap pcrs");
            return false;
        }
        if (!first && page.counter != counter) {
            *ret_changed = true;
            return true;
        }
        counter = page.counter;
        for (uint32_t i = 0; i < page.count; i++) {
            g_byte_array_append(values, page.digest[i].p, (guint)page.digest[i].len);
        }
        unselect(&rest, &page.pcrs);
    }
    *ret_changed = false;
    return true;
}

bool pcr_read(TSS2_TCTI_CONTEXT *tcti, uint32_t command, const WirePcrSelection *pcrs,
              GByteArray **ret_values, GError **error)
{
    for (int attempt = 0; attempt < PCR_READ_ATTEMPTS; attempt++) {
        g_autoptr(GByteArray) values = g_byte_array_new();
        bool changed;

        if (!read_pass(tcti, command, pcrs, values, &changed, error)) {
            return false;
        }
        if (!changed) {
            *ret_values = g_steal_pointer(&values);
            return true;
        }
    }
    g_set_error(error, VTPM_ERROR, VTPM_ERROR_TPM,
                "PCRs keep changing while they are read: try again when the machine is quiet");
    return false;
}

bool pcr_digest_equals(const GByteArray *values, WireBytes digest)
{
    const WireBytes all = { values->data, values->len };

    return dq_pcr_digest_matches(TPM_ALG_NULL, &all, 1, digest);
}
