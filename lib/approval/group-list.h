/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a tenant allows a host to do with a group of VMs: a list that the group's approval key has
 * signed, with its number, how the host may have booted, and limits.
 *
 * Spec: docs/specs/group-list.md.
 */
#ifndef APPROVAL_GROUP_LIST_H
#define APPROVAL_GROUP_LIST_H

#include "appraise/jws-verify.h"
#include "appraise/jws.h"
#include "appraise/profile.h"

enum {
    DQ_GROUP_LIST_MAX = 1 << 20, /* bytes, also where it is signed */
    DQ_GROUP_LIST_BOOTS_MAX = 256,
    DQ_GROUP_LIST_WEIGHT_MAX = 100,
    DQ_GROUP_LIST_VMS_MAX = 1000000,
    DQ_GROUP_NAME_MAX = 255, /* bytes */
};

/**
 * DqGroupListError: DQ_GROUP_LIST_ERROR_MALFORMED: the message names what is wrong.
 * @DQ_GROUP_LIST_ERROR_APPROVAL: a boot that the approval key did not approve of for this group
 */
typedef enum DqGroupListError {
    DQ_GROUP_LIST_ERROR_MALFORMED,
    DQ_GROUP_LIST_ERROR_APPROVAL,
} DqGroupListError;

#define DQ_GROUP_LIST_ERROR dq_group_list_error_quark()
GQuark dq_group_list_error_quark(void);

/** DqGroupList: all of it is for reading, but for who makes one. */
typedef struct DqGroupList {
    char *group;
    int64_t sequence;      /* 1 and up: of two lists the higher one holds */
    guint weight;          /* 1 to DQ_GROUP_LIST_WEIGHT_MAX; 0: the host's own choice */
    guint vms;             /* so many may be registered; 0: not limited */
    DqProfile *hosts;      /* its boots; it has no files */
    GHashTable *approvals; /* char: name of a boot -> char: signature, base64url */
    GArray *measurements;  /* uint8_t[DQ_HASH_SIZE]: of vTPMs that are allowed; empty: all */
} DqGroupList;

/** dq_group_list_new: an empty one, number 0, which is none yet. */
DqGroupList *dq_group_list_new(const char *group);
void dq_group_list_free(DqGroupList *list);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(DqGroupList, dq_group_list_free)

/**
 * dq_group_list_sign: (transfer full): approves of each boot, and signs the whole.
 * Errors: DQ_ERROR_KEY, DQ_GROUP_LIST_ERROR_MALFORMED.
 */
char *dq_group_list_sign(DqGroupList *list, const DqJwsKey *key, GError **error);

/**
 * dq_group_list_open: (transfer full): what dq_group_list_sign() made with the private key of @key.
 * Errors: DQ_JWS_ERROR, DQ_GROUP_LIST_ERROR, DQ_PROFILE_ERROR.
 */
DqGroupList *dq_group_list_open(const DqJwsPublic *key, DqBytes text, GError **error);

/** dq_group_list_allows: whether it lets a vTPM of this measurement work. */
gboolean dq_group_list_allows(const DqGroupList *list, const uint8_t measurement[DQ_HASH_SIZE]);

/**
 * dq_group_info: what a binding has as groupInfo.
 * @signed_list: as it was signed; empty: the group has none, and @sequence is 0
 */
void dq_group_info(const char *group, int64_t sequence, DqBytes signed_list,
                   uint8_t ret[DQ_HASH_SIZE]);

#endif
