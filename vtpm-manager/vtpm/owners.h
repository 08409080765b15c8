/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Who may not own a VM: a vTPM's process that can open the hardware TPM has more than its VM. */
#ifndef VTPM_MANAGER_VTPM_OWNERS_H
#define VTPM_MANAGER_VTPM_OWNERS_H

#include <glib.h>
#include <sys/types.h>

typedef struct Owners Owners;

/** owners_new: @devices: (transfer full): files by which the hardware TPM is reached; may be empty.
 */
Owners *owners_new(GStrv devices);
void owners_free(Owners *owners);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Owners, owners_free)

/**
 * owners_objection: (transfer full): why this user may own no VM, and what to do; %NULL: he may.
 * @owner: REGISTRY_NO_OWNER: nobody, who may
 */
char *owners_objection(const Owners *owners, uid_t owner);

#endif
