/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * TPM2_DeepQuote: the vTPM's own TPM2_Quote, countersigned through the manager.
 *
 * What can fail without the vTPM is tried first. The quote uses up the nonces of its sessions, so
 * with any but password authorizations the vTPM's volatile state is kept and put back where the
 * manager fails afterwards: the caller's sessions then go on as if it had not asked.
 *
 * Spec: docs/specs/deepquote-wire.md, sections 1.1 and 1.3.
 */
#include "deepquote.h"
#include "log.h"
#include "null_signer.h"
#include "process.h"
#include "vtpm.h"
#include "wire/size.h"

#include <string.h>

enum {
    REPLY_MARGIN_DIVISOR = 10, /* the manager gets nine tenths of the time */
    REPLY_MARGIN_MAX_MS = 200,
    HOST_PCRS_PARAMETER = 4,
    SIGN_HANDLE_AT = WIRE_TPM_HEADER_SIZE,
};

/** One DeepQuote on its way */
typedef struct DeepQuote {
    WireDeepQuoteCommand command;
    uint64_t deadline;
    WireDeepQuoteResponse quote; /* borrows from @buf */
    uint8_t buf[WIRE_TPM_BUFFER_MAX];
    uint8_t signer_buf[WIRE_NAME_MAX];
    WireBytes signer;
    WireBytes ek;
} DeepQuote;

static bool uses_sessions(const WireAuthArea *auth)
{
    for (unsigned i = 0; i < auth->count; i++) {
        if (auth->auth[i].handle != TPM_RS_PW) {
            return true;
        }
    }
    return false;
}

/* The attest must come back in clear: it is what the manager countersigns. */
static uint32_t check_sessions(const WireAuthArea *auth)
{
    for (unsigned i = 0; i < auth->count; i++) {
        if (auth->auth[i].attributes & TPMA_SESSION_ENCRYPT) {
            return WIRE_RC_S(TPM_RC_ATTRIBUTES, i + 1);
        }
    }
    return TPM_RC_SUCCESS;
}

/* Whether a response with evidence about these PCRs can fit @buffer. */
static bool can_fit(const WirePcrSelection *host_pcrs, size_t buffer)
{
    size_t response = wire_deepquote_response_least();

    return response <= buffer && wire_evidence_least(host_pcrs) <= buffer - response;
}

/* Everything that can be told from the command alone. */
static uint32_t check_command(const Module *m, const TpmCall *call, WireDeepQuoteCommand *ret)
{
    size_t buffer = vtpm_buffer_size(m);
    uint32_t rc;

    if (call->command_size > buffer) {
        return TPM_RC_SIZE;
    }
    rc = wire_decode_deepquote_command((WireBytes){ call->command, call->command_size }, ret);
    if (rc == TPM_RC_SUCCESS) {
        rc = check_sessions(&ret->auth);
    }
    if (rc == TPM_RC_SUCCESS && !can_fit(&ret->host_pcrs, buffer)) {
        rc = TPM_RC_SIZE;
    }
    return rc;
}

/* Runs the TPM2_Quote that the command begins with, by @signer, and keeps its response. */
static uint32_t run_quote(Module *m, const TpmCall *call, uint32_t signer, DeepQuote *q)
{
    WireWriter w = WIRE_WRITER(q->buf, sizeof(q->buf));
    size_t size = q->command.quote_size;
    uint32_t rc;

    if (!wire_put_bytes(&w, (WireBytes){ call->command, size }) ||
        !wire_set_u32(&w, sizeof(uint16_t), (uint32_t)size) ||
        !wire_set_u32(&w, sizeof(uint16_t) + sizeof(uint32_t), TPM_CC_Quote) ||
        !wire_set_u32(&w, SIGN_HANDLE_AT, signer)) {
        return TPM_RC_FAILURE;
    }
    rc = vtpm_run(m, wire_written(&w));
    if (rc == TPM_RC_SUCCESS) {
        memcpy(q->buf, m->scratch.buf, m->scratch.size);
        if (!wire_decode_quote_response((WireBytes){ q->buf, m->scratch.size }, &q->quote)) {
            rc = TPM_RC_FAILURE;
        }
    }
    return rc;
}

/* Quotes without a key of the caller's: a throw-away key does, whose signature nobody sees. */
static uint32_t run_unsigned_quote(Module *m, const TpmCall *call, DeepQuote *q)
{
    static const uint8_t no_signature[] = { 0x00, TPM_ALG_NULL };
    uint32_t signer;
    uint32_t rc = null_signer_make(m, &signer);

    if (rc != TPM_RC_SUCCESS) {
        return rc;
    }
    rc = run_quote(m, call, signer, q);
    q->quote.signature = (WireBytes){ no_signature, sizeof(no_signature) };
    null_signer_drop(m, signer);
    return rc;
}

static uint32_t make_quote(Module *m, const TpmCall *call, DeepQuote *q)
{
    if (q->command.sign_handle == TPM_RH_NULL) {
        return run_unsigned_quote(m, call, q);
    }
    return run_quote(m, call, q->command.sign_handle, q);
}

/* Finds out whose key signed; empty for none. */
static uint32_t find_names(Module *m, DeepQuote *q)
{
    size_t len = 0;
    uint32_t rc = TPM_RC_SUCCESS;

    if (q->command.sign_handle != TPM_RH_NULL) {
        rc = vtpm_read_name(m, q->command.sign_handle, q->signer_buf, &len);
    }
    q->signer = (WireBytes){ q->signer_buf, len };
    q->ek = (WireBytes){ m->ek.name, m->ek.len };
    return rc;
}

/* Whether the evidence is about this quote of this VM. Signatures are for the verifier to check. */
static bool evidence_fits(const Module *m, const DeepQuote *q, WireBytes nonce, WireBytes evidence)
{
    WireEvidence e;

    return wire_decode_evidence(evidence, &e) &&
           wire_uuid_equal(&e.binding.uuid, &m->client.uuid) &&
           wire_bytes_equal(e.binding.nonce, nonce) &&
           wire_bytes_equal(e.binding.vtpm_signer, q->signer) &&
           wire_bytes_equal(e.binding.vtpm_ek, q->ek) &&
           wire_pcr_covers(&e.host_pcrs, &q->command.host_pcrs);
}

static uint32_t time_for_manager(const Module *m)
{
    uint32_t margin = m->client.timeout_ms / REPLY_MARGIN_DIVISOR;

    return m->client.timeout_ms - (margin < REPLY_MARGIN_MAX_MS ? margin : REPLY_MARGIN_MAX_MS);
}

/* Has the quote countersigned; the evidence borrows from the client. */
static uint32_t countersign(Module *m, DeepQuote *q)
{
    ManagerMessage request = { .type = MANAGER_QUOTE };
    size_t buffer = vtpm_buffer_size(m);
    size_t used = wire_deepquote_response_size(&q->quote);
    ManagerReply reply;
    WireAttest attest;
    uint32_t rc;

    if (!wire_decode_attest(q->quote.quoted, &attest)) {
        return TPM_RC_FAILURE;
    }
    if (used >= buffer) {
        return TPM_RC_SIZE;
    }
    request.quote = (ManagerQuote){
        .flags = q->command.flags,
        .signer = q->signer,
        .ek = q->ek,
        .quoted = q->quote.quoted,
        .host_pcrs = q->command.host_pcrs,
        .commits = m->client.commits,
        .room = (uint32_t)(buffer - used),
        .timeout_ms = time_for_manager(m),
    };
    rc = manager_client_call(&m->client, &request, q->deadline, &reply);
    if (rc != TPM_RC_SUCCESS) {
        return rc == TPM_RC_VALUE ? WIRE_RC_P(TPM_RC_VALUE, HOST_PCRS_PARAMETER) : rc;
    }
    if (reply.evidence.len > buffer - used ||
        !evidence_fits(m, q, attest.extra_data, reply.evidence)) {
        return manager_client_distrust(&m->client, "evidence that is not for this quote");
    }
    q->quote.evidence = reply.evidence;
    return TPM_RC_SUCCESS;
}

static TPM_RESULT respond_deepquote(const TpmCall *call, const DeepQuote *q)
{
    uint8_t buf[WIRE_TPM_BUFFER_MAX];
    WireWriter w = WIRE_WRITER(buf, sizeof(buf));

    if (!wire_put_deepquote_response(&w, &q->quote)) {
        return module_respond_rc(call, TPM_RC_FAILURE);
    }
    return module_respond(call, wire_written(&w));
}

/* From the quote on; @ret_rc is the response code of a failure of ours. */
static TPM_RESULT quote_and_countersign(Module *m, const TpmCall *call, DeepQuote *q)
{
    VtpmSnapshot before = { 0 };
    TPM_RESULT result;
    uint32_t rc;

    if (uses_sessions(&q->command.auth) && !vtpm_remember(m, &before)) {
        module_log("no memory for a DeepQuote with a session; free some");
        return module_respond_rc(call, TPM_RC_RETRY);
    }
    rc = make_quote(m, call, q);
    if (rc != TPM_RC_SUCCESS) {
        vtpm_forget(&before);
        return module_respond_rc(call, rc);
    }
    rc = find_names(m, q);
    if (rc == TPM_RC_SUCCESS) {
        rc = countersign(m, q);
    }
    if (rc != TPM_RC_SUCCESS && !vtpm_restore(m, &before)) {
        rc = TPM_RC_FAILURE;
    }
    result = rc == TPM_RC_SUCCESS ? respond_deepquote(call, q) : module_respond_rc(call, rc);
    vtpm_forget(&before);
    return result;
}

TPM_RESULT deepquote_command(Module *m, const TpmCall *call)
{
    DeepQuote q = { .deadline = manager_client_deadline(&m->client) };
    TPM_RESULT result;
    uint32_t rc = check_command(m, call, &q.command);

    if (rc == TPM_RC_SUCCESS) {
        rc = manager_client_ready(&m->client, q.deadline);
    }
    if (rc == TPM_RC_SUCCESS) {
        rc = vtpm_find_ek(m);
    }
    if (rc != TPM_RC_SUCCESS) {
        return module_respond_rc(call, rc);
    }
    result = quote_and_countersign(m, call, &q);
    vtpm_wipe_scratch(m);
    explicit_bzero(q.buf, sizeof(q.buf));
    return result;
}
