/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A package is an ar of debian-binary, control.tar.* and data.tar.*: one archive in another. */
#include "deb_files.h"

#include <archive.h>
#include <archive_entry.h>
#include <string.h>

enum {
    BLOCK = 64 * 1024,
    CONTROL_MAX = 1 << 20, /* bytes of the file control */
};

/** A package that is being read. */
typedef struct Deb {
    struct archive *outer, *inner;
    uint8_t block[BLOCK];
    GHashTable *digests; /* names of files -> 32 bytes, for hard links */
    DebPackage package;
    const DebHandler *handler;
    gpointer data;
} Deb;

static gboolean fail(const char *why, GError **error)
{
    g_set_error(error, DQ_ERROR, DQ_ERROR_VALUE, "it is no Debian package that can be read: %s",
                why ? why : "it is damaged");
    return FALSE;
}

/* The bytes of the member at which the outer archive is, for the inner one. */
static la_ssize_t read_member(struct archive *inner, void *data, const void **ret_block)
{
    Deb *deb = data;
    const la_ssize_t n = archive_read_data(deb->outer, deb->block, sizeof(deb->block));

    if (n < 0) {
        archive_set_error(inner, archive_errno(deb->outer), "%s", archive_error_string(deb->outer));
        return ARCHIVE_FATAL;
    }
    *ret_block = deb->block;
    return n;
}

/* ------------------------------------------------------------------------------- Its files */

/* As it is measured: without the point at its beginning. */
static char *absolute(const char *name)
{
    while (g_str_has_prefix(name, "./")) {
        name += 2;
    }
    return g_strconcat(name[0] == '/' ? "" : "/", name, NULL);
}

static gboolean digest_of(struct archive *a, uint8_t ret[DQ_HASH_SIZE])
{
    g_autoptr(GChecksum) sum = g_checksum_new(G_CHECKSUM_SHA256);
    gsize len = DQ_HASH_SIZE;
    const void *data;
    size_t size;
    la_int64_t offset, end = 0;
    int code;

    while ((code = archive_read_data_block(a, &data, &size, &offset)) == ARCHIVE_OK &&
           offset == end) { /* no holes: dpkg makes none */
        g_checksum_update(sum, data, (gssize)size);
        end += (la_int64_t)size;
    }
    g_checksum_get_digest(sum, ret, &len);
    return code == ARCHIVE_EOF;
}

static gboolean take_entry(Deb *deb, struct archive_entry *entry, GError **error)
{
    const char *name = archive_entry_pathname(entry);
    const char *link = archive_entry_hardlink(entry);
    g_autofree char *full = name ? absolute(name) : NULL;
    uint8_t digest[DQ_HASH_SIZE];
    const uint8_t *known;

    if (!full) {
        return fail("a file in it has no name", error);
    }
    if (link) {
        g_autofree char *other = absolute(link);

        known = g_hash_table_lookup(deb->digests, other);
        if (!known) {
            return fail("a name in it is of a file that is not", error);
        }
    } else if (archive_entry_filetype(entry) != AE_IFREG) {
        return TRUE;
    } else if (!digest_of(deb->inner, digest)) {
        return fail(archive_error_string(deb->inner), error);
    } else {
        known = digest;
        g_hash_table_insert(deb->digests, g_strdup(full), g_memdup2(digest, sizeof(digest)));
    }
    deb->handler->file(full, known, deb->data);
    return TRUE;
}

/* Those that dpkg knows. Of libarchive's others some have a program run that reads the bytes. */
static int (*const compressions[])(struct archive *) = {
    archive_read_support_filter_gzip,  archive_read_support_filter_xz,
    archive_read_support_filter_zstd,  archive_read_support_filter_lzma,
    archive_read_support_filter_bzip2,
};

/* Opens the member at which the outer archive is, as a tar. */
static gboolean open_inner(Deb *deb, GError **error)
{
    archive_read_free(deb->inner);
    deb->inner = archive_read_new();
    archive_read_support_format_tar(deb->inner);
    for (gsize i = 0; i < G_N_ELEMENTS(compressions); i++) {
        compressions[i](deb->inner);
    }
    return archive_read_open(deb->inner, deb, NULL, read_member, NULL) == ARCHIVE_OK ||
           fail(archive_error_string(deb->inner), error);
}

typedef gboolean (*TakeEntry)(Deb *deb, struct archive_entry *entry, GError **error);

static gboolean take_all(Deb *deb, TakeEntry take, GError **error)
{
    struct archive_entry *entry;
    int code;

    if (!open_inner(deb, error)) {
        return FALSE;
    }
    while ((code = archive_read_next_header(deb->inner, &entry)) == ARCHIVE_OK) {
        if (!take(deb, entry, error)) {
            return FALSE;
        }
    }
    return code == ARCHIVE_EOF || fail(archive_error_string(deb->inner), error);
}

/* ------------------------------------------------------------------------------- Its control */

static void package_clear(DebPackage *p)
{
    g_free(p->name);
    g_free(p->version);
    g_free(p->source);
    g_free(p->source_version);
}

/* The value of a field, whose first line it is; NULL where there is none. */
static char *field(const char *control, const char *name)
{
    g_auto(GStrv) lines = g_strsplit(control, "\n", -1);
    const gsize len = strlen(name);

    for (char **line = lines; *line; line++) {
        if (g_ascii_strncasecmp(*line, name, len) == 0 && (*line)[len] == ':') {
            return g_strdup(g_strstrip(*line + len + 1));
        }
    }
    return NULL;
}

/* "NAME" or "NAME (VERSION)"; without it, it is called as the package. */
static void set_source(DebPackage *p, char *source)
{
    char *open = source ? strstr(source, " (") : NULL;

    p->source = g_strdup(source ? source : p->name);
    p->source_version = g_strdup(p->version);
    if (open && g_str_has_suffix(open, ")")) {
        p->source[open - source] = '\0';
        g_free(p->source_version);
        p->source_version = g_strndup(open + 2, strlen(open) - 3);
    }
    g_free(source);
}

static gboolean take_control(Deb *deb, struct archive_entry *entry, GError **error)
{
    const char *name = archive_entry_pathname(entry);
    const la_int64_t size = archive_entry_size(entry);
    g_autofree char *full = name ? absolute(name) : NULL;
    g_autofree char *text = NULL;

    if (g_strcmp0(full, "/control") != 0 || deb->package.name) {
        return TRUE;
    }
    if (size < 0 || size > CONTROL_MAX) {
        return fail("its control is too long", error);
    }
    text = g_malloc0((gsize)size + 1);
    if (archive_read_data(deb->inner, text, (size_t)size) != size) {
        return fail(archive_error_string(deb->inner), error);
    }
    package_clear(&deb->package);
    deb->package.name = field(text, "Package");
    deb->package.version = field(text, "Version");
    set_source(&deb->package, field(text, "Source"));
    return TRUE;
}

/* ------------------------------------------------------------------------------- The whole */

/* The next member, whose name has to begin so. */
static struct archive_entry *next_member(Deb *deb, const char *prefix, GError **error)
{
    struct archive_entry *entry = NULL;
    const int code = archive_read_next_header(deb->outer, &entry);
    const char *name = code == ARCHIVE_OK ? archive_entry_pathname(entry) : NULL;

    if (code != ARCHIVE_OK && code != ARCHIVE_EOF) {
        fail(archive_error_string(deb->outer), error);
        return NULL;
    }
    if (!name || !g_str_has_prefix(name, prefix)) {
        g_autofree char *why = g_strconcat(prefix, " is not where it has to be", NULL);

        fail(why, error);
        return NULL;
    }
    return entry;
}

static gboolean read_deb(Deb *deb, DqBytes bytes, GError **error)
{
    struct archive_entry *entry;

    archive_read_support_format_ar(deb->outer);
    if (archive_read_open_memory(deb->outer, bytes.data, bytes.len) != ARCHIVE_OK) {
        return fail(archive_error_string(deb->outer), error);
    }
    entry = next_member(deb, "debian-binary", error);
    if (!entry) {
        return FALSE;
    }
    deb->package.made = archive_entry_mtime(entry);
    if (!next_member(deb, "control.tar", error) || !take_all(deb, take_control, error)) {
        return FALSE;
    }
    if (!deb->package.name || !deb->package.version) {
        return fail("it does not say which package it is", error);
    }
    if (!deb->handler->package(&deb->package, deb->data)) {
        return TRUE;
    }
    return next_member(deb, "data.tar", error) && take_all(deb, take_entry, error);
}

gboolean deb_files(DqBytes bytes, const DebHandler *handler, gpointer data, GError **error)
{
    Deb deb = { .handler = handler, .data = data };
    gboolean ok;

    deb.outer = archive_read_new();
    deb.digests = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
    ok = read_deb(&deb, bytes, error);
    archive_read_free(deb.inner);
    archive_read_free(deb.outer);
    g_hash_table_unref(deb.digests);
    package_clear(&deb.package);
    return ok;
}
