/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tpm/ek.h"

#include <string.h>

#include <tss2/tss2_mu.h>

#include "tpm/ak.h"

enum { NV_CHUNK = 512, EK_CERTIFICATE_MAX = 8192 };

typedef struct EkKind {
    TPM2_HANDLE persistent;
    TPM2_HANDLE certificate;
    TPMI_ALG_PUBLIC type;
    TPMI_ECC_CURVE curve;
    gboolean has_template;
} EkKind;

enum { EK_RSA_2048, EK_P256, EK_P384, EK_KINDS };

static const EkKind ek_kinds[EK_KINDS] = {
    [EK_RSA_2048] = { 0x81010001, 0x01C00002, TPM2_ALG_RSA, 0, TRUE },
    [EK_P256] = { 0x81010016, 0x01C0000A, TPM2_ALG_ECC, TPM2_ECC_NIST_P256, TRUE },
    [EK_P384] = { 0x81010016, 0x01C00016, TPM2_ALG_ECC, TPM2_ECC_NIST_P384, FALSE },
};

/* PolicySecret(TPM_RH_ENDORSEMENT): EK Credential Profile, PolicyA with SHA-256. */
static const uint8_t ek_policy_a[32] = {
    0x83, 0x71, 0x97, 0x67, 0x44, 0x84, 0xB3, 0xF8, 0x1A, 0x90, 0xCC, 0x8D, 0x46, 0xA5, 0xD7, 0x24,
    0xFD, 0x52, 0xD7, 0x6E, 0x06, 0x52, 0x0B, 0x64, 0xF2, 0xA1, 0xDA, 0x1B, 0x33, 0x14, 0x69, 0xAA,
};

static void make_ek_template(const EkKind *kind, TPM2B_PUBLIC *ret)
{
    TPMT_PUBLIC *p = &ret->publicArea;
    const TPMT_SYM_DEF_OBJECT aes = { .algorithm = TPM2_ALG_AES,
                                      .keyBits.aes = 128,
                                      .mode.aes = TPM2_ALG_CFB };

    *ret = (TPM2B_PUBLIC){ 0 };
    p->type = kind->type;
    p->nameAlg = TPM2_ALG_SHA256;
    p->objectAttributes = TPMA_OBJECT_FIXEDTPM | TPMA_OBJECT_FIXEDPARENT |
                          TPMA_OBJECT_SENSITIVEDATAORIGIN | TPMA_OBJECT_ADMINWITHPOLICY |
                          TPMA_OBJECT_RESTRICTED | TPMA_OBJECT_DECRYPT;
    p->authPolicy.size = sizeof(ek_policy_a);
    memcpy(p->authPolicy.buffer, ek_policy_a, sizeof(ek_policy_a));
    if (kind->type == TPM2_ALG_RSA) {
        p->parameters.rsaDetail.symmetric = aes;
        p->parameters.rsaDetail.scheme.scheme = TPM2_ALG_NULL;
        p->parameters.rsaDetail.keyBits = 2048;
        p->unique.rsa.size = 256; /* zeros */
        return;
    }
    p->parameters.eccDetail.symmetric = aes;
    p->parameters.eccDetail.scheme.scheme = TPM2_ALG_NULL;
    p->parameters.eccDetail.curveID = kind->curve;
    p->parameters.eccDetail.kdf.scheme = TPM2_ALG_NULL;
    p->unique.ecc.x.size = 32; /* zeros */
    p->unique.ecc.y.size = 32;
}

static TSS2_RC handle_exists(ESYS_CONTEXT *esys, TPM2_HANDLE handle, gboolean *ret)
{
    TPMS_CAPABILITY_DATA *data = NULL;
    TPMI_YES_NO more;
    TSS2_RC rc = Esys_GetCapability(esys, ESYS_TR_NONE, ESYS_TR_NONE, ESYS_TR_NONE,
                                    TPM2_CAP_HANDLES, handle, 1, &more, &data);

    if (rc == TSS2_RC_SUCCESS) {
        *ret = data->data.handles.count == 1 && data->data.handles.handle[0] == handle;
        Esys_Free(data);
    }
    return rc;
}

static GBytes *public_bytes(const TPM2B_PUBLIC *p)
{
    uint8_t buf[sizeof(*p)];
    size_t len = 0;

    if (Tss2_MU_TPM2B_PUBLIC_Marshal(p, buf, sizeof(buf), &len) != TSS2_RC_SUCCESS) {
        return NULL;
    }
    return g_bytes_new(buf, len);
}

/* The persistent key of @kind, if there is one and it is of that kind. */
static TSS2_RC read_persistent(ESYS_CONTEXT *esys, const EkKind *kind, GBytes **ret_public)
{
    TPM2B_PUBLIC *p = NULL;
    gboolean exists = FALSE;
    ESYS_TR key;
    TSS2_RC rc = handle_exists(esys, kind->persistent, &exists);

    if (rc != TSS2_RC_SUCCESS || !exists) {
        return rc;
    }
    rc = Esys_TR_FromTPMPublic(esys, kind->persistent, ESYS_TR_NONE, ESYS_TR_NONE, ESYS_TR_NONE,
                               &key);
    if (rc != TSS2_RC_SUCCESS) {
        return rc;
    }
    rc = Esys_ReadPublic(esys, key, ESYS_TR_NONE, ESYS_TR_NONE, ESYS_TR_NONE, &p, NULL, NULL);
    Esys_TR_Close(esys, &key);
    if (rc != TSS2_RC_SUCCESS) {
        return rc;
    }
    if (p->publicArea.type == kind->type &&
        (kind->type == TPM2_ALG_RSA || p->publicArea.parameters.eccDetail.curveID == kind->curve)) {
        *ret_public = public_bytes(p);
    }
    Esys_Free(p);
    return TSS2_RC_SUCCESS;
}

static TSS2_RC derive(ESYS_CONTEXT *esys, const EkKind *kind, GBytes **ret_public)
{
    TPM2B_SENSITIVE_CREATE sensitive = { 0 };
    TPM2B_DATA outside = { 0 };
    TPML_PCR_SELECTION pcrs = { 0 };
    TPM2B_PUBLIC template;
    TPM2B_PUBLIC *p = NULL;
    ESYS_TR key;
    TSS2_RC rc;

    make_ek_template(kind, &template);
    rc = Esys_CreatePrimary(esys, ESYS_TR_RH_ENDORSEMENT, ESYS_TR_PASSWORD, ESYS_TR_NONE,
                            ESYS_TR_NONE, &sensitive, &template, &outside, &pcrs, &key, &p, NULL,
                            NULL, NULL);
    if (rc != TSS2_RC_SUCCESS) {
        return rc;
    }
    *ret_public = public_bytes(p);
    Esys_Free(p);
    return Esys_FlushContext(esys, key);
}

static TSS2_RC read_nv(ESYS_CONTEXT *esys, ESYS_TR index, ESYS_TR auth, guint size,
                       GByteArray *into)
{
    while (into->len < size) {
        TPM2B_MAX_NV_BUFFER *chunk = NULL;
        TSS2_RC rc =
            Esys_NV_Read(esys, auth, index, ESYS_TR_PASSWORD, ESYS_TR_NONE, ESYS_TR_NONE,
                         (UINT16)MIN(size - into->len, NV_CHUNK), (UINT16)into->len, &chunk);

        if (rc != TSS2_RC_SUCCESS) {
            return rc;
        }
        g_byte_array_append(into, chunk->buffer, chunk->size);
        Esys_Free(chunk);
    }
    return TSS2_RC_SUCCESS;
}

/* The bytes of the outer DER SEQUENCE; manufacturers pad the NV index. 0: no certificate. */
static guint der_length(const GByteArray *der)
{
    guint length;

    if (der->len < 4 || der->data[0] != 0x30 || der->data[1] != 0x82) {
        return 0;
    }
    length = 4u + ((guint)der->data[2] << 8 | der->data[3]);
    return length <= der->len ? length : 0;
}

static TSS2_RC read_certificate(ESYS_CONTEXT *esys, TPM2_HANDLE handle, GBytes **ret)
{
    g_autoptr(GByteArray) der = g_byte_array_new();
    TPM2B_NV_PUBLIC *nv = NULL;
    gboolean exists = FALSE;
    ESYS_TR index;
    ESYS_TR auth;
    guint size;
    TSS2_RC rc = handle_exists(esys, handle, &exists);

    if (rc != TSS2_RC_SUCCESS || !exists) {
        return rc;
    }
    rc = Esys_TR_FromTPMPublic(esys, handle, ESYS_TR_NONE, ESYS_TR_NONE, ESYS_TR_NONE, &index);
    if (rc != TSS2_RC_SUCCESS) {
        return rc;
    }
    rc = Esys_NV_ReadPublic(esys, index, ESYS_TR_NONE, ESYS_TR_NONE, ESYS_TR_NONE, &nv, NULL);
    if (rc == TSS2_RC_SUCCESS) {
        auth = nv->nvPublic.attributes & TPMA_NV_AUTHREAD ? index : ESYS_TR_RH_OWNER;
        size = MIN(nv->nvPublic.dataSize, EK_CERTIFICATE_MAX);
        Esys_Free(nv);
        if (read_nv(esys, index, auth, size, der) == TSS2_RC_SUCCESS && der_length(der) > 0) {
            *ret = g_bytes_new(der->data, der_length(der));
        }
    }
    Esys_TR_Close(esys, &index);
    return rc;
}

static TSS2_RC choose(ESYS_CONTEXT *esys, GBytes **public_area, GBytes **certificate)
{
    static const guint8 derived_order[] = { EK_P256, EK_RSA_2048 };
    TSS2_RC rc;

    for (guint i = 0; i < EK_KINDS; i++) {
        rc = read_certificate(esys, ek_kinds[i].certificate, certificate);
        if (rc != TSS2_RC_SUCCESS) {
            return rc;
        }
        if (!*certificate) {
            continue;
        }
        rc = read_persistent(esys, &ek_kinds[i], public_area);
        if (rc == TSS2_RC_SUCCESS && !*public_area && ek_kinds[i].has_template) {
            rc = derive(esys, &ek_kinds[i], public_area);
        }
        if (rc != TSS2_RC_SUCCESS || *public_area) {
            return rc;
        }
        g_clear_pointer(certificate, g_bytes_unref);
    }
    for (guint i = 0; i < EK_KINDS; i++) {
        rc = read_persistent(esys, &ek_kinds[i], public_area);
        if (rc != TSS2_RC_SUCCESS || *public_area) {
            return rc;
        }
    }
    for (guint i = 0; i < G_N_ELEMENTS(derived_order); i++) {
        rc = derive(esys, &ek_kinds[derived_order[i]], public_area);
        if (rc == TSS2_RC_SUCCESS || tpm_error_reaction(rc) != TPM_REACT_REFUSE) {
            return rc;
        }
    }
    return rc;
}

TSS2_RC tpm_ek_find(ESYS_CONTEXT *esys, GBytes **ret_public, GBytes **ret_name,
                    GBytes **ret_certificate)
{
    g_autoptr(GBytes) public_area = NULL;
    g_autoptr(GBytes) certificate = NULL;
    GBytes *name;
    TSS2_RC rc = choose(esys, &public_area, &certificate);

    if (rc != TSS2_RC_SUCCESS) {
        return rc;
    }
    name = public_area ? tpm_ak_name(public_area) : NULL;
    *ret_name = name ? name : g_bytes_new(NULL, 0);
    *ret_public = public_area ? g_steal_pointer(&public_area) : g_bytes_new(NULL, 0);
    *ret_certificate = g_steal_pointer(&certificate);
    return TSS2_RC_SUCCESS;
}
