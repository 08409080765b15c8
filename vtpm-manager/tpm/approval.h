/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a tenant's list lets the TPM do. Spec: docs/specs/group-list.md. */
#ifndef VTPM_MANAGER_TPM_APPROVAL_H
#define VTPM_MANAGER_TPM_APPROVAL_H

#include "approval/group-list.h"
#include "tpm/session.h"

/** TpmApproval: borrowed. */
typedef struct TpmApproval {
    const char *group;
    const DqJwsPublic *key;
    const DqGroupList *list; /* of @group, verified with @key; NULL: nothing is approved of yet */
} TpmApproval;

/** tpm_approval_policy: the policy of an object that is used where @approval fits. */
void tpm_approval_policy(const TpmApproval *approval, TPM2B_DIGEST *ret);

/**
 * tpm_approval_start: within a TpmCommand: a session that fulfils that policy. It ends with the
 * first command that succeeds, and else has to be flushed.
 *
 * Returns: TPM_RC_NOT_APPROVED where no boot of the list is the present one.
 */
TSS2_RC tpm_approval_start(TpmSession *tpm, const TpmApproval *approval, ESYS_TR *ret_session);

/**
 * tpm_approval_find: on the worker's thread: the boot of the list that is the present one.
 * @ret_boot: its place in the list; -1 where there is none
 *
 * Errors: those of tpm_run().
 */
gboolean tpm_approval_find(TpmSession *tpm, const TpmApproval *approval, gint *ret_boot,
                           GError **error);

#endif
