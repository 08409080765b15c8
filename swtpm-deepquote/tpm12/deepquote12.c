/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * TPM_DeepQuote: a TPM 1.2's own TPM_Quote2, countersigned through the manager. In the same order
 * as TPM2_DeepQuote: the manager is asked, the vTPM quotes, the manager countersigns.
 *
 * Spec: docs/specs/deepquote-tpm12.md, sections 1.1 and 1.4.
 */
#include "deepquote12.h"

#include "countersign.h"
#include "process.h"
#include "vtpm.h"
#include "vtpm12.h"
#include "wire/tpm12-command.h"
#include "wire/tpm12-quote.h"

#include <string.h>

/** One DeepQuote on its way */
typedef struct DeepQuote12 {
    WireTpm12DeepQuoteCommand command;
    Tpm12Key signer;
    CountersignWish wish;
    WireTpm12QuoteResponse quote; /* borrows from @response */
    uint8_t response[WIRE_TPM_BUFFER_MAX];
    uint8_t signed_bytes[WIRE_ATTEST_MAX];
} DeepQuote12;

/* Runs the TPM_Quote2 that is in the command, and keeps its response and what was signed. */
static uint32_t run_quote(Module *m, DeepQuote12 *q)
{
    WireWriter command = WIRE_WRITER(q->response, sizeof(q->response));
    WireWriter signed_bytes = WIRE_WRITER(q->signed_bytes, sizeof(q->signed_bytes));
    uint32_t rc;

    if (!wire_put_tpm12_quote_command(&command, &q->command)) {
        return TPM12_FAIL;
    }
    rc = vtpm_run(m, wire_written(&command));
    if (rc != TPM12_SUCCESS) {
        return rc;
    }
    memcpy(q->response, m->scratch.buf, m->scratch.size);
    if (!wire_decode_tpm12_quote_response((WireBytes){ q->response, m->scratch.size }, &q->quote) ||
        !wire_put_tpm12_signed(&signed_bytes, q->command.external_data, &q->quote)) {
        return TPM12_FAIL;
    }
    q->wish.quoted = wire_written(&signed_bytes);
    return TPM12_SUCCESS;
}

/* Everything up to the quote; nothing was executed where the manager would not countersign. */
static uint32_t prepare(Module *m, DeepQuote12 *q)
{
    const WireTpm12DeepQuoteCommand *c = &q->command;
    const uint32_t rc = tpm12_ready(m);

    if (rc != TPM12_SUCCESS) {
        return rc;
    }
    if (!tpm12_find_key(m, c->key_handle, &q->signer)) {
        return TPM12_INVALID_KEYHANDLE;
    }
    q->wish = (CountersignWish){
        .flags = c->flags,
        .host_pcrs = &c->host_pcrs,
        .deadline = manager_client_deadline(&m->client),
        .signer = { q->signer.name, q->signer.name_len },
        .nonce = c->external_data,
    };
    return wire_tpm12_code(countersign_prepare(m, &q->wish, wire_tpm12_response_bound()));
}

/* Has the quote countersigned; the evidence borrows from the client. */
static void countersign(Module *m, DeepQuote12 *q)
{
    WireWriter size = WIRE_COUNTER;

    q->quote.host_status = DEEPQUOTE_RC_HOST_TPM; /* until there is evidence */
    if (wire_put_tpm12_deepquote_response(&size, &q->quote)) {
        q->quote.host_status = countersign_quote(m, &q->wish, size.len, &q->quote.evidence);
    }
}

static TPM_RESULT respond(const TpmCall *call, const DeepQuote12 *q)
{
    uint8_t buf[WIRE_TPM_BUFFER_MAX];
    WireWriter w = WIRE_WRITER(buf, sizeof(buf));

    return wire_put_tpm12_deepquote_response(&w, &q->quote) ? module_respond(call, wire_written(&w))
                                                            : tpm12_respond_rc(call, TPM12_FAIL);
}

TPM_RESULT tpm12_deepquote_command(Module *m, const TpmCall *call)
{
    DeepQuote12 q = { 0 };
    TPM_RESULT result;
    uint32_t rc = wire_decode_tpm12_deepquote_command(
        (WireBytes){ call->command, call->command_size }, &q.command);

    if (rc == TPM12_SUCCESS) {
        rc = prepare(m, &q);
    }
    if (rc == TPM12_SUCCESS) {
        rc = run_quote(m, &q);
    }
    if (rc != TPM12_SUCCESS) {
        return tpm12_respond_rc(call, rc);
    }
    countersign(m, &q);
    result = respond(call, &q);
    vtpm_wipe_scratch(m);
    explicit_bzero(q.response, sizeof(q.response));
    return result;
}
