/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tpm/derived_key.h"

#include <string.h>

#include "tpm/command.h"

static const char what[] = "a key of the registry";

static void make_template(const TpmDerivedSource *source, TPM2B_PUBLIC *ret)
{
    TPMT_PUBLIC *p = &ret->publicArea;

    *ret = (TPM2B_PUBLIC){ 0 };
    p->type = TPM2_ALG_KEYEDHASH;
    p->nameAlg = TPM2_ALG_SHA256;
    p->objectAttributes = TPMA_OBJECT_FIXEDTPM | TPMA_OBJECT_FIXEDPARENT |
                          TPMA_OBJECT_SENSITIVEDATAORIGIN | TPMA_OBJECT_NODA |
                          TPMA_OBJECT_SIGN_ENCRYPT;
    if (source->approval) {
        tpm_approval_policy(source->approval, &p->authPolicy);
    } else {
        p->objectAttributes |= TPMA_OBJECT_USERWITHAUTH;
    }
    p->parameters.keyedHashDetail.scheme.scheme = TPM2_ALG_HMAC;
    p->parameters.keyedHashDetail.scheme.details.hmac.hashAlg = TPM2_ALG_SHA256;
    p->unique.keyedHash.size = TPM_DERIVED_SIZE;
    memcpy(p->unique.keyedHash.buffer, source->seed, TPM_DERIVED_SIZE);
}

typedef struct Hmac {
    const TpmApproval *approval;
    ESYS_TR key;
    TPM2B_MAX_BUFFER label;
    TPM2B_DIGEST *result;
} Hmac;

static TSS2_RC hmac(TpmSession *tpm, void *data)
{
    ESYS_CONTEXT *esys = tpm_session_esys(tpm);
    ESYS_TR auth = ESYS_TR_PASSWORD;
    Hmac *c = data;
    TSS2_RC rc =
        c->approval ? tpm_approval_start(tpm, c->approval, &auth) : (TSS2_RC)TSS2_RC_SUCCESS;

    if (rc == TSS2_RC_SUCCESS) {
        rc = Esys_HMAC(esys, c->key, auth, ESYS_TR_NONE, ESYS_TR_NONE, &c->label, TPM2_ALG_SHA256,
                       &c->result);
        if (rc != TSS2_RC_SUCCESS && c->approval) {
            Esys_FlushContext(esys, auth);
        }
    }
    return rc;
}

static gboolean derive(TpmSession *tpm, ESYS_TR key, const TpmApproval *approval,
                       const TpmDerived *derived, GError **error)
{
    Hmac c = { .approval = approval, .key = key, .label.size = (UINT16)strlen(derived->label) };
    gboolean ok;

    g_return_val_if_fail(strlen(derived->label) <= sizeof(c.label.buffer), FALSE);
    memcpy(c.label.buffer, derived->label, c.label.size);
    ok = tpm_run(tpm, what, hmac, &c, error);
    if (ok && c.result->size != TPM_DERIVED_SIZE) {
        tpm_error_set(error, TPM_RC_MALFORMED, what);
        ok = FALSE;
    }
    if (ok) {
        memcpy(derived->ret, c.result->buffer, TPM_DERIVED_SIZE);
    }
    if (c.result) {
        explicit_bzero(c.result, sizeof(*c.result));
    }
    Esys_Free(c.result);
    return ok;
}

gboolean tpm_derive_keys(TpmSession *tpm, const TpmDerivedSource *source, const TpmDerived *keys,
                         guint count, GError **error)
{
    g_autoptr(GBytes) public_area = NULL;
    TPM2B_PUBLIC template;
    gboolean ok = TRUE;
    ESYS_TR key;

    make_template(source, &template);
    if (!tpm_create_primary(tpm, what, &template, NULL, &key, &public_area, error)) {
        return FALSE;
    }
    for (guint i = 0; ok && i < count; i++) {
        ok = derive(tpm, key, source->approval, &keys[i], error);
    }
    tpm_flush_key(tpm, what, key);
    return ok;
}
