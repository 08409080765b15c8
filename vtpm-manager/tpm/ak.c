/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tpm/ak.h"

#include <string.h>

#include <tss2/tss2_mu.h>

#include "attest/bytes.h"
#include "attest/public.h"
#include "tpm/ak_files.h"
#include "tpm/command.h"

static const char what[] = "the attestation key";

static const TPMA_OBJECT ak_attributes =
    TPMA_OBJECT_FIXEDTPM | TPMA_OBJECT_FIXEDPARENT | TPMA_OBJECT_SENSITIVEDATAORIGIN |
    TPMA_OBJECT_USERWITHAUTH | TPMA_OBJECT_NODA | TPMA_OBJECT_RESTRICTED | TPMA_OBJECT_SIGN_ENCRYPT;

/* The template, with @unique making the key this installation's own. */
static void make_template(TpmAkAlgorithm algorithm, const TPM2B_DIGEST *unique, TPM2B_PUBLIC *ret)
{
    TPMT_PUBLIC *p = &ret->publicArea;

    *ret = (TPM2B_PUBLIC){ 0 };
    p->nameAlg = TPM2_ALG_SHA256;
    p->objectAttributes = ak_attributes;
    if (algorithm == TPM_AK_RSA) {
        p->type = TPM2_ALG_RSA;
        p->parameters.rsaDetail.symmetric.algorithm = TPM2_ALG_NULL;
        p->parameters.rsaDetail.scheme.scheme = TPM2_ALG_RSASSA;
        p->parameters.rsaDetail.scheme.details.rsassa.hashAlg = TPM2_ALG_SHA256;
        p->parameters.rsaDetail.keyBits = 2048;
        p->unique.rsa.size = unique->size;
        memcpy(p->unique.rsa.buffer, unique->buffer, unique->size);
        return;
    }
    p->type = TPM2_ALG_ECC;
    p->parameters.eccDetail.symmetric.algorithm = TPM2_ALG_NULL;
    p->parameters.eccDetail.scheme.scheme = TPM2_ALG_ECDSA;
    p->parameters.eccDetail.scheme.details.ecdsa.hashAlg = TPM2_ALG_SHA256;
    p->parameters.eccDetail.curveID = TPM2_ECC_NIST_P256;
    p->parameters.eccDetail.kdf.scheme = TPM2_ALG_NULL;
    p->unique.ecc.x.size = unique->size;
    memcpy(p->unique.ecc.x.buffer, unique->buffer, unique->size);
}

GBytes *tpm_ak_name(GBytes *public_area)
{
    uint8_t name[DQ_NAME_MAX];
    gsize len = dq_public_name(dq_bytes_peek(public_area), name);

    return len > 0 ? g_bytes_new(name, len) : NULL;
}

static TSS2_RC get_random(TpmSession *tpm, void *data)
{
    TPM2B_DIGEST **random = data;

    return Esys_GetRandom(tpm_session_esys(tpm), ESYS_TR_NONE, ESYS_TR_NONE, ESYS_TR_NONE, 32,
                          random);
}

static gboolean make_new(TpmSession *tpm, TpmAkAlgorithm algorithm, const AkFiles *files,
                         ESYS_TR *ret_key, GBytes **ret_public, GError **error)
{
    TPM2B_DIGEST *unique = NULL;
    TPM2B_PUBLIC template;
    g_autoptr(GBytes) template_bytes = NULL;
    g_autoptr(GBytes) public_area = NULL;
    ESYS_TR key;

    if (!tpm_run(tpm, what, get_random, &unique, error)) {
        return FALSE;
    }
    make_template(algorithm, unique, &template);
    Esys_Free(unique);
    template_bytes = tpm_public_marshal(&template);
    if (!tpm_create_primary(tpm, what, &template, &key, &public_area, error)) {
        return FALSE;
    }
    if (!ak_files_write(files, template_bytes, public_area, error)) {
        Esys_FlushContext(tpm_session_esys(tpm), key);
        return FALSE;
    }
    *ret_key = key;
    *ret_public = g_steal_pointer(&public_area);
    return TRUE;
}

static gboolean find_again(TpmSession *tpm, const AkFiles *files, ESYS_TR *ret_key,
                           GBytes **ret_public, GError **error)
{
    g_autoptr(GBytes) derived = NULL;
    TPM2B_PUBLIC template = { 0 };
    gsize size;
    const uint8_t *data = g_bytes_get_data(files->template, &size);
    size_t offset = 0;
    ESYS_TR key;

    if (Tss2_MU_TPM2B_PUBLIC_Unmarshal(data, size, &offset, &template) != TSS2_RC_SUCCESS ||
        offset != size) {
        ak_files_set_error(files, AK_FAULT_TEMPLATE_DAMAGED, error);
        return FALSE;
    }
    if (!tpm_create_primary(tpm, what, &template, &key, &derived, error)) {
        return FALSE;
    }
    if (!g_bytes_equal(derived, files->public_area)) {
        Esys_FlushContext(tpm_session_esys(tpm), key);
        ak_files_set_error(files, AK_FAULT_OTHER_TPM, error);
        return FALSE;
    }
    *ret_key = key;
    *ret_public = g_steal_pointer(&derived);
    return TRUE;
}

static gboolean find_or_make(TpmSession *tpm, TpmAkAlgorithm algorithm, const AkFiles *files,
                             ESYS_TR *ret_key, GBytes **ret_public, GError **error)
{
    if (!files->public_area) {
        return make_new(tpm, algorithm, files, ret_key, ret_public, error);
    }
    if (!files->template) {
        ak_files_set_error(files, AK_FAULT_TEMPLATE_MISSING, error);
        return FALSE;
    }
    return find_again(tpm, files, ret_key, ret_public, error);
}

gboolean tpm_ak_load(TpmSession *tpm, TpmAkAlgorithm algorithm, const char *state_dir,
                     GBytes **ret_public, GBytes **ret_name, GError **error)
{
    g_autoptr(AkFiles) files =
        ak_files_read(state_dir, algorithm == TPM_AK_RSA ? "rsa" : "ecc", error);
    g_autoptr(GBytes) public_area = NULL;
    g_autoptr(GBytes) name = NULL;
    ESYS_TR key;

    if (!files || !find_or_make(tpm, algorithm, files, &key, &public_area, error)) {
        return FALSE;
    }
    name = tpm_ak_name(public_area);
    if (!name) {
        Esys_FlushContext(tpm_session_esys(tpm), key);
        tpm_error_set(error, TPM2_RC_FAILURE, what);
        return FALSE;
    }
    tpm_session_set_key(tpm, key);
    *ret_public = g_steal_pointer(&public_area);
    *ret_name = g_steal_pointer(&name);
    return TRUE;
}
