/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the audit log has of what changes no row. */
#ifndef VTPM_MANAGER_REGISTRY_NOTE_H
#define VTPM_MANAGER_REGISTRY_NOTE_H

#include "registry/audit.h"

/** registry_note: an entry of its own, on the disk before this returns. */
gboolean registry_note(RegistryStore *store, const RegistryNote *note, GError **error);

#endif
