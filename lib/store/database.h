/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One SQLite file: made, opened, changed in transactions. A database is used by one thread at a
 * time, and by any number of processes.
 */
#ifndef STORE_DATABASE_H
#define STORE_DATABASE_H

#include "attest/store.h"

#include <sqlite3.h>

typedef struct Database Database;

/** The statements; database.c has their text. */
typedef enum DatabaseStatement {
    DATABASE_BEGIN,
    DATABASE_COMMIT,
    DATABASE_ROLLBACK,
    DATABASE_CHALLENGE_PUT,
    DATABASE_CHALLENGE_FIND,
    DATABASE_CHALLENGE_USE,
    DATABASE_CHALLENGE_PRUNE,
    DATABASE_HOST_PUT,
    DATABASE_HOST_FIND,
    DATABASE_HOST_LIST,
    DATABASE_HOST_REMOVE,
    DATABASE_VM_PUT,
    DATABASE_VM_FIND,
    DATABASE_VM_LIST,
    DATABASE_VM_LIST_ON_HOST,
    DATABASE_VM_REMOVE,
    DATABASE_ACCEPTANCE_PUT,
    DATABASE_ACCEPTANCE_LIST,
    DATABASE_PROFILE_PUT,
    DATABASE_PROFILE_FIND,
    DATABASE_PROFILE_LIST,
    DATABASE_PROFILE_CONTENT,
    DATABASE_PROFILE_REMOVE,
    DATABASE_BINDING_PUT,
    DATABASE_BINDING_FIND,
    DATABASE_BINDING_LIST,
    DATABASE_BINDING_REMOVE,
    DATABASE_ENTRY_PUT,
    DATABASE_ENTRY_LAST,
    DATABASE_ENTRY_NEXT,
    DATABASE_ENTRY_PRUNE,
    DATABASE_ENTRY_CONTENT_PUT,
    DATABASE_ENTRY_CONTENT_PRUNE,
    DATABASE_CONTENT_PUT,
    DATABASE_CONTENT_FIND,
    DATABASE_CONTENT_LIKE,
    DATABASE_CONTENT_PRUNE,
    DATABASE_STATEMENTS,
} DatabaseStatement;

/** database_create: @path must not exist. It is there with all tables, or not at all. */
gboolean database_create(const char *path, GError **error);

/**
 * database_open: @path must have been made by database_create(). A file of the format before this
 * one gets what is new.
 */
Database *database_open(const char *path, GError **error);
void database_close(Database *db);

/** database_fail: always FALSE, with what SQLite complains of and what to do about it. */
gboolean database_fail(Database *db, GError **error);

/** database_damaged: always FALSE: a record says what nobody wrote. */
gboolean database_damaged(Database *db, GError **error);

/**
 * database_statement: ready for its parameters; borrowed. NULL with the error set.
 * database_done() gives it back.
 */
sqlite3_stmt *database_statement(Database *db, DatabaseStatement which, GError **error);
void database_done(sqlite3_stmt *statement);

/** database_run: a statement without rows whose parameters are set, or which has none. */
gboolean database_run(Database *db, DatabaseStatement which, GError **error);

/** database_changes: rows that the last statement changed. */
int database_changes(Database *db);

/**
 * database_begin, database_end: a transaction that writes. database_end() commits where @good is
 * TRUE and the commit succeeds, else everything is as it was; it returns which.
 */
gboolean database_begin(Database *db, GError **error);
gboolean database_end(Database *db, gboolean good, GError **error);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(Database, database_close)

#endif
