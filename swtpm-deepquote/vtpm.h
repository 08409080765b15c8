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

/**
 * vtpm_read_name: Name of the object at @handle; empty where there is no such object.
 *
 * @ret: WIRE_NAME_MAX bytes
 * Returns: the response code of TPM2_ReadPublic, TPM_RC_FAILURE where the response makes no sense.
 */
uint32_t vtpm_read_name(Module *m, uint32_t handle, uint8_t *ret, size_t *ret_len);

/**
 * vtpm_find_ek: looks the persistent EK up unless it is known.
 *
 * Returns: TPM_RC_SUCCESS, also where there is none; a warning such as TPM_RC_OBJECT_MEMORY where
 * the vTPM cannot tell now, because it loads a persistent object to read it.
 */
uint32_t vtpm_find_ek(Module *m);

/**
 * vtpm_ready: whether the vTPM executes commands; its code (TPM_RC_INITIALIZE, TPM_RC_FAILURE)
 * where not. Like any command, it ends another session's exclusive audit.
 */
uint32_t vtpm_ready(Module *m);

/** vtpm_buffer_size: bytes that a command or a response may have now. */
size_t vtpm_buffer_size(const Module *m);

/** All volatile state of the vTPM. Holds secrets: end it with vtpm_forget(). */
typedef struct VtpmSnapshot {
    unsigned char *buf; /* NULL: none was taken */
    uint32_t size;
} VtpmSnapshot;

/** vtpm_remember: takes a snapshot; false without memory. */
bool vtpm_remember(Module *m, VtpmSnapshot *ret);

/** vtpm_restore: puts the vTPM back where it was; false where it cannot run any more. */
bool vtpm_restore(Module *m, const VtpmSnapshot *snapshot);

/** vtpm_forget: wipes and frees. */
void vtpm_forget(VtpmSnapshot *snapshot);

#endif
