/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "store/host.h"

#include "store/binding.h"
#include "store/label.h"

static void transfer_ek(Row *r, DqEkFacts *ek)
{
    row_text(r, ek->manufacturer, sizeof(ek->manufacturer));
    row_text(r, ek->model, sizeof(ek->model));
    row_text(r, ek->version, sizeof(ek->version));
    row_text(r, ek->serial, sizeof(ek->serial));
    row_text(r, ek->issuer, sizeof(ek->issuer));
    row_i64(r, &ek->expires);
}

static gboolean transfer(Row *r, gpointer record)
{
    DqStoreHost *h = record;
    uint32_t enrolment = h->enrolment;

    row_blob(r, h->name.data, sizeof(h->name.data), &h->name.len);
    row_blob(r, h->public_area, sizeof(h->public_area), &h->public_len);
    row_text(r, h->label, sizeof(h->label));
    row_bool(r, &h->simulated);
    row_u32(r, &enrolment);
    transfer_ek(r, &h->ek);
    row_i64(r, &h->enrolled);
    row_i64(r, &h->expires);
    row_i64(r, &h->revoked);
    row_bool(r, &h->counted);
    row_u32(r, &h->reset_count);
    row_u32(r, &h->restart_count);
    h->enrolment = (DqEnrolment)enrolment;
    return row_end(r, &h->revision);
}

const RecordType host_type = { "host", sizeof(DqStoreHost), transfer };

static DqBytes key_of(const DqName *name)
{
    return (DqBytes){ name->data, name->len };
}

static gboolean fail_name(const DqName *name, const char *what, GError **error)
{
    g_autofree char *hex = dq_hex_encode(name->data, name->len);

    g_set_error(error, DQ_ERROR, DQ_ERROR_RECORD, "the host %s %s", hex, what);
    return FALSE;
}

gboolean host_find(Database *db, DqBytes name, gboolean *ret_found, DqStoreHost *ret_host,
                   GError **error)
{
    return record_find(db, DATABASE_HOST_FIND, &host_type, name, ret_found, ret_host, error);
}

gboolean host_get(Database *db, const DqName *name, DqStoreHost *ret_host, GError **error)
{
    gboolean found;

    return host_find(db, key_of(name), &found, ret_host, error) &&
           (found || fail_name(name, "is not in the store: host list shows those that are", error));
}

gboolean host_same_counters(const DqStoreHost *a, const DqStoreHost *b)
{
    return a->counted == b->counted && a->reset_count == b->reset_count &&
           a->restart_count == b->restart_count;
}

gboolean host_put(Database *db, const DqStoreHost *host, GError **error)
{
    DqStoreHost h = *host;

    return record_put(db, DATABASE_HOST_PUT, &host_type, &h, error);
}

gboolean host_add(Database *db, const DqStoreHost *host, GError **error)
{
    DqStoreHost there;
    DqStoreHost fresh = *host;
    gboolean found;

    if (!label_check(host->label, error) ||
        !host_find(db, key_of(&host->name), &found, &there, error)) {
        return FALSE;
    }
    if (found) {
        return fail_name(&host->name, "is in the store already: renew it, or remove it first",
                         error);
    }
    fresh.revoked = 0;
    fresh.counted = FALSE;
    fresh.reset_count = 0;
    fresh.restart_count = 0;
    return host_put(db, &fresh, error);
}

gboolean host_prove(Database *db, const DqStoreHost *host, GError **error)
{
    DqStoreHost there;
    gboolean found;

    if (!host_find(db, key_of(&host->name), &found, &there, error)) {
        return FALSE;
    }
    if (!found) {
        return host_add(db, host, error);
    }
    if (there.revoked != 0) {
        return fail_name(&host->name, "was revoked: remove it first if it is to be trusted again",
                         error);
    }
    there.simulated = host->simulated;
    there.enrolment = host->enrolment;
    there.ek = host->ek;
    there.enrolled = host->enrolled;
    there.expires = host->expires;
    return host_put(db, &there, error);
}

gboolean host_renew(Database *db, const DqName *name, int64_t now, int64_t expires, GError **error)
{
    DqStoreHost host;

    if (!host_get(db, name, &host, error)) {
        return FALSE;
    }
    if (host.revoked != 0) {
        return fail_name(name, "was revoked: remove it first if it is to be trusted again", error);
    }
    host.enrolled = now;
    host.expires = expires;
    return host_put(db, &host, error);
}

gboolean host_revoke(Database *db, const DqName *name, int64_t now, GError **error)
{
    DqStoreHost host;

    if (!host_get(db, name, &host, error)) {
        return FALSE;
    }
    if (host.revoked != 0) {
        return TRUE;
    }
    host.revoked = MAX(now, 1);
    return host_put(db, &host, error);
}

gboolean host_remove(Database *db, const DqName *name, GError **error)
{
    DqStoreHost host;
    gboolean found;

    return host_get(db, name, &host, error) &&
           record_remove(db, DATABASE_HOST_REMOVE, key_of(name), &found, error) &&
           binding_remove(db, DQ_SUBJECT_HOST, key_of(name), error);
}
