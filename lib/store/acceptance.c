/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "store/acceptance.h"

#include "store/host.h"
#include "store/label.h"
#include "store/vm.h"

#include <string.h>

/* A DqAcceptance with its own bytes. */
typedef struct Acceptance {
    int64_t at;
    uint32_t kind;
    uint8_t vm[DQ_UUID_SIZE];
    gsize vm_len; /* 0: about no VM */
    DqName host;
    uint8_t lineage[DQ_LINEAGE_SIZE];
    gsize lineage_len; /* 0: about no lineage */
    char why[DQ_WHY_MAX + 1];
} Acceptance;

/* The first column is the row's number, which SQLite gives: it is no part of the record. */
static gboolean transfer(Row *r, gpointer record)
{
    Acceptance *a = record;

    r->column++;
    row_i64(r, &a->at);
    row_u32(r, &a->kind);
    row_blob(r, a->vm, sizeof(a->vm), &a->vm_len);
    row_blob(r, a->host.data, sizeof(a->host.data), &a->host.len);
    row_blob(r, a->lineage, sizeof(a->lineage), &a->lineage_len);
    row_text(r, a->why, sizeof(a->why));
    return row_end(r, NULL) && a->kind >= DQ_ACCEPTED_LINEAGE && a->kind <= DQ_ACCEPTED_CLEARED &&
           (a->vm_len == 0 || a->vm_len == DQ_UUID_SIZE) &&
           (a->lineage_len == 0 || a->lineage_len == DQ_LINEAGE_SIZE);
}

static const RecordType acceptance_type = { "acceptance", sizeof(Acceptance), transfer };

static gboolean write_down(Database *db, const DqAcceptance *from, GError **error)
{
    Acceptance a = { .at = from->at, .kind = from->kind };

    if (from->uuid) {
        memcpy(a.vm, from->uuid, DQ_UUID_SIZE);
        a.vm_len = DQ_UUID_SIZE;
    }
    if (from->host) {
        a.host = *from->host;
    }
    if (from->lineage) {
        memcpy(a.lineage, from->lineage, DQ_LINEAGE_SIZE);
        a.lineage_len = DQ_LINEAGE_SIZE;
    }
    g_strlcpy(a.why, from->why, sizeof(a.why));
    return record_put(db, DATABASE_ACCEPTANCE_PUT, &acceptance_type, &a, error);
}

static gboolean accept_lineage(Database *db, const DqAcceptance *a, GError **error)
{
    DqStoreVm vm;

    if (!vm_get(db, a->uuid, &vm, error)) {
        return FALSE;
    }
    vm.accepts_lineage = TRUE;
    memcpy(vm.accepted_lineage, a->lineage, DQ_LINEAGE_SIZE);
    return vm_put(db, &vm, error);
}

static gboolean accept_move(Database *db, const DqAcceptance *a, GError **error)
{
    DqStoreHost host;
    DqStoreVm vm;

    if (!host_get(db, a->host, &host, error) || !vm_get(db, a->uuid, &vm, error)) {
        return FALSE;
    }
    vm.accepted_host = *a->host;
    return vm_put(db, &vm, error);
}

static gboolean accept_cleared(Database *db, const DqAcceptance *a, GError **error)
{
    DqStoreHost host;

    if (!host_get(db, a->host, &host, error)) {
        return FALSE;
    }
    host.counted = FALSE;
    host.reset_count = 0;
    host.restart_count = 0;
    return host_put(db, &host, error) && vm_forget_clocks(db, a->host, error);
}

gboolean acceptance_make(Database *db, const DqAcceptance *a, GError **error)
{
    static gboolean (*const effects[])(Database * db, const DqAcceptance *a, GError **error) = {
        [DQ_ACCEPTED_LINEAGE] = accept_lineage,
        [DQ_ACCEPTED_MOVE] = accept_move,
        [DQ_ACCEPTED_CLEARED] = accept_cleared,
    };

    return label_check_why(a->why, error) && effects[a->kind](db, a, error) &&
           write_down(db, a, error);
}

/** Whom acceptance_list() tells. */
typedef struct Listener {
    DqAcceptanceFunc func;
    gpointer data;
} Listener;

static gboolean tell(gpointer record, gpointer data, G_GNUC_UNUSED GError **error)
{
    const Acceptance *a = record;
    const Listener *listener = data;
    const DqAcceptance told = { .at = a->at,
                                .kind = (DqAcceptanceKind)a->kind,
                                .uuid = a->vm_len > 0 ? a->vm : NULL,
                                .host = a->host.len > 0 ? &a->host : NULL,
                                .lineage = a->lineage_len > 0 ? a->lineage : NULL,
                                .why = a->why };

    listener->func(&told, listener->data);
    return TRUE;
}

gboolean acceptance_list(Database *db, DqAcceptanceFunc func, gpointer data, GError **error)
{
    Listener listener = { func, data };

    return record_list(db, DATABASE_ACCEPTANCE_LIST, &acceptance_type, (DqBytes){ NULL, 0 }, tell,
                       &listener, error);
}
