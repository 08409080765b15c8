/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "registry/rule.h"

static const char *const names[REGISTRY_RULE_COUNT] = {
    [REGISTRY_RULE_UNIT] = "unit",
    [REGISTRY_RULE_LIBVIRT] = "libvirt",
    [REGISTRY_RULE_USER] = "user",
};

const char *registry_rule_name(RegistryRule rule)
{
    return names[rule];
}

gboolean registry_rule_find(const char *name, RegistryRule *ret)
{
    for (guint i = 0; name && i < REGISTRY_RULE_COUNT; i++) {
        if (g_str_equal(name, names[i])) {
            *ret = (RegistryRule)i;
            return TRUE;
        }
    }
    return FALSE;
}
