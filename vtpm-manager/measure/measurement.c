/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "measure/measurement.h"

#include <string.h>
#include <unistd.h>

#include "measure/file_digests.h"
#include "measure/mapping.h"
#include "wire/parts.h"

enum { DIGESTS_MAX = 1024 };

struct Measurement {
    gint refs;
    gint ready; /* what follows is set, and stays */
    int dir;
    GBytes *parts; /* NULL: see why */
    uint8_t digest[DEEPQUOTE_HASH_SIZE];
    char *why;
};

struct Measurer {
    FileDigests *digests; /* of the thread alone */
    GThreadPool *thread;
};

/* ----------------------------------------------------------------------------------- the list */

static WireBytes last_name(const char *path)
{
    const char *name = strrchr(path, '/') + 1;

    return (WireBytes){ (const uint8_t *)name, strlen(name) };
}

static gboolean measure_file(int dir, const Mapping *m, FileDigests *digests, WirePart *ret,
                             GError **error)
{
    const int fd = mapping_open(dir, m, error);
    gboolean done;

    if (fd < 0) {
        return FALSE;
    }
    ret->kind = WIRE_PART_LIBRARY;
    ret->name = last_name(m->path);
    done = file_digests_get(digests, fd, m->path, ret->digest, error);
    close(fd);
    return done;
}

/* The one that the process was started from. */
static gboolean mark_executable(int dir, const GArray *mappings, GArray *parts, GError **error)
{
    const int fd = mapping_open_executable(dir, error);
    gboolean found = FALSE;

    if (fd < 0) {
        return FALSE;
    }
    for (guint i = 0; !found && i < mappings->len; i++) {
        if (mapping_is(&g_array_index(mappings, Mapping, i), fd)) {
            g_array_index(parts, WirePart, i).kind = WIRE_PART_EXECUTABLE;
            found = TRUE;
        }
    }
    close(fd);
    if (!found) {
        g_set_error(error, G_FILE_ERROR, G_FILE_ERROR_FAILED,
                    "what it was started from is not among what it runs");
    }
    return found;
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

static GBytes *encode(const GArray *parts, GError **error)
{
    g_autofree uint8_t *buf = g_malloc(WIRE_PARTS_SIZE_MAX);
    WireWriter w = WIRE_WRITER(buf, WIRE_PARTS_SIZE_MAX);

    if (!wire_put_parts(&w, (const WirePart *)parts->data, parts->len)) {
        g_set_error(error, G_FILE_ERROR, G_FILE_ERROR_FAILED,
                    "it runs more files than a list can have");
        return NULL;
    }
    return g_bytes_new(w.buf, w.len);
}

static GBytes *measurement_list(int dir, FileDigests *digests, GError **error)
{
    g_autofree char *text = NULL;
    g_autoptr(GArray) mappings = mapping_read(dir, &text, error);
    g_autoptr(GArray) parts = g_array_new(FALSE, TRUE, sizeof(WirePart));

    if (!mappings) {
        return NULL;
    }
    g_array_set_size(parts, mappings->len);
    for (guint i = 0; i < mappings->len; i++) {
        if (!measure_file(dir, &g_array_index(mappings, Mapping, i), digests,
                          &g_array_index(parts, WirePart, i), error)) {
            return NULL;
        }
    }
    if (!mark_executable(dir, mappings, parts, error)) {
        return NULL;
    }
    sort(parts);
    return encode(parts, error);
}

/* --------------------------------------------------------------------------------- the thread */

static void close_dir(Measurement *m)
{
    if (m->dir >= 0) {
        close(m->dir);
        m->dir = -1;
    }
}

void measurement_unref(Measurement *m)
{
    if (m && g_atomic_int_dec_and_test(&m->refs)) {
        close_dir(m);
        g_clear_pointer(&m->parts, g_bytes_unref);
        g_free(m->why);
        g_free(m);
    }
}

static void take_digest(Measurement *m)
{
    g_autoptr(GChecksum) sum = g_checksum_new(G_CHECKSUM_SHA256);
    gsize size;
    const guchar *bytes = g_bytes_get_data(m->parts, &size);

    g_checksum_update(sum, bytes, (gssize)size);
    size = sizeof(m->digest);
    g_checksum_get_digest(sum, m->digest, &size);
}

static void run(gpointer data, gpointer measurer)
{
    Measurement *m = data;
    g_autoptr(GError) error = NULL;

    if (g_atomic_int_get(&m->refs) > 1) { /* else nobody waits any more */
        m->parts = measurement_list(m->dir, ((Measurer *)measurer)->digests, &error);
    }
    if (m->parts) {
        take_digest(m);
    } else if (error) {
        m->why = g_strdup(error->message);
    }
    close_dir(m);
    g_atomic_int_set(&m->ready, TRUE);
    measurement_unref(m);
}

Measurer *measurer_new(void)
{
    Measurer *measurer = g_new0(Measurer, 1);

    measurer->digests = file_digests_new(DIGESTS_MAX);
    /* Not exclusive, it takes a thread of GLib's when there is something to do: that never fails */
    measurer->thread =
        g_thread_pool_new_full(run, measurer, (GDestroyNotify)measurement_unref, 1, FALSE, NULL);
    return measurer;
}

void measurer_free(Measurer *measurer)
{
    if (measurer) {
        g_thread_pool_free(measurer->thread, TRUE, TRUE);
        file_digests_free(measurer->digests);
        g_free(measurer);
    }
}

Measurement *measurer_start(Measurer *measurer, int dir)
{
    Measurement *m = g_new0(Measurement, 1);

    m->refs = 1;
    m->dir = dir;
    if (dir < 0) {
        m->why = g_strdup("the process has ended");
        m->ready = TRUE;
        return m;
    }
    g_atomic_int_inc(&m->refs);
    g_thread_pool_push(measurer->thread, m, NULL);
    return m;
}

gboolean measurement_ready(const Measurement *m)
{
    return g_atomic_int_get(&m->ready);
}

GBytes *measurement_parts(const Measurement *m)
{
    return m->parts;
}

const uint8_t *measurement_digest(const Measurement *m)
{
    return m->digest;
}

char *measurement_why(Measurement *m)
{
    return g_steal_pointer(&m->why);
}
