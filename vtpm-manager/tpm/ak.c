/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tpm/ak.h"

#include <string.h>

#include <tss2/tss2_mu.h>

static const TPMA_OBJECT ak_attributes =
    TPMA_OBJECT_FIXEDTPM | TPMA_OBJECT_FIXEDPARENT | TPMA_OBJECT_SENSITIVEDATAORIGIN |
    TPMA_OBJECT_USERWITHAUTH | TPMA_OBJECT_NODA | TPMA_OBJECT_RESTRICTED | TPMA_OBJECT_SIGN_ENCRYPT;

const char *tpm_ak_algorithm_name(TpmAkAlgorithm algorithm)
{
    return algorithm == TPM_AK_RSA ? "rsa" : "ecc";
}

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

static GBytes *marshal_public(const TPM2B_PUBLIC *p)
{
    uint8_t buf[sizeof(*p)];
    size_t len = 0;

    if (Tss2_MU_TPM2B_PUBLIC_Marshal(p, buf, sizeof(buf), &len) != TSS2_RC_SUCCESS) {
        return NULL;
    }
    return g_bytes_new(buf, len);
}

GBytes *tpm_ak_name(GBytes *public_area)
{
    gsize size;
    const uint8_t *p = g_bytes_get_data(public_area, &size);
    WireReader r = WIRE_READER(p, size);
    WireBytes body;
    guint16 alg;
    g_autoptr(GChecksum) sum = NULL;
    uint8_t name[WIRE_NAME_MAX];
    gsize digest_len = sizeof(name) - 2;

    if (!wire_get_tpm2b(&r, size, &body) || r.left != 0 || body.len < 4) {
        return NULL;
    }
    alg = (guint16)(body.p[2] << 8 | body.p[3]);
    if (alg != TPM2_ALG_SHA256 && alg != TPM2_ALG_SHA384) {
        return NULL;
    }
    sum = g_checksum_new(alg == TPM2_ALG_SHA256 ? G_CHECKSUM_SHA256 : G_CHECKSUM_SHA384);
    memcpy(name, body.p + 2, 2);
    g_checksum_update(sum, body.p, (gssize)body.len);
    g_checksum_get_digest(sum, name + 2, &digest_len);
    return g_bytes_new(name, 2 + digest_len);
}

static gboolean read_file(const char *path, GBytes **ret, GError **error)
{
    g_autofree char *data = NULL;
    g_autoptr(GError) local = NULL;
    gsize size;

    if (g_file_get_contents(path, &data, &size, &local)) {
        *ret = g_bytes_new_take(g_steal_pointer(&data), size);
        return TRUE;
    }
    if (g_error_matches(local, G_FILE_ERROR, G_FILE_ERROR_NOENT)) {
        *ret = NULL;
        return TRUE;
    }
    g_set_error(error, TPM_ERROR, TPM_ERROR_AK,
                "cannot read the attestation key: %s; check the state directory's owner and mode",
                local->message);
    return FALSE;
}

static gboolean write_file(const char *path, GBytes *bytes, GError **error)
{
    g_autoptr(GError) local = NULL;
    gsize size;
    const char *data = g_bytes_get_data(bytes, &size);

    if (g_file_set_contents_full(path, data, (gssize)size,
                                 G_FILE_SET_CONTENTS_CONSISTENT | G_FILE_SET_CONTENTS_DURABLE, 0600,
                                 &local)) {
        return TRUE;
    }
    g_set_error(error, TPM_ERROR, TPM_ERROR_AK,
                "cannot keep the attestation key: %s; make room in the state directory",
                local->message);
    return FALSE;
}

static TSS2_RC create_primary(ESYS_CONTEXT *esys, const TPM2B_PUBLIC *template, ESYS_TR *ret_key,
                              GBytes **ret_public)
{
    TPM2B_SENSITIVE_CREATE sensitive = { 0 };
    TPM2B_DATA outside = { 0 };
    TPML_PCR_SELECTION pcrs = { 0 };
    TPM2B_PUBLIC *public_area = NULL;
    GBytes *bytes;
    ESYS_TR key;
    TSS2_RC rc;

    rc = Esys_CreatePrimary(esys, ESYS_TR_RH_ENDORSEMENT, ESYS_TR_PASSWORD, ESYS_TR_NONE,
                            ESYS_TR_NONE, &sensitive, template, &outside, &pcrs, &key, &public_area,
                            NULL, NULL, NULL);
    if (rc != TSS2_RC_SUCCESS) {
        return rc;
    }
    bytes = marshal_public(public_area);
    Esys_Free(public_area);
    if (!bytes) {
        Esys_FlushContext(esys, key);
        return TPM2_RC_FAILURE;
    }
    *ret_key = key;
    *ret_public = bytes;
    return TSS2_RC_SUCCESS;
}

static TSS2_RC make_new(ESYS_CONTEXT *esys, TpmAkAlgorithm algorithm, const char *template_path,
                        const char *public_path, ESYS_TR *ret_key, GBytes **ret_public,
                        GError **error)
{
    TPM2B_DIGEST *unique = NULL;
    TPM2B_PUBLIC template;
    g_autoptr(GBytes) template_bytes = NULL;
    g_autoptr(GBytes) public_bytes = NULL;
    ESYS_TR key;
    TSS2_RC rc;

    rc = Esys_GetRandom(esys, ESYS_TR_NONE, ESYS_TR_NONE, ESYS_TR_NONE, 32, &unique);
    if (rc != TSS2_RC_SUCCESS) {
        return rc;
    }
    make_template(algorithm, unique, &template);
    Esys_Free(unique);
    template_bytes = marshal_public(&template);
    rc = create_primary(esys, &template, &key, &public_bytes);
    if (rc != TSS2_RC_SUCCESS) {
        return rc;
    }
    /* The public area comes last: where it exists, the key has been in use. */
    if (!write_file(template_path, template_bytes, error) ||
        !write_file(public_path, public_bytes, error)) {
        Esys_FlushContext(esys, key);
        return TSS2_RC_SUCCESS;
    }
    *ret_key = key;
    *ret_public = g_steal_pointer(&public_bytes);
    return TSS2_RC_SUCCESS;
}

static TSS2_RC find_again(ESYS_CONTEXT *esys, GBytes *template_bytes, GBytes *public_bytes,
                          const char *template_path, const char *public_path, ESYS_TR *ret_key,
                          GError **error)
{
    g_autoptr(GBytes) derived = NULL;
    TPM2B_PUBLIC template = { 0 };
    gsize size;
    const uint8_t *data = g_bytes_get_data(template_bytes, &size);
    size_t offset = 0;
    ESYS_TR key;
    TSS2_RC rc;

    if (Tss2_MU_TPM2B_PUBLIC_Unmarshal(data, size, &offset, &template) != TSS2_RC_SUCCESS ||
        offset != size) {
        g_set_error(error, TPM_ERROR, TPM_ERROR_AK,
                    "%s is damaged: restore it from a backup, or remove %s to make a new "
                    "attestation key, which every verifier must then enrol",
                    template_path, public_path);
        return TSS2_RC_SUCCESS;
    }
    rc = create_primary(esys, &template, &key, &derived);
    if (rc != TSS2_RC_SUCCESS) {
        return rc;
    }
    if (!g_bytes_equal(derived, public_bytes)) {
        Esys_FlushContext(esys, key);
        g_set_error(error, TPM_ERROR, TPM_ERROR_AK,
                    "the attestation key in %s does not belong to this TPM (another TPM, or its "
                    "endorsement seed was changed): use the state directory made with this TPM, or "
                    "remove that file to make a new key, which every verifier must then enrol",
                    public_path);
        return TSS2_RC_SUCCESS;
    }
    *ret_key = key;
    return TSS2_RC_SUCCESS;
}

TSS2_RC tpm_ak_load(ESYS_CONTEXT *esys, TpmAkAlgorithm algorithm, const char *state_dir,
                    ESYS_TR *ret_key, GBytes **ret_public, GBytes **ret_name, GError **error)
{
    const char *alg = tpm_ak_algorithm_name(algorithm);
    g_autofree char *template_path = g_strdup_printf("%s/ak-%s.template", state_dir, alg);
    g_autofree char *public_path = g_strdup_printf("%s/ak-%s.pub", state_dir, alg);
    g_autoptr(GBytes) template_bytes = NULL;
    g_autoptr(GBytes) public_bytes = NULL;
    g_autoptr(GBytes) name = NULL;
    ESYS_TR key = ESYS_TR_NONE;
    TSS2_RC rc;

    if (!read_file(template_path, &template_bytes, error) ||
        !read_file(public_path, &public_bytes, error)) {
        return TSS2_RC_SUCCESS;
    }
    if (!public_bytes) {
        rc = make_new(esys, algorithm, template_path, public_path, &key, &public_bytes, error);
    } else if (template_bytes) {
        rc =
            find_again(esys, template_bytes, public_bytes, template_path, public_path, &key, error);
    } else {
        g_set_error(error, TPM_ERROR, TPM_ERROR_AK,
                    "%s is missing: restore it from a backup, or remove %s to make a new "
                    "attestation key, which every verifier must then enrol",
                    template_path, public_path);
        return TSS2_RC_SUCCESS;
    }
    if (rc != TSS2_RC_SUCCESS || key == ESYS_TR_NONE) {
        return rc;
    }
    name = tpm_ak_name(public_bytes);
    if (!name) {
        Esys_FlushContext(esys, key);
        return TPM2_RC_FAILURE;
    }
    *ret_key = key;
    *ret_public = g_steal_pointer(&public_bytes);
    *ret_name = g_steal_pointer(&name);
    return TSS2_RC_SUCCESS;
}
