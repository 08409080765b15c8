/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "store/binding.h"

#include "store/host.h"
#include "store/label.h"
#include "store/profile.h"
#include "store/vm.h"

#include <string.h>

static gboolean transfer(Row *r, gpointer record)
{
    Binding *b = record;
    uint32_t subject = b->subject;

    row_u32(r, &subject);
    row_blob(r, b->key, sizeof(b->key), &b->key_len);
    row_text(r, b->profile, sizeof(b->profile));
    row_text(r, b->group, sizeof(b->group));
    b->subject = (DqSubject)subject;
    return row_end(r, NULL) && subject >= DQ_SUBJECT_HOST && subject <= DQ_SUBJECT_VM_GROUP;
}

const RecordType binding_type = { "binding", sizeof(Binding), transfer };

/* The group's kind of a host or VM. */
static DqSubject group_of(DqSubject subject)
{
    return subject == DQ_SUBJECT_HOST ? DQ_SUBJECT_HOST_GROUP : DQ_SUBJECT_VM_GROUP;
}

static sqlite3_stmt *statement_for(Database *db, DatabaseStatement which, DqSubject subject,
                                   DqBytes key, GError **error)
{
    sqlite3_stmt *s = database_statement(db, which, error);

    if (s && (sqlite3_bind_int64(s, 1, (int64_t)subject) != SQLITE_OK ||
              sqlite3_bind_blob(s, 2, key.data, (int)key.len, SQLITE_TRANSIENT) != SQLITE_OK)) {
        database_fail(db, error);
        return NULL;
    }
    return s;
}

/* Where there is none, an empty one. @key is no longer than a subject has room for. */
static gboolean find(Database *db, DqSubject subject, DqBytes key, Binding *ret, GError **error)
{
    sqlite3_stmt *s = statement_for(db, DATABASE_BINDING_FIND, subject, key, error);
    Binding b;
    gboolean found;

    if (!s || !record_find_bound(db, s, &binding_type, &found, &b, error)) {
        return FALSE;
    }
    if (!found) {
        b = (Binding){ .subject = subject, .key_len = key.len };
        memcpy(b.key, key.data, key.len);
    }
    *ret = b;
    return TRUE;
}

gboolean binding_remove(Database *db, DqSubject subject, DqBytes key, GError **error)
{
    return statement_for(db, DATABASE_BINDING_REMOVE, subject, key, error) &&
           database_run(db, DATABASE_BINDING_REMOVE, error);
}

static gboolean put(Database *db, Binding *b, GError **error)
{
    return b->profile[0] == '\0' && b->group[0] == '\0'
               ? binding_remove(db, b->subject, (DqBytes){ b->key, b->key_len }, error)
               : record_put(db, DATABASE_BINDING_PUT, &binding_type, b, error);
}

static gboolean check_name(const char *name, gsize len, GError **error)
{
    g_autofree char *text = g_strndup(name, len);

    if (len == 0 || strlen(text) != len) {
        g_set_error(error, DQ_ERROR, DQ_ERROR_RECORD, "a group has to have a name");
        return FALSE;
    }
    return label_check(text, error);
}

static gboolean check_uuid(DqBytes key, GError **error)
{
    if (key.len != DQ_UUID_SIZE) {
        g_set_error(error, DQ_ERROR, DQ_ERROR_RECORD, "a UUID has %d bytes", DQ_UUID_SIZE);
    }
    return key.len == DQ_UUID_SIZE;
}

/* Whether there is such a host or VM; groups need not be there before. */
static gboolean check_subject(Database *db, DqSubject subject, DqBytes key, GError **error)
{
    DqStoreHost host;
    DqStoreVm vm;
    DqName name;

    switch (subject) {
    case DQ_SUBJECT_HOST:
        name.len = MIN(key.len, sizeof(name.data));
        memcpy(name.data, key.data, name.len);
        return host_get(db, &name, &host, error);
    case DQ_SUBJECT_VM:
        return check_uuid(key, error) && vm_get(db, key.data, &vm, error);
    default:
        return check_name((const char *)key.data, key.len, error);
    }
}

gboolean binding_set_profile(Database *db, DqSubject subject, DqBytes key, const char *profile,
                             GError **error)
{
    DqStoreProfile there;
    Binding b;

    if (!check_subject(db, subject, key, error) ||
        (profile[0] != '\0' && !profile_get(db, profile, &there, error)) ||
        !find(db, subject, key, &b, error)) {
        return FALSE;
    }
    g_strlcpy(b.profile, profile, sizeof(b.profile));
    return put(db, &b, error);
}

gboolean binding_set_group(Database *db, DqSubject subject, DqBytes key, const char *group,
                           GError **error)
{
    Binding b;

    if (!check_subject(db, subject, key, error) ||
        (group[0] != '\0' && !check_name(group, strlen(group), error)) ||
        !find(db, subject, key, &b, error)) {
        return FALSE;
    }
    g_strlcpy(b.group, group, sizeof(b.group));
    return put(db, &b, error);
}

gboolean binding_find_profile(Database *db, DqSubject subject, DqBytes key,
                              char ret_name[DQ_LABEL_MAX + 1], GError **error)
{
    Binding own, group = { 0 };

    if (key.len > sizeof(own.key)) { /* nobody has such a Name */
        ret_name[0] = '\0';
        return TRUE;
    }
    if (!find(db, subject, key, &own, error) ||
        (own.profile[0] == '\0' && own.group[0] != '\0' &&
         !find(db, group_of(subject), (DqBytes){ (const uint8_t *)own.group, strlen(own.group) },
               &group, error))) {
        return FALSE;
    }
    g_strlcpy(ret_name, own.profile[0] != '\0' ? own.profile : group.profile, DQ_LABEL_MAX + 1);
    return TRUE;
}

static gboolean compare(gpointer record, gpointer data, GError **error)
{
    const Binding *b = record;
    const char *profile = data;

    if (strcmp(b->profile, profile) == 0) {
        g_set_error(error, DQ_ERROR, DQ_ERROR_RECORD,
                    "the profile '%s' is still for somebody: profile list shows for whom, profile "
                    "unbind ends it",
                    profile);
        return FALSE;
    }
    return TRUE;
}

gboolean binding_check_unused(Database *db, const char *profile, GError **error)
{
    return record_list(db, DATABASE_BINDING_LIST, &binding_type, (DqBytes){ NULL, 0 }, compare,
                       (gpointer)profile, error);
}
