/* SPDX-License-Identifier: GPL-2.0-or-later */
/* By which of its properties a vTPM's process is known to be a VM's. */
#ifndef VTPM_MANAGER_REGISTRY_RULE_H
#define VTPM_MANAGER_REGISTRY_RULE_H

#include <glib.h>

typedef enum RegistryRule {
    REGISTRY_RULE_UNIT,    /* it is in the VM's own systemd unit */
    REGISTRY_RULE_LIBVIRT, /* it has the AppArmor profile of the VM's libvirt domain */
    REGISTRY_RULE_USER,    /* it runs as a user who owns no other VM */
    REGISTRY_RULE_COUNT,
} RegistryRule;

/** registry_rule_name: "unit", "libvirt" or "user". */
const char *registry_rule_name(RegistryRule rule);

/** registry_rule_find: %FALSE: @name, which may be %NULL, is none, and @ret is untouched. */
gboolean registry_rule_find(const char *name, RegistryRule *ret);

#endif
