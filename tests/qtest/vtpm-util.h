/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the TPM tests of this project share: a machine with a fake vTPM, and its TPM's registers
 */
#ifndef TESTS_VTPM_UTIL_H
#define TESTS_VTPM_UTIL_H

#include "libqtest.h"
#include "qobject/qdict.h"
#include "vtpm-fake.h"

#define VTPM_PCR_READ 0x17e /* TPM2_PCR_Read: any command will do for a fake vTPM */

/* TIS, locality 4 */
#define VTPM_HASH_END 0x20
#define VTPM_HASH_DATA 0x24
#define VTPM_HASH_START 0x28

typedef struct Vtpm {
    VtpmFake *fake;
    QTestState *qts;
} Vtpm;

/**
 * vtpm_start:
 * @device: device with its properties, as tpm-crb,localities=5
 * @options: further options of -tpmdev, beginning with a comma; or ""
 * @more: further arguments of QEMU
 */
Vtpm vtpm_start(TPMVersion version, const char *device, const char *options, const char *more);

/* The same with a fake that is there already. */
Vtpm vtpm_start_with(VtpmFake *fake, const char *device, const char *options, const char *more);

/* With a connection that only a reset makes again; without options any QEMU understands it. */
Vtpm vtpm_start_plain(TPMVersion version, const char *device, const char *options,
                      const char *more);

/* With any TPM that listens at @path; there is no fake. */
Vtpm vtpm_start_at(const char *path, const char *device, const char *options, const char *more);

/* Of one with a fake. */
void vtpm_stop(Vtpm *v);

/* Address of the registers of locality 0, which depends on the machine. */
extern uint64_t vtpm_base;

static inline uint64_t vtpm_reg(unsigned locality, unsigned offset)
{
    return vtpm_base + locality * 0x1000 + offset;
}

/* Polls until @_condition holds; fails after ten seconds. */
#define vtpm_wait_until(_condition)                                                                \
    do {                                                                                           \
        int64_t _end = g_get_monotonic_time() + 10 * G_TIME_SPAN_SECOND;                           \
        while (!(_condition)) {                                                                    \
            g_assert_cmpint(g_get_monotonic_time(), <, _end);                                      \
            g_usleep(500);                                                                         \
        }                                                                                          \
    } while (0)

/* A command of @size bytes, at least 10, with this code. */
void vtpm_command(uint8_t *out, size_t size, uint32_t code);

/**
 * vtpm_crb_run:
 * @command: a whole command
 * @ret_response: room for 4096 bytes
 *
 * Runs one command by locality 0 and waits for it. Returns: the size of the response.
 */
size_t vtpm_crb_run(Vtpm *v, const uint8_t *command, size_t size, uint8_t *ret_response);

/* Sends a command by any locality, through the one buffer that all share; leaves it running. */
void vtpm_crb_start(Vtpm *v, unsigned locality, const uint8_t *command, size_t size);
bool vtpm_crb_running(Vtpm *v);
size_t vtpm_crb_response(Vtpm *v, uint8_t *ret_response);

/* Starts a command whose answer the fake holds back. */
void vtpm_crb_hold(Vtpm *v, unsigned locality, uint8_t *ret_command, size_t size);

/* Runs a command by locality 0, whose answer has to be the right one. */
void vtpm_crb_assert_works(Vtpm *v);

/* The same by TIS, for any locality; requests it, does not relinquish it. */
size_t vtpm_tis_run(Vtpm *v, unsigned locality, const uint8_t *command, size_t size,
                    uint8_t *ret_response);
void vtpm_tis_start(Vtpm *v, unsigned locality, const uint8_t *command, size_t size);
size_t vtpm_tis_response(Vtpm *v, unsigned locality, uint8_t *ret_response);
void vtpm_tis_hold(Vtpm *v, unsigned locality, uint8_t *ret_command, size_t size);
void vtpm_tis_assert_works(Vtpm *v);

/* Registers of TIS; STS without the burst count, which is its bytes 1 and 2. */
uint8_t vtpm_tis_access(Vtpm *v, unsigned locality);
void vtpm_tis_write_access(Vtpm *v, unsigned locality, uint8_t bits);
uint8_t vtpm_tis_sts(Vtpm *v, unsigned locality);
void vtpm_tis_write_sts(Vtpm *v, unsigned locality, uint32_t bits);
unsigned vtpm_tis_burst(Vtpm *v, unsigned locality);
void vtpm_tis_wait_for_response(Vtpm *v, unsigned locality);

/* The entry of query-tpm-status; (transfer full). */
QDict *vtpm_status(Vtpm *v);
bool vtpm_state_is(Vtpm *v, const char *state);

/* Resets the guest and waits for it. */
void vtpm_reset(Vtpm *v);

/* Suspends the guest of a machine q35 to RAM, as its firmware and ACPI code would; wakes it up. */
void vtpm_suspend_q35(Vtpm *v);
void vtpm_wake_up(Vtpm *v);

/* All that the machine sends when it migrates; (transfer full). The guest is stopped after that. */
GByteArray *vtpm_migrate_to_bytes(Vtpm *v);

/* Has a machine that was started with -incoming defer take them; does not wait for it to go on. */
void vtpm_load_bytes(Vtpm *v, const GByteArray *stream);

/* A TPM failure of this version, and nothing else. */
void vtpm_assert_failure(TPMVersion version, const uint8_t *response, size_t size);

/* What the fake answers to @command. */
void vtpm_assert_answer(const uint8_t *command, size_t command_size, const uint8_t *response,
                        size_t size);

#endif
