/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * libdeepquote: a store (store.h) in one file, which any number of programs may use at once.
 *
 * While a program has it open, and after one that was killed, FILE-wal and FILE-shm belong to it:
 * a copy without them lacks what was used up last. `sqlite3 FILE '.backup COPY'` makes a whole one.
 *
 * Each function returns FALSE or NULL with DQ_ERROR_STORE where the file does not work: the message
 * says why and what to do. Nothing has changed then. What has changed is safe on disk.
 */
#ifndef DEEPQUOTE_STORE_FILE_H
#define DEEPQUOTE_STORE_FILE_H

#include <glib.h>
#include <stdint.h>

G_BEGIN_DECLS

#pragma GCC visibility push(default)

/* In store.h and deepquote.h */
typedef struct DqStore DqStore;
typedef struct DqName DqName;
typedef struct DqStoreHost DqStoreHost;
typedef struct DqStoreVm DqStoreVm;

/** DqStoreFile: an open store. Several threads may use it at once. */
typedef struct DqStoreFile DqStoreFile;

/** dq_store_file_create: a new store without any record, mode 0600; @path must not exist. */
gboolean dq_store_file_create(const char *path, GError **error);

/** dq_store_file_open: @path must exist and be a store. */
DqStoreFile *dq_store_file_open(const char *path, GError **error);
DqStoreFile *dq_store_file_ref(DqStoreFile *file);
void dq_store_file_unref(DqStoreFile *file);

/** dq_store_file_get_store: (transfer full): for dq_verifier_set_store(). */
DqStore *dq_store_file_get_store(DqStoreFile *file);

/* ------------------------------------------------------------------------------ Challenges */

/**
 * dq_store_file_issue: issues challenges, all or none.
 * @now, @expires: seconds since 1970; a challenge can be used up to and with @expires
 * @uuid: (nullable): DQ_UUID_SIZE bytes: the only VM that may answer
 * @ret_challenges: room for @count of DQ_CHALLENGE_SIZE random bytes
 *
 * An expired challenge is forgotten an hour later at the earliest; until then, using it is told
 * apart from using one that was never issued.
 */
gboolean dq_store_file_issue(DqStoreFile *file, guint count, int64_t now, int64_t expires,
                             const uint8_t *uuid, uint8_t *ret_challenges, GError **error);

/* ----------------------------------------------------------------------------------- Hosts */

/**
 * dq_store_file_add_host: enrols a host.
 * @host: name, public_area, label, simulated, enrolment, ek, enrolled and expires; the rest is not
 *     read
 *
 * Errors: DQ_ERROR_RECORD where it is there already, or the label is no printable UTF-8.
 */
gboolean dq_store_file_add_host(DqStoreFile *file, const DqStoreHost *host, GError **error);

/**
 * dq_store_file_expect_proof: the next dq_store_file_prove_host() may come, once, up to and with
 * @expires.
 * @proof: DQ_CHALLENGE_SIZE bytes that only who has the proof can know
 */
gboolean dq_store_file_expect_proof(DqStoreFile *file, const uint8_t *proof, int64_t expires,
                                    GError **error);

/**
 * dq_store_file_prove_host: enrols a host that proved its key, or has one that is there enrolled
 * in that way; counters and label stay.
 * @host: as for dq_store_file_add_host()
 * @proof: DQ_CHALLENGE_SIZE bytes; used up
 *
 * Errors: DQ_ERROR_RECORD where the proof is not expected, was used or came too late, or the host
 * was revoked.
 */
gboolean dq_store_file_prove_host(DqStoreFile *file, const DqStoreHost *host, const uint8_t *proof,
                                  int64_t now, GError **error);

/**
 * dq_store_file_renew_host: a new date of enrolment and a new expiry; the rest stays.
 *
 * Errors: DQ_ERROR_RECORD where it is not there, or was revoked.
 */
gboolean dq_store_file_renew_host(DqStoreFile *file, const DqName *name, int64_t now,
                                  int64_t expires, GError **error);

/** dq_store_file_revoke_host: from @now on. Errors: DQ_ERROR_RECORD where it is not there. */
gboolean dq_store_file_revoke_host(DqStoreFile *file, const DqName *name, int64_t now,
                                   GError **error);

/** dq_store_file_remove_host: with its counters. Errors: DQ_ERROR_RECORD. */
gboolean dq_store_file_remove_host(DqStoreFile *file, const DqName *name, GError **error);

/** dq_store_file_get_host: Errors: DQ_ERROR_RECORD where it is not there. */
gboolean dq_store_file_get_host(DqStoreFile *file, const DqName *name, DqStoreHost *ret_host,
                                GError **error);

typedef void (*DqStoreHostFunc)(const DqStoreHost *host, gpointer data);

/** dq_store_file_list_hosts: by Name. @func must not use @file. */
gboolean dq_store_file_list_hosts(DqStoreFile *file, DqStoreHostFunc func, gpointer data,
                                  GError **error);

/* ------------------------------------------------------------------------------------- VMs */

/**
 * dq_store_file_add_vm: a VM that is expected.
 * @vm: uuid, label, ek, ak and added; the rest is not read
 *
 * Errors: DQ_ERROR_RECORD where it is there already, or the label is no printable UTF-8.
 */
gboolean dq_store_file_add_vm(DqStoreFile *file, const DqStoreVm *vm, GError **error);

/** dq_store_file_remove_vm: with its counters. Errors: DQ_ERROR_RECORD where it is not there. */
gboolean dq_store_file_remove_vm(DqStoreFile *file, const uint8_t *uuid, GError **error);

typedef void (*DqStoreVmFunc)(const DqStoreVm *vm, gpointer data);

/** dq_store_file_list_vms: by UUID. @func must not use @file. */
gboolean dq_store_file_list_vms(DqStoreFile *file, DqStoreVmFunc func, gpointer data,
                                GError **error);

/* --------------------------------------------------------------------------------- Accepting */

/** What an operator accepted. */
typedef enum DqAcceptanceKind {
    DQ_ACCEPTED_LINEAGE = 1, /* a VM's state is another one: restored, or made anew */
    DQ_ACCEPTED_MOVE = 2,    /* a VM is on another host */
    DQ_ACCEPTED_CLEARED = 3, /* a host's TPM was cleared: its counters begin anew */
} DqAcceptanceKind;

/**
 * dq_store_file_accept_lineage, dq_store_file_accept_move: the VM's next trusted deep quote may be
 * of this lineage, or from this host. Its counters then begin anew.
 * @lineage: DQ_LINEAGE_SIZE bytes
 * @host: Name of a host of the store
 * @why: a reason for people, printable UTF-8, not empty
 *
 * Errors: DQ_ERROR_RECORD where there is no such VM or host, or the reason is no such text.
 */
gboolean dq_store_file_accept_lineage(DqStoreFile *file, const uint8_t *uuid,
                                      const uint8_t *lineage, int64_t now, const char *why,
                                      GError **error);
gboolean dq_store_file_accept_move(DqStoreFile *file, const uint8_t *uuid, const DqName *host,
                                   int64_t now, const char *why, GError **error);

/** dq_store_file_accept_cleared: forgets the counters of the host, and the clock that VMs saw. */
gboolean dq_store_file_accept_cleared(DqStoreFile *file, const DqName *host, int64_t now,
                                      const char *why, GError **error);

/**
 * DqAcceptance: all of it is borrowed.
 * @uuid: NULL where it is about no VM
 * @host: NULL where it is about no host
 * @lineage: NULL where it is about no lineage
 */
typedef struct DqAcceptance {
    int64_t at;
    DqAcceptanceKind kind;
    const uint8_t *uuid;
    const DqName *host;
    const uint8_t *lineage;
    const char *why;
} DqAcceptance;

typedef void (*DqAcceptanceFunc)(const DqAcceptance *acceptance, gpointer data);

/** dq_store_file_list_acceptances: as they were made. They are never removed. */
gboolean dq_store_file_list_acceptances(DqStoreFile *file, DqAcceptanceFunc func, gpointer data,
                                        GError **error);

#pragma GCC visibility pop

G_DEFINE_AUTOPTR_CLEANUP_FUNC(DqStoreFile, dq_store_file_unref)

G_END_DECLS

#endif
