/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "common/pcr-list.h"

#include "common/input.h"
#include "wire/hash.h"

#include <string.h>

enum {
    PCR_COUNT = 24, /* of a PC Client TPM */
    PCR_BYTES = PCR_COUNT / 8,
};

uint16_t hash_parse(const char *text)
{
    g_autofree char *lower = g_ascii_strdown(text, -1);
    const WireHash *hash = wire_hash_find_name(lower, strlen(lower));
    uint64_t number;

    if (!hash && input_number(text, G_MAXUINT16, &number)) {
        hash = wire_hash_find((uint16_t)number);
    }
    return hash ? hash->alg : 0;
}

static gboolean select_pcrs(char *list, WirePcrBank *bank)
{
    g_auto(GStrv) items = g_strsplit(list, ",", -1);

    if (strcmp(list, "none") == 0) {
        return TRUE;
    }
    if (strcmp(list, "all") == 0) {
        memset(bank->select, 0xff, PCR_BYTES);
        return TRUE;
    }
    for (char **item = items; *item; item++) {
        uint64_t pcr;

        if (!input_number(g_strstrip(*item), PCR_COUNT - 1, &pcr)) {
            return FALSE;
        }
        bank->select[pcr / 8] = (uint8_t)(bank->select[pcr / 8] | 1u << (pcr % 8));
    }
    return items[0] != NULL;
}

static gboolean parse_bank(char *text, WirePcrSelection *s)
{
    WirePcrBank bank = { .size = PCR_BYTES };
    char *colon = strchr(text, ':');

    if (!colon || s->count >= G_N_ELEMENTS(s->bank)) {
        return FALSE;
    }
    *colon = '\0';
    bank.hash = hash_parse(g_strstrip(text));
    if (bank.hash == 0 || !select_pcrs(g_strstrip(colon + 1), &bank)) {
        return FALSE;
    }
    s->bank[s->count++] = bank;
    return TRUE;
}

gboolean pcr_list_parse(const char *option, const char *text, WirePcrSelection *ret, GError **error)
{
    g_auto(GStrv) banks = g_strsplit(text, "+", -1);
    WirePcrSelection s = { 0 };

    for (char **bank = banks; *bank; bank++) {
        if (!parse_bank(*bank, &s)) {
            g_autofree char *shown = g_strescape(text, NULL);

            g_set_error(error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE,
                        "%s: '%.200s' is no list of PCRs 0 to %d: write it like "
                        "sha256:0,1,2+sha1:all",
                        option, shown, PCR_COUNT - 1);
            return FALSE;
        }
    }
    if (wire_pcr_count(&s) == 0) {
        g_set_error(error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE,
                    "%s: name at least one PCR, such as sha256:0", option);
        return FALSE;
    }
    *ret = s;
    return TRUE;
}

void pcr_list_merge(const WirePcrSelection *s, WirePcrSelection *ret)
{
    WirePcrSelection merged = { 0 };

    wire_pcr_merge(&merged, s); /* no more banks than there were */
    *ret = merged;
}
