/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "packages_index.h"

#include <string.h>

enum { PACKAGE, FILENAME, SHA256, FIELDS };

static const char *const names[FIELDS] = {
    [PACKAGE] = "Package",
    [FILENAME] = "Filename",
    [SHA256] = "SHA256",
};

/** A stanza that is being read. */
typedef struct Stanza {
    char *field[FIELDS];
    gboolean begun;
} Stanza;

static void stanza_clear(Stanza *stanza)
{
    for (gsize i = 0; i < FIELDS; i++) {
        g_clear_pointer(&stanza->field[i], g_free);
    }
    stanza->begun = FALSE;
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Stanza, stanza_clear)

static gboolean fail(GError **error, gsize line, const char *why)
{
    g_set_error(error, DQ_ERROR, DQ_ERROR_VALUE, "line %" G_GSIZE_FORMAT ": %s", line, why);
    return FALSE;
}

/* Nothing in it leads out of the repository. */
static gboolean is_below(const char *file)
{
    g_auto(GStrv) parts = g_strsplit(file, "/", -1);

    for (char **part = parts; *part; part++) {
        if (g_str_equal(*part, "..") || **part == '\0') {
            return FALSE;
        }
    }
    return parts[0] != NULL;
}

static gboolean read_digest(const char *text, uint8_t ret[DQ_HASH_SIZE])
{
    g_autoptr(GBytes) bytes = dq_hex_decode(text, NULL);

    if (!bytes || g_bytes_get_size(bytes) != DQ_HASH_SIZE) {
        return FALSE;
    }
    memcpy(ret, g_bytes_get_data(bytes, NULL), DQ_HASH_SIZE);
    return TRUE;
}

static gboolean end_stanza(Stanza *s, gsize line, IndexedHandler handler, gpointer data,
                           GError **error)
{
    IndexedPackage package = { s->field[PACKAGE], s->field[FILENAME], { 0 } };
    gboolean ok;

    if (!s->begun) {
        return TRUE;
    }
    if (!package.name || !package.file || !s->field[SHA256] ||
        !read_digest(s->field[SHA256], package.digest)) {
        return fail(error, line, "a package before it has no Package, Filename or SHA256");
    }
    if (!is_below(package.file)) {
        return fail(error, line, "a package before it has a Filename outside the repository");
    }
    ok = handler(&package, data, error);
    stanza_clear(s);
    return ok;
}

/* One line of a stanza; lines that go on with a field begin with a blank. */
static gboolean read_field(Stanza *s, char *text, gsize line, GError **error)
{
    char *colon = strchr(text, ':');

    if (*text == ' ' || *text == '\t') {
        return s->begun || fail(error, line, "it goes on with nothing");
    }
    if (!colon || colon == text) {
        return fail(error, line, "it is no field");
    }
    *colon = '\0';
    s->begun = TRUE;
    for (gsize i = 0; i < FIELDS; i++) {
        if (g_ascii_strcasecmp(text, names[i]) == 0) {
            if (s->field[i]) {
                return fail(error, line, "a field is there twice");
            }
            s->field[i] = g_strdup(g_strstrip(colon + 1));
        }
    }
    return TRUE;
}

gboolean packages_index_read(DqBytes text, IndexedHandler handler, gpointer data, GError **error)
{
    g_auto(Stanza) stanza = { 0 };
    const char *at = (const char *)text.data;
    gsize left = text.len;
    gsize line = 0;
    gboolean ok = TRUE;

    if (left > 0 && memchr(at, '\0', left)) {
        return fail(error, 1, "it is no text");
    }
    while (ok && left > 0) {
        const char *newline = memchr(at, '\n', left);
        const gsize len = newline ? (gsize)(newline - at) : left;
        g_autofree char *copy = g_strndup(at, len);

        line++;
        ok = *g_strchomp(copy) == '\0' ? end_stanza(&stanza, line, handler, data, error)
                                       : read_field(&stanza, copy, line, error);
        at += len + (newline != NULL);
        left -= len + (newline != NULL);
    }
    return ok && end_stanza(&stanza, line, handler, data, error);
}

char *packages_index_repository(const char *path)
{
    g_autofree char *canonical = g_canonicalize_filename(path, NULL);
    char *dists = g_strrstr(canonical, "/dists/");

    if (!dists) {
        return g_path_get_dirname(canonical);
    }
    *dists = '\0';
    return g_strdup(*canonical ? canonical : "/");
}
