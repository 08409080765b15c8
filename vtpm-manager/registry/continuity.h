/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a break in the history of a VM's state means for it. */
#ifndef VTPM_MANAGER_REGISTRY_CONTINUITY_H
#define VTPM_MANAGER_REGISTRY_CONTINUITY_H

#include <glib.h>

typedef enum RegistryContinuity {
    REGISTRY_CONTINUITY_RECORDED, /* it goes on, in a new lineage */
    REGISTRY_CONTINUITY_REQUIRED, /* it does not start */
    REGISTRY_CONTINUITY_COUNT,
} RegistryContinuity;

/** registry_continuity_name: "recorded" or "required". */
const char *registry_continuity_name(RegistryContinuity continuity);

/** registry_continuity_find: %FALSE: @name, which may be %NULL, is none, and @ret is untouched. */
gboolean registry_continuity_find(const char *name, RegistryContinuity *ret);

#endif
