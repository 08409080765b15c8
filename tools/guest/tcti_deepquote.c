/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tcti_deepquote.h"

#include <string.h>

#define TCTI_DEEPQUOTE_MAGIC UINT64_C(0x4451544354490001)

/** What is outstanding between the caller and the TPM. */
typedef enum TctiState {
    TCTI_PASS,      /* nothing, or a command that was passed through untouched */
    TCTI_SENT,      /* a TPM2_DeepQuote was sent, its response not read yet */
    TCTI_CONVERTED, /* its response is in @response, as that of TPM2_Quote */
} TctiState;

typedef struct TctiDeepQuote {
    TSS2_TCTI_CONTEXT_COMMON_V2 common; /* first: this is what callers see */
    TSS2_TCTI_CONTEXT *inner;
    TctiState state;
    gboolean armed;
    WirePcrSelection host_pcrs;
    uint32_t flags;
    GBytes *evidence;
    uint32_t host_status; /* of the last response */
    uint8_t response[WIRE_TPM_BUFFER_MAX];
    size_t response_size;
} TctiDeepQuote;

static TctiDeepQuote *tcti_cast(TSS2_TCTI_CONTEXT *tcti)
{
    if (!tcti || TSS2_TCTI_MAGIC(tcti) != TCTI_DEEPQUOTE_MAGIC) {
        return NULL;
    }
    return (TctiDeepQuote *)tcti;
}

/** Whether @bytes are a command or response of exactly the size that its header declares. */
static gboolean whole_message(WireBytes bytes, WireTpmHeader *ret_header, WireReader *ret_body)
{
    WireReader r = WIRE_READER(bytes.p, bytes.len);
    WireTpmHeader h;

    if (!wire_get_tpm_header(&r, &h) || h.size != bytes.len) {
        return FALSE;
    }
    *ret_header = h;
    *ret_body = r;
    return TRUE;
}

static gboolean is_quote(WireBytes command)
{
    WireTpmHeader h;
    WireReader body;

    return whole_message(command, &h, &body) && h.code == TPM_CC_Quote && h.tag == TPM_ST_SESSIONS;
}

/* @ret gets the TPM2_DeepQuote command for the TPM2_Quote @quote; false where it is none of its
 * declared size, or the result does not fit. */
static gboolean make_command(WireBytes quote, const WirePcrSelection *host_pcrs, uint32_t flags,
                             WireWriter *ret)
{
    WireWriter w = *ret;
    WireTpmHeader h;
    WireReader body;

    if (!is_quote(quote) || !whole_message(quote, &h, &body)) {
        return FALSE;
    }
    h.code = TPM_CC_DeepQuote;
    if (!wire_put_tpm_header(&w, &h) || !wire_put_bytes(&w, (WireBytes){ body.p, body.left }) ||
        !wire_put_pcr_selection(&w, host_pcrs) || !wire_put_u32(&w, flags) ||
        !wire_set_u32(&w, ret->len + 2, (uint32_t)(w.len - ret->len))) {
        return FALSE;
    }
    *ret = w;
    return TRUE;
}

static gboolean put_quote_response(WireWriter *ret, const WireDeepQuoteResponse *resp)
{
    WireWriter w = *ret;
    const WireTpmHeader h = { TPM_ST_SESSIONS, 0, TPM_RC_SUCCESS };
    size_t parameters;

    if (!wire_put_tpm_header(&w, &h) || !wire_open_u32(&w, &parameters) ||
        !wire_put_tpm2b(&w, resp->quoted) || !wire_put_bytes(&w, resp->signature) ||
        !wire_close_u32(&w, parameters) || !wire_put_bytes(&w, resp->auth) ||
        !wire_set_u32(&w, ret->len + 2, (uint32_t)(w.len - ret->len))) {
        return FALSE;
    }
    *ret = w;
    return TRUE;
}

gboolean tcti_deepquote_response(WireBytes response, WireWriter *ret, uint32_t *ret_host_status,
                                 WireBytes *ret_evidence)
{
    WireDeepQuoteResponse resp;
    WireTpmHeader h;
    WireReader body;

    if (!whole_message(response, &h, &body)) {
        return FALSE;
    }
    if (h.code != TPM_RC_SUCCESS) {
        if (body.left != 0 || !wire_put_bytes(ret, response)) {
            return FALSE;
        }
        *ret_host_status = TPM_RC_SUCCESS;
        *ret_evidence = (WireBytes){ NULL, 0 };
        return TRUE;
    }
    if (!wire_decode_deepquote_response(response, &resp) || !put_quote_response(ret, &resp)) {
        return FALSE;
    }
    *ret_host_status = resp.host_status;
    *ret_evidence = resp.evidence;
    return TRUE;
}

static TSS2_RC tcti_transmit(TSS2_TCTI_CONTEXT *ctx, size_t size, const uint8_t *command)
{
    TctiDeepQuote *t = tcti_cast(ctx);
    uint8_t buf[WIRE_TPM_BUFFER_MAX];
    WireWriter w = WIRE_WRITER(buf, sizeof(buf));
    TSS2_RC rc;

    if (!t || !command) {
        return TSS2_TCTI_RC_BAD_REFERENCE;
    }
    if (t->state != TCTI_PASS) {
        return TSS2_TCTI_RC_BAD_SEQUENCE;
    }
    if (!t->armed || !is_quote((WireBytes){ command, size })) {
        return Tss2_Tcti_Transmit(t->inner, size, command);
    }
    if (!make_command((WireBytes){ command, size }, &t->host_pcrs, t->flags, &w)) {
        return TSS2_TCTI_RC_BAD_VALUE;
    }
    rc = Tss2_Tcti_Transmit(t->inner, w.len, buf);
    if (rc == TSS2_RC_SUCCESS) {
        t->state = TCTI_SENT;
    }
    return rc;
}

/** Reads the response of TPM2_DeepQuote and keeps what the caller and the evidence get of it. */
static TSS2_RC receive_deepquote(TctiDeepQuote *t, int32_t timeout)
{
    uint8_t buf[WIRE_TPM_BUFFER_MAX];
    size_t size = sizeof(buf);
    WireWriter w = WIRE_WRITER(t->response, sizeof(t->response));
    WireBytes evidence;
    uint32_t host_status;
    TSS2_RC rc;

    rc = Tss2_Tcti_Receive(t->inner, &size, buf, timeout);
    if (rc == TSS2_TCTI_RC_TRY_AGAIN) {
        return rc;
    }
    t->state = TCTI_PASS;
    if (rc != TSS2_RC_SUCCESS) {
        return rc;
    }
    if (size > sizeof(buf) ||
        !tcti_deepquote_response((WireBytes){ buf, size }, &w, &host_status, &evidence)) {
        return TSS2_TCTI_RC_MALFORMED_RESPONSE;
    }
    t->response_size = w.len;
    t->state = TCTI_CONVERTED;
    t->host_status = host_status;
    if (evidence.len > 0) {
        g_clear_pointer(&t->evidence, g_bytes_unref);
        t->evidence = g_bytes_new(evidence.p, evidence.len);
    }
    return TSS2_RC_SUCCESS;
}

static TSS2_RC tcti_receive(TSS2_TCTI_CONTEXT *ctx, size_t *size, uint8_t *response,
                            int32_t timeout)
{
    TctiDeepQuote *t = tcti_cast(ctx);
    TSS2_RC rc;

    if (!t || !size) {
        return TSS2_TCTI_RC_BAD_REFERENCE;
    }
    if (t->state == TCTI_PASS) {
        return Tss2_Tcti_Receive(t->inner, size, response, timeout);
    }
    if (t->state == TCTI_SENT) {
        rc = receive_deepquote(t, timeout);
        if (rc != TSS2_RC_SUCCESS) {
            return rc;
        }
    }
    if (!response) {
        *size = t->response_size;
        return TSS2_RC_SUCCESS;
    }
    if (*size < t->response_size) {
        *size = t->response_size;
        return TSS2_TCTI_RC_INSUFFICIENT_BUFFER;
    }
    memcpy(response, t->response, t->response_size);
    *size = t->response_size;
    t->state = TCTI_PASS;
    return TSS2_RC_SUCCESS;
}

static void tcti_finalize(TSS2_TCTI_CONTEXT *ctx)
{
    TctiDeepQuote *t = tcti_cast(ctx);

    if (!t) {
        return;
    }
    g_clear_pointer(&t->evidence, g_bytes_unref);
    memset(&t->common, 0, sizeof(t->common));
}

static TSS2_RC tcti_cancel(TSS2_TCTI_CONTEXT *ctx)
{
    TctiDeepQuote *t = tcti_cast(ctx);

    if (!t) {
        return TSS2_TCTI_RC_BAD_REFERENCE;
    }
    return Tss2_Tcti_Cancel(t->inner);
}

static TSS2_RC tcti_get_poll_handles(TSS2_TCTI_CONTEXT *ctx, TSS2_TCTI_POLL_HANDLE *handles,
                                     size_t *count)
{
    TctiDeepQuote *t = tcti_cast(ctx);

    if (!t) {
        return TSS2_TCTI_RC_BAD_REFERENCE;
    }
    return Tss2_Tcti_GetPollHandles(t->inner, handles, count);
}

static TSS2_RC tcti_set_locality(TSS2_TCTI_CONTEXT *ctx, uint8_t locality)
{
    TctiDeepQuote *t = tcti_cast(ctx);

    if (!t) {
        return TSS2_TCTI_RC_BAD_REFERENCE;
    }
    return Tss2_Tcti_SetLocality(t->inner, locality);
}

static TSS2_RC tcti_make_sticky(TSS2_TCTI_CONTEXT *ctx, TPM2_HANDLE *handle, uint8_t sticky)
{
    TctiDeepQuote *t = tcti_cast(ctx);

    if (!t) {
        return TSS2_TCTI_RC_BAD_REFERENCE;
    }
    return Tss2_Tcti_MakeSticky(t->inner, handle, sticky);
}

TSS2_TCTI_CONTEXT *tcti_deepquote_new(TSS2_TCTI_CONTEXT *inner)
{
    TctiDeepQuote *t = g_new0(TctiDeepQuote, 1);

    t->common = (TSS2_TCTI_CONTEXT_COMMON_V2){
        .v1 = {
            .magic = TCTI_DEEPQUOTE_MAGIC,
            .version = 2,
            .transmit = tcti_transmit,
            .receive = tcti_receive,
            .finalize = tcti_finalize,
            .cancel = tcti_cancel,
            .getPollHandles = tcti_get_poll_handles,
            .setLocality = tcti_set_locality,
        },
        .makeSticky = tcti_make_sticky,
    };
    t->inner = inner;
    return (TSS2_TCTI_CONTEXT *)t;
}

void tcti_deepquote_free(TSS2_TCTI_CONTEXT *tcti)
{
    if (tcti) {
        tcti_finalize(tcti);
        g_free(tcti);
    }
}

void tcti_deepquote_arm(TSS2_TCTI_CONTEXT *tcti, const WirePcrSelection *host_pcrs, uint32_t flags)
{
    TctiDeepQuote *t = tcti_cast(tcti);

    g_return_if_fail(t != NULL);
    t->host_pcrs = *host_pcrs;
    t->flags = flags;
    t->armed = TRUE;
    g_clear_pointer(&t->evidence, g_bytes_unref);
}

void tcti_deepquote_disarm(TSS2_TCTI_CONTEXT *tcti)
{
    TctiDeepQuote *t = tcti_cast(tcti);

    g_return_if_fail(t != NULL);
    t->armed = FALSE;
}

uint32_t tcti_deepquote_host_status(TSS2_TCTI_CONTEXT *tcti)
{
    TctiDeepQuote *t = tcti_cast(tcti);

    g_return_val_if_fail(t != NULL, TPM_RC_FAILURE);
    return t->host_status;
}

GBytes *tcti_deepquote_take_evidence(TSS2_TCTI_CONTEXT *tcti)
{
    TctiDeepQuote *t = tcti_cast(tcti);

    g_return_val_if_fail(t != NULL, NULL);
    return g_steal_pointer(&t->evidence);
}
