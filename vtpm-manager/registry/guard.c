/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "registry/guard.h"

#include <openssl/crypto.h>
#include <string.h>

enum { COLUMNS_MAX = 64 };

struct Guard {
    sqlite3 *sqlite;
    sqlite3_stmt *write; /* of the anchor; NULL: not needed yet */
    gboolean keyed;
    uint8_t key[ROOT_HASH_SIZE];
    Root root; /* of what the tables hold, where @keyed */
    gboolean has_anchor;
    gboolean set; /* by the transaction */
    RegistryAnchor anchor;
    uint8_t mac[ROOT_HASH_SIZE];
    RegistryChanges changes;
    gboolean lost; /* a row changed that could not be read */
    /* As they are on the disk, for guard_undo() */
    Root kept_root;
    gboolean kept_has_anchor;
    RegistryAnchor kept_anchor;
};

/* ------------------------------------------------------------------------------- rows that change
 */

typedef int (*GetValue)(sqlite3 *sqlite, int column, sqlite3_value **ret);

static gboolean digest_change(Guard *guard, const char *table, GetValue get,
                              uint8_t ret[ROOT_HASH_SIZE])
{
    const int count = sqlite3_preupdate_count(guard->sqlite);
    RootValue values[COLUMNS_MAX];

    if (count < 0 || count > COLUMNS_MAX) {
        return FALSE;
    }
    for (int i = 0; i < count; i++) {
        sqlite3_value *value = NULL;

        if (get(guard->sqlite, i, &value) != SQLITE_OK || !value) {
            return FALSE;
        }
        values[i] = root_value(value);
    }
    return root_digest_row(table, values, (guint)count, ret);
}

static void on_change(void *data, G_GNUC_UNUSED sqlite3 *sqlite, int op,
                      G_GNUC_UNUSED const char *database, const char *table,
                      G_GNUC_UNUSED sqlite3_int64 before, G_GNUC_UNUSED sqlite3_int64 after)
{
    static const char *const of_states[] = { GUARD_STATES_TABLE, GUARD_SAVED_TABLE,
                                             GUARD_HEADS_TABLE, NULL };
    Guard *guard = data;
    uint8_t digest[ROOT_HASH_SIZE];

    if (g_str_equal(table, GUARD_TABLE)) {
        return;
    }
    guard->changes |=
        g_strv_contains(of_states, table) ? REGISTRY_CHANGED_STATES : REGISTRY_CHANGED_VMS;
    if (!guard->keyed) {
        return;
    }
    if (op != SQLITE_INSERT) {
        guard->lost |= !digest_change(guard, table, sqlite3_preupdate_old, digest) ||
                       !root_remove(&guard->root, guard->key, digest);
    }
    if (op != SQLITE_DELETE) {
        guard->lost |= !digest_change(guard, table, sqlite3_preupdate_new, digest) ||
                       !root_add(&guard->root, guard->key, digest);
    }
}

Guard *guard_new(sqlite3 *sqlite)
{
    Guard *guard = g_new0(Guard, 1);

    guard->sqlite = sqlite;
    sqlite3_preupdate_hook(sqlite, on_change, guard);
    return guard;
}

void guard_free(Guard *guard)
{
    if (guard) {
        sqlite3_preupdate_hook(guard->sqlite, NULL, NULL);
        sqlite3_finalize(guard->write);
        explicit_bzero(guard, sizeof(*guard));
        g_free(guard);
    }
}

/* ------------------------------------------------------------------------------ all that is there
 */

static int add_row(Guard *guard, const char *table, sqlite3_stmt *s)
{
    const int count = sqlite3_column_count(s);
    RootValue values[COLUMNS_MAX];
    uint8_t digest[ROOT_HASH_SIZE];

    if (count > COLUMNS_MAX) {
        return SQLITE_RANGE;
    }
    for (int i = 0; i < count; i++) {
        values[i] = root_column(s, i);
    }
    return root_digest_row(table, values, (guint)count, digest) &&
                   root_add(&guard->root, guard->key, digest)
               ? SQLITE_OK
               : SQLITE_NOMEM;
}

static int add_rows(Guard *guard, const char *table)
{
    g_autofree char *sql = g_strdup_printf("SELECT * FROM \"%s\"", table);
    sqlite3_stmt *s = NULL;
    int rc = sqlite3_prepare_v2(guard->sqlite, sql, -1, &s, NULL);

    while (rc == SQLITE_OK && (rc = sqlite3_step(s)) == SQLITE_ROW) {
        rc = add_row(guard, table, s);
    }
    sqlite3_finalize(s);
    return rc == SQLITE_DONE ? SQLITE_OK : rc;
}

static int add_tables(Guard *guard)
{
    sqlite3_stmt *s = NULL;
    int rc = sqlite3_prepare_v2(guard->sqlite,
                                "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT "
                                "LIKE 'sqlite\\_%' ESCAPE '\\' AND name != '" GUARD_TABLE "'",
                                -1, &s, NULL);

    while (rc == SQLITE_OK && (rc = sqlite3_step(s)) == SQLITE_ROW) {
        rc = add_rows(guard, (const char *)sqlite3_column_text(s, 0));
    }
    sqlite3_finalize(s);
    return rc == SQLITE_DONE ? SQLITE_OK : rc;
}

int guard_take_key(Guard *guard, const uint8_t key[ROOT_HASH_SIZE])
{
    int rc;

    memcpy(guard->key, key, sizeof(guard->key));
    guard->root = (Root){ 0 };
    rc = add_tables(guard);
    guard->keyed = rc == SQLITE_OK;
    guard->kept_root = guard->root;
    return rc;
}

void guard_drop_key(Guard *guard)
{
    guard->keyed = FALSE;
    explicit_bzero(guard->key, sizeof(guard->key));
}

/* ------------------------------------------------------------------------------------- the anchor
 */

static gboolean make_mac(const Guard *guard, uint8_t ret[ROOT_HASH_SIZE])
{
    const RegistryAnchor *a = &guard->anchor;
    uint8_t more[REGISTRY_SEED_SIZE + 3 * 8];
    uint64_t numbers[3] = { a->value, 0, (uint64_t)a->then };

    memcpy(&numbers[1], &a->used, sizeof(a->used));
    memcpy(more, a->seed, REGISTRY_SEED_SIZE);
    for (gsize i = 0; i < G_N_ELEMENTS(numbers); i++) {
        const uint64_t number = GUINT64_TO_BE(numbers[i]);

        memcpy(more + REGISTRY_SEED_SIZE + 8 * i, &number, sizeof(number));
    }
    return root_mac(&guard->root, guard->key, more, sizeof(more), ret);
}

static gboolean read_blob(sqlite3_stmt *s, int column, uint8_t *into, gsize size)
{
    const void *blob = sqlite3_column_blob(s, column);

    if (!blob || sqlite3_column_bytes(s, column) != (int)size) {
        return FALSE;
    }
    memcpy(into, blob, size);
    return TRUE;
}

static gboolean read_anchor(Guard *guard, sqlite3_stmt *s)
{
    RegistryAnchor *a = &guard->anchor;

    if (!read_blob(s, 0, a->seed, sizeof(a->seed)) ||
        !read_blob(s, 4, guard->mac, sizeof(guard->mac)) || sqlite3_column_int64(s, 1) < 0) {
        return FALSE;
    }
    a->value = (uint64_t)sqlite3_column_int64(s, 1);
    a->used = sqlite3_column_double(s, 2);
    a->then = sqlite3_column_int64(s, 3);
    guard->has_anchor = guard->kept_has_anchor = TRUE;
    guard->kept_anchor = *a;
    return TRUE;
}

gboolean guard_load(Guard *guard)
{
    sqlite3_stmt *s = NULL;
    gboolean ok = FALSE;

    if (sqlite3_prepare_v2(guard->sqlite, "SELECT seed, value, used, moment, mac FROM " GUARD_TABLE,
                           -1, &s, NULL) == SQLITE_OK) {
        const int rc = sqlite3_step(s);

        ok = rc == SQLITE_DONE || (rc == SQLITE_ROW && read_anchor(guard, s));
    }
    sqlite3_finalize(s);
    return ok;
}

const RegistryAnchor *guard_anchor(const Guard *guard)
{
    return guard->has_anchor ? &guard->anchor : NULL;
}

int guard_check(const Guard *guard)
{
    uint8_t mac[ROOT_HASH_SIZE];

    if (!make_mac(guard, mac)) {
        return SQLITE_NOMEM;
    }
    return guard->keyed && guard->has_anchor && CRYPTO_memcmp(mac, guard->mac, sizeof(mac)) == 0
               ? SQLITE_OK
               : SQLITE_AUTH;
}

void guard_set(Guard *guard, const RegistryAnchor *anchor)
{
    guard->anchor = *anchor;
    guard->has_anchor = guard->set = TRUE;
}

static int bind_anchor(sqlite3_stmt *s, const RegistryAnchor *a, const uint8_t mac[ROOT_HASH_SIZE])
{
    int rc = sqlite3_bind_blob(s, 1, a->seed, sizeof(a->seed), SQLITE_STATIC);

    rc = rc == SQLITE_OK ? sqlite3_bind_int64(s, 2, (int64_t)a->value) : rc;
    rc = rc == SQLITE_OK ? sqlite3_bind_double(s, 3, a->used) : rc;
    rc = rc == SQLITE_OK ? sqlite3_bind_int64(s, 4, a->then) : rc;
    return rc == SQLITE_OK ? sqlite3_bind_blob(s, 5, mac, ROOT_HASH_SIZE, SQLITE_STATIC) : rc;
}

/* A part of each transaction, so the statement stays prepared. */
static int write_anchor(Guard *guard, const uint8_t mac[ROOT_HASH_SIZE])
{
    int rc = SQLITE_OK;

    if (!guard->write) {
        rc = sqlite3_prepare_v2(guard->sqlite,
                                "INSERT OR REPLACE INTO " GUARD_TABLE
                                " (id, seed, value, used, moment, mac) VALUES (1,?,?,?,?,?)",
                                -1, &guard->write, NULL);
    }
    if (rc == SQLITE_OK && (rc = bind_anchor(guard->write, &guard->anchor, mac)) == SQLITE_OK) {
        rc = sqlite3_step(guard->write);
    }
    if (guard->write) {
        sqlite3_reset(guard->write);
        sqlite3_clear_bindings(guard->write);
    }
    return rc == SQLITE_DONE ? SQLITE_OK : rc;
}

int guard_seal(Guard *guard)
{
    uint8_t mac[ROOT_HASH_SIZE];

    if (!guard->has_anchor || (guard->changes == 0 && !guard->set)) {
        return SQLITE_OK;
    }
    if (!guard->keyed) {
        return SQLITE_LOCKED;
    }
    return guard->lost || !make_mac(guard, mac) ? SQLITE_NOMEM : write_anchor(guard, mac);
}

RegistryChanges guard_keep(Guard *guard)
{
    const RegistryChanges changes = guard->changes;

    guard->changes = 0;
    guard->set = FALSE;
    guard->kept_root = guard->root;
    guard->kept_has_anchor = guard->has_anchor;
    guard->kept_anchor = guard->anchor;
    return changes;
}

void guard_undo(Guard *guard)
{
    guard->root = guard->kept_root;
    guard->set = FALSE;
    guard->has_anchor = guard->kept_has_anchor;
    guard->anchor = guard->kept_anchor;
    guard->changes = 0;
    guard->lost = FALSE;
}
