/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What is seen of a vTPM's process and of its VM's QEMU, and when a request has to wait for it. */
#ifndef VTPM_MANAGER_VTPM_LOOKS_H
#define VTPM_MANAGER_VTPM_LOOKS_H

#include "registry/vm.h"
#include "vtpm/server.h"

/**
 * looks_begin: looks, unless that was done and nothing has changed since. @connection speaks for a
 * VM.
 */
void looks_begin(Measurer *measurer, RegistryVms *vms, VtpmConnection *connection, VtpmLook look);

/** looks_known: whether no look is under way. */
gboolean looks_known(const VtpmConnection *connection, VtpmLook look);

/** looks_why: (nullable): why there is no list, though somebody looked; borrowed. */
const char *looks_why(const VtpmConnection *connection, VtpmLook look);

/**
 * looks_wait: looks at what @message is about, where that was not done, or is out of date.
 * Returns: it is not known yet; the request was postponed
 */
gboolean looks_wait(Measurer *measurer, RegistryVms *vms, VtpmConnection *connection,
                    const ManagerMessage *message);

/** looks_of: what TPM2_HostCredential asks for by @what; VTPM_LOOKS: nothing that is looked for. */
VtpmLook looks_of(uint32_t what);

/** looks_parts: (nullable): the list that was seen; borrowed. */
GBytes *looks_parts(const VtpmConnection *connection, VtpmLook look);

/** looks_digest: (nullable): of the list, DEEPQUOTE_HASH_SIZE bytes. */
const uint8_t *looks_digest(const VtpmConnection *connection, VtpmLook look);

/** looks_seen_all: whether there is a list for each flag that wants one. */
gboolean looks_seen_all(const VtpmConnection *connection, uint32_t flags);

#endif
