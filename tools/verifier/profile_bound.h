/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which profiles a deep quote is compared with: those of options, or those that a store has for its
 * host and its VM. */
#ifndef VERIFIER_PROFILE_BOUND_H
#define VERIFIER_PROFILE_BOUND_H

#include "check_expected.h"
#include "store/store-file.h"

typedef struct ProfileBound ProfileBound;

/**
 * profile_bound_new:
 * @expected: borrowed; its profiles go before those of the store, and with its key those of the
 *     store have to be signed
 * @store: (nullable): borrowed
 */
ProfileBound *profile_bound_new(const CheckExpected *expected, DqStoreFile *store);
void profile_bound_free(ProfileBound *bound);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(ProfileBound, profile_bound_free)

/**
 * profile_bound_find:
 * @evidence: says which host and VM it is about; a verdict is only given where it is proven to be
 * @ret_host, @ret_vm: borrowed from @bound; NULL for none
 *
 * Errors: a profile of the store that cannot be read or is not signed as it has to be.
 */
gboolean profile_bound_find(ProfileBound *bound, GBytes *evidence, const DqProfile **ret_host,
                            const DqProfile **ret_vm, GError **error);

#endif
