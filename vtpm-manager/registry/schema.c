/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "registry/schema.h"

#include "registry/error.h"
#include "registry/record.h"

/* Integers hold 63 bits of the counters; at one commit a microsecond that is 292,000 years. */
static const char version_1[] = "CREATE TABLE vm ("
                                " uuid TEXT PRIMARY KEY NOT NULL,"
                                " name TEXT NOT NULL,"
                                " owner INTEGER NOT NULL,"
                                " registered INTEGER NOT NULL,"
                                " enabled INTEGER NOT NULL,"
                                " ek BLOB NOT NULL,"
                                " instance BLOB NOT NULL," /* empty: none yet */
                                " epoch INTEGER NOT NULL,"
                                " base INTEGER NOT NULL,"
                                " generation INTEGER NOT NULL,"
                                " ceiling INTEGER NOT NULL,"
                                " created INTEGER NOT NULL,"
                                " seen INTEGER NOT NULL,"
                                " removed INTEGER NOT NULL) WITHOUT ROWID;"
                                "PRAGMA user_version = 1;";

static const char version_2[] = "CREATE TABLE vm_group ("
                                " name TEXT PRIMARY KEY NOT NULL,"
                                " weight INTEGER NOT NULL) WITHOUT ROWID;"
                                "INSERT INTO vm_group VALUES ('" REGISTRY_GROUP_DEFAULT "', 1);"
                                "ALTER TABLE vm ADD COLUMN vm_group TEXT NOT NULL"
                                " DEFAULT '" REGISTRY_GROUP_DEFAULT "';"
                                "PRAGMA user_version = 2;";

static const char version_3[] = "ALTER TABLE vm ADD COLUMN lineage BLOB NOT NULL DEFAULT x'';"
                                "UPDATE vm SET lineage = randomblob(16);"
                                "PRAGMA user_version = 3;";

/* Owners of several VMs were what libvirt makes of them; all others keep what they had. */
static const char version_4[] =
    "ALTER TABLE vm ADD COLUMN rule TEXT NOT NULL DEFAULT 'user';"
    "UPDATE vm SET rule = 'libvirt' WHERE owner IN"
    " (SELECT owner FROM vm WHERE registered GROUP BY owner HAVING count(*) > 1);"
    "PRAGMA user_version = 4;";

/* States are rows of their own: they are stored often, and by themselves. */
static const char version_5[] = "ALTER TABLE vm ADD COLUMN continuity INTEGER NOT NULL DEFAULT 0;"
                                "ALTER TABLE vm ADD COLUMN broken INTEGER NOT NULL DEFAULT 0;"
                                "ALTER TABLE vm ADD COLUMN accepted INTEGER NOT NULL DEFAULT 0;"
                                "CREATE TABLE vm_state ("
                                " uuid TEXT PRIMARY KEY NOT NULL,"
                                " stored BLOB NOT NULL,"
                                " announced BLOB NOT NULL) WITHOUT ROWID;"
                                "PRAGMA user_version = 5;";

/* What the counter in the host's TPM has to be, and a keyed hash of that and of all other tables.
 */
static const char version_6[] = "CREATE TABLE " GUARD_TABLE " ("
                                " id INTEGER PRIMARY KEY CHECK (id = 1),"
                                " seed BLOB NOT NULL,"
                                " value INTEGER NOT NULL,"
                                " used REAL NOT NULL,"
                                " moment INTEGER NOT NULL,"
                                " mac BLOB NOT NULL);"
                                "CREATE TABLE audit ("
                                " number INTEGER PRIMARY KEY,"
                                " time INTEGER NOT NULL,"
                                " uid INTEGER NOT NULL,"
                                " subject TEXT NOT NULL,"
                                " what TEXT NOT NULL,"
                                " why TEXT NOT NULL,"
                                " hash BLOB NOT NULL);"
                                "PRAGMA user_version = 6;";

/* Of VMs whose state is kept in encrypted files, and of groups that have any. */
static const char version_7[] = "CREATE TABLE vm_key ("
                                " uuid TEXT PRIMARY KEY NOT NULL,"
                                " seed BLOB NOT NULL,"
                                " wrapped BLOB NOT NULL) WITHOUT ROWID;" /* empty: not made yet */
                                "CREATE TABLE group_seed ("
                                " name TEXT PRIMARY KEY NOT NULL,"
                                " seed BLOB NOT NULL) WITHOUT ROWID;"
                                "PRAGMA user_version = 7;";

/* Of groups whose tenants sign what hosts may do with them. */
static const char version_8[] = "CREATE TABLE group_approval ("
                                " name TEXT PRIMARY KEY NOT NULL,"
                                " key TEXT NOT NULL,"
                                " list TEXT NOT NULL) WITHOUT ROWID;" /* empty: none yet */
                                "PRAGMA user_version = 8;";

/* Of VMs whose vTPM is suspended. */
static const char version_9[] = "CREATE TABLE " GUARD_SAVED_TABLE " ("
                                " uuid TEXT PRIMARY KEY NOT NULL,"
                                " saved BLOB NOT NULL) WITHOUT ROWID;"
                                "PRAGMA user_version = 9;";

/* Of entries of the audit log that the host's TPM has signed. */
static const char version_10[] = "CREATE TABLE " GUARD_HEADS_TABLE " ("
                                 " number INTEGER PRIMARY KEY,"
                                 " evidence BLOB NOT NULL);"
                                 "PRAGMA user_version = 10;";

/*
 * From each version to the next; a new file goes through all of them. What changes rows of a file
 * that has an anchor can be made no earlier than registry_anchor_check(), and by a transaction
 * after it: none of these does.
 */
static const char *const steps[] = { version_1, version_2, version_3, version_4, version_5,
                                     version_6, version_7, version_8, version_9, version_10 };

enum {
    SCHEMA_VERSION = G_N_ELEMENTS(steps),
    ANCHOR_SINCE = 6, /* the version that has the table of the anchor */
};

static gboolean read_version(RegistryFile *file, int *ret, GError **error)
{
    sqlite3_stmt *statement = NULL;
    gboolean ok;

    ok = sqlite3_prepare_v2(file->sqlite, "PRAGMA user_version", -1, &statement, NULL) ==
             SQLITE_OK &&
         sqlite3_step(statement) == SQLITE_ROW;
    if (ok) {
        *ret = sqlite3_column_int(statement, 0);
    }
    sqlite3_finalize(statement);
    return ok || registry_file_fail(file, "read", error);
}

static gboolean upgrade(void *data, const void *version, GError **error)
{
    RegistryFile *file = data;

    for (int i = *(const int *)version; i < SCHEMA_VERSION; i++) {
        if (!registry_file_execute(file, steps[i], "write", error)) {
            return FALSE;
        }
    }
    return TRUE;
}

gboolean schema_prepare(RegistryFile *file, GError **error)
{
    int version = 0;

    if (!read_version(file, &version, error)) {
        return FALSE;
    }
    if (version < 0 || version > SCHEMA_VERSION) {
        g_set_error(error, REGISTRY_ERROR, REGISTRY_ERROR_STORAGE,
                    "the registry %s has format %d and this version knows up to %d: install the "
                    "newer version, or restore an older registry",
                    file->path, version, SCHEMA_VERSION);
        return FALSE;
    }
    if (version >= ANCHOR_SINCE && !guard_load(file->guard)) {
        return registry_file_damaged(file, error);
    }
    return version == SCHEMA_VERSION || registry_file_change(file, upgrade, file, &version, error);
}
