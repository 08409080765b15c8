/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tpm/quote.h"

#include <string.h>

#include <tss2/tss2_mu.h>

#include "attest/bytes.h"

enum { QUOTE_TRIES = 5 }; /* until PCR values fit */

void tpm_quote_free(TpmQuote *quote)
{
    if (!quote) {
        return;
    }
    g_clear_pointer(&quote->attest, g_bytes_unref);
    g_clear_pointer(&quote->signature, g_bytes_unref);
    g_clear_pointer(&quote->signer, g_bytes_unref);
    g_free(quote);
}

typedef struct QuoteCommand {
    TPM2B_DATA qualifying;
    TPML_PCR_SELECTION pcrs;
    TpmQuote *quote;  /* without PCR values */
    WireBytes digest; /* pcrDigest, borrowed from it */
} QuoteCommand;

/* NULL where the attest is none that answers @c. */
static TpmQuote *take_quote(const QuoteCommand *c, const TPM2B_ATTEST *message,
                            const TPMT_SIGNATURE *signature, WireAttest *ret_attest)
{
    g_autoptr(TpmQuote) quote = g_new0(TpmQuote, 1);
    uint8_t buf[sizeof(TPMT_SIGNATURE)];
    size_t len = 0;

    quote->attest = g_bytes_new(message->attestationData, message->size);
    if (Tss2_MU_TPMT_SIGNATURE_Marshal(signature, buf, sizeof(buf), &len) != TSS2_RC_SUCCESS ||
        !wire_decode_attest(dq_wire(dq_bytes_peek(quote->attest)), ret_attest) ||
        ret_attest->magic != TPM_GENERATED_VALUE || ret_attest->type != TPM_ST_ATTEST_QUOTE ||
        !wire_bytes_equal(ret_attest->extra_data,
                          (WireBytes){ c->qualifying.buffer, c->qualifying.size })) {
        return NULL;
    }
    quote->signature = g_bytes_new(buf, len);
    quote->pcrs = ret_attest->pcr_select;
    return g_steal_pointer(&quote);
}

/*
 * Without a resource manager another program's key can come to be at the handle of ours, and would
 * sign: only what names our key as its signer is taken.
 */
static TSS2_RC quote_command(TpmSession *tpm, void *data)
{
    static const TPMT_SIG_SCHEME own = { .scheme = TPM2_ALG_NULL };
    const TpmKey *key = tpm_session_key(tpm);
    g_autoptr(TpmQuote) quote = NULL;
    TPM2B_ATTEST *message = NULL;
    TPMT_SIGNATURE *signature = NULL;
    QuoteCommand *c = data;
    WireAttest attest;
    TSS2_RC rc = Esys_Quote(tpm_session_esys(tpm), key->handle, ESYS_TR_PASSWORD, ESYS_TR_NONE,
                            ESYS_TR_NONE, &c->qualifying, &own, &c->pcrs, &message, &signature);

    if (rc != TSS2_RC_SUCCESS) {
        return rc;
    }
    quote = take_quote(c, message, signature, &attest);
    Esys_Free(message);
    Esys_Free(signature);
    if (!quote) {
        return TPM_RC_MALFORMED;
    }
    if (!wire_bytes_equal(attest.qualified_signer, dq_wire(dq_bytes_peek(key->qualified_name)))) {
        return TPM_RC_OTHER_KEY;
    }
    quote->signer = g_bytes_ref(key->name);
    c->digest = attest.pcr_digest;
    c->quote = g_steal_pointer(&quote);
    return TSS2_RC_SUCCESS;
}

typedef struct PcrReadCommand {
    TPML_PCR_SELECTION pcrs;
    UINT32 counter;
    TPML_PCR_SELECTION *out;
    TPML_DIGEST *values;
} PcrReadCommand;

static TSS2_RC pcr_read_command(TpmSession *tpm, void *data)
{
    PcrReadCommand *c = data;

    return Esys_PCR_Read(tpm_session_esys(tpm), ESYS_TR_NONE, ESYS_TR_NONE, ESYS_TR_NONE, &c->pcrs,
                         &c->counter, &c->out, &c->values);
}

static void forget(WirePcrBank *bank, const TPMS_PCR_SELECTION *read)
{
    for (unsigned i = 0; i < MIN(bank->size, read->sizeofSelect); i++) {
        bank->select[i] &= (uint8_t)~read->pcrSelect[i];
    }
}

/* Reads all of @pcrs into the cache; the TPM returns at most eight values a time. */
static gboolean read_into_cache(TpmSession *tpm, const WirePcrSelection *pcrs, GError **error)
{
    WirePcrSelection rest = *pcrs;

    while (wire_pcr_count(&rest) > 0) {
        const size_t wanted = wire_pcr_count(&rest);
        PcrReadCommand c = { 0 };
        unsigned stored;

        tpm_pcr_to_tss(&rest, &c.pcrs);
        if (!tpm_run(tpm, "TPM2_PCR_Read", pcr_read_command, &c, error)) {
            return FALSE;
        }
        stored = tpm_pcr_store(tpm_session_pcrs(tpm), c.out, c.values);
        for (uint32_t i = 0; i < c.out->count && i < rest.count; i++) {
            forget(&rest.bank[i], &c.out->pcrSelections[i]);
        }
        Esys_Free(c.out);
        Esys_Free(c.values);
        if (stored == 0 || wire_pcr_count(&rest) == wanted) {
            g_set_error(error, TPM_ERROR, TPM_ERROR_VALUE,
                        "the TPM does not have all PCRs that were asked for");
            return FALSE;
        }
    }
    return TRUE;
}

static gboolean fits(TpmSession *tpm, TpmQuote *quote, WireBytes digest)
{
    return tpm_pcr_values(tpm_session_pcrs(tpm), &quote->pcrs, quote->value, &quote->count) &&
           tpm_pcr_digest_matches(quote->value, quote->count, digest);
}

gboolean tpm_quote(TpmSession *tpm, WireBytes qualifying, const WirePcrSelection *pcrs,
                   TpmQuote **ret_quote, GError **error)
{
    QuoteCommand c = { 0 };

    g_return_val_if_fail(qualifying.len <= DEEPQUOTE_NONCE_MAX, FALSE);
    c.qualifying.size = (UINT16)qualifying.len;
    memcpy(c.qualifying.buffer, qualifying.p, qualifying.len);
    tpm_pcr_to_tss(pcrs, &c.pcrs);
    for (guint try = 0; try < QUOTE_TRIES; try++) {
        g_autoptr(TpmQuote) quote = NULL;

        if (!tpm_run(tpm, "TPM2_Quote", quote_command, &c, error)) {
            return FALSE;
        }
        quote = g_steal_pointer(&c.quote);
        if (!wire_pcr_covers(&quote->pcrs, pcrs)) {
            g_set_error(error, TPM_ERROR, TPM_ERROR_VALUE,
                        "the TPM does not have all PCRs that were asked for");
            return FALSE;
        }
        if (fits(tpm, quote, c.digest) ||
            (read_into_cache(tpm, &quote->pcrs, NULL) && fits(tpm, quote, c.digest))) {
            *ret_quote = g_steal_pointer(&quote);
            return TRUE;
        }
    }
    g_set_error(error, TPM_ERROR, TPM_ERROR_BUSY,
                "the TPM's PCRs change faster than they can be quoted; try again later");
    return FALSE;
}

gboolean tpm_pcr_read(TpmSession *tpm, const WirePcrSelection *pcrs, GBytes **ret_parameters,
                      GError **error)
{
    uint8_t buf[sizeof(TPML_PCR_SELECTION) + sizeof(TPML_DIGEST)];
    PcrReadCommand c = { 0 };
    size_t len = 0;
    TSS2_RC rc;

    tpm_pcr_to_tss(pcrs, &c.pcrs);
    if (!tpm_run(tpm, "TPM2_PCR_Read", pcr_read_command, &c, error)) {
        return FALSE;
    }
    rc = Tss2_MU_UINT32_Marshal(c.counter, buf, sizeof(buf), &len);
    if (rc == TSS2_RC_SUCCESS) {
        rc = Tss2_MU_TPML_PCR_SELECTION_Marshal(c.out, buf, sizeof(buf), &len);
    }
    if (rc == TSS2_RC_SUCCESS) {
        rc = Tss2_MU_TPML_DIGEST_Marshal(c.values, buf, sizeof(buf), &len);
    }
    Esys_Free(c.out);
    Esys_Free(c.values);
    if (rc != TSS2_RC_SUCCESS) {
        tpm_error_set(error, rc, "TPM2_PCR_Read");
        return FALSE;
    }
    *ret_parameters = g_bytes_new(buf, len);
    return TRUE;
}
