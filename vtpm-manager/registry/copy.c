/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "registry/copy.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "registry/error.h"
#include "registry/file.h"

enum { ALL_PAGES = -1 };

struct RegistryCopy {
    char *path;
    sqlite3 *sqlite;
    Guard *guard;
};

static gboolean fail(const char *path, const char *what, const char *why, GError **error)
{
    g_set_error(error, REGISTRY_ERROR, REGISTRY_ERROR_STORAGE, "cannot %s the copy %s: %s", what,
                path, why);
    return FALSE;
}

/* ---------------------------------------------------------------------------------- making one */

/* An empty one, for its owner alone, which SQLite then finds. */
static gboolean reserve(const char *path, GError **error)
{
    const int fd = open(path, O_CREAT | O_EXCL | O_WRONLY | O_CLOEXEC, S_IRUSR | S_IWUSR);

    if (fd >= 0) {
        close(fd);
        return TRUE;
    }
    if (errno == EEXIST) {
        g_set_error(error, REGISTRY_ERROR, REGISTRY_ERROR_EXISTS, "there is a file %s", path);
        return FALSE;
    }
    return fail(path, "make", g_strerror(errno), error);
}

/* All pages at once: a transaction of another thread waits so long. */
static int copy_pages(RegistryFile *file, sqlite3 *to)
{
    g_autoptr(GMutexLocker) locker G_GNUC_UNUSED = g_mutex_locker_new(&file->lock);
    sqlite3_backup *backup = sqlite3_backup_init(to, "main", file->sqlite, "main");
    int rc = backup ? sqlite3_backup_step(backup, ALL_PAGES) : sqlite3_errcode(to);

    if (backup) {
        const int end = sqlite3_backup_finish(backup);

        rc = rc == SQLITE_DONE ? end : rc;
    }
    return rc;
}

/* It is one file, without a log beside it. */
static gboolean write_copy(RegistryFile *file, const char *path, GError **error)
{
    sqlite3 *to = NULL;
    int rc = sqlite3_open_v2(path, &to, SQLITE_OPEN_READWRITE, NULL);

    rc = rc == SQLITE_OK ? copy_pages(file, to) : rc;
    if (rc == SQLITE_OK) {
        rc = sqlite3_exec(to, "PRAGMA journal_mode = DELETE", NULL, NULL, NULL);
    }
    sqlite3_close(to);
    return rc == SQLITE_OK || fail(path, "write", sqlite3_errstr(rc), error);
}

static gboolean sync_path(const char *path, int flags)
{
    const int fd = open(path, O_RDONLY | O_CLOEXEC | flags);
    const gboolean ok = fd >= 0 && fsync(fd) == 0;
    const int code = errno;

    if (fd >= 0) {
        close(fd);
    }
    errno = code;
    return ok;
}

static gboolean sync_copy(const char *path, GError **error)
{
    g_autofree char *folder = g_path_get_dirname(path);

    return (sync_path(path, 0) && sync_path(folder, O_DIRECTORY)) ||
           fail(path, "write", g_strerror(errno), error);
}

gboolean registry_copy_make(RegistryStore *store, const char *path, GError **error)
{
    if (!reserve(path, error)) {
        return FALSE;
    }
    if (write_copy(registry_store_file(store), path, error) && sync_copy(path, error)) {
        return TRUE;
    }
    unlink(path);
    return FALSE;
}

/* -------------------------------------------------------------------------------- looking at one
 */

void registry_copy_close(RegistryCopy *copy)
{
    if (copy) {
        guard_free(copy->guard);
        sqlite3_close(copy->sqlite);
        g_free(copy->path);
        g_free(copy);
    }
}

/* Nobody changes it meanwhile, and nothing is made beside it. */
static int open_immutable(const char *path, sqlite3 **ret)
{
    g_autofree char *escaped = g_uri_escape_string(path, "/", FALSE);
    g_autofree char *uri = g_strconcat("file:", escaped, "?immutable=1", NULL);

    return sqlite3_open_v2(uri, ret, SQLITE_OPEN_READONLY | SQLITE_OPEN_URI, NULL);
}

RegistryCopy *registry_copy_open(const char *path, GError **error)
{
    g_autoptr(RegistryCopy) copy = g_new0(RegistryCopy, 1);
    int rc;

    copy->path = g_strdup(path);
    rc = open_immutable(path, &copy->sqlite);
    if (rc != SQLITE_OK) {
        fail(path, "read", sqlite3_errstr(rc), error);
        return NULL;
    }
    copy->guard = guard_new(copy->sqlite);
    if (!guard_load(copy->guard)) {
        fail(path, "read", "it is no registry of this version", error);
        return NULL;
    }
    return g_steal_pointer(&copy);
}

gboolean registry_copy_anchor(const RegistryCopy *copy, RegistryAnchor *ret)
{
    const RegistryAnchor *anchor = guard_anchor(copy->guard);

    if (anchor) {
        *ret = *anchor;
    }
    return anchor != NULL;
}

static gboolean get_number(RegistryCopy *copy, const char *sql, int64_t *ret)
{
    sqlite3_stmt *s = NULL;
    const gboolean ok = sqlite3_prepare_v2(copy->sqlite, sql, -1, &s, NULL) == SQLITE_OK &&
                        sqlite3_step(s) == SQLITE_ROW;

    if (ok) {
        *ret = sqlite3_column_int64(s, 0);
    }
    sqlite3_finalize(s);
    return ok;
}

gboolean registry_copy_vms(RegistryCopy *copy, int64_t *ret, GError **error)
{
    return get_number(copy, "SELECT count(*) FROM vm WHERE registered", ret) ||
           fail(copy->path, "read", sqlite3_errmsg(copy->sqlite), error);
}

/* Rows are what the keyed hash is over: this is what is around them. SQLite reads zeros for the end
 * of a last page that was cut off. */
static gboolean is_whole(RegistryCopy *copy)
{
    int64_t pages = 0, size = 0;
    struct stat st;
    sqlite3_stmt *s = NULL;
    gboolean ok = get_number(copy, "PRAGMA page_count", &pages) &&
                  get_number(copy, "PRAGMA page_size", &size) && stat(copy->path, &st) == 0 &&
                  st.st_size == pages * size;

    ok = ok &&
         sqlite3_prepare_v2(copy->sqlite, "PRAGMA integrity_check", -1, &s, NULL) == SQLITE_OK &&
         sqlite3_step(s) == SQLITE_ROW &&
         g_strcmp0((const char *)sqlite3_column_text(s, 0), "ok") == 0;
    sqlite3_finalize(s);
    return ok;
}

gboolean registry_copy_check(RegistryCopy *copy, const uint8_t key[REGISTRY_KEY_SIZE],
                             GError **error)
{
    int code;

    if (!is_whole(copy)) {
        return fail(copy->path, "read", "it is damaged, or cut short", error);
    }
    code = guard_take_key(copy->guard, key);
    code = code == SQLITE_OK ? guard_check(copy->guard) : code;
    guard_drop_key(copy->guard);
    if (code == SQLITE_AUTH) {
        g_set_error(error, REGISTRY_ERROR, REGISTRY_ERROR_FORGED,
                    "the copy %s is not what this host's manager has written", copy->path);
        return FALSE;
    }
    return code == SQLITE_OK || fail(copy->path, "read", sqlite3_errstr(code), error);
}
