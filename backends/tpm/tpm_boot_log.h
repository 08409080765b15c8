/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a machine boots with -kernel: digests of it, and the event log that tells them
 *
 * TCG PC Client Platform Firmware Profile, "Event Logging": the crypto-agile log for TPM 2.0, the
 * log of SHA-1 digests for TPM 1.2.
 */
#ifndef BACKENDS_TPM_BOOT_LOG_H
#define BACKENDS_TPM_BOOT_LOG_H

#include "system/tpm.h"
#include "system/tpm_qemu_version.h"

#define TPM_BOOT_LOG_FILE "etc/tpm/boot-log"
#define TPM_BOOT_ALGORITHMS 4
#define TPM_BOOT_DIGEST_MAX 64
#define TPM_BOOT_EVENTS_MAX 4

typedef struct TPMBootAlgorithm {
    uint16_t id; /* TPM_ALG_ID */
    uint16_t size;
    TPMHashAlgorithm type;
    GChecksumType slow; /* the same of GLib's */
} TPMBootAlgorithm;

/* SHA-1 is the first. */
extern const TPMBootAlgorithm tpm_boot_algorithm[TPM_BOOT_ALGORITHMS];

typedef struct TPMBootEvent {
    uint32_t pcr;
    uint8_t digest[TPM_BOOT_ALGORITHMS][TPM_BOOT_DIGEST_MAX];
} TPMBootEvent;

typedef struct TPMBootLog {
    unsigned events;
    TPMBootEvent event[TPM_BOOT_EVENTS_MAX];
    size_t size;
    uint8_t *bytes; /* of the log */
} TPMBootLog;

/* Whether the machine's firmware is QEMU's own, which measures nothing of what -kernel gives it. */
bool tpm_boot_firmware_leaves_it(void);

/**
 * tpm_boot_log_take:
 *
 * When the machine is complete: takes the kernel, the initrd and the command line that the guest's
 * firmware gets from fw_cfg, fixes and hashes them, and puts the log into fw_cfg.
 *
 * Returns: (transfer full): NULL with @errp set where the machine has no such kernel.
 */
TPMBootLog *tpm_boot_log_take(TPMVersion version, Error **errp);
void tpm_boot_log_free(TPMBootLog *log);

#endif
