/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The keys of the states of a group's VMs, for the group's tenant: what is needed where the host
 * that had them is gone. Its host seals it for the group's approval key; the tenant seals it for
 * another host's, and approves of that.
 *
 * Spec: docs/specs/escrow.md.
 */
#ifndef ESCROW_ESCROW_H
#define ESCROW_ESCROW_H

#include "appraise/jws-verify.h"
#include "appraise/jws.h"
#include "attest/store.h"
#include "escrow/jwe.h"

#define DQ_ESCROW_TYPE "deepquote-escrow+jwe"           /* from a host to a tenant */
#define DQ_ESCROW_MOVE_TYPE "deepquote-escrow-move+jwe" /* from a tenant to a host */

enum {
    DQ_ESCROW_VMS_MAX = 10000,
    DQ_ESCROW_GROUP_MAX = 255, /* bytes */
    DQ_ESCROW_NAME_MAX = 255,  /* bytes */
    DQ_ESCROW_UUID_SIZE = 16,
    DQ_ESCROW_KEY_SIZE = 32,
};

/**
 * DqEscrowError: DQ_ESCROW_ERROR_MALFORMED: it is no escrow of this version.
 * @DQ_ESCROW_ERROR_APPROVAL: the tenant did not approve of it for this host
 */
typedef enum DqEscrowError {
    DQ_ESCROW_ERROR_MALFORMED,
    DQ_ESCROW_ERROR_APPROVAL,
} DqEscrowError;

#define DQ_ESCROW_ERROR dq_escrow_error_quark()
GQuark dq_escrow_error_quark(void);

typedef struct DqEscrowVm {
    uint8_t uuid[DQ_ESCROW_UUID_SIZE];
    uint8_t key[DQ_ESCROW_KEY_SIZE];
    DqName ek;                         /* of its vTPM; empty: none was pinned */
    char name[DQ_ESCROW_NAME_MAX + 1]; /* for people; may be empty */
} DqEscrowVm;

/** DqEscrow: all of it is for reading, but for who makes one. */
typedef struct DqEscrow {
    char group[DQ_ESCROW_GROUP_MAX + 1];
    uint64_t made; /* seconds since 1970, by the clock of the host that made it */
    DqName host;   /* its attestation key's; nothing proves it */
    GArray *vms;   /* DqEscrowVm */
} DqEscrow;

/** dq_escrow_new: of no VMs. @group: at most DQ_ESCROW_GROUP_MAX bytes */
DqEscrow *dq_escrow_new(const char *group);

/** dq_escrow_free: wipes the keys. */
void dq_escrow_free(DqEscrow *escrow);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(DqEscrow, dq_escrow_free)

/** dq_escrow_add: one VM more; copied. */
void dq_escrow_add(DqEscrow *escrow, const DqEscrowVm *vm);

/** dq_escrow_encode: what is sealed. @ret: clear it */
void dq_escrow_encode(const DqEscrow *escrow, DqSecret *ret);

/**
 * dq_escrow_decode: (transfer full)
 *
 * Errors: DQ_ESCROW_ERROR_MALFORMED.
 */
DqEscrow *dq_escrow_decode(DqBytes bytes, GError **error);

/**
 * dq_escrow_seal: (transfer full): @escrow for whoever has the private part of @recipient.
 *
 * Errors: DQ_JWE_ERROR_KEY.
 */
char *dq_escrow_seal(const DqEscrow *escrow, EVP_PKEY *recipient, GError **error);

/**
 * dq_escrow_open: (transfer full): what dq_escrow_seal() made for @key.
 *
 * Errors: DQ_JWE_ERROR, DQ_ESCROW_ERROR_MALFORMED.
 */
DqEscrow *dq_escrow_open(DqBytes text, const DqJwsKey *key, GError **error);

/**
 * dq_escrow_move: (transfer full): @escrow for the host whose key @host is, approved of by @key.
 * @public_area: of that key, TPMT_PUBLIC
 *
 * Errors: DQ_ERROR_KEY, DQ_JWE_ERROR_KEY.
 */
char *dq_escrow_move(const DqEscrow *escrow, const DqJwsKey *key, EVP_PKEY *host,
                     DqBytes public_area, GError **error);

/**
 * dq_escrow_receive: (transfer full): what dq_escrow_move() made for this host.
 * @plain: what was sealed, opened
 * @key: the group's
 *
 * Errors: DQ_ESCROW_ERROR.
 */
DqEscrow *dq_escrow_receive(DqBytes plain, const DqJwsPublic *key, DqBytes public_area,
                            GError **error);

#endif
