/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The text of an entry. There is one way to write each: what is read is written again to compare.
 */
#include "store/entry.h"

#include "attest/deepquote.h"

#include <string.h>

#define LINE_MAX_BYTES 256 /* more than the first line has */

static const char *const kinds[] = {
    [DQ_ENTRY_VERDICT] = "verdict",
    [DQ_ENTRY_PRUNED] = "pruned",
};

static char *first_line(const DqEntry *e)
{
    g_autofree char *previous = dq_hex_encode(e->previous, sizeof(e->previous));

    return g_strdup_printf("deepquote-entry 1 %" G_GINT64_FORMAT " %" G_GINT64_FORMAT " %s %s\n",
                           e->number, e->at, previous, kinds[e->kind]);
}

GBytes *dq_entry_write(const DqEntry *entry)
{
    g_autofree char *line = first_line(entry);
    GByteArray *text = g_byte_array_new();

    g_byte_array_append(text, (const uint8_t *)line, (guint)strlen(line));
    g_byte_array_append(text, entry->body, (guint)entry->body_len);
    return g_byte_array_free_to_bytes(text);
}

static gboolean read_kind(const char *word, DqEntryKind *ret_kind)
{
    for (gsize i = DQ_ENTRY_VERDICT; i < G_N_ELEMENTS(kinds); i++) {
        if (g_str_equal(word, kinds[i])) {
            *ret_kind = (DqEntryKind)i;
            return TRUE;
        }
    }
    return FALSE;
}

static gboolean read_words(char **words, DqEntry *e)
{
    g_autoptr(GBytes) previous = NULL;

    if (g_strv_length(words) != 6 ||
        !g_ascii_string_to_signed(words[2], 10, 1, G_MAXINT64, &e->number, NULL) ||
        !g_ascii_string_to_signed(words[3], 10, 0, G_MAXINT64, &e->at, NULL) ||
        !read_kind(words[5], &e->kind)) {
        return FALSE;
    }
    previous = dq_hex_decode(words[4], NULL);
    if (!previous || g_bytes_get_size(previous) != DQ_HASH_SIZE) {
        return FALSE;
    }
    memcpy(e->previous, g_bytes_get_data(previous, NULL), DQ_HASH_SIZE);
    return TRUE;
}

gboolean dq_entry_read(const uint8_t *text, gsize size, DqEntry *ret_entry)
{
    const uint8_t *end = size > 0 ? memchr(text, '\n', MIN(size, LINE_MAX_BYTES)) : NULL;
    const gsize len = end ? (gsize)(end - text) + 1 : 0;
    g_autofree char *line = g_strndup(len > 0 ? (const char *)text : "", len);
    g_autofree char *again = NULL;
    g_auto(GStrv) words = NULL;
    DqEntry e = { 0 };

    words = g_strsplit(g_strchomp(line), " ", -1);
    if (len == 0 || !read_words(words, &e)) {
        return FALSE;
    }
    again = first_line(&e);
    if (strlen(again) != len || memcmp(again, text, len) != 0) {
        return FALSE;
    }
    e.body = text + len;
    e.body_len = size - len;
    *ret_entry = e;
    return TRUE;
}
