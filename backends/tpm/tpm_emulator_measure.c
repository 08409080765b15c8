/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * TPM emulator back end: a kernel that QEMU loads is measured when the TPM is started up
 *
 * TPM 2.0 Part 3, TPM2_Startup, TPM2_GetCapability and TPM2_PCR_Extend; TPM 1.2 Part 3, TPM_Startup
 * and TPM_Extend. What the TPM answers is checked for all that a sound one would say: one that
 * refuses a digest fails, or our start of a TPM that is not started.
 */
#include "qemu/osdep.h"
#include "qemu/bswap.h"
#include "tpm_emulator_measure.h"

#define TAG_SESSIONS 0x8002
#define TAG_COMMAND_1_2 0xc1
#define GET_CAPABILITY 0x17a
#define CAP_PCRS 5
#define EXTEND_1_2 0x14
#define STARTUP_1_2 0x99
#define STARTUP_SIZE 12
#define CLEAR_2_0 0
#define CLEAR_1_2 1
#define STARTED_2_0 0x100 /* TPM_RC_INITIALIZE: the answer to a second start */
#define STARTED_1_2 38    /* TPM_INVALID_POSTINIT */
#define PCRS 0x30         /* 4 and 5, in the first byte of a selection */

/* The response to TPM2_GetCapability(TPM_CAP_PCRS): header, moreData, capability, then the banks.
 */
#define BANKS_AT (TPM_FRAME_HEADER + 5)
#define EXTENDED_SIZE_2_0 19 /* header, size of no parameters, the answer to a password */
#define EXTENDED_SIZE_1_2 30 /* header, the new value */

void tpm_emulator_measure_reset(TPMEmulatorMeasure *m, bool woken)
{
    m->woken = woken;
    m->started = m->due = m->starting = m->busy = false;
}

/* A guest that wakes up gets its PCRs back by a start of its own. */
void tpm_emulator_measure_kernel_taken(TPMEmulatorMeasure *m)
{
    m->due = !m->started && !m->woken;
}

static bool is_startup(TPMVersion version, const uint8_t *command, size_t size)
{
    return command && size == STARTUP_SIZE &&
           tpm_cmd_get_ordinal(command) ==
               (version == TPM_VERSION_2_0 ? TPM_FRAME_STARTUP : STARTUP_1_2);
}

static uint16_t clear_type(TPMVersion version)
{
    return version == TPM_VERSION_2_0 ? CLEAR_2_0 : CLEAR_1_2;
}

static size_t put_header(uint8_t *out, uint16_t tag, uint32_t code)
{
    tpm_cmd_set_tag(out, tag);
    tpm_cmd_set_error(out, code);
    return TPM_FRAME_HEADER;
}

size_t tpm_emulator_measure_start(TPMEmulatorMeasure *m, TPMVersion version)
{
    bool tpm2 = version == TPM_VERSION_2_0;
    size_t at = put_header(m->command, tpm2 ? TPM_FRAME_TAG_2_0 : TAG_COMMAND_1_2,
                           tpm2 ? TPM_FRAME_STARTUP : STARTUP_1_2);

    stw_be_p(m->command + at, clear_type(version));
    tpm_cmd_set_size(m->command, STARTUP_SIZE);
    m->due = false;
    return STARTUP_SIZE;
}

static size_t put_extend_1_2(uint8_t *out, const TPMBootEvent *event)
{
    size_t at = put_header(out, TAG_COMMAND_1_2, EXTEND_1_2);

    stl_be_p(out + at, event->pcr);
    memcpy(out + at + 4, event->digest[0], tpm_boot_algorithm[0].size);
    return at + 4 + tpm_boot_algorithm[0].size;
}

/* With the empty password, and a digest for each bank. */
static size_t put_extend_2_0(uint8_t *out, const TPMEmulatorMeasure *m, const TPMBootEvent *event)
{
    static const uint8_t password[] = { 0, 0, 0, 9, 0x40, 0, 0, 9, 0, 0, 0, 0, 0 };
    size_t at = put_header(out, TAG_SESSIONS, TPM_FRAME_PCR_EXTEND);
    size_t count_at;
    uint32_t count = 0;

    stl_be_p(out + at, event->pcr);
    memcpy(out + at + 4, password, sizeof(password));
    count_at = at + 4 + sizeof(password);
    at = count_at + 4;
    for (unsigned i = 0; i < TPM_BOOT_ALGORITHMS; i++) {
        if (m->bank[i]) {
            stw_be_p(out + at, tpm_boot_algorithm[i].id);
            memcpy(out + at + 2, event->digest[i], tpm_boot_algorithm[i].size);
            at += 2 + tpm_boot_algorithm[i].size;
            count++;
        }
    }
    stl_be_p(out + count_at, count);
    return at;
}

static void ask_for_banks(TPMEmulatorMeasure *m)
{
    size_t at = put_header(m->command, TPM_FRAME_TAG_2_0, GET_CAPABILITY);

    stl_be_p(m->command + at, CAP_PCRS);
    stl_be_p(m->command + at + 4, 0);
    stl_be_p(m->command + at + 8, 64);
    tpm_cmd_set_size(m->command, at + 12);
}

/* Marks the bank of @id as active. Returns: false where it is none that we can measure into. */
static bool mark_bank(TPMEmulatorMeasure *m, uint16_t id)
{
    for (unsigned i = 0; i < TPM_BOOT_ALGORITHMS; i++) {
        if (tpm_boot_algorithm[i].id == id) {
            m->bank[i] = true;
            return true;
        }
    }
    return false;
}

/* TPML_PCR_SELECTION. Returns: false unless it is sound, and each active bank is one of ours. */
static bool take_banks(TPMEmulatorMeasure *m, const uint8_t *response, size_t size)
{
    bool any = false;
    size_t at = BANKS_AT + 4;
    uint32_t left;

    memset(m->bank, 0, sizeof(m->bank));
    if (size < at || tpm_cmd_get_errcode(response) || response[TPM_FRAME_HEADER] ||
        ldl_be_p(response + TPM_FRAME_HEADER + 1) != CAP_PCRS) {
        return false;
    }
    for (left = ldl_be_p(response + BANKS_AT); left; left--) {
        size_t bytes = size - at < 3 ? size : response[at + 2];

        if (size - at < 3 || bytes > size - at - 3) {
            return false;
        }
        if (bytes && (response[at + 3] & PCRS)) {
            any = true;
            if ((response[at + 3] & PCRS) != PCRS || !mark_bank(m, lduw_be_p(response + at))) {
                return false;
            }
        }
        at += 3 + bytes;
    }
    return any && at == size;
}

static bool was_extended(TPMVersion version, const uint8_t *response, size_t size)
{
    bool tpm2 = version == TPM_VERSION_2_0;

    return size == (tpm2 ? EXTENDED_SIZE_2_0 : EXTENDED_SIZE_1_2) &&
           lduw_be_p(response) == (tpm2 ? TAG_SESSIONS : TPM_FRAME_TAG_1_2) &&
           !tpm_cmd_get_errcode(response);
}

static TPMEmulatorMeasureStep extend_next(TPMEmulatorMeasure *m, TPMVersion version,
                                          uint8_t *response, size_t *size)
{
    const TPMBootEvent *event = &m->log->event[m->next];
    size_t command_size;

    if (m->next == m->log->events) {
        m->busy = false;
        memcpy(response, m->startup_response, sizeof(m->startup_response));
        *size = sizeof(m->startup_response);
        return TPM_EMULATOR_MEASURE_PASS;
    }
    command_size = version == TPM_VERSION_2_0 ? put_extend_2_0(m->command, m, event)
                                              : put_extend_1_2(m->command, event);
    tpm_cmd_set_size(m->command, command_size);
    m->next++;
    return TPM_EMULATOR_MEASURE_SEND;
}

/* A start has succeeded. */
static TPMEmulatorMeasureStep begin(TPMEmulatorMeasure *m, TPMVersion version, uint8_t *response,
                                    size_t *size)
{
    if (m->woken || *size != sizeof(m->startup_response)) {
        return TPM_EMULATOR_MEASURE_FAIL;
    }
    memcpy(m->startup_response, response, *size);
    m->busy = true;
    m->next = 0;
    if (version != TPM_VERSION_2_0) {
        return extend_next(m, version, response, size);
    }
    ask_for_banks(m);
    return TPM_EMULATOR_MEASURE_SEND;
}

/* @command: a start, the guest's or ours */
static TPMEmulatorMeasureStep take_start(TPMEmulatorMeasure *m, TPMVersion version,
                                         const uint8_t *command, uint8_t *response, size_t *size)
{
    uint32_t code = tpm_cmd_get_errcode(response);
    bool ours = m->starting;

    m->starting = false;
    m->started |= !code || code == (version == TPM_VERSION_2_0 ? STARTED_2_0 : STARTED_1_2);
    m->due &= !m->started;
    if (code) {
        return ours && !m->started ? TPM_EMULATOR_MEASURE_FAIL : TPM_EMULATOR_MEASURE_PASS;
    }
    return lduw_be_p(command + TPM_FRAME_HEADER) == clear_type(version)
               ? begin(m, version, response, size)
               : TPM_EMULATOR_MEASURE_PASS;
}

TPMEmulatorMeasureStep tpm_emulator_measure_step(TPMEmulatorMeasure *m, TPMVersion version,
                                                 const uint8_t *command, size_t command_size,
                                                 uint8_t *response, size_t *size)
{
    bool sound;

    if (m->starting) {
        return take_start(m, version, m->command, response, size);
    }
    if (!m->busy) {
        return m->log && is_startup(version, command, command_size)
                   ? take_start(m, version, command, response, size)
                   : TPM_EMULATOR_MEASURE_PASS;
    }
    sound = m->next || version != TPM_VERSION_2_0 ? was_extended(version, response, *size)
                                                  : take_banks(m, response, *size);
    if (!sound) {
        m->busy = false;
        return TPM_EMULATOR_MEASURE_FAIL;
    }
    return extend_next(m, version, response, size);
}
