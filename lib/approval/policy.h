/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Policies under which the TPM of a host lets a group's secrets be used: the group's approval key
 * has signed the policy of PCRs that the host fulfils. All of SHA-256.
 *
 * Spec: docs/specs/group-list.md; TPM 2.0 Part 3, TPM2_PolicyPCR and TPM2_PolicyAuthorize.
 */
#ifndef APPROVAL_POLICY_H
#define APPROVAL_POLICY_H

#include "appraise/jws-verify.h"
#include "appraise/profile.h"
#include "wire/pcr.h"

enum {
    DQ_APPROVAL_MESSAGE_SIZE = 2 * DQ_HASH_SIZE,
    DQ_APPROVAL_PUBLIC_MAX = 512, /* bytes of a TPMT_PUBLIC */
};

/** dq_approval_ref: the policyRef of the group @group: what is approved for one is for no other. */
void dq_approval_ref(const char *group, uint8_t ret[DQ_HASH_SIZE]);

/**
 * dq_approval_pcr_policy: the policy of the PCRs of @boot.
 * @ret_selection: of them
 *
 * Returns: FALSE where they are of more banks than a selection has.
 */
gboolean dq_approval_pcr_policy(const DqProfileBoot *boot, WirePcrSelection *ret_selection,
                                uint8_t ret[DQ_HASH_SIZE]);

/** dq_approval_message: what the approval key signs to approve of @policy. */
void dq_approval_message(const uint8_t policy[DQ_HASH_SIZE], const uint8_t ref[DQ_HASH_SIZE],
                         uint8_t ret[DQ_APPROVAL_MESSAGE_SIZE]);

/**
 * dq_approval_public: the approval key as a TPM loads it.
 * @ret: a TPMT_PUBLIC
 *
 * Returns: its bytes.
 */
gsize dq_approval_public(const DqJwsPublic *key, uint8_t ret[DQ_APPROVAL_PUBLIC_MAX]);

/** dq_approval_policy: the policy of what may be used where @key approves, for @ref. */
void dq_approval_policy(const DqJwsPublic *key, const uint8_t ref[DQ_HASH_SIZE],
                        uint8_t ret[DQ_HASH_SIZE]);

#endif
