/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tpm/command.h"

#include <string.h>
#include <tss2/tss2_mu.h>

GBytes *tpm_public_marshal(const TPM2B_PUBLIC *area)
{
    uint8_t buf[sizeof(*area)];
    size_t len = 0;

    if (Tss2_MU_TPM2B_PUBLIC_Marshal(area, buf, sizeof(buf), &len) != TSS2_RC_SUCCESS) {
        return NULL;
    }
    return g_bytes_new(buf, len);
}

typedef struct GetCapability {
    TPM2_CAP capability;
    uint32_t property;
    uint32_t count;
    TPMS_CAPABILITY_DATA *data;
} GetCapability;

static TSS2_RC get_capability(TpmSession *tpm, void *data)
{
    GetCapability *c = data;
    TPMI_YES_NO more;

    return Esys_GetCapability(tpm_session_esys(tpm), ESYS_TR_NONE, ESYS_TR_NONE, ESYS_TR_NONE,
                              c->capability, c->property, c->count, &more, &c->data);
}

gboolean tpm_get_capability(TpmSession *tpm, const char *what, TPM2_CAP capability,
                            uint32_t property, uint32_t count, TPMS_CAPABILITY_DATA **ret_data,
                            GError **error)
{
    GetCapability c = { .capability = capability, .property = property, .count = count };

    if (!tpm_run(tpm, what, get_capability, &c, error)) {
        return FALSE;
    }
    *ret_data = c.data;
    return TRUE;
}

gboolean tpm_handle_exists(TpmSession *tpm, const char *what, TPM2_HANDLE handle, gboolean *ret,
                           GError **error)
{
    TPMS_CAPABILITY_DATA *data;

    if (!tpm_get_capability(tpm, what, TPM2_CAP_HANDLES, handle, 1, &data, error)) {
        return FALSE;
    }
    *ret = data->data.handles.count == 1 && data->data.handles.handle[0] == handle;
    Esys_Free(data);
    return TRUE;
}

typedef struct CreatePrimary {
    const TPM2B_PUBLIC *template;
    const TPM2B_AUTH *auth;
    ESYS_TR key;
    TPM2B_PUBLIC *area;
} CreatePrimary;

TSS2_RC tpm_start_hmac_session(ESYS_CONTEXT *esys, ESYS_TR *ret_session)
{
    static const TPMT_SYM_DEF none = { .algorithm = TPM2_ALG_NULL };
    TSS2_RC rc = Esys_StartAuthSession(esys, ESYS_TR_NONE, ESYS_TR_NONE, ESYS_TR_NONE, ESYS_TR_NONE,
                                       ESYS_TR_NONE, NULL, TPM2_SE_HMAC, &none, TPM2_ALG_SHA256,
                                       ret_session);

    if (rc == TSS2_RC_SUCCESS) {
        rc = Esys_TRSess_SetAttributes(esys, *ret_session, 0, TPMA_SESSION_CONTINUESESSION);
    }
    return rc;
}

TSS2_RC tpm_start_endorsement_auth(TpmSession *tpm, ESYS_TR *ret_auth)
{
    if (tpm_session_has_auth(tpm)) {
        return tpm_start_hmac_session(tpm_session_esys(tpm), ret_auth);
    }
    *ret_auth = ESYS_TR_PASSWORD;
    return TSS2_RC_SUCCESS;
}

void tpm_drop_endorsement_auth(TpmSession *tpm, ESYS_TR auth)
{
    if (auth != ESYS_TR_PASSWORD) {
        Esys_FlushContext(tpm_session_esys(tpm), auth);
    }
}

static TSS2_RC create_primary(TpmSession *tpm, void *data)
{
    TPM2B_SENSITIVE_CREATE sensitive = { 0 };
    static const TPM2B_DATA outside;
    static const TPML_PCR_SELECTION pcrs;
    ESYS_CONTEXT *esys = tpm_session_esys(tpm);
    ESYS_TR auth;
    CreatePrimary *c = data;
    TSS2_RC rc = tpm_start_endorsement_auth(tpm, &auth);

    if (c->auth) {
        sensitive.sensitive.userAuth = *c->auth;
    }
    if (rc == TSS2_RC_SUCCESS) {
        rc = Esys_CreatePrimary(esys, ESYS_TR_RH_ENDORSEMENT, auth, ESYS_TR_NONE, ESYS_TR_NONE,
                                &sensitive, c->template, &outside, &pcrs, &c->key, &c->area, NULL,
                                NULL, NULL);
        if (rc != TSS2_RC_SUCCESS) {
            tpm_drop_endorsement_auth(tpm, auth);
        }
    }
    explicit_bzero(&sensitive, sizeof(sensitive));
    return rc;
}

gboolean tpm_create_primary(TpmSession *tpm, const char *what, const TPM2B_PUBLIC *template,
                            const TPM2B_AUTH *auth, ESYS_TR *ret_key, GBytes **ret_public,
                            GError **error)
{
    CreatePrimary c = { .template = template, .auth = auth };
    g_autoptr(GBytes) bytes = NULL;

    if (!tpm_run(tpm, what, create_primary, &c, error)) {
        return FALSE;
    }
    bytes = tpm_public_marshal(c.area);
    Esys_Free(c.area);
    if (!bytes) {
        Esys_FlushContext(tpm_session_esys(tpm), c.key);
        tpm_error_set(error, TPM_RC_MALFORMED, what);
        return FALSE;
    }
    *ret_key = c.key;
    *ret_public = g_steal_pointer(&bytes);
    return TRUE;
}

static TSS2_RC flush(TpmSession *tpm, void *data)
{
    Esys_FlushContext(tpm_session_esys(tpm), *(const ESYS_TR *)data);
    return TSS2_RC_SUCCESS;
}

void tpm_flush_key(TpmSession *tpm, const char *what, ESYS_TR key)
{
    tpm_run(tpm, what, flush, &key, NULL);
}
