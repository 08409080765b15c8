/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "measure/part_list.h"

#include <string.h>

#include "measure/failure.h"

struct PartList {
    GArray *parts; /* WirePart */
    GStringChunk *names;
};

enum { NAMES_AT_ONCE = 4096 };

PartList *part_list_new(void)
{
    PartList *list = g_new0(PartList, 1);

    list->parts = g_array_new(FALSE, TRUE, sizeof(WirePart));
    list->names = g_string_chunk_new(NAMES_AT_ONCE);
    return list;
}

void part_list_free(PartList *list)
{
    if (list) {
        g_array_unref(list->parts);
        g_string_chunk_free(list->names);
        g_free(list);
    }
}

void part_list_add(PartList *list, WirePartKind kind, const char *path,
                   const uint8_t digest[DEEPQUOTE_HASH_SIZE])
{
    const char *slash = strrchr(path, '/');
    const char *name = g_string_chunk_insert(list->names, slash ? slash + 1 : path);
    WirePart part = { .kind = kind, .name = { (const uint8_t *)name, strlen(name) } };

    memcpy(part.digest, digest, sizeof(part.digest));
    g_array_append_val(list->parts, part);
}

void part_list_add_text(PartList *list, WirePartKind kind, const char *name, const char *text,
                        gsize len)
{
    g_autoptr(GChecksum) sum = g_checksum_new(G_CHECKSUM_SHA256);
    uint8_t digest[DEEPQUOTE_HASH_SIZE];
    gsize size = sizeof(digest);

    g_checksum_update(sum, (const guchar *)text, (gssize)len);
    g_checksum_get_digest(sum, digest, &size);
    part_list_add(list, kind, name, digest);
}

static int compare(gconstpointer a, gconstpointer b)
{
    return wire_part_compare(a, b);
}

/* The same file at two paths of one name is one part. */
static void sort(GArray *parts)
{
    g_array_sort(parts, compare);
    for (guint i = 1; i < parts->len;) {
        if (compare(&g_array_index(parts, WirePart, i - 1), &g_array_index(parts, WirePart, i)) ==
            0) {
            g_array_remove_index(parts, i);
        } else {
            i++;
        }
    }
}

GBytes *part_list_encode(PartList *list, const WirePartsForm *form, GError **error)
{
    g_autofree uint8_t *buf = g_malloc(WIRE_PARTS_SIZE_MAX);
    WireWriter w = WIRE_WRITER(buf, WIRE_PARTS_SIZE_MAX);

    sort(list->parts);
    if (!wire_put_parts(&w, form, (const WirePart *)list->parts->data, list->parts->len)) {
        measure_fail(error, "it runs more files than a list can have, or one without a name");
        return NULL;
    }
    return g_bytes_new(w.buf, w.len);
}
