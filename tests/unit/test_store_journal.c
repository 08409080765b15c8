/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A store's journal: what is kept once, and what is noticed of each change. */
#include "store/chain.h"
#include "store/store-journal.h"

#include "attest/deepquote.h"
#include "attest/digest.h"

#include "store_fixture.h"

#include <sqlite3.h>
#include <string.h>

#define ENTRIES 5
#define LOG_SIZE 10000

static void append(StoreFixture *f, int64_t at, GBytes *const *contents, gsize count)
{
    g_autofree char *text = g_strdup_printf("{\"at\": %d}", (int)at);
    g_autoptr(GBytes) body = g_bytes_new(text, strlen(text));
    g_autoptr(GError) error = NULL;

    dq_store_file_append(f->file, at, body, contents, count, NULL, &error);
    g_assert_no_error(error);
}

/* Entry n is of STORE_NOW + n. */
static StoreFixture *filled(void)
{
    StoreFixture *f = store_fixture_new();

    for (int64_t n = 1; n <= ENTRIES; n++) {
        append(f, STORE_NOW + n, NULL, 0);
    }
    return f;
}

static void change(StoreFixture *f, const char *sql)
{
    g_autofree char *why = NULL;
    sqlite3 *db;

    store_fixture_close(f);
    g_assert_cmpint(sqlite3_open(f->path, &db), ==, SQLITE_OK);
    sqlite3_exec(db, sql, NULL, NULL, &why);
    g_assert_cmpstr(why, ==, NULL);
    sqlite3_close(db);
    store_fixture_open(f);
}

/* (transfer full): a digit for the DqEntryFault of each entry; "-" at its end: the front is
 * missing. */
static char *faults(StoreFixture *f, DqChain *ret_chain)
{
    GString *out = g_string_new(NULL);
    DqChain chain = { 0 };
    gboolean found = TRUE;

    while (found) {
        DqStoredEntry stored = { 0 };
        DqEntry entry;

        g_assert_true(dq_store_file_next_entry(f->file, chain.last, &found, &stored, NULL));
        if (found) {
            g_string_append_printf(out, "%d", (int)dq_chain_add(&chain, &stored, &entry));
            g_bytes_unref(stored.text);
        }
    }
    g_string_append(out, dq_chain_begins_well(&chain) ? "" : "-");
    if (ret_chain) {
        *ret_chain = chain;
    }
    return g_string_free(out, FALSE);
}

static void expect_faults(StoreFixture *f, const char *wanted)
{
    g_autofree char *got = faults(f, NULL);

    g_assert_cmpstr(got, ==, wanted);
}

static void names_each_change(void)
{
    static const struct {
        const char *sql, *faults;
    } table[] = {
        { "SELECT 1", "00000" },
        { "UPDATE entry SET text = CAST(replace(text, '1000003', '1000009') AS BLOB)"
          " WHERE number = 3",
          "00100" },
        { "UPDATE entry SET text = x'00' WHERE number = 3", "00100" },
        { "UPDATE entry SET text = x'' WHERE number = 5", "00001" },
        { "UPDATE entry SET hash = zeroblob(32) WHERE number = 3", "00140" },
        { "DELETE FROM entry WHERE number = 3", "0030" },
        { "DELETE FROM entry WHERE number = 1", "0000-" },
        { "DELETE FROM entry WHERE number IN (1, 3)", "030-" },
        { "UPDATE entry SET number = 9 WHERE number = 2; UPDATE entry SET number = 2 WHERE number"
          " = 3; UPDATE entry SET number = 3 WHERE number = 9",
          "02200" },
        { "UPDATE entry SET number = 9 WHERE number = 5", "00002" },
    };

    for (gsize i = 0; i < G_N_ELEMENTS(table); i++) {
        g_autoptr(StoreFixture) f = filled();

        g_test_message("%s", table[i].sql);
        change(f, table[i].sql);
        expect_faults(f, table[i].faults);
    }
}

/* Whoever writes an entry anew, its hash included, has to write all after it. */
static void an_entry_written_anew_does_not_fit(void)
{
    g_autoptr(StoreFixture) f = filled();
    g_autoptr(GBytes) text = NULL;
    g_autofree char *sql = NULL, *hex = NULL, *hash_hex = NULL;
    uint8_t hash[DQ_HASH_SIZE];
    DqStoredEntry stored;
    DqEntry entry;
    gboolean found;
    DqBytes bytes;

    g_assert_true(dq_store_file_next_entry(f->file, 2, &found, &stored, NULL));
    bytes.data = g_bytes_get_data(stored.text, &bytes.len);
    g_assert_true(dq_entry_read(bytes.data, bytes.len, &entry));
    entry.body = (const uint8_t *)"{}";
    entry.body_len = 2;
    text = dq_entry_write(&entry);
    bytes.data = g_bytes_get_data(text, &bytes.len);
    dq_sha256(&bytes, 1, hash);
    hex = dq_hex_encode(bytes.data, bytes.len);
    hash_hex = dq_hex_encode(hash, sizeof(hash));
    sql = g_strdup_printf("UPDATE entry SET text = x'%s', hash = x'%s' WHERE number = 3", hex,
                          hash_hex);
    g_bytes_unref(stored.text);
    change(f, sql);
    expect_faults(f, "00040");
}

static void what_is_pruned_is_told(void)
{
    g_autoptr(StoreFixture) f = filled();
    DqChain chain;
    g_autofree char *got = NULL;
    int64_t count = 77;

    g_assert_true(dq_store_file_prune(f->file, STORE_NOW + 1, STORE_NOW + 50, &count, NULL));
    g_assert_cmpint(count, ==, 0);
    expect_faults(f, "00000");
    g_assert_true(dq_store_file_prune(f->file, STORE_NOW + 4, STORE_NOW + 60, &count, NULL));
    g_assert_cmpint(count, ==, 3);
    got = faults(f, &chain);
    g_assert_cmpstr(got, ==, "000");
    g_assert_cmpint(chain.first, ==, 4);
    g_assert_cmpint(chain.last, ==, 6);
    g_assert_true(dq_store_file_prune(f->file, INT64_MAX, STORE_NOW + 70, &count, NULL));
    g_assert_cmpint(count, ==, 3);
    expect_faults(f, "0");
    append(f, STORE_NOW + 80, NULL, 0);
    expect_faults(f, "00");
    change(f, "DELETE FROM entry WHERE number = 7");
    expect_faults(f, "0-");
}

static GBytes *log_of(gsize size, uint8_t last)
{
    g_autofree uint8_t *data = g_malloc0(size);

    for (gsize i = 0; i < size; i++) {
        data[i] = (uint8_t)(i * 7 + i / 256);
    }
    data[size - 1] ^= last;
    return g_bytes_new(data, size);
}

static int64_t number_of(StoreFixture *f, const char *sql)
{
    sqlite3 *db;
    sqlite3_stmt *s;
    int64_t n;

    g_assert_cmpint(sqlite3_open(f->path, &db), ==, SQLITE_OK);
    g_assert_cmpint(sqlite3_prepare_v2(db, sql, -1, &s, NULL), ==, SQLITE_OK);
    g_assert_cmpint(sqlite3_step(s), ==, SQLITE_ROW);
    n = sqlite3_column_int64(s, 0);
    sqlite3_finalize(s);
    sqlite3_close(db);
    return n;
}

static DqContentState state_of(StoreFixture *f, GBytes *content)
{
    g_autoptr(GBytes) got = NULL;
    DqContentState state = (DqContentState)77;
    uint8_t digest[DQ_HASH_SIZE];
    DqBytes bytes;

    bytes.data = g_bytes_get_data(content, &bytes.len);
    dq_sha256(&bytes, 1, digest);
    g_assert_true(dq_store_file_get_content(f->file, digest, &state, &got, NULL));
    g_assert_true((got && g_bytes_equal(got, content)) == (state == DQ_CONTENT_GOOD));
    return state;
}

#define SUM "SELECT sum(length(data)) FROM content"

/* A list that grows costs what it grew by, two machines that began alike as much as they differ. */
static void a_log_that_grows_is_kept_once(void)
{
    g_autoptr(StoreFixture) f = store_fixture_new();
    g_autoptr(GPtrArray) logs = g_ptr_array_new_with_free_func((GDestroyNotify)g_bytes_unref);

    for (gsize i = 0; i < 20; i++) {
        g_ptr_array_add(logs, log_of(LOG_SIZE + 100 * i, 0));
        append(f, STORE_NOW, (GBytes *const *)&logs->pdata[i], 1);
        append(f, STORE_NOW, (GBytes *const *)&logs->pdata[i], 1);
    }
    g_assert_cmpint(number_of(f, SUM), ==, LOG_SIZE + 100 * 19);
    g_ptr_array_add(logs, log_of(LOG_SIZE + 950, 1));
    append(f, STORE_NOW, (GBytes *const *)&logs->pdata[20], 1);
    g_assert_cmpint(number_of(f, SUM), ==, LOG_SIZE + 100 * 19 + 50);
    for (guint i = 0; i < logs->len; i++) {
        g_assert_cmpint(state_of(f, logs->pdata[i]), ==, DQ_CONTENT_GOOD);
    }
}

static void a_changed_content_is_named(void)
{
    static const struct {
        const char *sql;
        DqContentState short_one, log, longer;
    } table[] = {
        { "SELECT 1", DQ_CONTENT_GOOD, DQ_CONTENT_GOOD, DQ_CONTENT_GOOD },
        { "DELETE FROM content WHERE size = 3", DQ_CONTENT_MISSING, DQ_CONTENT_GOOD,
          DQ_CONTENT_GOOD },
        { "UPDATE content SET data = x'616263' WHERE size = 3", DQ_CONTENT_ALTERED, DQ_CONTENT_GOOD,
          DQ_CONTENT_GOOD },
        { "UPDATE content SET data = zeroblob(10000) WHERE size = 10000", DQ_CONTENT_GOOD,
          DQ_CONTENT_ALTERED, DQ_CONTENT_ALTERED },
        { "DELETE FROM content WHERE size = 10000", DQ_CONTENT_GOOD, DQ_CONTENT_MISSING,
          DQ_CONTENT_MISSING },
        { "UPDATE content SET base = digest WHERE size = 10000", DQ_CONTENT_GOOD,
          DQ_CONTENT_ALTERED, DQ_CONTENT_ALTERED },
        { "UPDATE content SET base = x'00' WHERE size = 10000", DQ_CONTENT_GOOD, DQ_CONTENT_ALTERED,
          DQ_CONTENT_ALTERED },
        { "UPDATE content SET size = -1 WHERE size = 10100", DQ_CONTENT_GOOD, DQ_CONTENT_GOOD,
          DQ_CONTENT_ALTERED },
        { "UPDATE content SET size = 'x', data = 7 WHERE size = 10100", DQ_CONTENT_GOOD,
          DQ_CONTENT_GOOD, DQ_CONTENT_ALTERED },
    };

    for (gsize i = 0; i < G_N_ELEMENTS(table); i++) {
        g_autoptr(StoreFixture) f = store_fixture_new();
        g_autoptr(GBytes) small = g_bytes_new("xyz", 3);
        g_autoptr(GBytes) log = log_of(LOG_SIZE, 0), longer = log_of(LOG_SIZE + 100, 0);
        GBytes *const contents[] = { small, log, longer };

        g_test_message("%s", table[i].sql);
        append(f, STORE_NOW, contents, G_N_ELEMENTS(contents));
        change(f, table[i].sql);
        g_assert_cmpint(state_of(f, small), ==, table[i].short_one);
        g_assert_cmpint(state_of(f, log), ==, table[i].log);
        g_assert_cmpint(state_of(f, longer), ==, table[i].longer);
    }
}

/* What an entry that stays speaks of is there, though it goes on from what a removed one had. */
static void pruning_keeps_what_is_needed(void)
{
    g_autoptr(StoreFixture) f = store_fixture_new();
    g_autoptr(GBytes) old = g_bytes_new("old", 3), both = g_bytes_new("both", 4);
    g_autoptr(GBytes) log = log_of(LOG_SIZE, 0), longer = log_of(LOG_SIZE + 100, 0);
    GBytes *const first[] = { old, both, log }, *const second[] = { both, longer };
    int64_t count;

    append(f, STORE_NOW, first, G_N_ELEMENTS(first));
    append(f, STORE_NOW + 1, second, G_N_ELEMENTS(second));
    g_assert_true(dq_store_file_prune(f->file, STORE_NOW + 1, STORE_NOW + 2, &count, NULL));
    g_assert_cmpint(state_of(f, old), ==, DQ_CONTENT_MISSING);
    g_assert_cmpint(state_of(f, both), ==, DQ_CONTENT_GOOD);
    g_assert_cmpint(state_of(f, longer), ==, DQ_CONTENT_GOOD);
    g_assert_true(dq_store_file_prune(f->file, STORE_NOW + 9, STORE_NOW + 9, &count, NULL));
    g_assert_cmpint(number_of(f, "SELECT count(*) FROM content"), ==, 0);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/store/journal/names-each-change", names_each_change);
    g_test_add_func("/store/journal/an-entry-written-anew-does-not-fit",
                    an_entry_written_anew_does_not_fit);
    g_test_add_func("/store/journal/what-is-pruned-is-told", what_is_pruned_is_told);
    g_test_add_func("/store/journal/a-log-that-grows-is-kept-once", a_log_that_grows_is_kept_once);
    g_test_add_func("/store/journal/a-changed-content-is-named", a_changed_content_is_named);
    g_test_add_func("/store/journal/pruning-keeps-what-is-needed", pruning_keeps_what_is_needed);
    return g_test_run();
}
