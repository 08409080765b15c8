/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One lock for the threads of a program, one transaction for each change. */
#include "store/store-file.h"

#include "store/acceptance.h"
#include "store/challenge.h"
#include "store/host.h"
#include "store/store-file-lock.h"
#include "store/vm.h"

#include <string.h>

gboolean dq_store_file_create(const char *path, GError **error)
{
    return database_create(path, error);
}

DqStoreFile *dq_store_file_open(const char *path, GError **error)
{
    g_autoptr(Database) db = database_open(path, error);
    DqStoreFile *file;

    if (!db) {
        return NULL;
    }
    file = g_new0(DqStoreFile, 1);
    file->refs = 1;
    g_mutex_init(&file->lock);
    file->db = g_steal_pointer(&db);
    return file;
}

DqStoreFile *dq_store_file_ref(DqStoreFile *file)
{
    g_atomic_int_inc(&file->refs);
    return file;
}

void dq_store_file_unref(DqStoreFile *file)
{
    if (!file || !g_atomic_int_dec_and_test(&file->refs)) {
        return;
    }
    database_close(file->db);
    g_mutex_clear(&file->lock);
    g_free(file);
}

/* ---------------------------------------------------------------------- What verification asks */

static gboolean use_challenge(gpointer self, DqBytes challenge, int64_t now,
                              DqChallengeUse *ret_use, gboolean *ret_bound,
                              uint8_t ret_uuid[DQ_UUID_SIZE], GError **error)
{
    DqStoreFile *file = self;
    DqChallengeUse use;
    gboolean bound;
    uint8_t uuid[DQ_UUID_SIZE] = { 0 };

    if (!store_file_begin(file, error) ||
        !store_file_end(file, challenge_use(file->db, challenge, now, &use, &bound, uuid, error),
                        error)) {
        return FALSE;
    }
    *ret_use = use;
    *ret_bound = bound;
    memcpy(ret_uuid, uuid, DQ_UUID_SIZE);
    return TRUE;
}

static gboolean find_host(gpointer self, DqBytes name, gboolean *ret_found, DqStoreHost *ret_host,
                          GError **error)
{
    DqStoreFile *file = self;
    gboolean good;

    g_mutex_lock(&file->lock);
    good = host_find(file->db, name, ret_found, ret_host, error);
    g_mutex_unlock(&file->lock);
    return good;
}

static gboolean find_vm(gpointer self, const uint8_t uuid[DQ_UUID_SIZE], gboolean *ret_found,
                        DqStoreVm *ret_vm, GError **error)
{
    DqStoreFile *file = self;
    gboolean good;

    g_mutex_lock(&file->lock);
    good = vm_find(file->db, uuid, ret_found, ret_vm, error);
    g_mutex_unlock(&file->lock);
    return good;
}

/* Within a transaction. The host's row is written only where it changes: its VMs share it. */
static gboolean record_both(Database *db, const DqStoreHost *host, const DqStoreVm *vm,
                            gboolean *ret_done, GError **error)
{
    DqStoreHost old_host;
    DqStoreVm old_vm;
    gboolean host_found, vm_found;

    if (!host_find(db, (DqBytes){ host->name.data, host->name.len }, &host_found, &old_host,
                   error) ||
        !vm_find(db, vm->uuid, &vm_found, &old_vm, error)) {
        return FALSE;
    }
    *ret_done = host_found && old_host.revision == host->revision && vm_found &&
                old_vm.revision == vm->revision;
    if (!*ret_done) {
        return TRUE;
    }
    return (host_same_counters(host, &old_host) || host_put(db, host, error)) &&
           vm_put(db, vm, error);
}

static gboolean record(gpointer self, const DqStoreHost *host, const DqStoreVm *vm,
                       gboolean *ret_done, GError **error)
{
    DqStoreFile *file = self;
    gboolean done = FALSE;

    if (!store_file_begin(file, error) ||
        !store_file_end(file, record_both(file->db, host, vm, &done, error), error)) {
        return FALSE;
    }
    *ret_done = done;
    return TRUE;
}

static void free_self(gpointer self)
{
    dq_store_file_unref(self);
}

DqStore *dq_store_file_get_store(DqStoreFile *file)
{
    static const DqStoreOps ops = { use_challenge, find_host, find_vm, record, free_self };

    return dq_store_new(&ops, dq_store_file_ref(file));
}

/* ---------------------------------------------------------------------------- What operators do */

static gboolean issue(Database *db, guint count, int64_t now, int64_t expires, const uint8_t *uuid,
                      uint8_t *challenges, GError **error)
{
    for (guint i = 0; i < count; i++) {
        if (!challenge_issue(db, now, expires, uuid, challenges + (gsize)i * DQ_CHALLENGE_SIZE,
                             error)) {
            return FALSE;
        }
    }
    return TRUE;
}

gboolean dq_store_file_issue(DqStoreFile *file, guint count, int64_t now, int64_t expires,
                             const uint8_t *uuid, uint8_t *ret_challenges, GError **error)
{
    gsize size = (gsize)count * DQ_CHALLENGE_SIZE;
    g_autofree uint8_t *challenges = g_malloc0(size);

    if (!store_file_begin(file, error) ||
        !store_file_end(file, issue(file->db, count, now, expires, uuid, challenges, error),
                        error)) {
        return FALSE;
    }
    memcpy(ret_challenges, challenges, size);
    return TRUE;
}

gboolean dq_store_file_add_host(DqStoreFile *file, const DqStoreHost *host, GError **error)
{
    return store_file_begin(file, error) &&
           store_file_end(file, host_add(file->db, host, error), error);
}

/* Two proofs with the same first bytes come once in 2^64. */
static gboolean expect_proof(Database *db, const uint8_t *proof, int64_t expires, GError **error)
{
    gboolean put;

    if (!challenge_put(db, proof, expires, NULL, &put, error)) {
        return FALSE;
    }
    if (!put) {
        g_set_error(error, DQ_ERROR, DQ_ERROR_RECORD, "this proof is expected already");
    }
    return put;
}

gboolean dq_store_file_expect_proof(DqStoreFile *file, const uint8_t *proof, int64_t expires,
                                    GError **error)
{
    return store_file_begin(file, error) &&
           store_file_end(file, expect_proof(file->db, proof, expires, error), error);
}

/* Within a transaction. A proof that is not fresh changes nothing. */
static gboolean prove_host(Database *db, const DqStoreHost *host, const uint8_t *proof, int64_t now,
                           GError **error)
{
    static const char *const why[] = {
        [DQ_CHALLENGE_UNKNOWN] = "the answer is not the one that was asked for: another TPM or "
                                 "another key answered, or another store asked",
        [DQ_CHALLENGE_USED] = "this answer was used before: make a new challenge",
        [DQ_CHALLENGE_EXPIRED] = "this answer came too late: make a new challenge",
    };
    uint8_t uuid[DQ_UUID_SIZE];
    DqChallengeUse use;
    gboolean bound;

    if (!challenge_use(db, (DqBytes){ proof, DQ_CHALLENGE_SIZE }, now, &use, &bound, uuid, error)) {
        return FALSE;
    }
    if (use != DQ_CHALLENGE_FRESH) {
        g_set_error_literal(error, DQ_ERROR, DQ_ERROR_RECORD, why[use]);
        return FALSE;
    }
    return host_prove(db, host, error);
}

gboolean dq_store_file_prove_host(DqStoreFile *file, const DqStoreHost *host, const uint8_t *proof,
                                  int64_t now, GError **error)
{
    return store_file_begin(file, error) &&
           store_file_end(file, prove_host(file->db, host, proof, now, error), error);
}

gboolean dq_store_file_renew_host(DqStoreFile *file, const DqName *name, int64_t now,
                                  int64_t expires, GError **error)
{
    return store_file_begin(file, error) &&
           store_file_end(file, host_renew(file->db, name, now, expires, error), error);
}

gboolean dq_store_file_revoke_host(DqStoreFile *file, const DqName *name, int64_t now,
                                   GError **error)
{
    return store_file_begin(file, error) &&
           store_file_end(file, host_revoke(file->db, name, now, error), error);
}

gboolean dq_store_file_remove_host(DqStoreFile *file, const DqName *name, GError **error)
{
    return store_file_begin(file, error) &&
           store_file_end(file, host_remove(file->db, name, error), error);
}

gboolean dq_store_file_get_host(DqStoreFile *file, const DqName *name, DqStoreHost *ret_host,
                                GError **error)
{
    gboolean good;

    g_mutex_lock(&file->lock);
    good = host_get(file->db, name, ret_host, error);
    g_mutex_unlock(&file->lock);
    return good;
}

/** Whom a list is told to. */
typedef struct HostListener {
    DqStoreHostFunc func;
    gpointer data;
} HostListener;

static gboolean tell_host(gpointer record, gpointer data, G_GNUC_UNUSED GError **error)
{
    const HostListener *listener = data;

    listener->func(record, listener->data);
    return TRUE;
}

gboolean dq_store_file_list_hosts(DqStoreFile *file, DqStoreHostFunc func, gpointer data,
                                  GError **error)
{
    HostListener listener = { func, data };

    return store_file_list(file, DATABASE_HOST_LIST, &host_type, tell_host, &listener, error);
}

gboolean dq_store_file_add_vm(DqStoreFile *file, const DqStoreVm *vm, GError **error)
{
    return store_file_begin(file, error) &&
           store_file_end(file, vm_add(file->db, vm, error), error);
}

gboolean dq_store_file_remove_vm(DqStoreFile *file, const uint8_t *uuid, GError **error)
{
    return store_file_begin(file, error) &&
           store_file_end(file, vm_remove(file->db, uuid, error), error);
}

typedef struct VmListener {
    DqStoreVmFunc func;
    gpointer data;
} VmListener;

static gboolean tell_vm(gpointer record, gpointer data, G_GNUC_UNUSED GError **error)
{
    const VmListener *listener = data;

    listener->func(record, listener->data);
    return TRUE;
}

gboolean dq_store_file_list_vms(DqStoreFile *file, DqStoreVmFunc func, gpointer data,
                                GError **error)
{
    VmListener listener = { func, data };

    return store_file_list(file, DATABASE_VM_LIST, &vm_type, tell_vm, &listener, error);
}

static gboolean accept_one(DqStoreFile *file, const DqAcceptance *a, GError **error)
{
    return store_file_begin(file, error) &&
           store_file_end(file, acceptance_make(file->db, a, error), error);
}

gboolean dq_store_file_accept_lineage(DqStoreFile *file, const uint8_t *uuid,
                                      const uint8_t *lineage, int64_t now, const char *why,
                                      GError **error)
{
    const DqAcceptance a = {
        .at = now, .kind = DQ_ACCEPTED_LINEAGE, .uuid = uuid, .lineage = lineage, .why = why
    };

    return accept_one(file, &a, error);
}

gboolean dq_store_file_accept_move(DqStoreFile *file, const uint8_t *uuid, const DqName *host,
                                   int64_t now, const char *why, GError **error)
{
    const DqAcceptance a = {
        .at = now, .kind = DQ_ACCEPTED_MOVE, .uuid = uuid, .host = host, .why = why
    };

    return accept_one(file, &a, error);
}

gboolean dq_store_file_accept_cleared(DqStoreFile *file, const DqName *host, int64_t now,
                                      const char *why, GError **error)
{
    const DqAcceptance a = { .at = now, .kind = DQ_ACCEPTED_CLEARED, .host = host, .why = why };

    return accept_one(file, &a, error);
}

gboolean dq_store_file_list_acceptances(DqStoreFile *file, DqAcceptanceFunc func, gpointer data,
                                        GError **error)
{
    gboolean good;

    g_mutex_lock(&file->lock);
    good = acceptance_list(file->db, func, data, error);
    g_mutex_unlock(&file->lock);
    return good;
}
