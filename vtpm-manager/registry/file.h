/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The SQLite file of the registry: opened by this process alone, and changed by transactions that
 * are on the disk when they return. Each of them keeps the anchor true to what the file holds.
 */
#ifndef VTPM_MANAGER_REGISTRY_FILE_H
#define VTPM_MANAGER_REGISTRY_FILE_H

#include <glib.h>
#include <sqlite3.h>

#include "registry/guard.h"

struct RegistryFile {
    GMutex lock; /* of the transactions: states are stored by a thread of their own */
    char *path;
    sqlite3 *sqlite;
    Guard *guard;
    RegistryWatch watch; /* NULL: none */
    void *watch_data;
};

/** registry_file_open: made where it is missing, and brought to the present schema. */
RegistryFile *registry_file_open(const char *path, GError **error);
void registry_file_close(RegistryFile *file);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(RegistryFile, registry_file_close)

/**
 * registry_file_fail: REGISTRY_ERROR_STORAGE for what SQLite just refused.
 * @what: "read" or "write"
 *
 * Returns: %FALSE
 */
gboolean registry_file_fail(const RegistryFile *file, const char *what, GError **error);

/** registry_file_refuse: the same for @code, which may not be SQLite's last. */
gboolean registry_file_refuse(const RegistryFile *file, const char *what, int code, GError **error);

/** registry_file_damaged: the same for what cannot be in a row. */
gboolean registry_file_damaged(const RegistryFile *file, GError **error);

/** registry_file_execute: statements that return nothing. */
gboolean registry_file_execute(RegistryFile *file, const char *sql, const char *what,
                               GError **error);

/** A parameter of a statement: @text, else @size bytes of @blob, else @number. */
typedef struct RegistryValue {
    const char *text;
    const void *blob;
    gsize size;
    int64_t number;
} RegistryValue;

/** registry_file_put: one statement that returns nothing, with its parameters; in a transaction. */
gboolean registry_file_put(RegistryFile *file, const char *sql, const RegistryValue *values,
                           gsize count, GError **error);

/** A part of a transaction; %FALSE with @error set: nothing of it is to stay. */
typedef gboolean (*RegistryChange)(void *data, const void *what, GError **error);

/** registry_file_change: all of @change, or nothing. Any thread. */
gboolean registry_file_change(RegistryFile *file, RegistryChange change, void *data,
                              const void *what, GError **error);

#endif
