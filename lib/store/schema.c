/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "store/schema.h"

/*
 * A challenge's row is found by its first eight bytes, so that the tree of rows is the only one
 * that is searched and stays small: ten million fill less than a gigabyte. Every row ends with a
 * sum over the others of its columns (row.h).
 */
const char store_schema[] = "CREATE TABLE challenge ("
                            " id INTEGER PRIMARY KEY NOT NULL,"
                            " rest BLOB NOT NULL,"
                            " expires INTEGER NOT NULL,"
                            " used INTEGER NOT NULL,"
                            " vm BLOB NOT NULL,"
                            " sum INTEGER NOT NULL);"
                            "CREATE INDEX challenge_expires ON challenge (expires);"
                            "CREATE TABLE host ("
                            " name BLOB PRIMARY KEY NOT NULL,"
                            " public_area BLOB NOT NULL,"
                            " label TEXT NOT NULL,"
                            " simulated INTEGER NOT NULL,"
                            " enrolment INTEGER NOT NULL,"
                            " ek_manufacturer TEXT NOT NULL,"
                            " ek_model TEXT NOT NULL,"
                            " ek_version TEXT NOT NULL,"
                            " ek_serial TEXT NOT NULL,"
                            " ek_issuer TEXT NOT NULL,"
                            " ek_expires INTEGER NOT NULL,"
                            " enrolled INTEGER NOT NULL,"
                            " expires INTEGER NOT NULL,"
                            " revoked INTEGER NOT NULL,"
                            " counted INTEGER NOT NULL,"
                            " reset_count INTEGER NOT NULL,"
                            " restart_count INTEGER NOT NULL,"
                            " sum INTEGER NOT NULL) WITHOUT ROWID;"
                            "CREATE TABLE vm ("
                            " uuid BLOB PRIMARY KEY NOT NULL,"
                            " label TEXT NOT NULL,"
                            " ek BLOB NOT NULL,"
                            " ak BLOB NOT NULL,"
                            " added INTEGER NOT NULL,"
                            " first_seen INTEGER NOT NULL,"
                            " last_seen INTEGER NOT NULL,"
                            " host BLOB NOT NULL,"
                            " lineage BLOB NOT NULL,"
                            " epoch INTEGER NOT NULL,"
                            " generation INTEGER NOT NULL,"
                            " has_clock INTEGER NOT NULL,"
                            " reset_count INTEGER NOT NULL,"
                            " restart_count INTEGER NOT NULL,"
                            " clock INTEGER NOT NULL,"
                            " clock_safe INTEGER NOT NULL,"
                            " accepted_lineage BLOB NOT NULL,"
                            " accepted_host BLOB NOT NULL,"
                            " sum INTEGER NOT NULL) WITHOUT ROWID;"
                            "CREATE INDEX vm_host ON vm (host);"
                            "CREATE TABLE acceptance ("
                            " id INTEGER PRIMARY KEY NOT NULL,"
                            " at INTEGER NOT NULL,"
                            " kind INTEGER NOT NULL,"
                            " vm BLOB NOT NULL,"
                            " host BLOB NOT NULL,"
                            " lineage BLOB NOT NULL,"
                            " why TEXT NOT NULL,"
                            " sum INTEGER NOT NULL);"
                            "CREATE TABLE profile ("
                            " name TEXT PRIMARY KEY NOT NULL,"
                            " issued INTEGER NOT NULL,"
                            " key BLOB NOT NULL,"
                            " digest BLOB NOT NULL,"
                            " added INTEGER NOT NULL,"
                            " sum INTEGER NOT NULL,"
                            " content BLOB NOT NULL);"
                            "CREATE TABLE binding ("
                            " subject INTEGER NOT NULL,"
                            " key BLOB NOT NULL,"
                            " profile TEXT NOT NULL,"
                            " member_of TEXT NOT NULL,"
                            " sum INTEGER NOT NULL,"
                            " PRIMARY KEY (subject, key)) WITHOUT ROWID;";

/* Entries need no sum: each has a hash, and so has the content that it speaks of. */
const char store_schema_new[] = "CREATE TABLE content ("
                                " digest BLOB PRIMARY KEY NOT NULL,"
                                " size INTEGER NOT NULL,"
                                " head BLOB NOT NULL,"
                                " base BLOB NOT NULL,"
                                " data BLOB NOT NULL);"
                                "CREATE INDEX content_head ON content (head, size);"
                                "CREATE TABLE entry_content ("
                                " entry INTEGER NOT NULL,"
                                " digest BLOB NOT NULL,"
                                " PRIMARY KEY (digest, entry)) WITHOUT ROWID;"
                                "CREATE TABLE entry ("
                                " number INTEGER PRIMARY KEY NOT NULL,"
                                " hash BLOB NOT NULL,"
                                " text BLOB NOT NULL);";

#define HOST_COLUMNS                                                                               \
    "name, public_area, label, simulated, enrolment, ek_manufacturer, ek_model, ek_version, "      \
    "ek_serial, ek_issuer, ek_expires, enrolled, expires, revoked, counted, reset_count, "         \
    "restart_count, sum"

#define VM_COLUMNS                                                                                 \
    "uuid, label, ek, ak, added, first_seen, last_seen, host, lineage, epoch, generation, "        \
    "has_clock, reset_count, restart_count, clock, clock_safe, accepted_lineage, accepted_host, "  \
    "sum"

const char *const store_statements[DATABASE_STATEMENTS] = {
    [DATABASE_BEGIN] = "BEGIN IMMEDIATE",
    [DATABASE_COMMIT] = "COMMIT",
    [DATABASE_ROLLBACK] = "ROLLBACK",
    [DATABASE_CHALLENGE_PUT] = "INSERT OR IGNORE INTO challenge (id, rest, expires, used, vm, sum)"
                               " VALUES (?, ?, ?, ?, ?, ?)",
    [DATABASE_CHALLENGE_FIND] = "SELECT id, rest, expires, used, vm, sum FROM challenge"
                                " WHERE id = ?",
    [DATABASE_CHALLENGE_USE] = "REPLACE INTO challenge (id, rest, expires, used, vm, sum)"
                               " VALUES (?, ?, ?, ?, ?, ?)",
    [DATABASE_CHALLENGE_PRUNE] = "DELETE FROM challenge WHERE id IN (SELECT id FROM challenge"
                                 " WHERE expires < ? ORDER BY expires LIMIT ?)",
    [DATABASE_HOST_PUT] = "REPLACE INTO host (" HOST_COLUMNS ")"
                          " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
    [DATABASE_HOST_FIND] = "SELECT " HOST_COLUMNS " FROM host WHERE name = ?",
    [DATABASE_HOST_LIST] = "SELECT " HOST_COLUMNS " FROM host ORDER BY name",
    [DATABASE_HOST_REMOVE] = "DELETE FROM host WHERE name = ?",
    [DATABASE_VM_PUT] = "REPLACE INTO vm (" VM_COLUMNS ")"
                        " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
    [DATABASE_VM_FIND] = "SELECT " VM_COLUMNS " FROM vm WHERE uuid = ?",
    [DATABASE_VM_LIST] = "SELECT " VM_COLUMNS " FROM vm ORDER BY uuid",
    [DATABASE_VM_LIST_ON_HOST] = "SELECT " VM_COLUMNS " FROM vm WHERE host = ? ORDER BY uuid",
    [DATABASE_VM_REMOVE] = "DELETE FROM vm WHERE uuid = ?",
    [DATABASE_ACCEPTANCE_PUT] = "INSERT INTO acceptance (id, at, kind, vm, host, lineage, why, sum)"
                                " VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
    [DATABASE_ACCEPTANCE_LIST] = "SELECT id, at, kind, vm, host, lineage, why, sum FROM acceptance"
                                 " ORDER BY id",
    [DATABASE_PROFILE_PUT] = "REPLACE INTO profile (name, issued, key, digest, added, sum, content)"
                             " VALUES (?, ?, ?, ?, ?, ?, ?)",
    [DATABASE_PROFILE_FIND] = "SELECT name, issued, key, digest, added, sum FROM profile"
                              " WHERE name = CAST(? AS TEXT)",
    [DATABASE_PROFILE_LIST] = "SELECT name, issued, key, digest, added, sum FROM profile"
                              " ORDER BY name",
    [DATABASE_PROFILE_CONTENT] = "SELECT content FROM profile WHERE name = ?",
    [DATABASE_PROFILE_REMOVE] = "DELETE FROM profile WHERE name = CAST(? AS TEXT)",
    [DATABASE_BINDING_PUT] = "REPLACE INTO binding (subject, key, profile, member_of, sum)"
                             " VALUES (?, ?, ?, ?, ?)",
    [DATABASE_BINDING_FIND] = "SELECT subject, key, profile, member_of, sum FROM binding"
                              " WHERE subject = ? AND key = ?",
    [DATABASE_BINDING_LIST] = "SELECT subject, key, profile, member_of, sum FROM binding"
                              " ORDER BY subject, key",
    [DATABASE_BINDING_REMOVE] = "DELETE FROM binding WHERE subject = ? AND key = ?",
    [DATABASE_ENTRY_PUT] = "INSERT INTO entry (number, hash, text) VALUES (?, ?, ?)",
    [DATABASE_ENTRY_LAST] = "SELECT number, hash FROM entry ORDER BY number DESC LIMIT 1",
    [DATABASE_ENTRY_NEXT] = "SELECT number, hash, text FROM entry WHERE number > ?"
                            " ORDER BY number LIMIT 1",
    [DATABASE_ENTRY_PRUNE] = "DELETE FROM entry WHERE number <= ?",
    [DATABASE_ENTRY_CONTENT_PUT] = "INSERT OR IGNORE INTO entry_content (entry, digest)"
                                   " VALUES (?, ?)",
    [DATABASE_ENTRY_CONTENT_PRUNE] = "DELETE FROM entry_content WHERE entry <= ?",
    [DATABASE_CONTENT_PUT] = "INSERT INTO content (digest, size, head, base, data)"
                             " VALUES (?, ?, ?, ?, ?)",
    [DATABASE_CONTENT_FIND] = "SELECT size, base, data FROM content WHERE digest = ?",
    [DATABASE_CONTENT_LIKE] = "SELECT digest, size FROM content WHERE head = ? AND size < ?"
                              " ORDER BY size DESC LIMIT 16",
    [DATABASE_CONTENT_PRUNE] = "DELETE FROM content WHERE"
                               " digest NOT IN (SELECT digest FROM entry_content) AND"
                               " digest NOT IN (SELECT base FROM content)",
};
