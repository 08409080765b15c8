/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "store/database.h"

#include "store/schema.h"

#include <errno.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define BUSY_MS 30000 /* how long one program waits for others */

struct Database {
    char *path;
    sqlite3 *sqlite;
    sqlite3_stmt *statement[DATABASE_STATEMENTS];
};

/* What SQLite complains of, by its primary result code; the last line is for all others. */
static const struct {
    int code;
    const char *text;
} complaints[] = {
    { SQLITE_BUSY, "other programs kept it busy for too long: try again" },
    { SQLITE_LOCKED, "other programs kept it busy for too long: try again" },
    { SQLITE_PROTOCOL, "other programs kept it busy for too long: try again" },
    { SQLITE_FULL, "there is no room: make some on its file system" },
    { SQLITE_READONLY, "it cannot be written: check the owners and modes of the file and its "
                       "folder, and whether the file system is read-only" },
    { SQLITE_CANTOPEN, "it cannot be opened: check the owners and modes of the file and its "
                       "folder, and whether the file system is read-only" },
    { SQLITE_PERM, "it may not be used: check the owners and modes of the file and its folder" },
    { SQLITE_CORRUPT, "it is damaged: put a copy of it back, and issue new challenges" },
    { SQLITE_NOTADB, "it is no store, or damaged: name another file, or put a copy of it back" },
    { SQLITE_IOERR, "it cannot be read or written: check its disk and the room on it" },
    { 0, "check its disk, owner and mode" },
};

static const char *complaint(int code)
{
    gsize i = 0;

    while (complaints[i].code != 0 && complaints[i].code != (code & 0xff)) {
        i++;
    }
    return complaints[i].text;
}

static gboolean fail_text(const char *path, const char *text, GError **error)
{
    g_set_error(error, DQ_ERROR, DQ_ERROR_STORE, "the store %s: %s", path, text);
    return FALSE;
}

static gboolean fail_errno(const char *path, const char *what, const char *advice, GError **error)
{
    int saved = errno;

    g_set_error(error, DQ_ERROR, DQ_ERROR_STORE, "the store %s cannot be %s: %s; %s", path, what,
                g_strerror(saved), advice);
    return FALSE;
}

gboolean database_fail(Database *db, GError **error)
{
    int code = db->sqlite ? sqlite3_extended_errcode(db->sqlite) : SQLITE_NOMEM;

    g_set_error(error, DQ_ERROR, DQ_ERROR_STORE, "the store %s: %s (SQLite: %s, %d)", db->path,
                complaint(code), sqlite3_errstr(code), code);
    return FALSE;
}

gboolean database_damaged(Database *db, GError **error)
{
    return fail_text(db->path, complaint(SQLITE_CORRUPT), error);
}

static gboolean execute(Database *db, const char *sql, GError **error)
{
    return sqlite3_exec(db->sqlite, sql, NULL, NULL, NULL) == SQLITE_OK || database_fail(db, error);
}

/* A pragma whose answer is a number. */
static gboolean read_number(Database *db, const char *sql, int *ret, GError **error)
{
    sqlite3_stmt *s = NULL;
    gboolean good = sqlite3_prepare_v2(db->sqlite, sql, -1, &s, NULL) == SQLITE_OK &&
                    sqlite3_step(s) == SQLITE_ROW;

    if (good) {
        *ret = sqlite3_column_int(s, 0);
    } else {
        database_fail(db, error);
    }
    sqlite3_finalize(s);
    return good;
}

/* Opens a file that is there, whatever is in it. */
static Database *open_file(const char *path, GError **error)
{
    g_autoptr(Database) db = g_new0(Database, 1);

    db->path = g_strdup(path);
    if (sqlite3_open_v2(path, &db->sqlite, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX, NULL) !=
        SQLITE_OK) {
        database_fail(db, error);
        return NULL;
    }
    sqlite3_busy_timeout(db->sqlite, BUSY_MS);
    sqlite3_db_config(db->sqlite, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
    sqlite3_db_config(db->sqlite, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, NULL);
    if (!execute(db, "PRAGMA synchronous = FULL; PRAGMA cell_size_check = ON;", error)) {
        return NULL;
    }
    return g_steal_pointer(&db);
}

/* Another program may have done it since the format was read. */
static gboolean raise_format(Database *db, GError **error)
{
    g_autofree char *mark = g_strdup_printf("PRAGMA user_version = %d", STORE_FORMAT);
    int format = 0;
    gboolean good;

    if (!execute(db, "BEGIN IMMEDIATE", error)) {
        return FALSE;
    }
    good = read_number(db, "PRAGMA user_version", &format, error) &&
           (format != STORE_FORMAT_BEFORE ||
            (execute(db, store_schema_new, error) && execute(db, mark, error)));
    return database_end(db, good, error);
}

static gboolean check_format(Database *db, GError **error)
{
    int application, format;

    if (!read_number(db, "PRAGMA application_id", &application, error) ||
        !read_number(db, "PRAGMA user_version", &format, error)) {
        return FALSE;
    }
    if (application != STORE_APPLICATION_ID) {
        return fail_text(db->path, complaint(SQLITE_NOTADB), error);
    }
    if (format == STORE_FORMAT_BEFORE) {
        return raise_format(db, error);
    }
    if (format != STORE_FORMAT) {
        g_set_error(error, DQ_ERROR, DQ_ERROR_STORE,
                    "the store %s has format %d, and this version knows %d: use the version that "
                    "made it",
                    db->path, format, STORE_FORMAT);
        return FALSE;
    }
    return TRUE;
}

/* SQLite would open a file of any kind, and makes an empty one a database. */
static gboolean check_file(const char *path, GError **error)
{
    struct stat st;

    if (stat(path, &st) != 0) {
        return fail_errno(path, "opened",
                          errno == ENOENT
                              ? "check the path; tpm2_checkdeepquote init --store FILE makes one"
                              : "check the path",
                          error);
    }
    if (!S_ISREG(st.st_mode) || st.st_size == 0) {
        return fail_text(path, complaint(SQLITE_NOTADB), error);
    }
    if (access(path, R_OK | W_OK) != 0) {
        return fail_errno(path, "used", "check its owner and mode, it has to be writable", error);
    }
    return TRUE;
}

Database *database_open(const char *path, GError **error)
{
    g_autoptr(Database) db = NULL;

    if (!check_file(path, error)) {
        return NULL;
    }
    db = open_file(path, error);
    if (!db || !check_format(db, error)) {
        return NULL;
    }
    return g_steal_pointer(&db);
}

void database_close(Database *db)
{
    if (!db) {
        return;
    }
    for (gsize i = 0; i < DATABASE_STATEMENTS; i++) {
        sqlite3_finalize(db->statement[i]);
    }
    sqlite3_close(db->sqlite);
    g_free(db->path);
    g_free(db);
}

/* Fills a new file, which SQLite then leaves alone: nothing of it is in another file. */
static gboolean fill(const char *path, GError **error)
{
    g_autoptr(Database) db = open_file(path, error);
    g_autofree char *mark =
        g_strdup_printf("PRAGMA application_id = %d; PRAGMA user_version = %d; COMMIT;",
                        STORE_APPLICATION_ID, STORE_FORMAT);

    return db && execute(db, "PRAGMA journal_mode = WAL; BEGIN IMMEDIATE;", error) &&
           execute(db, store_schema, error) && execute(db, store_schema_new, error) &&
           execute(db, mark, error) && execute(db, "PRAGMA wal_checkpoint(TRUNCATE);", error);
}

static gboolean sync_folder(const char *path)
{
    g_autofree char *folder = g_path_get_dirname(path);
    int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    gboolean good = fd >= 0 && fsync(fd) == 0;

    if (fd >= 0) {
        g_close(fd, NULL);
    }
    return good;
}

gboolean database_create(const char *path, GError **error)
{
    g_autofree char *fresh = g_strconcat(path, ".XXXXXX", NULL);
    int fd = g_mkstemp(fresh); /* mode 0600 */
    gboolean good;

    if (fd < 0) {
        return fail_errno(path, "made", "name a file in a folder that you may write to", error);
    }
    g_close(fd, NULL);
    good = fill(fresh, error);
    /* A link, unlike a renamed file, never replaces what is there. */
    if (good && (link(fresh, path) != 0 || !sync_folder(path))) {
        good = fail_errno(path, "made",
                          errno == EEXIST ? "use it, or name another file"
                                          : "name a file in a folder that you may write to",
                          error);
    }
    g_unlink(fresh);
    return good;
}

sqlite3_stmt *database_statement(Database *db, DatabaseStatement which, GError **error)
{
    if (!db->statement[which] &&
        sqlite3_prepare_v3(db->sqlite, store_statements[which], -1, SQLITE_PREPARE_PERSISTENT,
                           &db->statement[which], NULL) != SQLITE_OK) {
        database_fail(db, error);
        return NULL;
    }
    return db->statement[which];
}

void database_done(sqlite3_stmt *statement)
{
    sqlite3_reset(statement);
    sqlite3_clear_bindings(statement);
}

gboolean database_run(Database *db, DatabaseStatement which, GError **error)
{
    sqlite3_stmt *s = database_statement(db, which, error);
    gboolean good;

    if (!s) {
        return FALSE;
    }
    good = sqlite3_step(s) == SQLITE_DONE || database_fail(db, error);
    database_done(s);
    return good;
}

int database_changes(Database *db)
{
    return sqlite3_changes(db->sqlite);
}

gboolean database_begin(Database *db, GError **error)
{
    return database_run(db, DATABASE_BEGIN, error);
}

gboolean database_end(Database *db, gboolean good, GError **error)
{
    if (good && database_run(db, DATABASE_COMMIT, error)) {
        return TRUE;
    }
    if (!sqlite3_get_autocommit(db->sqlite)) { /* SQLite rolls back by itself after some errors */
        database_run(db, DATABASE_ROLLBACK, NULL);
    }
    return FALSE;
}
