/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "wire/pcr.h"

#include <string.h>

static WirePcrError get_bank(WireReader *r, WirePcrBank *ret)
{
    if (!wire_get_u16(r, &ret->hash) || !wire_get_u8(r, &ret->size)) {
        return WIRE_PCR_TRUNCATED;
    }
    if (ret->size == 0 || ret->size > WIRE_PCR_SELECT_MAX) {
        return WIRE_PCR_BAD_SIZE_OF_SELECT;
    }
    if (!wire_get_copy(r, ret->size, ret->select)) {
        return WIRE_PCR_TRUNCATED;
    }
    return WIRE_PCR_OK;
}

WirePcrError wire_get_pcr_selection_max(WireReader *r, uint32_t max_banks, WirePcrSelection *ret)
{
    WireReader t = *r;
    WirePcrSelection s = { 0 };
    WirePcrError error;

    if (!wire_get_u32(&t, &s.count)) {
        return WIRE_PCR_TRUNCATED;
    }
    if (s.count > max_banks || s.count > WIRE_PCR_BANKS_MAX) {
        return WIRE_PCR_TOO_MANY_BANKS;
    }
    for (uint32_t i = 0; i < s.count; i++) {
        error = get_bank(&t, &s.bank[i]);
        if (error != WIRE_PCR_OK) {
            return error;
        }
    }
    *ret = s;
    *r = t;
    return WIRE_PCR_OK;
}

bool wire_get_pcr_selection(WireReader *r, WirePcrSelection *ret)
{
    return wire_get_pcr_selection_max(r, WIRE_PCR_BANKS_MAX, ret) == WIRE_PCR_OK;
}

bool wire_put_pcr_selection(WireWriter *w, const WirePcrSelection *s)
{
    WireWriter t = *w;

    if (s->count > WIRE_PCR_BANKS_MAX || !wire_put_u32(&t, s->count)) {
        return false;
    }
    for (uint32_t i = 0; i < s->count; i++) {
        const WirePcrBank *b = &s->bank[i];

        if (b->size == 0 || b->size > WIRE_PCR_SELECT_MAX || !wire_put_u16(&t, b->hash) ||
            !wire_put_u8(&t, b->size) || !wire_put_bytes(&t, (WireBytes){ b->select, b->size })) {
            return false;
        }
    }
    *w = t;
    return true;
}

bool wire_pcr_selected(const WirePcrBank *bank, unsigned pcr)
{
    return pcr / 8 < bank->size && (bank->select[pcr / 8] >> (pcr % 8) & 1) != 0;
}

bool wire_pcr_next(const WirePcrSelection *s, WirePcrWalk *walk)
{
    for (; walk->bank < s->count; walk->bank++, walk->next = 0) {
        const WirePcrBank *bank = &s->bank[walk->bank];

        while (walk->next < bank->size * 8u) {
            unsigned pcr = walk->next++;

            if (wire_pcr_selected(bank, pcr)) {
                walk->hash = bank->hash;
                walk->pcr = pcr;
                return true;
            }
        }
    }
    return false;
}

bool wire_pcr_select(WirePcrSelection *s, uint16_t hash, unsigned pcr)
{
    WirePcrBank *b = NULL;

    if (pcr >= WIRE_PCR_SELECT_MAX * 8) {
        return false;
    }
    for (uint32_t i = 0; i < s->count && !b; i++) {
        b = s->bank[i].hash == hash ? &s->bank[i] : NULL;
    }
    if (!b) {
        if (s->count >= WIRE_PCR_BANKS_MAX) {
            return false;
        }
        b = &s->bank[s->count++];
        *b = (WirePcrBank){ .hash = hash, .size = 3 };
    }
    if (pcr / 8 >= b->size) {
        memset(b->select + b->size, 0, sizeof(b->select) - b->size);
        b->size = (uint8_t)(pcr / 8 + 1);
    }
    b->select[pcr / 8] = (uint8_t)(b->select[pcr / 8] | 1u << (pcr % 8));
    return true;
}

bool wire_pcr_merge(WirePcrSelection *whole, const WirePcrSelection *part)
{
    WirePcrSelection merged = *whole;

    for (WirePcrWalk w = { 0 }; wire_pcr_next(part, &w);) {
        if (!wire_pcr_select(&merged, w.hash, w.pcr)) {
            return false;
        }
    }
    *whole = merged;
    return true;
}

size_t wire_pcr_count(const WirePcrSelection *s)
{
    size_t n = 0;

    for (uint32_t i = 0; i < s->count; i++) {
        for (unsigned byte = 0; byte < s->bank[i].size; byte++) {
            n += (size_t)__builtin_popcount(s->bank[i].select[byte]);
        }
    }
    return n;
}

static bool selects(const WirePcrSelection *s, uint16_t hash, unsigned pcr)
{
    for (uint32_t i = 0; i < s->count; i++) {
        if (s->bank[i].hash == hash && wire_pcr_selected(&s->bank[i], pcr)) {
            return true;
        }
    }
    return false;
}

bool wire_pcr_covers(const WirePcrSelection *whole, const WirePcrSelection *part)
{
    for (WirePcrWalk w = { 0 }; wire_pcr_next(part, &w);) {
        if (!selects(whole, w.hash, w.pcr)) {
            return false;
        }
    }
    return true;
}
