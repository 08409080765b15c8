/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A sample of the evidence, kept to be verified in full when the run is over. */
#ifndef TESTS_BENCH_LOAD_CHECK_H
#define TESTS_BENCH_LOAD_CHECK_H

#include "load_vm.h"

typedef struct LoadCheck LoadCheck;

/** load_check_new: keeps at most @limit, each of all that are offered with the same chance. */
LoadCheck *load_check_new(guint limit);
void load_check_free(LoadCheck *check);

/** load_check_offer: @evidence answers the latest request of @vm. */
void load_check_offer(LoadCheck *check, const LoadVm *vm, WireBytes evidence);

/**
 * load_check_run: signs each vTPM quote of the sample with its VM's key and verifies the whole
 * with libdeepquote against the host key in @host_ak (TPM2B_PUBLIC).
 * @ret_authentic: how many are authentic: no store has a record of these VMs
 * @ret_reason: (transfer full): why the first that is not is not; %NULL where all are
 *
 * Returns: how many were verified; -1 with @error where the host key cannot be read.
 */
int load_check_run(LoadCheck *check, const char *host_ak, guint *ret_authentic, char **ret_reason,
                   GError **error);

#endif
