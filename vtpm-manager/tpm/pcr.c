/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tpm/pcr.h"

#include <string.h>

#include "attest/pcr.h"

void tpm_pcr_to_tss(const WirePcrSelection *s, TPML_PCR_SELECTION *ret)
{
    memset(ret, 0, sizeof(*ret));
    ret->count = MIN(s->count, (uint32_t)G_N_ELEMENTS(ret->pcrSelections));
    for (uint32_t i = 0; i < ret->count; i++) {
        ret->pcrSelections[i].hash = s->bank[i].hash;
        ret->pcrSelections[i].sizeofSelect = s->bank[i].size;
        memcpy(ret->pcrSelections[i].pcrSelect, s->bank[i].select, s->bank[i].size);
    }
}

gboolean tpm_pcr_from_tss(const TPML_PCR_SELECTION *s, WirePcrSelection *ret)
{
    WirePcrSelection out = { 0 };

    if (s->count > G_N_ELEMENTS(out.bank)) {
        return FALSE;
    }
    out.count = s->count;
    for (uint32_t i = 0; i < s->count; i++) {
        uint8_t size = s->pcrSelections[i].sizeofSelect;

        if (size > sizeof(out.bank[i].select)) {
            return FALSE;
        }
        out.bank[i].hash = s->pcrSelections[i].hash;
        out.bank[i].size = size;
        memcpy(out.bank[i].select, s->pcrSelections[i].pcrSelect, size);
    }
    *ret = out;
    return TRUE;
}

gboolean tpm_pcr_merge(WirePcrSelection *whole, const WirePcrSelection *part, unsigned max_banks)
{
    WirePcrSelection merged = *whole;

    for (WirePcrWalk w = { 0 }; wire_pcr_next(part, &w);) {
        if (w.pcr >= TPM_PCRS || !wire_pcr_select(&merged, w.hash, w.pcr)) {
            return FALSE;
        }
    }
    if (merged.count > max_banks) {
        return FALSE;
    }
    *whole = merged;
    return TRUE;
}

TpmPcr *tpm_pcr_lookup(TpmPcrCache *cache, uint16_t hash, unsigned pcr)
{
    unsigned bank = 0;

    if (pcr >= TPM_PCRS) {
        return NULL;
    }
    while (bank < cache->banks && cache->hash[bank] != hash) {
        bank++;
    }
    if (bank == WIRE_PCR_BANKS_MAX) {
        return NULL;
    }
    if (bank == cache->banks) {
        cache->hash[bank] = hash;
        cache->banks++;
    }
    return &cache->pcr[bank][pcr];
}

unsigned tpm_pcr_store(TpmPcrCache *cache, const TPML_PCR_SELECTION *out, const TPML_DIGEST *values)
{
    unsigned stored = 0;

    for (uint32_t i = 0; i < out->count; i++) {
        const TPMS_PCR_SELECTION *bank = &out->pcrSelections[i];

        for (unsigned pcr = 0; pcr < TPM_PCRS && stored < values->count; pcr++) {
            const TPM2B_DIGEST *value = &values->digests[stored];
            TpmPcr *entry;

            if (pcr / 8 >= bank->sizeofSelect || !(bank->pcrSelect[pcr / 8] & 1u << pcr % 8)) {
                continue;
            }
            entry = tpm_pcr_lookup(cache, bank->hash, pcr);
            if (!entry || value->size > sizeof(entry->value)) {
                return stored;
            }
            entry->size = (uint8_t)value->size;
            memcpy(entry->value, value->buffer, value->size);
            stored++;
        }
    }
    return stored;
}

gboolean tpm_pcr_values(TpmPcrCache *cache, const WirePcrSelection *s, TpmPcr *ret,
                        unsigned *ret_count)
{
    unsigned count = 0;

    for (WirePcrWalk w = { 0 }; wire_pcr_next(s, &w);) {
        const TpmPcr *entry = tpm_pcr_lookup(cache, w.hash, w.pcr);

        if (!entry || entry->size == 0 || count == DEEPQUOTE_HOST_PCRS_MAX) {
            return FALSE;
        }
        ret[count++] = *entry;
    }
    *ret_count = count;
    return TRUE;
}

gboolean tpm_pcr_digest_matches(const TpmPcr *values, unsigned count, WireBytes digest)
{
    WireBytes parts[DEEPQUOTE_HOST_PCRS_MAX];

    g_return_val_if_fail(count <= G_N_ELEMENTS(parts), FALSE);

    for (unsigned i = 0; i < count; i++) {
        parts[i] = (WireBytes){ values[i].value, values[i].size };
    }
    return dq_pcr_digest_matches(TPM_ALG_SHA256, parts, count, digest);
}
