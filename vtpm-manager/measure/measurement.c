/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "measure/measurement.h"

/* An initrd of the largest size and as much again: others wait for it. */
static const off_t read_at_once = (off_t)4 << 30;

enum {
    DIGESTS_MAX = 1024,
    WHY_MAX = 512, /* of what goes to the log */
};

struct Measurement {
    gint refs;
    gint ready; /* what follows is set, and stays */
    const MeasureKind *kind;
    void *subject;
    int64_t ended; /* monotonic */
    GBytes *parts; /* NULL: see why */
    uint8_t digest[DEEPQUOTE_HASH_SIZE];
    char *why;
    gboolean told;
};

struct Measurer {
    FileDigests *digests; /* of the thread alone */
    GThreadPool *thread;
};

void measurement_unref(Measurement *m)
{
    if (m && g_atomic_int_dec_and_test(&m->refs)) {
        m->kind->free(m->subject);
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

/* Who is looked at chose some of it, and must not write to our log what he likes. */
static char *say_why(const char *message)
{
    char *why = g_strndup(message, WHY_MAX);

    for (char *c = why; *c; c++) {
        *c = g_ascii_iscntrl(*c) ? '?' : *c;
    }
    return why;
}

static void run(gpointer data, gpointer measurer)
{
    Measurement *m = data;
    FileDigests *digests = ((Measurer *)measurer)->digests;
    g_autoptr(GError) error = NULL;

    if (g_atomic_int_get(&m->refs) > 1) { /* else nobody waits any more */
        file_digests_begin(digests);
        m->parts = m->kind->look(m->subject, digests, &error);
    }
    if (m->parts) {
        take_digest(m);
    } else if (error) {
        m->why = say_why(error->message);
    }
    m->ended = g_get_monotonic_time();
    g_atomic_int_set(&m->ready, TRUE);
    measurement_unref(m);
}

Measurer *measurer_new(void)
{
    Measurer *measurer = g_new0(Measurer, 1);

    measurer->digests = file_digests_new(DIGESTS_MAX, read_at_once);
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

Measurement *measurer_start(Measurer *measurer, const MeasureKind *kind, void *subject,
                            const char *why_not)
{
    Measurement *m = g_new0(Measurement, 1);

    m->refs = 1;
    m->kind = kind;
    m->subject = subject;
    if (why_not) {
        m->why = g_strdup(why_not);
        m->ended = g_get_monotonic_time();
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

gboolean measurement_is_over(const Measurement *m)
{
    if (!m->kind->holds || !measurement_ready(m)) {
        return FALSE;
    }
    return m->parts ? !m->kind->holds(m->subject)
                    : g_get_monotonic_time() - m->ended > G_USEC_PER_SEC;
}

GBytes *measurement_parts(const Measurement *m)
{
    return m->parts;
}

const uint8_t *measurement_digest(const Measurement *m)
{
    return m->digest;
}

const char *measurement_why(const Measurement *m)
{
    return m->why;
}

gboolean measurement_tell(Measurement *m)
{
    const gboolean told = m->told;

    m->told = TRUE;
    return m->why && !told;
}
