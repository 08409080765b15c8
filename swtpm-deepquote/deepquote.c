/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * TPM2_DeepQuote: the vTPM's own TPM2_Quote, countersigned through the manager.
 *
 * The manager is asked first whether it would countersign; what it cannot do ends the command
 * before the vTPM has executed anything. After the quote nothing is taken back: what fails then is
 * told in hostStatus.
 *
 * Spec: docs/specs/deepquote-wire.md, sections 1.1 and 1.4.
 */
#include "deepquote.h"
#include "countersign.h"
#include "null_signer.h"
#include "process.h"
#include "vtpm.h"
#include "wire/size.h"

#include <string.h>

enum {
    SIGN_HANDLE_AT = WIRE_TPM_HEADER_SIZE,
    HOST_PCRS_PARAMETER = 4,
    FLAGS_PARAMETER = 5,
};

/** One DeepQuote on its way */
typedef struct DeepQuote {
    WireDeepQuoteCommand command;
    uint64_t deadline;
    WireDeepQuoteResponse quote; /* borrows from @buf */
    uint8_t buf[WIRE_TPM_BUFFER_MAX];
    uint8_t signer[WIRE_NAME_MAX]; /* Name of the key that signs */
    size_t signer_len;             /* 0: none does */
    uint32_t signer_rc;            /* of finding that out */
} DeepQuote;

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

/* Everything that can be told from the command alone. */
static uint32_t check_command(const Module *m, const TpmCall *call, WireDeepQuoteCommand *ret)
{
    uint32_t rc;

    if (call->command_size > vtpm_buffer_size(m)) {
        return TPM_RC_SIZE;
    }
    rc = wire_decode_deepquote_command((WireBytes){ call->command, call->command_size }, ret);
    return rc == TPM_RC_SUCCESS ? check_sessions(&ret->auth) : rc;
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

/* Whose key signs; none for TPM_RH_NULL. Where there is no such key TPM2_Quote says so itself. */
static void find_signer(Module *m, DeepQuote *q)
{
    VtpmObject o;

    if (q->command.sign_handle == TPM_RH_NULL) {
        return;
    }
    q->signer_rc = vtpm_read_object(m, q->command.sign_handle, &o);
    if (q->signer_rc == TPM_RC_SUCCESS) {
        memcpy(q->signer, o.name.p, o.name.len);
        q->signer_len = o.name.len;
    }
}

static CountersignWish wish_of(const DeepQuote *q)
{
    return (CountersignWish){
        .flags = q->command.flags,
        .host_pcrs = &q->command.host_pcrs,
        .deadline = q->deadline,
        .signer = { q->signer, q->signer_len },
        .quoted = q->quote.quoted,
    };
}

static uint32_t prepare(Module *m, const DeepQuote *q)
{
    const WireDeepQuoteCommand *c = &q->command;
    const CountersignWish wish = wish_of(q);
    uint32_t rc =
        countersign_prepare(m, &wish,
                            wire_deepquote_response_bound(c->sign_handle != TPM_RH_NULL, &c->auth,
                                                          c->qualifying_data.len, &c->vtpm_pcrs));

    if (rc == TPM_RC_VALUE) {
        rc = WIRE_RC_P(rc, m->client.status == MANAGER_BAD_FLAGS ? FLAGS_PARAMETER
                                                                 : HOST_PCRS_PARAMETER);
    }
    return rc;
}

/* Has the quote countersigned; the evidence borrows from the client. */
static uint32_t countersign(Module *m, DeepQuote *q)
{
    CountersignWish wish = wish_of(q);
    WireAttest attest;

    if (q->signer_rc != TPM_RC_SUCCESS || !wire_decode_attest(q->quote.quoted, &attest)) {
        return DEEPQUOTE_RC_HOST_TPM;
    }
    wish.nonce = attest.extra_data;
    q->quote.host_status = DEEPQUOTE_RC_HOST_TPM; /* until there is evidence */
    return countersign_quote(m, &wish, wire_deepquote_response_size(&q->quote), &q->quote.evidence);
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

TPM_RESULT deepquote_command(Module *m, const TpmCall *call)
{
    DeepQuote q = { .deadline = manager_client_deadline(&m->client) };
    TPM_RESULT result;
    uint32_t rc = check_command(m, call, &q.command);

    if (rc == TPM_RC_SUCCESS) {
        rc = vtpm_introduce(m);
    }
    if (rc == TPM_RC_SUCCESS) {
        rc = prepare(m, &q);
    }
    if (rc == TPM_RC_SUCCESS) {
        find_signer(m, &q);
        rc = make_quote(m, call, &q);
    }
    if (rc != TPM_RC_SUCCESS) {
        return module_respond_rc(call, rc);
    }
    q.quote.host_status = countersign(m, &q);
    result = respond_deepquote(call, &q);
    vtpm_wipe_scratch(m);
    explicit_bzero(q.buf, sizeof(q.buf));
    return result;
}
