/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "vtpm/owners.h"

#include "daemon/file_access.h"
#include "registry/record.h"

struct Owners {
    GStrv devices;
};

Owners *owners_new(GStrv devices)
{
    Owners *owners = g_new0(Owners, 1);

    owners->devices = devices;
    return owners;
}

void owners_free(Owners *owners)
{
    if (owners) {
        g_strfreev(owners->devices);
        g_free(owners);
    }
}

char *owners_objection(const Owners *owners, uid_t owner)
{
    for (char **device = owners->devices; owner != REGISTRY_NO_OWNER && *device; device++) {
        if (file_access_may_write(*device, owner)) {
            return g_strdup_printf(
                "user %u may write to %s, so whoever breaks into that vTPM has "
                "the host's TPM as well: run it as another user (libvirt: "
                "swtpm_user in qemu.conf) and give that as --owner, or in a unit "
                "of its own, with --rule unit",
                (unsigned)owner, *device);
        }
    }
    return NULL;
}
