/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "quote/pcr_reader.h"

#include <string.h>

#include "daemon/deadlines.h"
#include "tpm/quote.h"

enum { KEPT_US = 100 * 1000 };

/* A selection, as it is marshalled. */
typedef struct Key {
    uint8_t len;
    uint8_t bytes[4 + WIRE_PCR_BANKS_MAX * (3 + WIRE_PCR_SELECT_MAX)];
} Key;

/* What is known of a selection, or being learned. */
typedef struct Entry {
    Deadline deadline; /* first; set where it is kept */
    Key key;
    PcrReader *reader; /* NULL: it is gone */
    WirePcrSelection pcrs;
    GQueue waiting; /* of PcrTicket */
    int64_t begun;  /* when the read began, in microseconds */
    uint64_t quotes;
    GBytes *parameters;
    GError *error;
} Entry;

struct PcrTicket {
    GList link; /* its data is the ticket */
    Entry *entry;
    PcrDone done;
    void *data;
};

struct PcrReader {
    TpmWorker *worker;
    Deadlines *deadlines;
    GHashTable *entries; /* set of Entry, by key */
    guint reading;       /* of them, those that are with the worker */
};

static guint key_hash(gconstpointer p)
{
    const Entry *entry = p;
    guint hash = 5381;

    for (gsize i = 0; i < entry->key.len; i++) {
        hash = hash * 33 + entry->key.bytes[i];
    }
    return hash;
}

static gboolean key_equal(gconstpointer a, gconstpointer b)
{
    const Key *left = &((const Entry *)a)->key;
    const Key *right = &((const Entry *)b)->key;

    return left->len == right->len && memcmp(left->bytes, right->bytes, left->len) == 0;
}

static Key key_of(const WirePcrSelection *pcrs)
{
    Key key = { 0 };
    WireWriter w = WIRE_WRITER(key.bytes, sizeof(key.bytes));
    gboolean fits = wire_put_pcr_selection(&w, pcrs);

    g_assert(fits);
    key.len = (uint8_t)w.len;
    return key;
}

static Entry *find(PcrReader *reader, const WirePcrSelection *pcrs)
{
    const Entry wanted = { .key = key_of(pcrs) };

    return g_hash_table_lookup(reader->entries, &wanted);
}

static void entry_free(Entry *entry)
{
    PcrTicket *ticket;

    deadline_clear(&entry->deadline);
    while ((ticket = g_queue_peek_head(&entry->waiting))) {
        g_queue_unlink(&entry->waiting, &ticket->link);
        g_free(ticket);
    }
    g_clear_pointer(&entry->parameters, g_bytes_unref);
    g_clear_error(&entry->error);
    g_free(entry);
}

static void drop(Entry *entry)
{
    g_hash_table_remove(entry->reader->entries, entry);
    entry_free(entry);
}

static void too_old(Deadline *deadline)
{
    drop((Entry *)deadline);
}

PcrReader *pcr_reader_new(TpmWorker *worker, GMainContext *context)
{
    PcrReader *reader = g_new0(PcrReader, 1);

    reader->worker = worker;
    reader->deadlines = deadlines_new(context, too_old);
    reader->entries = g_hash_table_new(key_hash, key_equal);
    return reader;
}

void pcr_reader_free(PcrReader *reader)
{
    GHashTableIter iter;
    gpointer key;

    if (!reader) {
        return;
    }
    g_hash_table_iter_init(&iter, reader->entries);
    while (g_hash_table_iter_next(&iter, &key, NULL)) {
        Entry *entry = key;

        g_hash_table_iter_remove(&iter);
        if (entry->deadline.place) {
            entry_free(entry);
        } else {
            entry->reader = NULL; /* the worker has it */
        }
    }
    g_hash_table_unref(reader->entries);
    deadlines_free(reader->deadlines);
    g_free(reader);
}

/* On the worker's thread: nothing but what belongs to the read. */
static void read_run(TpmSession *tpm, void *data)
{
    Entry *entry = data;

    entry->begun = g_get_monotonic_time();
    tpm_pcr_read(tpm, &entry->pcrs, &entry->parameters, &entry->error);
}

static void answer_all(Entry *entry)
{
    PcrTicket *ticket;

    while ((ticket = g_queue_peek_head(&entry->waiting))) {
        PcrDone done = ticket->done;
        void *ticket_data = ticket->data;

        g_queue_unlink(&entry->waiting, &ticket->link);
        g_free(ticket);
        done(ticket_data, entry->parameters, entry->error);
    }
}

static void read_done(void *data)
{
    Entry *entry = data;

    if (!entry->reader) {
        entry_free(entry);
        return;
    }
    entry->reader->reading--;
    answer_all(entry);
    if (!entry->parameters) {
        drop(entry);
        return;
    }
    entry->quotes = tpm_worker_quotes(entry->reader->worker);
    deadline_set(entry->reader->deadlines, &entry->deadline, entry->begun + KEPT_US);
}

/* The timer may be late: whatever it says, nothing too old is given out. */
static gboolean still_good(const Entry *entry)
{
    return entry->quotes == tpm_worker_quotes(entry->reader->worker) &&
           g_get_monotonic_time() < entry->begun + KEPT_US;
}

GBytes *pcr_reader_kept(PcrReader *reader, const WirePcrSelection *pcrs)
{
    Entry *entry = find(reader, pcrs);

    if (!entry || !entry->deadline.place) {
        return NULL;
    }
    if (!still_good(entry)) {
        drop(entry);
        return NULL;
    }
    return entry->parameters;
}

static Entry *start_reading(PcrReader *reader, const WirePcrSelection *pcrs)
{
    Entry *entry;

    if (reader->reading >= PCR_READER_LIMIT) {
        return NULL;
    }
    entry = g_new0(Entry, 1);
    entry->key = key_of(pcrs);
    entry->reader = reader;
    entry->pcrs = *pcrs;
    g_queue_init(&entry->waiting);
    g_hash_table_add(reader->entries, entry);
    reader->reading++;
    tpm_worker_submit(reader->worker, TPM_JOB_READ, read_run, read_done, entry);
    return entry;
}

PcrTicket *pcr_reader_ask(PcrReader *reader, const WirePcrSelection *pcrs, PcrDone done, void *data)
{
    Entry *entry = find(reader, pcrs);
    PcrTicket *ticket;

    if (entry && entry->deadline.place) {
        drop(entry);
        entry = NULL;
    }
    if (!entry) {
        entry = start_reading(reader, pcrs);
    }
    if (!entry) {
        return NULL;
    }
    ticket = g_new0(PcrTicket, 1);
    ticket->link.data = ticket;
    ticket->entry = entry;
    ticket->done = done;
    ticket->data = data;
    g_queue_push_tail_link(&entry->waiting, &ticket->link);
    return ticket;
}

void pcr_reader_cancel(G_GNUC_UNUSED PcrReader *reader, PcrTicket *ticket)
{
    g_queue_unlink(&ticket->entry->waiting, &ticket->link);
    g_free(ticket);
}
