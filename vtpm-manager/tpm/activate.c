/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tpm/activate.h"

#include <string.h>

#include <tss2/tss2_mu.h>

#include "attest/bytes.h"
#include "attest/public.h"
#include "tpm/command.h"
#include "tpm/ek.h"

static const char what[] = "TPM2_ActivateCredential";

typedef struct Activate {
    ESYS_TR ek;
    gboolean by_policy; /* else the EK takes a password, which is empty */
    TPMI_ALG_HASH policy_alg;
    TPM2B_ID_OBJECT blob;
    TPM2B_ENCRYPTED_SECRET secret;
    TPM2B_DIGEST *value;
} Activate;

/* PolicySecret(TPM_RH_ENDORSEMENT): the policy of the default templates. */
static TSS2_RC satisfy_policy(TpmSession *tpm, ESYS_TR policy)
{
    ESYS_TR auth;
    TSS2_RC rc = tpm_start_endorsement_auth(tpm, &auth);

    if (rc != TSS2_RC_SUCCESS) {
        return rc;
    }
    rc = Esys_PolicySecret(tpm_session_esys(tpm), ESYS_TR_RH_ENDORSEMENT, policy, auth,
                           ESYS_TR_NONE, ESYS_TR_NONE, NULL, NULL, NULL, 0, NULL, NULL);
    if (rc != TSS2_RC_SUCCESS) {
        tpm_drop_endorsement_auth(tpm, auth);
    }
    return rc;
}

static TSS2_RC activate_by(TpmSession *tpm, Activate *c, ESYS_TR ek_auth)
{
    return Esys_ActivateCredential(tpm_session_esys(tpm), tpm_session_key(tpm)->handle, c->ek,
                                   ESYS_TR_PASSWORD, ek_auth, ESYS_TR_NONE, &c->blob, &c->secret,
                                   &c->value);
}

static TSS2_RC activate_by_policy(TpmSession *tpm, Activate *c)
{
    static const TPMT_SYM_DEF none = { .algorithm = TPM2_ALG_NULL };
    ESYS_CONTEXT *esys = tpm_session_esys(tpm);
    ESYS_TR policy;
    TSS2_RC rc =
        Esys_StartAuthSession(esys, ESYS_TR_NONE, ESYS_TR_NONE, ESYS_TR_NONE, ESYS_TR_NONE,
                              ESYS_TR_NONE, NULL, TPM2_SE_POLICY, &none, c->policy_alg, &policy);

    if (rc != TSS2_RC_SUCCESS) {
        return rc;
    }
    rc = satisfy_policy(tpm, policy);
    if (rc == TSS2_RC_SUCCESS) {
        rc = activate_by(tpm, c, policy);
    }
    Esys_FlushContext(esys, policy);
    return rc;
}

static TSS2_RC activate_command(TpmSession *tpm, void *data)
{
    Activate *c = data;

    return c->by_policy ? activate_by_policy(tpm, c) : activate_by(tpm, c, ESYS_TR_PASSWORD);
}

/* The default templates ask for a policy, those of the high range take a password too. */
static gboolean read_ek(GBytes *ek_public, Activate *ret)
{
    DqBytes area;
    WirePublic p;

    if (!dq_public_unwrap(dq_bytes_peek(ek_public), &area, &p)) {
        return FALSE;
    }
    ret->by_policy = !(p.attributes & TPMA_OBJECT_USERWITHAUTH);
    ret->policy_alg = p.name_alg;
    return TRUE;
}

/* The whole of each is one structure. */
static gboolean read_parts(GBytes *blob, GBytes *secret, Activate *ret)
{
    size_t blob_size, secret_size, at = 0, secret_at = 0;
    const uint8_t *b = g_bytes_get_data(blob, &blob_size);
    const uint8_t *s = g_bytes_get_data(secret, &secret_size);

    return Tss2_MU_TPM2B_ID_OBJECT_Unmarshal(b, blob_size, &at, &ret->blob) == TSS2_RC_SUCCESS &&
           at == blob_size &&
           Tss2_MU_TPM2B_ENCRYPTED_SECRET_Unmarshal(s, secret_size, &secret_at, &ret->secret) ==
               TSS2_RC_SUCCESS &&
           secret_at == secret_size;
}

gboolean tpm_activate(TpmSession *tpm, GBytes *ek_public, GBytes *blob, GBytes *secret,
                      GBytes **ret_value, GError **error)
{
    Activate c = { 0 };
    gboolean ok;

    if (!read_ek(ek_public, &c) || !read_parts(blob, secret, &c)) {
        g_set_error(error, TPM_ERROR, TPM_ERROR_VALUE, "it is no credential");
        return FALSE;
    }
    if (!tpm_ek_open(tpm, ek_public, &c.ek, error)) {
        return FALSE;
    }
    ok = tpm_run(tpm, what, activate_command, &c, error);
    tpm_ek_close(tpm, c.ek);
    if (ok) {
        *ret_value = g_bytes_new(c.value->buffer, c.value->size);
        explicit_bzero(c.value, sizeof(*c.value));
        Esys_Free(c.value);
    }
    return ok;
}
