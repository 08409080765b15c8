/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "pcr_values.h"

#include "attest/deepquote.h"
#include "common/input.h"
#include "common/pcr-list.h"
#include "wire/hash.h"

#include <string.h>

enum {
    PCR_LAST = 23,
    WORDS_MAX = 3,
};

const PcrValue *pcr_values_find(const GArray *values, uint16_t alg, guint pcr)
{
    for (guint i = 0; i < values->len; i++) {
        const PcrValue *v = &g_array_index(values, PcrValue, i);

        if (v->alg == alg && v->pcr == pcr) {
            return v;
        }
    }
    return NULL;
}

/* The words of a line; colons are blanks. NULL at the end of what is there. */
static guint split(char *line, char *ret_words[WORDS_MAX + 1])
{
    guint count = 0;
    char *rest = NULL;

    for (char *word = strtok_r(line, " \t\r:", &rest); word && count <= WORDS_MAX;
         word = strtok_r(NULL, " \t\r:", &rest)) {
        ret_words[count++] = word;
    }
    return count;
}

static gboolean read_value(uint16_t alg, const char *number, const char *digits, PcrValue *ret)
{
    const gboolean marked = g_ascii_strncasecmp(digits, "0x", 2) == 0;
    g_autoptr(GBytes) bytes = dq_hex_decode(digits + (marked ? 2 : 0), NULL);
    uint64_t pcr;

    if (alg == 0 || !bytes || g_bytes_get_size(bytes) != wire_hash_size(alg) ||
        !input_number(number, PCR_LAST, &pcr)) {
        return FALSE;
    }
    *ret = (PcrValue){ .alg = alg, .pcr = (guint)pcr, .size = g_bytes_get_size(bytes) };
    memcpy(ret->value, g_bytes_get_data(bytes, NULL), ret->size);
    return TRUE;
}

/* A bank's name, a PCR of the last bank named, or both in one line. */
static gboolean read_line(char *line, uint16_t *inout_alg, GArray *values)
{
    char *words[WORDS_MAX + 1];
    const guint count = split(line, words);
    PcrValue v;

    if (count == 0) {
        return TRUE;
    }
    if (count == 1) {
        *inout_alg = hash_parse(words[0]);
        return *inout_alg != 0;
    }
    if (count > WORDS_MAX ||
        !read_value(count == WORDS_MAX ? hash_parse(words[0]) : *inout_alg, words[count - 2],
                    words[count - 1], &v) ||
        pcr_values_find(values, v.alg, v.pcr)) {
        return FALSE;
    }
    g_array_append_val(values, v);
    return TRUE;
}

static int by_bank_and_number(gconstpointer a, gconstpointer b)
{
    const PcrValue *v = a, *w = b;

    return v->alg != w->alg ? v->alg - w->alg : (int)v->pcr - (int)w->pcr;
}

GArray *pcr_values_parse(const char *text, gsize len, const char *name, GError **error)
{
    g_autoptr(GArray) values = g_array_new(FALSE, TRUE, sizeof(PcrValue));
    g_autofree char *copy = g_strndup(text, len);
    g_auto(GStrv) lines = g_strsplit(strlen(copy) == len ? copy : "not text", "\n", -1);
    uint16_t alg = 0;

    for (guint i = 0; lines[i]; i++) {
        if (!read_line(lines[i], &alg, values)) {
            g_set_error(error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE,
                        "%s: line %u is no value of a PCR: give what tpm2_pcrread prints, or lines "
                        "like sha256 0 0123...",
                        name, i + 1);
            return NULL;
        }
    }
    if (values->len == 0) {
        g_set_error(error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE,
                    "%s: it has no values of PCRs: give what tpm2_pcrread prints", name);
        return NULL;
    }
    g_array_sort(values, by_bank_and_number);
    return g_steal_pointer(&values);
}
