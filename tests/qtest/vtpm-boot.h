/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the tests of a measured boot share: a guest with a kernel to boot, and what its PCRs hold
 */
#ifndef TESTS_VTPM_BOOT_H
#define TESTS_VTPM_BOOT_H

#include "vtpm-swtpm.h"
#include "vtpm-util.h"

#define VTPM_SHA256 0xb
#define VTPM_SHA256_SIZE 32
#define VTPM_MEASURE ",measure-boot=on" /* of -tpmdev */

extern const uint8_t vtpm_startup_clear[12];
extern const uint8_t vtpm_startup_1_2[12];

/* What QEMU boots, in a directory of its own. */
typedef struct VtpmFiles {
    char *dir;
    char *kernel;
    char *initrd;
    char *args; /* of QEMU */
} VtpmFiles;

/* The head of a bzImage with one sector of setup besides its first, and bytes for the rest. */
VtpmFiles vtpm_files_new(void);
void vtpm_files_free(VtpmFiles *f);

/* A q35 that boots them, with a real vTPM. */
typedef struct VtpmGuest {
    VtpmFiles files;
    VtpmSwtpm *swtpm;
    Vtpm v;
} VtpmGuest;

/**
 * vtpm_guest_new:
 * @device: of the TPM
 * @options: of -tpmdev
 * @more: arguments of QEMU
 */
VtpmGuest vtpm_guest_new(const char *device, const char *options, const char *more);
void vtpm_guest_end(VtpmGuest *g);

/* Runs a command by tpm-crb. Returns: its response code. */
uint32_t vtpm_code_of(Vtpm *v, const uint8_t *command, size_t size);

#define VTPM_RUN(v, command) vtpm_code_of(v, command, sizeof(command))

/* Needs a TPM that is started, behind tpm-crb. */
void vtpm_get_pcr(VtpmGuest *g, unsigned pcr, uint16_t bank, size_t digest_size,
                  uint8_t *ret_digest);

void vtpm_extend(GChecksumType type, uint8_t *pcr, size_t size, const uint8_t *digest);

/* PCRs 4 and 5 have what the guest gets from fw_cfg and nothing else; or nothing at all. */
void vtpm_assert_bank_measured(VtpmGuest *g, uint16_t bank, GChecksumType type, size_t size);
void vtpm_assert_measured(VtpmGuest *g);
void vtpm_assert_unmeasured(VtpmGuest *g);

#endif
