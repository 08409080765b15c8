/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tpm/session.h"

#include <string.h>

#include <tss2/tss2_mu.h>

#include "tpm/ak.h"
#include "tpm/ek.h"

enum {
    AGAIN_TRIES = 12,      /* of a command that the TPM says to send again */
    AGAIN_FIRST_US = 1000, /* then twice as long each time: 4 s in all */
    AGAIN_LONGEST_US = 800000,
    RECOVERIES = 2,  /* reopen or reload during one command */
    QUOTE_TRIES = 5, /* until PCR values fit */
};

struct TpmSession {
    TpmSource source;
    TpmAkAlgorithm algorithm;
    char *state_dir;
    TSS2_TCTI_CONTEXT *tcti;
    ESYS_CONTEXT *esys; /* NULL: not connected */
    ESYS_TR ak;         /* ESYS_TR_NONE: not loaded */
    TpmInfo *info;      /* of the first time it was opened */
    TpmPcrCache cache;
};

TpmInfo *tpm_info_ref(TpmInfo *info)
{
    g_atomic_ref_count_inc(&info->refs);
    return info;
}

void tpm_info_unref(TpmInfo *info)
{
    if (!info || !g_atomic_ref_count_dec(&info->refs)) {
        return;
    }
    g_clear_pointer(&info->ak_public, g_bytes_unref);
    g_clear_pointer(&info->ak_name, g_bytes_unref);
    g_clear_pointer(&info->ek_public, g_bytes_unref);
    g_clear_pointer(&info->ek_name, g_bytes_unref);
    g_clear_pointer(&info->ek_certificate, g_bytes_unref);
    g_free(info);
}

void tpm_quote_free(TpmQuote *quote)
{
    if (!quote) {
        return;
    }
    g_clear_pointer(&quote->attest, g_bytes_unref);
    g_clear_pointer(&quote->signature, g_bytes_unref);
    g_free(quote);
}

TpmSession *tpm_session_new(const TpmSource *source, TpmAkAlgorithm algorithm,
                            const char *state_dir)
{
    TpmSession *tpm = g_new0(TpmSession, 1);

    tpm->source = *source;
    tpm->algorithm = algorithm;
    tpm->state_dir = g_strdup(state_dir);
    tpm->ak = ESYS_TR_NONE;
    return tpm;
}

/* @orderly: the TPM can still be spoken to. */
static void disconnect(TpmSession *tpm, gboolean orderly)
{
    if (tpm->esys) {
        if (orderly && tpm->ak != ESYS_TR_NONE) {
            Esys_FlushContext(tpm->esys, tpm->ak);
        }
        if (orderly && tpm->source.owned) {
            Esys_Shutdown(tpm->esys, ESYS_TR_NONE, ESYS_TR_NONE, ESYS_TR_NONE, TPM2_SU_CLEAR);
        }
        Esys_Finalize(&tpm->esys);
    }
    tpm->ak = ESYS_TR_NONE;
    if (tpm->tcti) {
        tpm->source.close(tpm->source.data, tpm->tcti);
        tpm->tcti = NULL;
    }
}

void tpm_session_free(TpmSession *tpm)
{
    if (!tpm) {
        return;
    }
    disconnect(tpm, TRUE);
    tpm_info_unref(tpm->info);
    g_free(tpm->state_dir);
    g_free(tpm);
}

static const char printable[] =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789 .-_";

static TSS2_RC read_properties(ESYS_CONTEXT *esys, TpmInfo *info)
{
    TPMS_CAPABILITY_DATA *data = NULL;
    TPMI_YES_NO more;
    TSS2_RC rc;

    rc = Esys_GetCapability(esys, ESYS_TR_NONE, ESYS_TR_NONE, ESYS_TR_NONE, TPM2_CAP_TPM_PROPERTIES,
                            TPM2_PT_MANUFACTURER, 8, &more, &data);
    if (rc != TSS2_RC_SUCCESS) {
        return rc;
    }
    for (guint32 i = 0; i < data->data.tpmProperties.count; i++) {
        guint32 property = data->data.tpmProperties.tpmProperty[i].property;
        guint32 value = GUINT32_TO_BE(data->data.tpmProperties.tpmProperty[i].value);

        if (property == TPM2_PT_MANUFACTURER) {
            memcpy(info->manufacturer, &value, 4);
        } else if (property >= TPM2_PT_VENDOR_STRING_1 && property <= TPM2_PT_VENDOR_STRING_4) {
            memcpy(info->vendor + 4 * (property - TPM2_PT_VENDOR_STRING_1), &value, 4);
        } else if (property == TPM2_PT_FIRMWARE_VERSION_1) {
            info->firmware[0] = GUINT32_FROM_BE(value);
        } else if (property == TPM2_PT_FIRMWARE_VERSION_2) {
            info->firmware[1] = GUINT32_FROM_BE(value);
        }
    }
    Esys_Free(data);
    /* Padded, and from outside: printable or nothing. */
    g_strchomp(g_strcanon(info->manufacturer, printable, ' '));
    g_strchomp(g_strcanon(info->vendor, printable, ' '));
    return TSS2_RC_SUCCESS;
}

static TSS2_RC read_banks(ESYS_CONTEXT *esys, TpmInfo *info)
{
    TPMS_CAPABILITY_DATA *data = NULL;
    WirePcrSelection all;
    TPMI_YES_NO more;
    TSS2_RC rc;

    rc = Esys_GetCapability(esys, ESYS_TR_NONE, ESYS_TR_NONE, ESYS_TR_NONE, TPM2_CAP_PCRS, 0,
                            TPM2_MAX_CAP_BUFFER / 4, &more, &data);
    if (rc != TSS2_RC_SUCCESS) {
        return rc;
    }
    if (tpm_pcr_from_tss(&data->data.assignedPCR, &all)) {
        tpm_pcr_merge(&info->banks, &all, WIRE_PCR_BANKS_MAX);
    }
    Esys_Free(data);
    return TSS2_RC_SUCCESS;
}

/* libtpms, the reference simulator, and what calls itself a software TPM. */
static gboolean looks_simulated(const TpmInfo *info)
{
    return (g_str_equal(info->manufacturer, "IBM") && g_str_has_prefix(info->vendor, "SW")) ||
           g_str_equal(info->manufacturer, "XYZZ") || strstr(info->vendor, "SW ") == info->vendor ||
           g_str_has_prefix(info->vendor, "xCG fTPM");
}

/* TPM2_Startup, unless firmware or the kernel has done it. */
static gboolean start_up(TpmSession *tpm, GError **error)
{
    TSS2_RC rc = Esys_Startup(tpm->esys, TPM2_SU_CLEAR);

    if (rc == TPM2_RC_INITIALIZE) {
        return TRUE;
    }
    if (rc != TSS2_RC_SUCCESS) {
        tpm_error_set(error, rc, "TPM2_Startup");
        return FALSE;
    }
    return !tpm->source.started || tpm->source.started(tpm->source.data, tpm->esys, error);
}

static gboolean load_ak(TpmSession *tpm, GBytes **ret_public, GBytes **ret_name, GError **error)
{
    g_autoptr(GError) local = NULL;
    TSS2_RC rc;

    if (tpm->ak != ESYS_TR_NONE) {
        Esys_TR_Close(tpm->esys, &tpm->ak);
        tpm->ak = ESYS_TR_NONE;
    }
    for (guint try = 0; try < AGAIN_TRIES; try++) {
        rc = tpm_ak_load(tpm->esys, tpm->algorithm, tpm->state_dir, &tpm->ak, ret_public, ret_name,
                         &local);
        if (tpm_error_reaction(rc) != TPM_REACT_AGAIN) {
            break;
        }
        g_usleep(MIN((gulong)AGAIN_FIRST_US << try, (gulong)AGAIN_LONGEST_US));
    }
    if (local) {
        g_propagate_error(error, g_steal_pointer(&local));
        return FALSE;
    }
    if (rc != TSS2_RC_SUCCESS) {
        tpm_error_set(error, rc, "the attestation key");
        return FALSE;
    }
    return TRUE;
}

static gboolean describe(TpmSession *tpm, TpmInfo *info, GError **error)
{
    TSS2_RC rc = read_properties(tpm->esys, info);

    if (rc == TSS2_RC_SUCCESS) {
        rc = read_banks(tpm->esys, info);
    }
    if (rc != TSS2_RC_SUCCESS) {
        tpm_error_set(error, rc, "TPM2_GetCapability");
        return FALSE;
    }
    info->simulated = tpm->source.simulated || looks_simulated(info);
    rc = tpm_ek_find(tpm->esys, &info->ek_public, &info->ek_name, &info->ek_certificate);
    if (rc != TSS2_RC_SUCCESS) {
        tpm_error_set(error, rc, "reading the endorsement key");
        return FALSE;
    }
    return TRUE;
}

static gboolean connect_tpm(TpmSession *tpm, GError **error)
{
    TSS2_RC rc;

    if (!tpm->source.open(tpm->source.data, &tpm->tcti, error)) {
        return FALSE;
    }
    rc = Esys_Initialize(&tpm->esys, tpm->tcti, NULL);
    if (rc != TSS2_RC_SUCCESS) {
        tpm_error_set(error, rc, "opening it");
        return FALSE;
    }
    return TRUE;
}

gboolean tpm_session_open(TpmSession *tpm, GError **error)
{
    g_autoptr(TpmInfo) info = g_new0(TpmInfo, 1);
    gboolean ok;

    g_atomic_ref_count_init(&info->refs);
    disconnect(tpm, FALSE);
    ok = connect_tpm(tpm, error) && start_up(tpm, error) &&
         load_ak(tpm, &info->ak_public, &info->ak_name, error) &&
         (tpm->info || describe(tpm, info, error));
    if (!ok) {
        disconnect(tpm, FALSE);
        return FALSE;
    }
    if (!tpm->info) {
        tpm->info = g_steal_pointer(&info);
    } else if (!g_bytes_equal(tpm->info->ak_name, info->ak_name)) {
        disconnect(tpm, FALSE);
        g_set_error(
            error, TPM_ERROR, TPM_ERROR_AK,
            "the attestation key in the state directory was exchanged: restart the manager");
        return FALSE;
    }
    return TRUE;
}

TpmInfo *tpm_session_info(TpmSession *tpm)
{
    return tpm->info ? tpm_info_ref(tpm->info) : NULL;
}

/* After a reset of the TPM, or where only the key was lost. */
static gboolean recover(TpmSession *tpm, TpmReaction reaction, GError **error)
{
    g_autoptr(GBytes) public_area = NULL;
    g_autoptr(GBytes) name = NULL;

    if (reaction == TPM_REACT_REOPEN) {
        return tpm_session_open(tpm, error);
    }
    if (reaction == TPM_REACT_START && !start_up(tpm, error)) {
        return FALSE;
    }
    return load_ak(tpm, &public_area, &name, error);
}

typedef TSS2_RC (*TpmCommand)(TpmSession *tpm, void *data);

/* One command, with the reactions that its response codes ask for. */
static gboolean run(TpmSession *tpm, const char *what, TpmCommand command, void *data,
                    GError **error)
{
    guint again = 0;
    guint recoveries = 0;

    if (!tpm->esys && !tpm_session_open(tpm, error)) {
        return FALSE;
    }
    for (;;) {
        TSS2_RC rc = command(tpm, data);
        TpmReaction reaction = tpm_error_reaction(rc);

        if (reaction == TPM_REACT_DONE) {
            return TRUE;
        }
        if (reaction == TPM_REACT_AGAIN && again < AGAIN_TRIES) {
            g_usleep(MIN((gulong)AGAIN_FIRST_US << again, (gulong)AGAIN_LONGEST_US));
            again++;
        } else if (reaction != TPM_REACT_AGAIN && reaction != TPM_REACT_REFUSE &&
                   recoveries < RECOVERIES) {
            g_info("%s failed with 0x%x: the TPM is %s again", what, rc,
                   reaction == TPM_REACT_REOPEN ? "opened" : "prepared");
            recoveries++;
            if (!recover(tpm, reaction, error)) {
                disconnect(tpm, FALSE);
                return FALSE;
            }
        } else {
            tpm_error_set(error, rc, what);
            if (reaction == TPM_REACT_REOPEN) {
                disconnect(tpm, FALSE);
            }
            return FALSE;
        }
    }
}

typedef struct QuoteCommand {
    TPM2B_DATA qualifying;
    TPML_PCR_SELECTION pcrs;
    TPM2B_ATTEST *attest;
    TPMT_SIGNATURE *signature;
} QuoteCommand;

static TSS2_RC quote_command(TpmSession *tpm, void *data)
{
    static const TPMT_SIG_SCHEME own = { .scheme = TPM2_ALG_NULL };
    QuoteCommand *c = data;

    return Esys_Quote(tpm->esys, tpm->ak, ESYS_TR_PASSWORD, ESYS_TR_NONE, ESYS_TR_NONE,
                      &c->qualifying, &own, &c->pcrs, &c->attest, &c->signature);
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

    return Esys_PCR_Read(tpm->esys, ESYS_TR_NONE, ESYS_TR_NONE, ESYS_TR_NONE, &c->pcrs, &c->counter,
                         &c->out, &c->values);
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
        PcrReadCommand c = { 0 };
        unsigned stored;

        tpm_pcr_to_tss(&rest, &c.pcrs);
        if (!run(tpm, "TPM2_PCR_Read", pcr_read_command, &c, error)) {
            return FALSE;
        }
        stored = tpm_pcr_store(&tpm->cache, c.out, c.values);
        for (uint32_t i = 0; i < c.out->count && i < rest.count; i++) {
            forget(&rest.bank[i], &c.out->pcrSelections[i]);
        }
        Esys_Free(c.out);
        Esys_Free(c.values);
        if (stored == 0) {
            g_set_error(error, TPM_ERROR, TPM_ERROR_VALUE,
                        "the TPM does not have all PCRs that were asked for");
            return FALSE;
        }
    }
    return TRUE;
}

static gboolean marshal_quote(const QuoteCommand *c, TpmQuote *quote)
{
    uint8_t buf[sizeof(TPMT_SIGNATURE)];
    size_t len = 0;

    if (Tss2_MU_TPMT_SIGNATURE_Marshal(c->signature, buf, sizeof(buf), &len) != TSS2_RC_SUCCESS) {
        return FALSE;
    }
    quote->attest = g_bytes_new(c->attest->attestationData, c->attest->size);
    quote->signature = g_bytes_new(buf, len);
    return TRUE;
}

static gboolean quote_once(TpmSession *tpm, QuoteCommand *c, TpmQuote **ret_quote,
                           WireBytes *ret_digest, GError **error)
{
    g_autoptr(TpmQuote) quote = g_new0(TpmQuote, 1);
    WireAttest attest;
    gboolean ok;

    if (!run(tpm, "TPM2_Quote", quote_command, c, error)) {
        return FALSE;
    }
    ok = marshal_quote(c, quote) &&
         wire_decode_attest(
             (WireBytes){ g_bytes_get_data(quote->attest, NULL), g_bytes_get_size(quote->attest) },
             &attest) &&
         attest.type == TPM_ST_ATTEST_QUOTE;
    Esys_Free(c->attest);
    Esys_Free(c->signature);
    if (!ok) {
        g_set_error(error, TPM_ERROR, TPM_ERROR_FAILED,
                    "the TPM's quote cannot be decoded; check its firmware");
        return FALSE;
    }
    quote->pcrs = attest.pcr_select;
    *ret_digest = attest.pcr_digest;
    *ret_quote = g_steal_pointer(&quote);
    return TRUE;
}

static gboolean fits(TpmSession *tpm, TpmQuote *quote, WireBytes digest)
{
    return tpm_pcr_values(&tpm->cache, &quote->pcrs, quote->value, &quote->count) &&
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
        WireBytes digest;

        if (!quote_once(tpm, &c, &quote, &digest, error)) {
            return FALSE;
        }
        if (!wire_pcr_covers(&quote->pcrs, pcrs)) {
            g_set_error(error, TPM_ERROR, TPM_ERROR_VALUE,
                        "the TPM does not have all PCRs that were asked for");
            return FALSE;
        }
        if (fits(tpm, quote, digest) ||
            (read_into_cache(tpm, &quote->pcrs, NULL) && fits(tpm, quote, digest))) {
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
    if (!run(tpm, "TPM2_PCR_Read", pcr_read_command, &c, error)) {
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
