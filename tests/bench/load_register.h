/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Registers simulated VMs, each as a user's of its own. */
#ifndef TESTS_BENCH_LOAD_REGISTER_H
#define TESTS_BENCH_LOAD_REGISTER_H

#include "load_vm.h"

/**
 * load_register: those of @vms from @first on, at the administration socket @path. Who is
 * registered already stays so.
 *
 * Errors: G_IO_ERROR.
 */
gboolean load_register(const char *path, GPtrArray *vms, guint first, GError **error);

#endif
