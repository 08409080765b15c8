/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the module asks a TPM 1.2, and how it answers for one */
#ifndef SWTPM_DEEPQUOTE_TPM12_VTPM12_H
#define SWTPM_DEEPQUOTE_TPM12_VTPM12_H

#include "module.h"

/** A key's TPM_PUBKEY, and its Name as the binding has it. */
typedef struct Tpm12Key {
    uint8_t public[MANAGER_PUBLIC_MAX];
    size_t public_len;
    uint8_t name[WIRE_NAME_MAX];
    size_t name_len;
} Tpm12Key;

/** tpm12_find_key: the key that is loaded as @handle; false where its public part shows nowhere. */
bool tpm12_find_key(Module *m, uint32_t handle, Tpm12Key *ret);

/** tpm12_introduce: as vtpm_introduce(). */
uint32_t tpm12_introduce(Module *m);

/** tpm12_ready: whether the vTPM executes commands; its return code where not. */
uint32_t tpm12_ready(Module *m);

/** tpm12_respond_rc: a response of a header with @rc, which is not TPM_SUCCESS. */
TPM_RESULT tpm12_respond_rc(const TpmCall *call, uint32_t rc);

#endif
