/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Frames of TPM commands and responses: what the devices and the back end know of them
 *
 * TPM 1.2 Main Part 2 and TPM 2.0 Part 2. Fields of a header are read and written by
 * system/tpm_util.h.
 */
#ifndef SYSTEM_TPM_FRAME_H
#define SYSTEM_TPM_FRAME_H

#include "system/tpm_util.h"

#define TPM_FRAME_HEADER 10 /* tag, size, code: of commands and responses alike */
#define TPM_FRAME_MAX 4096  /* largest command or response of either version */

#define TPM_FRAME_TAG_1_2 0xc4   /* of a response of TPM 1.2 */
#define TPM_FRAME_TAG_2_0 0x8001 /* of either without sessions */

#define TPM_FRAME_PCR_EVENT 0x13c /* command codes of TPM 2.0 */
#define TPM_FRAME_STARTUP 0x144
#define TPM_FRAME_SHUTDOWN 0x145
#define TPM_FRAME_PCR_EXTEND 0x182

/* Whether a command is as long as it says, and no longer than any may be. */
static inline bool tpm_frame_is_whole(const uint8_t *command, size_t size)
{
    return size >= TPM_FRAME_HEADER && size <= TPM_FRAME_MAX && tpm_cmd_get_size(command) == size;
}

/* Why a command is answered by us and not by the TPM. */
typedef enum TPMFrameFault {
    TPM_FRAME_FAILED,
    TPM_FRAME_BAD_SIZE,
    TPM_FRAME_CANCELLED, /* TPM 1.2 has no code for it */
} TPMFrameFault;

/**
 * tpm_frame_put_fault:
 * @out: room for TPM_FRAME_HEADER bytes
 *
 * Writes a whole response that tells of @fault, as a TPM of this version would.
 */
static inline void tpm_frame_put_fault(uint8_t *out, TPMVersion version, TPMFrameFault fault)
{
    static const uint32_t code[][2] = {
        [TPM_FRAME_FAILED] = { 9, 0x101 },
        [TPM_FRAME_BAD_SIZE] = { 25, 0x142 },
        [TPM_FRAME_CANCELLED] = { 9, 0x909 },
    };
    bool tpm2 = version == TPM_VERSION_2_0;

    tpm_cmd_set_tag(out, tpm2 ? TPM_FRAME_TAG_2_0 : TPM_FRAME_TAG_1_2);
    tpm_cmd_set_size(out, TPM_FRAME_HEADER);
    tpm_cmd_set_error(out, code[fault][tpm2]);
}

#endif
