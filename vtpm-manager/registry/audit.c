/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "registry/audit.h"

#include <string.h>

#include "attest/deepquote.h"
#include "attest/digest.h"
#include "registry/file.h"
#include "wire/tpm-constants.h"

/* -------------------------------------------------------------------------------- what differs */

static void add(GString *text, const char *format, ...) G_GNUC_PRINTF(2, 3);

static void add(GString *text, const char *format, ...)
{
    va_list arguments;

    g_string_append(text, text->len > 0 ? "; " : "");
    va_start(arguments, format);
    g_string_append_vprintf(text, format, arguments);
    va_end(arguments);
}

static void add_rule(GString *text, const RegistryVm *vm)
{
    if (vm->owner == REGISTRY_NO_OWNER) {
        add(text, "known by the rule %s", registry_rule_name(vm->rule));
    } else {
        add(text, "known by the rule %s, of user %u", registry_rule_name(vm->rule),
            (unsigned)vm->owner);
    }
}

static void add_bytes(GString *text, const char *what, const uint8_t *bytes, gsize len)
{
    g_autofree char *hex = dq_hex_encode(bytes, len);

    add(text, "%s %s", what, hex);
}

static void add_ek(GString *text, const RegistryVm *before, const RegistryVm *now)
{
    if (now->ek_len > 0 &&
        (before->ek_len != now->ek_len || memcmp(before->ek, now->ek, now->ek_len) != 0)) {
        add_bytes(text, "endorsement key", now->ek, now->ek_len);
    }
}

static void add_history(GString *text, const RegistryVm *before, const RegistryVm *now)
{
    if (memcmp(before->lineage, now->lineage, sizeof(now->lineage)) != 0) {
        add_bytes(text,
                  before->accepted ? "an accepted break of its history: lineage"
                                   : "its history broke: lineage",
                  now->lineage, sizeof(now->lineage));
    } else if (now->accepted != before->accepted && now->accepted) {
        add(text, "the next break of its history is accepted");
    } else if (before->broken && !now->broken) {
        add(text, "the last break of its history is accepted");
    }
    if (before->continuity != now->continuity) {
        add(text, "its history is %s", registry_continuity_name(now->continuity));
    }
}

static void add_key(GString *text, const RegistryVm *before, const RegistryVm *now)
{
    if (now->key.sealed && !before->key.sealed) {
        add(text, "its state is sealed");
    }
    if (now->key.made && !before->key.made) {
        add(text, "its state has a key");
    } else if (now->key.made &&
               memcmp(now->key.seed, before->key.seed, sizeof(now->key.seed)) != 0) {
        add(text, "the key of its state is the group %s's to keep", now->group->name);
    } else if (now->key.made &&
               memcmp(now->key.wrapped, before->key.wrapped, sizeof(now->key.wrapped)) != 0) {
        add(text, "the key of its state is another one");
    }
}

static void add_changes(GString *text, const RegistryVm *before, const RegistryVm *now)
{
    if (before->rule != now->rule || before->owner != now->owner) {
        add_rule(text, now);
    }
    if (before->enabled != now->enabled) {
        add(text, now->enabled ? "enabled" : "disabled");
    }
    if (!g_str_equal(before->name, now->name)) {
        add(text, "named %s", now->name);
    }
    if (!g_str_equal(before->group->name, now->group->name)) {
        add(text, "in the group %s", now->group->name);
    }
    add_ek(text, before, now);
    add_key(text, before, now);
    add_history(text, before, now);
}

static void add_registration(GString *text, const RegistryVm *now)
{
    static const RegistryVm nothing;

    add(text, "registered");
    add_rule(text, now);
    if (*now->name) {
        add(text, "named %s", now->name);
    }
    add(text, "in the group %s", now->group->name);
    add_ek(text, &nothing, now);
    if (now->key.sealed) {
        add(text, "its state is sealed");
    }
    add_bytes(text, "lineage", now->lineage, sizeof(now->lineage));
}

char *registry_audit_describe(const RegistryVm *before, const RegistryVm *now)
{
    GString *text = g_string_new(NULL);

    if (!before || !before->registered) {
        add_registration(text, now);
    } else if (!now->registered) {
        add(text, "unregistered");
    } else {
        add_changes(text, before, now);
    }
    return g_string_free(text, text->len == 0);
}

/* ------------------------------------------------------------------------------------- the table
 */

static WireBytes bytes_of(const char *text)
{
    const char *whole = text ? text : "";
    gsize len = strlen(whole);

    if (len > AUDIT_TEXT_MAX) {
        len = (gsize)(g_utf8_find_prev_char(whole, whole + AUDIT_TEXT_MAX + 1) - whole);
    }
    return (WireBytes){ (const uint8_t *)whole, len };
}

static gboolean hash_entry(const AuditEntry *entry, uint8_t ret[AUDIT_HASH_SIZE])
{
    uint8_t buf[AUDIT_MAX];
    uint8_t digest[DQ_DIGEST_MAX];
    WireWriter w = WIRE_WRITER(buf, sizeof(buf));
    DqBytes part;

    if (!wire_put_audit(&w, entry)) {
        return FALSE;
    }
    part = (DqBytes){ buf, w.len };
    if (dq_digest(TPM_ALG_SHA256, &part, 1, digest) != AUDIT_HASH_SIZE) {
        return FALSE;
    }
    memcpy(ret, digest, AUDIT_HASH_SIZE);
    return TRUE;
}

/* The number and hash of the last entry; 0 and zeros where there is none. */
static gboolean read_last(RegistryFile *file, uint64_t *ret_number, uint8_t ret[AUDIT_HASH_SIZE],
                          GError **error)
{
    sqlite3_stmt *s = NULL;
    int rc = sqlite3_prepare_v2(
        file->sqlite, "SELECT number, hash FROM audit ORDER BY number DESC LIMIT 1", -1, &s, NULL);
    gboolean damaged = FALSE;

    *ret_number = 0;
    memset(ret, 0, AUDIT_HASH_SIZE);
    if (rc == SQLITE_OK && (rc = sqlite3_step(s)) == SQLITE_ROW) {
        const void *hash = sqlite3_column_blob(s, 1);

        damaged = !hash || sqlite3_column_bytes(s, 1) != AUDIT_HASH_SIZE;
        if (!damaged) {
            *ret_number = (uint64_t)sqlite3_column_int64(s, 0);
            memcpy(ret, hash, AUDIT_HASH_SIZE);
        }
    }
    sqlite3_finalize(s);
    if (damaged) {
        return registry_file_damaged(file, error);
    }
    return rc == SQLITE_ROW || rc == SQLITE_DONE || registry_file_refuse(file, "read", rc, error);
}

static gboolean bind_text(sqlite3_stmt *s, int parameter, WireBytes text)
{
    return sqlite3_bind_text(s, parameter, (const char *)text.p, (int)text.len, SQLITE_TRANSIENT) ==
           SQLITE_OK;
}

static gboolean write_entry(RegistryFile *file, const AuditEntry *e,
                            const uint8_t hash[AUDIT_HASH_SIZE], GError **error)
{
    sqlite3_stmt *s = NULL;
    const gboolean ok =
        sqlite3_prepare_v2(file->sqlite,
                           "INSERT INTO audit (number, time, uid, subject, what, why, hash) "
                           "VALUES (?,?,?,?,?,?,?)",
                           -1, &s, NULL) == SQLITE_OK &&
        sqlite3_bind_int64(s, 1, (int64_t)e->number) == SQLITE_OK &&
        sqlite3_bind_int64(s, 2, e->time) == SQLITE_OK &&
        sqlite3_bind_int64(s, 3, e->uid) == SQLITE_OK && bind_text(s, 4, e->subject) &&
        bind_text(s, 5, e->what) && bind_text(s, 6, e->why) &&
        sqlite3_bind_blob(s, 7, hash, AUDIT_HASH_SIZE, SQLITE_STATIC) == SQLITE_OK &&
        sqlite3_step(s) == SQLITE_DONE;

    if (!ok) {
        registry_file_fail(file, "write", error);
    }
    sqlite3_finalize(s);
    return ok;
}

gboolean registry_audit_add(RegistryFile *file, const RegistryNote *note, GError **error)
{
    uint8_t before[AUDIT_HASH_SIZE];
    uint8_t hash[AUDIT_HASH_SIZE];
    AuditEntry entry = { .before = before, .time = g_get_real_time() / G_USEC_PER_SEC, .uid = -1 };

    if (!note->what) {
        return TRUE;
    }
    entry.subject = bytes_of(note->subject);
    entry.what = bytes_of(note->what);
    entry.why = bytes_of(note->by ? note->by->why : NULL);
    if (note->by) {
        entry.uid = note->by->uid;
    }
    if (!read_last(file, &entry.number, before, error)) {
        return FALSE;
    }
    entry.number++;
    return (hash_entry(&entry, hash) || registry_file_refuse(file, "write", SQLITE_NOMEM, error)) &&
           write_entry(file, &entry, hash, error);
}

static WireBytes column_text(sqlite3_stmt *s, int column)
{
    const unsigned char *text = sqlite3_column_text(s, column);

    return (WireBytes){ text, (gsize)sqlite3_column_bytes(s, column) };
}

gboolean registry_audit_read(RegistryStore *store, uint64_t after, guint count,
                             RegistryAuditReader reader, void *data, GError **error)
{
    RegistryFile *file = registry_store_file(store);
    g_autoptr(GMutexLocker) locker G_GNUC_UNUSED = g_mutex_locker_new(&file->lock);
    sqlite3_stmt *s = NULL;
    int rc = sqlite3_prepare_v2(file->sqlite,
                                "SELECT number, time, uid, subject, what, why, hash FROM audit "
                                "WHERE number > ? ORDER BY number LIMIT ?",
                                -1, &s, NULL);
    gboolean damaged = FALSE;

    if (rc == SQLITE_OK && (rc = sqlite3_bind_int64(s, 1, (int64_t)after)) == SQLITE_OK) {
        rc = sqlite3_bind_int64(s, 2, count);
    }
    while (!damaged && (rc == SQLITE_OK || rc == SQLITE_ROW) &&
           (rc = sqlite3_step(s)) == SQLITE_ROW) {
        const AuditEntry entry = { NULL,
                                   (uint64_t)sqlite3_column_int64(s, 0),
                                   sqlite3_column_int64(s, 1),
                                   sqlite3_column_int64(s, 2),
                                   column_text(s, 3),
                                   column_text(s, 4),
                                   column_text(s, 5) };
        const void *hash = sqlite3_column_blob(s, 6);

        damaged = !hash || sqlite3_column_bytes(s, 6) != AUDIT_HASH_SIZE || !entry.subject.p ||
                  !entry.what.p || !entry.why.p;
        if (!damaged) {
            reader(&entry, hash, data);
        }
    }
    sqlite3_finalize(s);
    if (damaged) {
        return registry_file_damaged(file, error);
    }
    return rc == SQLITE_DONE || registry_file_refuse(file, "read", rc, error);
}
