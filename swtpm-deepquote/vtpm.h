/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Commands of our own to the vTPM */
#ifndef SWTPM_DEEPQUOTE_VTPM_H
#define SWTPM_DEEPQUOTE_VTPM_H

#include "module.h"

/**
 * vtpm_run: runs a command and leaves its response in @m->scratch.
 *
 * Returns: its response code; TPM_RC_FAILURE where libtpms returned no response.
 */
uint32_t vtpm_run(Module *m, WireBytes command);

/** vtpm_wipe_scratch: forgets the last response. */
void vtpm_wipe_scratch(Module *m);

/** What TPM2_ReadPublic tells of an object; borrowed from @m->scratch. */
typedef struct VtpmObject {
    WireBytes public; /* TPMT_PUBLIC */
    WireBytes name;
    WireBytes qualified_name;
} VtpmObject;

/**
 * vtpm_read_object:
 *
 * Returns: the response code of TPM2_ReadPublic, TPM_RC_FAILURE where the response makes no sense.
 */
uint32_t vtpm_read_object(Module *m, uint32_t handle, VtpmObject *ret);

/**
 * vtpm_introduce: has the client know the endorsement keys that are persistent now, unless it does.
 * To be called before the guest can have changed them in this life.
 *
 * Returns: TPM_RC_SUCCESS, also where there are none; TPM_RC_INITIALIZE where the vTPM was not
 * started yet; a warning such as TPM_RC_OBJECT_MEMORY where it cannot load one to read it now.
 */
uint32_t vtpm_introduce(Module *m);

/**
 * vtpm_ready: whether the vTPM executes commands; its code (TPM_RC_INITIALIZE, TPM_RC_FAILURE)
 * where not. Like any command, it ends another session's exclusive audit.
 */
uint32_t vtpm_ready(Module *m);

/** vtpm_buffer_size: bytes that a command or a response may have now. */
size_t vtpm_buffer_size(const Module *m);

#endif
