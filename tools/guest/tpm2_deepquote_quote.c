/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tpm2_deepquote_quote.h"
#include "tpm2_deepquote_interrupt.h"
#include "tpm2_deepquote_pcr.h"

#include "common/host-ask.h"

#include <tss2/tss2_mu.h>

enum {
    QUOTE_ATTEMPTS = 5, /* how often a PCR may change between quote and reading */
    PAGE_TRIES = 100,   /* where the host has no time for one: it hands out so many a second */
    PAGE_WAIT_US = 100 * 1000,
};

void deepquote_free(DeepQuote *quote)
{
    if (!quote) {
        return;
    }
    g_clear_pointer(&quote->message, g_bytes_unref);
    g_clear_pointer(&quote->signature, g_bytes_unref);
    g_clear_pointer(&quote->evidence, g_bytes_unref);
    g_clear_pointer(&quote->pcrs, g_byte_array_unref);
    g_free(quote);
}

static GBytes *signature_bytes(const TPMT_SIGNATURE *signature, GError **error)
{
    uint8_t buf[sizeof(*signature)];
    size_t n = 0;

    if (!vtpm_check(Tss2_MU_TPMT_SIGNATURE_Marshal(signature, buf, sizeof(buf), &n),
                    "writing the signature", error)) {
        return NULL;
    }
    return g_bytes_new(buf, n);
}

/** The command itself; @ret_quote has all but the PCR values. */
static gboolean quote_by(Vtpm *vtpm, const Key *key, ESYS_TR auth, const DeepQuoteRequest *request,
                         DeepQuote *ret_quote, GError **error)
{
    TPML_PCR_SELECTION pcrs;
    TPM2B_ATTEST *quoted = NULL;
    TPMT_SIGNATURE *signature = NULL;
    g_autoptr(GBytes) marshalled = NULL;
    TSS2_RC rc;

    pcr_selection_to_tss(&request->vtpm_pcrs, &pcrs);
    tcti_deepquote_arm(vtpm->tcti, &request->host_pcrs, request->flags);
    rc = Esys_Quote(vtpm->esys, key->tr, auth, ESYS_TR_NONE, ESYS_TR_NONE, &request->nonce,
                    &request->scheme, &pcrs, &quoted, &signature);
    tcti_deepquote_disarm(vtpm->tcti);
    if (!vtpm_check(rc, "deep quote", error)) {
        return FALSE;
    }
    if (!vtpm_check(tcti_deepquote_host_status(vtpm->tcti), "countersigning the quote", error)) {
        Esys_Free(quoted);
        Esys_Free(signature);
        return FALSE;
    }
    marshalled = signature_bytes(signature, error);
    if (marshalled) {
        ret_quote->message = g_bytes_new(quoted->attestationData, quoted->size);
        ret_quote->signature = g_steal_pointer(&marshalled);
        ret_quote->evidence = tcti_deepquote_take_evidence(vtpm->tcti);
    }
    Esys_Free(quoted);
    Esys_Free(signature);
    return ret_quote->message != NULL;
}

/** @ret_last: whether another attempt would need another authorization. */
static gboolean quote_once(Vtpm *vtpm, const Key *key, const DeepQuoteRequest *request,
                           DeepQuote *ret_quote, gboolean *ret_last, GError **error)
{
    const TPMT_PUBLIC *public = key->public ? &key->public->publicArea : NULL;
    Auth *auth;
    gboolean ok;

    if (!interrupt_check(error)) {
        return FALSE;
    }
    auth = auth_begin(vtpm, key->tr, public, request->auth, error);
    if (!auth) {
        return FALSE;
    }
    ok = quote_by(vtpm, key, auth_handle(auth), request, ret_quote, error);
    *ret_last = auth_once(auth);
    return auth_end(auth, ok ? error : NULL) && ok;
}

static WireBytes borrow(GBytes *bytes)
{
    gsize n;
    const uint8_t *p = g_bytes_get_data(bytes, &n);

    return (WireBytes){ p, n };
}

/** Decodes the parts far enough to know that they belong together. */
static gboolean decode(const DeepQuote *quote, const DeepQuoteRequest *request,
                       WireAttest *ret_attest, GError **error)
{
    WireBytes nonce = { request->nonce.buffer, request->nonce.size };
    WireAttest attest;
    WireEvidence evidence;

    if (!quote->evidence || !wire_decode_attest(borrow(quote->message), &attest) ||
        attest.type != TPM_ST_ATTEST_QUOTE ||
        !wire_decode_evidence(borrow(quote->evidence), &evidence)) {
        g_set_error(error, VTPM_ERROR, VTPM_ERROR_MALFORMED,
                    "the answer to the deep quote is malformed: are vtpm-managerd and "
                    "swtpm-deepquote on the host of the same release as this program?");
        return FALSE;
    }
    if (!wire_bytes_equal(attest.extra_data, nonce) ||
        !wire_bytes_equal(evidence.binding.nonce, nonce)) {
        g_set_error(error, VTPM_ERROR, VTPM_ERROR_MALFORMED,
                    "the answer to the deep quote is for another nonce: try again");
        return FALSE;
    }
    *ret_attest = attest;
    return TRUE;
}

DeepQuote *deepquote_make(Vtpm *vtpm, const Key *key, const DeepQuoteRequest *request,
                          GError **error)
{
    gboolean last = FALSE;

    for (int attempt = 0; attempt < QUOTE_ATTEMPTS && !last; attempt++) {
        g_autoptr(DeepQuote) quote = g_new0(DeepQuote, 1);
        WireAttest attest;

        if (!quote_once(vtpm, key, request, quote, &last, error) ||
            !decode(quote, request, &attest, error)) {
            return NULL;
        }
        if (!wire_pcr_covers(&attest.pcr_select, &request->vtpm_pcrs)) {
            g_set_error(error, VTPM_ERROR, VTPM_ERROR_INPUT,
                        "the vTPM lacks a PCR bank of --pcr-list: see tpm2_getcap pcrs");
            return NULL;
        }
        if (!pcr_read(vtpm->tcti, TPM_CC_PCR_Read, &attest.pcr_select, &quote->pcrs, error)) {
            return NULL;
        }
        /* a quote that nobody signs has no hash algorithm, and thus no digest */
        if (attest.pcr_digest.len == 0 || pcr_digest_equals(quote->pcrs, attest.pcr_digest)) {
            return g_steal_pointer(&quote);
        }
    }
    g_set_error(error, VTPM_ERROR, VTPM_ERROR_TPM,
                "the vTPM's PCRs do not stay as they were quoted: try again when the guest is "
                "quiet, or leave out those that IMA extends (10)");
    return NULL;
}

/** Waits where the host is busy: a log is thousands of pages, and others want theirs. */
static gboolean ask_for_page(Vtpm *vtpm, WireBytes command, uint8_t *buf, WireReader *ret_body,
                             GError **error)
{
    TSS2_RC rc = vtpm_exchange(vtpm->tcti, command, buf, ret_body);

    for (int i = 1; i < PAGE_TRIES && (rc & 0xffffu) == TPM2_RC_RETRY; i++) {
        if (!interrupt_check(error)) {
            return FALSE;
        }
        g_usleep(PAGE_WAIT_US);
        rc = vtpm_exchange(vtpm->tcti, command, buf, ret_body);
    }
    return vtpm_check(rc, "reading the host's credential", error);
}

/** One page of TPM2_HostCredential; borrowed from @buf. */
static gboolean credential_page(Vtpm *vtpm, uint32_t what, uint32_t offset, uint8_t *buf,
                                uint32_t *ret_total, WireBytes *ret_page, GError **error)
{
    uint8_t out[WIRE_TPM_HEADER_SIZE + 8];
    WireWriter w = WIRE_WRITER(out, sizeof(out));
    const WireTpmHeader h = { TPM_ST_NO_SESSIONS, sizeof(out), TPM_CC_HostCredential };
    WireReader body;
    uint32_t total;
    WireBytes page;

    g_assert(wire_put_tpm_header(&w, &h) && wire_put_u32(&w, what) && wire_put_u32(&w, offset));
    if (!ask_for_page(vtpm, wire_written(&w), buf, &body, error)) {
        return FALSE;
    }
    if (!wire_get_u32(&body, &total) || !wire_get_tpm2b(&body, DEEPQUOTE_PAGE_MAX, &page) ||
        body.left != 0 || total > host_credential_max(what) || offset > total ||
        page.len > total - offset || (page.len == 0 && offset < total)) {
        g_set_error(error, VTPM_ERROR, VTPM_ERROR_MALFORMED,
                    "the host's credential is malformed: is vtpm-managerd of the same release?");
        return FALSE;
    }
    *ret_total = total;
    *ret_page = page;
    return TRUE;
}

GBytes *host_credential_read(Vtpm *vtpm, uint32_t what, GError **error)
{
    g_autoptr(GByteArray) all = g_byte_array_new();
    uint32_t total = 0, first_total = 0;

    do {
        uint8_t buf[WIRE_TPM_BUFFER_MAX];
        WireBytes page;

        if (!interrupt_check(error) ||
            !credential_page(vtpm, what, all->len, buf, &total, &page, error)) {
            return NULL;
        }
        if (all->len == 0) {
            first_total = total;
        }
        if (total < first_total) {
            g_set_error(error, VTPM_ERROR, VTPM_ERROR_TPM,
                        "the host's credential changed while it was read: try again");
            return NULL;
        }
        g_byte_array_append(all, page.p, (guint)MIN(page.len, first_total - all->len));
    } while (all->len < first_total); /* a log may have grown since */
    if (total == 0) {
        g_set_error(error, VTPM_ERROR, VTPM_ERROR_TPM, "the host has no such credential");
        return NULL;
    }
    return g_byte_array_free_to_bytes(g_steal_pointer(&all));
}
