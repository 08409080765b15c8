/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tpm/sign.h"

#include <string.h>

#include <tss2/tss2_mu.h>

static const char what[] = "TPM2_Sign";

typedef struct SignCommand {
    TPM2B_MAX_BUFFER data;
    TPMT_SIGNATURE *signature;
} SignCommand;

static TSS2_RC sign_command(TpmSession *tpm, void *data)
{
    static const TPMT_SIG_SCHEME own = { .scheme = TPM2_ALG_NULL };
    SignCommand *c = data;
    ESYS_CONTEXT *esys = tpm_session_esys(tpm);
    TPM2B_DIGEST *digest = NULL;
    TPMT_TK_HASHCHECK *ticket = NULL;
    TSS2_RC rc = Esys_Hash(esys, ESYS_TR_NONE, ESYS_TR_NONE, ESYS_TR_NONE, &c->data,
                           TPM2_ALG_SHA256, ESYS_TR_RH_ENDORSEMENT, &digest, &ticket);

    if (rc != TSS2_RC_SUCCESS) {
        return rc;
    }
    rc = Esys_Sign(esys, tpm_session_key(tpm)->handle, ESYS_TR_PASSWORD, ESYS_TR_NONE, ESYS_TR_NONE,
                   digest, &own, ticket, &c->signature);
    Esys_Free(digest);
    Esys_Free(ticket);
    return rc;
}

gboolean tpm_sign(TpmSession *tpm, WireBytes data, GBytes **ret_signature, GError **error)
{
    SignCommand c = { 0 };
    uint8_t buf[sizeof(TPMT_SIGNATURE)];
    size_t len = 0;
    TSS2_RC rc;

    g_return_val_if_fail(data.len > 0 && data.len <= TPM_SIGN_MAX, FALSE);
    c.data.size = (UINT16)data.len;
    memcpy(c.data.buffer, data.p, data.len);
    if (!tpm_run(tpm, what, sign_command, &c, error)) {
        return FALSE;
    }
    rc = Tss2_MU_TPMT_SIGNATURE_Marshal(c.signature, buf, sizeof(buf), &len);
    Esys_Free(c.signature);
    if (rc != TSS2_RC_SUCCESS) {
        tpm_error_set(error, rc, what);
        return FALSE;
    }
    *ret_signature = g_bytes_new(buf, len);
    return TRUE;
}
