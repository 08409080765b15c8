/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tpm/escrow.h"

#include <string.h>

#include <tss2/tss2_mu.h>

#include "approval/policy.h"
#include "attest/bytes.h"
#include "tpm/command.h"

static const char what[] = "a group's key for escrow";

void tpm_escrow_key_clear(TpmEscrowKey *key)
{
    g_clear_pointer(&key->public_area, g_bytes_unref);
    g_clear_pointer(&key->attest, g_bytes_unref);
    g_clear_pointer(&key->signature, g_bytes_unref);
}

static void make_template(const TpmDerivedSource *source, TPM2B_PUBLIC *ret)
{
    TPMT_PUBLIC *p = &ret->publicArea;
    TPMS_ECC_PARMS *ecc = &p->parameters.eccDetail;

    *ret = (TPM2B_PUBLIC){ 0 };
    p->type = TPM2_ALG_ECC;
    p->nameAlg = TPM2_ALG_SHA256;
    p->objectAttributes = TPMA_OBJECT_FIXEDTPM | TPMA_OBJECT_FIXEDPARENT |
                          TPMA_OBJECT_SENSITIVEDATAORIGIN | TPMA_OBJECT_NODA | TPMA_OBJECT_DECRYPT;
    tpm_approval_policy(source->approval, &p->authPolicy);
    ecc->symmetric.algorithm = TPM2_ALG_NULL;
    ecc->scheme.scheme = TPM2_ALG_NULL;
    ecc->curveID = TPM2_ECC_NIST_P256;
    ecc->kdf.scheme = TPM2_ALG_NULL;
    p->unique.ecc.x.size = TPM_DERIVED_SIZE;
    memcpy(p->unique.ecc.x.buffer, source->seed, TPM_DERIVED_SIZE);
    p->unique.ecc.y.size = TPM_DERIVED_SIZE;
}

typedef struct Certify {
    ESYS_TR key;
    TPM2B_DATA ref;
    TpmEscrowKey *ret;
} Certify;

static TSS2_RC certify(TpmSession *tpm, void *data)
{
    static const TPMT_SIG_SCHEME own = { .scheme = TPM2_ALG_NULL };
    uint8_t buf[sizeof(TPMT_SIGNATURE)];
    TPMT_SIGNATURE *signature = NULL;
    TPM2B_ATTEST *attest = NULL;
    Certify *c = data;
    size_t len = 0;
    TSS2_RC rc =
        Esys_Certify(tpm_session_esys(tpm), c->key, tpm_session_key(tpm)->handle, ESYS_TR_PASSWORD,
                     ESYS_TR_PASSWORD, ESYS_TR_NONE, &c->ref, &own, &attest, &signature);

    if (rc != TSS2_RC_SUCCESS) {
        return rc;
    }
    rc = Tss2_MU_TPMT_SIGNATURE_Marshal(signature, buf, sizeof(buf), &len);
    if (rc == TSS2_RC_SUCCESS) {
        c->ret->attest = g_bytes_new(attest->attestationData, attest->size);
        c->ret->signature = g_bytes_new(buf, len);
    }
    Esys_Free(attest);
    Esys_Free(signature);
    return rc;
}

gboolean tpm_escrow_certify(TpmSession *tpm, const TpmDerivedSource *source, TpmEscrowKey *ret_key,
                            GError **error)
{
    g_auto(TpmEscrowKey) key = { 0 };
    Certify c = { .ref.size = DQ_HASH_SIZE, .ret = &key };
    TPM2B_PUBLIC template;
    gboolean ok;

    make_template(source, &template);
    dq_approval_ref(source->approval->group, c.ref.buffer);
    if (!tpm_create_primary(tpm, what, &template, NULL, &c.key, &key.public_area, error)) {
        return FALSE;
    }
    ok = tpm_run(tpm, what, certify, &c, error);
    tpm_flush_key(tpm, what, c.key);
    if (ok) {
        *ret_key = key;
        key = (TpmEscrowKey){ 0 };
    }
    return ok;
}

typedef struct Agree {
    const TpmApproval *approval;
    ESYS_TR key;
    TPM2B_ECC_POINT point;
    TPM2B_ECC_POINT *result;
} Agree;

static TSS2_RC agree(TpmSession *tpm, void *data)
{
    ESYS_CONTEXT *esys = tpm_session_esys(tpm);
    Agree *c = data;
    ESYS_TR auth;
    TSS2_RC rc = tpm_approval_start(tpm, c->approval, &auth);

    if (rc == TSS2_RC_SUCCESS) {
        rc = Esys_ECDH_ZGen(esys, c->key, auth, ESYS_TR_NONE, ESYS_TR_NONE, &c->point, &c->result);
        if (rc != TSS2_RC_SUCCESS) {
            Esys_FlushContext(esys, auth);
        }
    }
    return rc;
}

static void set_number(TPM2B_ECC_PARAMETER *ret, const uint8_t *number)
{
    ret->size = TPM_DERIVED_SIZE;
    memcpy(ret->buffer, number, TPM_DERIVED_SIZE);
}

/* The x-coordinate; a TPM may leave out zeros that it begins with. */
static gboolean take_number(const TPM2B_ECC_PARAMETER *x, uint8_t *ret)
{
    if (x->size == 0 || x->size > TPM_DERIVED_SIZE) {
        return FALSE;
    }
    memset(ret, 0, TPM_DERIVED_SIZE);
    memcpy(ret + TPM_DERIVED_SIZE - x->size, x->buffer, x->size);
    return TRUE;
}

gboolean tpm_escrow_agree(TpmSession *tpm, const TpmDerivedSource *source, const uint8_t *x,
                          const uint8_t *y, uint8_t *ret_z, GBytes **ret_public, GError **error)
{
    g_autoptr(GBytes) public_area = NULL;
    Agree c = { .approval = source->approval };
    TPM2B_PUBLIC template;
    gboolean ok;

    make_template(source, &template);
    set_number(&c.point.point.x, x);
    set_number(&c.point.point.y, y);
    if (!tpm_create_primary(tpm, what, &template, NULL, &c.key, &public_area, error)) {
        return FALSE;
    }
    ok = tpm_run(tpm, what, agree, &c, error);
    tpm_flush_key(tpm, what, c.key);
    if (ok && !take_number(&c.result->point.x, ret_z)) {
        tpm_error_set(error, TPM_RC_MALFORMED, what);
        ok = FALSE;
    }
    if (c.result) {
        explicit_bzero(c.result, sizeof(*c.result));
    }
    Esys_Free(c.result);
    if (ok) {
        *ret_public = g_steal_pointer(&public_area);
    }
    return ok;
}
