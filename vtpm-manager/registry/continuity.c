/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "registry/continuity.h"

static const char *const names[REGISTRY_CONTINUITY_COUNT] = {
    [REGISTRY_CONTINUITY_RECORDED] = "recorded",
    [REGISTRY_CONTINUITY_REQUIRED] = "required",
};

const char *registry_continuity_name(RegistryContinuity continuity)
{
    return names[continuity];
}

gboolean registry_continuity_find(const char *name, RegistryContinuity *ret)
{
    for (guint i = 0; name && i < REGISTRY_CONTINUITY_COUNT; i++) {
        if (g_str_equal(name, names[i])) {
            *ret = (RegistryContinuity)i;
            return TRUE;
        }
    }
    return FALSE;
}
