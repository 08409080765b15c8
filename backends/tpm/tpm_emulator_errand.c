/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * TPM emulator back end: commands of the host to a TPM 2.0, waiting, running and ended
 *
 * TPM2_DeepQuote is specified in docs/specs/deepquote-wire.md, section 1.1, of this back end's
 * project; TPM2_PCR_Read in TPM 2.0 Part 3.
 */
#include "qemu/osdep.h"
#include "qapi/error.h"
#include "qapi/qapi-events-tpm-host.h"
#include "qemu/base64.h"
#include "qemu/bswap.h"
#include "system/tpm_frame.h"
#include "system/tpm_qemu_version.h"
#include "tpm_emulator_errand.h"

#define DEEP_QUOTE 0x20000d01
#define PCR_READ 0x17e
#define TAG_SESSIONS 0x8002
#define RH_NULL 0x40000007
#define ALG_NULL 0x10
#define RC_COMMAND_CODE 0x143
#define NONCE_MIN 16
#define NONCE_MAX 64
#define BANKS_MAX 16
#define HOST_BANKS_MAX 4
#define SELECT_SIZE 3 /* bytes of a bank's selection */

/* --- the command --- */

static size_t put16(uint8_t *out, size_t at, uint16_t value)
{
    stw_be_p(out + at, value);
    return at + sizeof(value);
}

static size_t put32(uint8_t *out, size_t at, uint32_t value)
{
    stl_be_p(out + at, value);
    return at + sizeof(value);
}

static bool check_banks(const char *name, const TpmPcrBankList *banks, unsigned most, Error **errp)
{
    unsigned count = 0;

    for (; banks; banks = banks->next, count++) {
        for (const uint8List *pcr = banks->value->pcrs; pcr; pcr = pcr->next) {
            if (pcr->value >= SELECT_SIZE * 8) {
                error_setg(errp, "%s: there is no PCR %u", name, pcr->value);
                return false;
            }
        }
    }
    if (count > most) {
        error_setg(errp, "%s: at most %u banks", name, most);
        return false;
    }
    return true;
}

/* TPML_PCR_SELECTION of what was checked */
static size_t put_banks(uint8_t *out, size_t at, const TpmPcrBankList *banks)
{
    size_t count_at = at;
    uint32_t count = 0;

    at += sizeof(count);
    for (; banks; banks = banks->next, count++) {
        at = put16(out, at, banks->value->hash);
        out[at++] = SELECT_SIZE;
        memset(out + at, 0, SELECT_SIZE);
        for (const uint8List *pcr = banks->value->pcrs; pcr; pcr = pcr->next) {
            out[at + pcr->value / 8] |= 1 << pcr->value % 8;
        }
        at += SELECT_SIZE;
    }
    put32(out, count_at, count);
    return at;
}

static void put_header(uint8_t *out, uint16_t tag, size_t size, uint32_t code)
{
    tpm_cmd_set_tag(out, tag);
    tpm_cmd_set_size(out, size);
    tpm_cmd_set_error(out, code);
}

/* Returns: the size of the command; 0 with @errp set where the request is none. */
static size_t put_deep_quote(const TPMHostRequest *r, uint8_t *out, Error **errp)
{
    static const uint8_t password[] = { 0, 0, 0, 9, 0x40, 0, 0, 9, 0, 0, 0, 0, 0 };
    size_t nonce_size = 0;
    g_autofree uint8_t *nonce = qbase64_decode(r->nonce, -1, &nonce_size, NULL);
    size_t at = TPM_FRAME_HEADER;

    if (!nonce || nonce_size < NONCE_MIN || nonce_size > NONCE_MAX) {
        error_setg(errp, "nonce: give %d to %d bytes in base64", NONCE_MIN, NONCE_MAX);
        return 0;
    }
    if (!check_banks("pcrs", r->pcrs, BANKS_MAX, errp) ||
        !check_banks("host-pcrs", r->host_pcrs, HOST_BANKS_MAX, errp)) {
        return 0;
    }
    at = put32(out, at, RH_NULL);
    memcpy(out + at, password, sizeof(password));
    at = put16(out, at + sizeof(password), nonce_size);
    memcpy(out + at, nonce, nonce_size);
    at = put16(out, at + nonce_size, ALG_NULL);
    at = put_banks(out, at, r->pcrs);
    at = put_banks(out, at, r->host_pcrs);
    at = put32(out, at, r->flags);
    put_header(out, TAG_SESSIONS, at, DEEP_QUOTE);
    return at;
}

static size_t put_pcr_read(const TPMHostRequest *r, uint8_t *out, Error **errp)
{
    size_t at;

    if (!check_banks("pcrs", r->pcrs, BANKS_MAX, errp)) {
        return 0;
    }
    at = put_banks(out, TPM_FRAME_HEADER, r->pcrs);
    put_header(out, TPM_FRAME_TAG_2_0, at, PCR_READ);
    return at;
}

/* --- where they stand --- */

static void forget(TPMEmulatorErrand *errand)
{
    g_free(errand->response);
    g_free(errand->error);
    memset(errand, 0, sizeof(*errand));
}

static bool is_waiting(const TPMEmulatorErrand *errand)
{
    return errand->number && errand->state == TPM_HOST_COMMAND_STATE_WAITING;
}

static bool has_ended(const TPMEmulatorErrand *errand)
{
    return errand->state == TPM_HOST_COMMAND_STATE_COMPLETED ||
           errand->state == TPM_HOST_COMMAND_STATE_FAILED;
}

/* One that is empty, or the oldest that has ended; NULL where all wait or run. */
static TPMEmulatorErrand *find_room(TPMEmulatorErrands *e)
{
    TPMEmulatorErrand *room = NULL;

    for (unsigned i = 0; i < TPM_EMULATOR_ERRANDS; i++) {
        TPMEmulatorErrand *errand = &e->entry[i];

        if ((!errand->number || has_ended(errand)) && (!room || errand->number < room->number)) {
            room = errand;
        }
    }
    return room;
}

const TPMEmulatorErrand *tpm_emulator_errand_add(TPMEmulatorErrands *e,
                                                 const TPMHostRequest *request, int64_t now_ms,
                                                 Error **errp)
{
    TPMEmulatorErrand made = { .state = TPM_HOST_COMMAND_STATE_WAITING };
    TPMEmulatorErrand *errand = find_room(e);

    made.command_size = request->nonce ? put_deep_quote(request, made.command, errp)
                                       : put_pcr_read(request, made.command, errp);
    if (!made.command_size) {
        return NULL;
    }
    if (!errand) {
        error_setg(errp, "%d commands of the host wait already: try again when one has ended",
                   TPM_EMULATOR_ERRANDS);
        return NULL;
    }
    made.number = ++e->latest;
    made.deadline_ms = request->wait_ms == INT64_MAX ? INT64_MAX : now_ms + request->wait_ms;
    forget(errand);
    *errand = made;
    return errand;
}

TPMEmulatorErrand *tpm_emulator_errand_next(TPMEmulatorErrands *e)
{
    TPMEmulatorErrand *next = NULL;

    for (unsigned i = 0; i < TPM_EMULATOR_ERRANDS; i++) {
        TPMEmulatorErrand *errand = &e->entry[i];

        if (is_waiting(errand) && (!next || errand->number < next->number)) {
            next = errand;
        }
    }
    return next;
}

/* The one that waits with the earliest deadline; NULL where none waits. */
static TPMEmulatorErrand *most_urgent(TPMEmulatorErrands *e)
{
    TPMEmulatorErrand *urgent = NULL;

    for (unsigned i = 0; i < TPM_EMULATOR_ERRANDS; i++) {
        TPMEmulatorErrand *errand = &e->entry[i];

        if (is_waiting(errand) && (!urgent || errand->deadline_ms < urgent->deadline_ms)) {
            urgent = errand;
        }
    }
    return urgent;
}

int64_t tpm_emulator_errand_deadline(TPMEmulatorErrands *e)
{
    const TPMEmulatorErrand *urgent = most_urgent(e);

    return urgent ? urgent->deadline_ms : INT64_MAX;
}

TPMEmulatorErrand *tpm_emulator_errand_overdue(TPMEmulatorErrands *e, int64_t now_ms)
{
    TPMEmulatorErrand *urgent = most_urgent(e);

    return urgent && urgent->deadline_ms <= now_ms ? urgent : NULL;
}

const TPMEmulatorErrand *tpm_emulator_errand_find(TPMEmulatorErrands *e, uint32_t number)
{
    for (unsigned i = 0; number && i < TPM_EMULATOR_ERRANDS; i++) {
        if (e->entry[i].number == number) {
            return &e->entry[i];
        }
    }
    return NULL;
}

void tpm_emulator_errand_start(TPMEmulatorErrands *e, TPMEmulatorErrand *errand)
{
    errand->state = TPM_HOST_COMMAND_STATE_RUNNING;
    e->running = errand;
}

static void tell(const char *id, const TPMEmulatorErrand *errand)
{
    g_autoptr(TpmHostCommand) told = tpm_emulator_errand_query(errand);

    qapi_event_send_tpm_host_command_ended(id, told);
}

void tpm_emulator_errand_fail(TPMEmulatorErrands *e, const char *id, TPMEmulatorErrand *errand,
                              const char *why)
{
    if (errand == e->running) {
        e->running = NULL;
    }
    errand->state = TPM_HOST_COMMAND_STATE_FAILED;
    errand->error = g_strdup(why);
    tell(id, errand);
}

void tpm_emulator_errand_land(TPMEmulatorErrands *e, const char *id, const uint8_t *response,
                              size_t size)
{
    TPMEmulatorErrand *errand = e->running;
    g_autofree char *why = NULL;

    errand->code = tpm_cmd_get_errcode(response);
    if (errand->code) {
        why = errand->code == RC_COMMAND_CODE
                  ? g_strdup("the TPM has no TPM2_DeepQuote: run it by swtpm-deepquote, with a "
                             "manager")
                  : g_strdup_printf("the TPM answered with response code 0x%x", errand->code);
        tpm_emulator_errand_fail(e, id, errand, why);
        return;
    }
    e->running = NULL;
    errand->state = TPM_HOST_COMMAND_STATE_COMPLETED;
    errand->response = g_base64_encode(response, size);
    tell(id, errand);
}

TpmHostCommand *tpm_emulator_errand_query(const TPMEmulatorErrand *errand)
{
    TpmHostCommand *told = g_new0(TpmHostCommand, 1);

    told->number = errand->number;
    told->state = errand->state;
    TPM_SET_OPTIONAL(told, response, g_strdup(errand->response));
    TPM_SET_OPTIONAL(told, error, g_strdup(errand->error));
    told->has_code = errand->code != 0;
    told->code = errand->code;
    return told;
}

void tpm_emulator_errands_clear(TPMEmulatorErrands *e)
{
    for (unsigned i = 0; i < TPM_EMULATOR_ERRANDS; i++) {
        forget(&e->entry[i]);
    }
}
