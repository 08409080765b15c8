/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tpm/ek.h"

#include <string.h>

#include "attest/bytes.h"
#include "attest/public.h"
#include "tpm/ak.h"
#include "tpm/command.h"

static const char what[] = "reading the endorsement key";

enum {
    NV_CHUNK = 512,
    EK_CERTIFICATE_MAX = 8192,
    EK_CHAIN_FIRST = 0x01C00100,
    EK_CHAIN_LAST = 0x01C001FF,
    EK_CHAIN_MAX = 16384, /* bytes, of all indices together */
};

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

typedef struct ReadPublic {
    TPM2_HANDLE handle;
    TPM2B_PUBLIC *area;
} ReadPublic;

static TSS2_RC read_public(TpmSession *tpm, void *data)
{
    ReadPublic *c = data;
    ESYS_CONTEXT *esys = tpm_session_esys(tpm);
    ESYS_TR key;
    TSS2_RC rc =
        Esys_TR_FromTPMPublic(esys, c->handle, ESYS_TR_NONE, ESYS_TR_NONE, ESYS_TR_NONE, &key);

    if (rc != TSS2_RC_SUCCESS) {
        return rc;
    }
    rc = Esys_ReadPublic(esys, key, ESYS_TR_NONE, ESYS_TR_NONE, ESYS_TR_NONE, &c->area, NULL, NULL);
    Esys_TR_Close(esys, &key);
    return rc;
}

/* The persistent key of @kind; NULL where there is none or it is of another kind. */
static gboolean read_persistent(TpmSession *tpm, const EkKind *kind, GBytes **ret_public,
                                GError **error)
{
    ReadPublic c = { .handle = kind->persistent };
    const TPMT_PUBLIC *p;
    gboolean exists;

    if (!tpm_handle_exists(tpm, what, kind->persistent, &exists, error)) {
        return FALSE;
    }
    if (!exists) {
        *ret_public = NULL;
        return TRUE;
    }
    if (!tpm_run(tpm, what, read_public, &c, error)) {
        return FALSE;
    }
    p = &c.area->publicArea;
    *ret_public = p->type == kind->type && (kind->type == TPM2_ALG_RSA ||
                                            p->parameters.eccDetail.curveID == kind->curve)
                      ? tpm_public_marshal(c.area)
                      : NULL;
    Esys_Free(c.area);
    return TRUE;
}

static TSS2_RC flush(TpmSession *tpm, void *data)
{
    return Esys_FlushContext(tpm_session_esys(tpm), *(ESYS_TR *)data);
}

static gboolean derive(TpmSession *tpm, const EkKind *kind, GBytes **ret_public, GError **error)
{
    g_autoptr(GBytes) public_area = NULL;
    TPM2B_PUBLIC template;
    ESYS_TR key;

    make_ek_template(kind, &template);
    if (!tpm_create_primary(tpm, what, &template, NULL, &key, &public_area, error) ||
        !tpm_run(tpm, what, flush, &key, error)) {
        return FALSE;
    }
    *ret_public = g_steal_pointer(&public_area);
    return TRUE;
}

typedef struct OpenNv {
    TPM2_HANDLE handle;
    ESYS_TR index;
    TPM2B_NV_PUBLIC *area;
} OpenNv;

static TSS2_RC open_nv(TpmSession *tpm, void *data)
{
    OpenNv *c = data;
    ESYS_CONTEXT *esys = tpm_session_esys(tpm);
    TSS2_RC rc =
        Esys_TR_FromTPMPublic(esys, c->handle, ESYS_TR_NONE, ESYS_TR_NONE, ESYS_TR_NONE, &c->index);

    if (rc != TSS2_RC_SUCCESS) {
        return rc;
    }
    rc = Esys_NV_ReadPublic(esys, c->index, ESYS_TR_NONE, ESYS_TR_NONE, ESYS_TR_NONE, &c->area,
                            NULL);
    if (rc != TSS2_RC_SUCCESS) {
        Esys_TR_Close(esys, &c->index);
    }
    return rc;
}

typedef struct ReadNv {
    ESYS_TR index;
    ESYS_TR auth;
    guint size;
    guint offset;
    TPM2B_MAX_NV_BUFFER *chunk;
} ReadNv;

static TSS2_RC read_nv_chunk(TpmSession *tpm, void *data)
{
    ReadNv *c = data;

    return Esys_NV_Read(tpm_session_esys(tpm), c->auth, c->index, ESYS_TR_PASSWORD, ESYS_TR_NONE,
                        ESYS_TR_NONE, (UINT16)MIN(c->size - c->offset, NV_CHUNK), (UINT16)c->offset,
                        &c->chunk);
}

static gboolean read_nv(TpmSession *tpm, const OpenNv *nv, GByteArray *into)
{
    const TPMS_NV_PUBLIC *p = &nv->area->nvPublic;
    ReadNv c = { .index = nv->index,
                 .auth = p->attributes & TPMA_NV_AUTHREAD ? nv->index : ESYS_TR_RH_OWNER,
                 .size = MIN(p->dataSize, EK_CERTIFICATE_MAX) };

    while (c.offset < c.size) {
        guint had = into->len;

        if (!tpm_run(tpm, what, read_nv_chunk, &c, NULL)) {
            return FALSE;
        }
        g_byte_array_append(into, c.chunk->buffer, c.chunk->size);
        Esys_Free(c.chunk);
        c.offset = into->len;
        if (c.offset == had) {
            return FALSE;
        }
    }
    return TRUE;
}

/* The bytes of the outer DER SEQUENCE; manufacturers pad the NV index. 0: no certificate. */
static guint der_length(const GByteArray *der)
{
    enum { SEQUENCE = 0x30, LENGTH_OF_TWO_BYTES = 0x82 };
    WireReader r = WIRE_READER(der->data, der->len);
    uint8_t tag, form;
    WireBytes body;

    if (!wire_get_u8(&r, &tag) || tag != SEQUENCE || !wire_get_u8(&r, &form) ||
        form != LENGTH_OF_TWO_BYTES || !wire_get_tpm2b(&r, G_MAXUINT16, &body)) {
        return 0;
    }
    return der->len - (guint)r.left;
}

/* What is at @handle; NULL where there is nothing that may be read. */
static gboolean read_index(TpmSession *tpm, TPM2_HANDLE handle, GByteArray **ret, GError **error)
{
    g_autoptr(GByteArray) content = g_byte_array_new();
    OpenNv nv = { .handle = handle };
    ESYS_CONTEXT *esys;
    gboolean exists;

    if (!tpm_handle_exists(tpm, what, handle, &exists, error) ||
        (exists && !tpm_run(tpm, what, open_nv, &nv, error))) {
        return FALSE;
    }
    *ret = NULL;
    if (!exists) {
        return TRUE;
    }
    if (read_nv(tpm, &nv, content)) {
        *ret = g_steal_pointer(&content);
    }
    esys = tpm_session_esys(tpm);
    Esys_Free(nv.area);
    Esys_TR_Close(esys, &nv.index);
    return TRUE;
}

/* The certificate at @handle; NULL where there is none that may be read. */
static gboolean read_certificate(TpmSession *tpm, TPM2_HANDLE handle, GBytes **ret, GError **error)
{
    g_autoptr(GByteArray) der = NULL;

    if (!read_index(tpm, handle, &der, error)) {
        return FALSE;
    }
    *ret = der && der_length(der) > 0 ? g_bytes_new(der->data, der_length(der)) : NULL;
    return TRUE;
}

gboolean tpm_ek_read_chain(TpmSession *tpm, GBytes **ret_chain, GError **error)
{
    g_autoptr(GByteArray) chain = g_byte_array_new();

    for (TPM2_HANDLE handle = EK_CHAIN_FIRST; handle <= EK_CHAIN_LAST; handle++) {
        g_autoptr(GByteArray) part = NULL;

        if (!read_index(tpm, handle, &part, error)) {
            return FALSE;
        }
        if (!part || chain->len + part->len > EK_CHAIN_MAX) {
            break;
        }
        g_byte_array_append(chain, part->data, part->len);
    }
    *ret_chain = chain->len > 0 ? g_byte_array_free_to_bytes(g_steal_pointer(&chain)) : NULL;
    return TRUE;
}

/* A key that has a certificate; NULL both where there is none. */
static gboolean choose_certified(TpmSession *tpm, GBytes **ret_public, GBytes **ret_certificate,
                                 GError **error)
{
    for (guint i = 0; i < EK_KINDS; i++) {
        const EkKind *kind = &ek_kinds[i];
        g_autoptr(GBytes) certificate = NULL;
        g_autoptr(GBytes) public_area = NULL;

        if (!read_certificate(tpm, kind->certificate, &certificate, error)) {
            return FALSE;
        }
        if (!certificate) {
            continue;
        }
        if (!read_persistent(tpm, kind, &public_area, error) ||
            (!public_area && kind->has_template && !derive(tpm, kind, &public_area, error))) {
            return FALSE;
        }
        if (public_area) {
            *ret_public = g_steal_pointer(&public_area);
            *ret_certificate = g_steal_pointer(&certificate);
            return TRUE;
        }
    }
    *ret_public = NULL;
    *ret_certificate = NULL;
    return TRUE;
}

static gboolean may_try_another(const GError *error)
{
    return !g_error_matches(error, TPM_ERROR, TPM_ERROR_BUSY) &&
           !g_error_matches(error, TPM_ERROR, TPM_ERROR_GONE);
}

static gboolean choose_uncertified(TpmSession *tpm, GBytes **ret_public, GError **error)
{
    static const uint8_t derived_order[] = { EK_P256, EK_RSA_2048 };
    g_autoptr(GError) local = NULL;

    for (guint i = 0; i < EK_KINDS; i++) {
        GBytes *public_area;

        if (!read_persistent(tpm, &ek_kinds[i], &public_area, error)) {
            return FALSE;
        }
        if (public_area) {
            *ret_public = public_area;
            return TRUE;
        }
    }
    for (guint i = 0; i < G_N_ELEMENTS(derived_order); i++) {
        g_clear_error(&local);
        if (derive(tpm, &ek_kinds[derived_order[i]], ret_public, &local)) {
            return TRUE;
        }
        if (!may_try_another(local)) {
            break;
        }
    }
    g_propagate_error(error, g_steal_pointer(&local));
    return FALSE;
}

gboolean tpm_ek_find(TpmSession *tpm, GBytes **ret_public, GBytes **ret_name,
                     GBytes **ret_certificate, GError **error)
{
    g_autoptr(GBytes) public_area = NULL;
    g_autoptr(GBytes) certificate = NULL;
    g_autoptr(GBytes) name = NULL;

    if (!choose_certified(tpm, &public_area, &certificate, error) ||
        (!public_area && !choose_uncertified(tpm, &public_area, error))) {
        return FALSE;
    }
    name = tpm_ak_name(public_area);
    *ret_name = name ? g_steal_pointer(&name) : g_bytes_new(NULL, 0);
    *ret_public = g_steal_pointer(&public_area);
    *ret_certificate = g_steal_pointer(&certificate);
    return TRUE;
}

typedef struct OpenKey {
    TPM2_HANDLE handle;
    ESYS_TR key;
} OpenKey;

static TSS2_RC open_key(TpmSession *tpm, void *data)
{
    OpenKey *c = data;

    return Esys_TR_FromTPMPublic(tpm_session_esys(tpm), c->handle, ESYS_TR_NONE, ESYS_TR_NONE,
                                 ESYS_TR_NONE, &c->key);
}

/* The persistent key of @kind if it has this public area; ESYS_TR_NONE where it has not. */
static gboolean open_persistent(TpmSession *tpm, const EkKind *kind, GBytes *public_area,
                                ESYS_TR *ret_key, GError **error)
{
    OpenKey c = { .handle = kind->persistent, .key = ESYS_TR_NONE };
    g_autoptr(GBytes) found = NULL;

    if (!read_persistent(tpm, kind, &found, error) ||
        (found && g_bytes_equal(found, public_area) && !tpm_run(tpm, what, open_key, &c, error))) {
        return FALSE;
    }
    *ret_key = c.key;
    return TRUE;
}

/* A TPM takes seconds to derive an RSA key: not where it is another one for sure. */
static gboolean is_of_kind(const EkKind *kind, GBytes *public_area)
{
    DqBytes area;
    WirePublic p;

    return dq_public_unwrap(dq_bytes_peek(public_area), &area, &p) && p.type == kind->type &&
           (kind->type == TPM2_ALG_RSA || p.ecc_curve == kind->curve);
}

/* The key of @kind's template, in the same way. */
static gboolean open_derived(TpmSession *tpm, const EkKind *kind, GBytes *public_area,
                             ESYS_TR *ret_key, GError **error)
{
    g_autoptr(GBytes) derived = NULL;
    TPM2B_PUBLIC template;
    ESYS_TR key;

    *ret_key = ESYS_TR_NONE;
    if (!kind->has_template || !is_of_kind(kind, public_area)) {
        return TRUE;
    }
    make_ek_template(kind, &template);
    if (!tpm_create_primary(tpm, what, &template, NULL, &key, &derived, error)) {
        return FALSE;
    }
    if (!g_bytes_equal(derived, public_area)) {
        return tpm_run(tpm, what, flush, &key, error);
    }
    *ret_key = key;
    return TRUE;
}

gboolean tpm_ek_open(TpmSession *tpm, GBytes *public_area, ESYS_TR *ret_key, GError **error)
{
    static gboolean (*const ways[])(TpmSession * tpm, const EkKind *kind, GBytes *public_area,
                                    ESYS_TR *ret_key,
                                    GError **error) = { open_persistent, open_derived };

    for (gsize way = 0; way < G_N_ELEMENTS(ways); way++) {
        for (guint i = 0; i < EK_KINDS; i++) {
            ESYS_TR key;

            if (!ways[way](tpm, &ek_kinds[i], public_area, &key, error)) {
                return FALSE;
            }
            if (key != ESYS_TR_NONE) {
                *ret_key = key;
                return TRUE;
            }
        }
    }
    g_set_error(error, TPM_ERROR, TPM_ERROR_FAILED,
                "the TPM has another endorsement key than before: restart the manager");
    return FALSE;
}

void tpm_ek_close(TpmSession *tpm, ESYS_TR key)
{
    ESYS_CONTEXT *esys = tpm_session_esys(tpm);
    TPM2_HANDLE handle = 0;

    if (Esys_TR_GetTpmHandle(esys, key, &handle) == TSS2_RC_SUCCESS &&
        handle >> 24 == TPM2_HT_TRANSIENT) {
        Esys_FlushContext(esys, key);
    } else {
        Esys_TR_Close(esys, &key);
    }
}
