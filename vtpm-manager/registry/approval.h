/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A group's approval key, and the list that it signed last. Spec: docs/specs/group-list.md. */
#ifndef VTPM_MANAGER_REGISTRY_APPROVAL_H
#define VTPM_MANAGER_REGISTRY_APPROVAL_H

#include "approval/group-list.h"

/** RegistryApproval: for reading, by any thread that has a reference. */
typedef struct RegistryApproval {
    char *group;                      /* whose it is */
    char *pem;                        /* the public key */
    char *text;                       /* the list, as it was signed; empty: there is none yet */
    DqJwsPublic *key;                 /* the same, parsed */
    DqGroupList *list;                /* the same, verified; NULL: there is none yet */
    uint8_t key_digest[DQ_HASH_SIZE]; /* groupKey of a binding */
    uint8_t info[DQ_HASH_SIZE];       /* groupInfo of a binding */
} RegistryApproval;

/**
 * registry_approval_new: (transfer full): verifies all of it.
 * @group: whose it is; the list has to be for it
 *
 * Errors: REGISTRY_ERROR_CONFLICT.
 */
RegistryApproval *registry_approval_new(const char *group, const char *pem, const char *text,
                                        GError **error);
RegistryApproval *registry_approval_ref(RegistryApproval *approval);
void registry_approval_unref(RegistryApproval *approval);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(RegistryApproval, registry_approval_unref)

#endif
