/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tpm/ak.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include <tss2/tss2_mu.h>

#include "attest/bytes.h"
#include "attest/digest.h"
#include "attest/public.h"
#include "tpm/ak_files.h"
#include "tpm/command.h"

enum { UNIQUE_SIZE = 32, AUTH_SIZE = 32 };

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

    return Esys_GetRandom(tpm_session_esys(tpm), ESYS_TR_NONE, ESYS_TR_NONE, ESYS_TR_NONE,
                          UNIQUE_SIZE, random);
}

/*
 * The key, with an authorization value that is drawn each time and known to this connection alone:
 * what a primary is derived from does not have it. Spec: TPM 2.0 Part 3, TPM2_CreatePrimary.
 */
static gboolean load_key(TpmSession *tpm, const TPM2B_PUBLIC *template, ESYS_TR *ret_key,
                         GBytes **ret_public, GError **error)
{
    TPM2B_AUTH auth = { .size = AUTH_SIZE };
    gboolean ok = FALSE;

    if (getentropy(auth.buffer, auth.size) != 0) {
        g_set_error(error, TPM_ERROR, TPM_ERROR_FAILED,
                    "the system has no random numbers for the attestation key: %s",
                    g_strerror(errno));
    } else {
        ok = tpm_create_primary(tpm, what, template, &auth, ret_key, ret_public, error);
    }
    explicit_bzero(&auth, sizeof(auth));
    return ok;
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
    if (!load_key(tpm, &template, &key, &public_area, error)) {
        return FALSE;
    }
    /* Where the second is not written, it is made again from the first. */
    if (!ak_files_write_template(files, template_bytes, error) ||
        !ak_files_write_public(files, public_area, error)) {
        Esys_FlushContext(tpm_session_esys(tpm), key);
        return FALSE;
    }
    g_message("a new attestation key was made: have verifiers enrol it (vtpm-managerctl ak)");
    *ret_key = key;
    *ret_public = g_steal_pointer(&public_area);
    return TRUE;
}

/* The template in the file; FALSE where it is not one of ours, whatever key it would make. */
static gboolean read_template(const AkFiles *files, TpmAkAlgorithm algorithm, TPM2B_PUBLIC *ret)
{
    g_autoptr(GBytes) ours = NULL;
    TPM2B_PUBLIC found = { 0 };
    TPM2B_DIGEST unique = { 0 };
    gsize size;
    const uint8_t *data = g_bytes_get_data(files->template, &size);
    const TPMU_PUBLIC_ID *id = &found.publicArea.unique;
    size_t offset = 0;

    if (Tss2_MU_TPM2B_PUBLIC_Unmarshal(data, size, &offset, &found) != TSS2_RC_SUCCESS) {
        return FALSE;
    }
    unique.size = algorithm == TPM_AK_RSA ? id->rsa.size : id->ecc.x.size;
    if (unique.size != UNIQUE_SIZE) {
        return FALSE;
    }
    memcpy(unique.buffer, algorithm == TPM_AK_RSA ? id->rsa.buffer : id->ecc.x.buffer, UNIQUE_SIZE);
    make_template(algorithm, &unique, ret);
    ours = tpm_public_marshal(ret);
    return g_bytes_equal(ours, files->template);
}

typedef struct FlushNamed {
    TPM2_HANDLE handle;
    GBytes *name;
} FlushNamed;

/* Flushes what is loaded at the handle where it has that Name. */
static TSS2_RC flush_named(TpmSession *tpm, void *data)
{
    const FlushNamed *c = data;
    ESYS_CONTEXT *esys = tpm_session_esys(tpm);
    TPM2B_NAME *found = NULL;
    ESYS_TR key;
    gboolean ours;
    TSS2_RC rc =
        Esys_TR_FromTPMPublic(esys, c->handle, ESYS_TR_NONE, ESYS_TR_NONE, ESYS_TR_NONE, &key);

    if (rc != TSS2_RC_SUCCESS) {
        return tpm_error_reaction(rc) == TPM_REACT_RELOAD ? TSS2_RC_SUCCESS : rc; /* it is gone */
    }
    rc = Esys_TR_GetName(esys, key, &found);
    ours = rc == TSS2_RC_SUCCESS &&
           dq_bytes_equal(dq_bytes_peek(c->name), (DqBytes){ found->name, found->size });
    Esys_Free(found);
    if (ours) {
        return Esys_FlushContext(esys, key);
    }
    Esys_TR_Close(esys, &key);
    return rc;
}

/* Without a resource manager the key of a manager that was killed is still there, once for each. */
static gboolean flush_left_over(TpmSession *tpm, const AkFiles *files, GError **error)
{
    g_autoptr(GBytes) name = files->public_area ? tpm_ak_name(files->public_area) : NULL;
    TPMS_CAPABILITY_DATA *data;
    gboolean ok = TRUE;

    if (!name) {
        return TRUE;
    }
    if (!tpm_get_capability(tpm, what, TPM2_CAP_HANDLES, TPM2_TRANSIENT_FIRST, TPM2_MAX_CAP_HANDLES,
                            &data, error)) {
        return FALSE;
    }
    for (uint32_t i = 0; ok && i < data->data.handles.count; i++) {
        FlushNamed c = { data->data.handles.handle[i], name };

        ok = tpm_run(tpm, what, flush_named, &c, error);
    }
    Esys_Free(data);
    return ok;
}

/* Keeps a public area that was lost, or holds the one that is kept against the key. */
static gboolean settle_public(const AkFiles *files, GBytes *derived, GError **error)
{
    if (files->public_area) {
        if (!g_bytes_equal(derived, files->public_area)) {
            ak_files_set_error(files, AK_FAULT_OTHER_TPM, error);
            return FALSE;
        }
        return TRUE;
    }
    if (!ak_files_write_public(files, derived, error)) {
        return FALSE;
    }
    g_warning("%s was missing and is made again from %s: check that vtpm-managerctl ak still shows "
              "the key that verifiers have enrolled",
              files->public_path, files->template_path);
    return TRUE;
}

static gboolean find_again(TpmSession *tpm, TpmAkAlgorithm algorithm, const AkFiles *files,
                           ESYS_TR *ret_key, GBytes **ret_public, GError **error)
{
    g_autoptr(GBytes) derived = NULL;
    TPM2B_PUBLIC template;
    ESYS_TR key;

    if (!read_template(files, algorithm, &template)) {
        ak_files_set_error(files, AK_FAULT_TEMPLATE_DAMAGED, error);
        return FALSE;
    }
    if (files->exposed) {
        g_warning(
            "%s can be read by others: whoever has it and reaches the TPM signs as this host; "
            "chmod 600, and where it may have been copied remove it and %s to make a new key",
            files->template_path, files->public_path);
    }
    if (!flush_left_over(tpm, files, error) || !load_key(tpm, &template, &key, &derived, error)) {
        return FALSE;
    }
    if (!settle_public(files, derived, error)) {
        Esys_FlushContext(tpm_session_esys(tpm), key);
        return FALSE;
    }
    *ret_key = key;
    *ret_public = g_steal_pointer(&derived);
    return TRUE;
}

static gboolean find_or_make(TpmSession *tpm, TpmAkAlgorithm algorithm, const AkFiles *files,
                             ESYS_TR *ret_key, GBytes **ret_public, GError **error)
{
    g_autoptr(GBytes) name = files->public_area ? tpm_ak_name(files->public_area) : NULL;

    if (files->template && files->public_area && !name) {
        ak_files_set_error(files, AK_FAULT_PUBLIC_DAMAGED, error);
        return FALSE;
    }
    if (files->template) {
        return find_again(tpm, algorithm, files, ret_key, ret_public, error);
    }
    if (files->public_area) {
        ak_files_set_error(files, AK_FAULT_TEMPLATE_MISSING, error);
        return FALSE;
    }
    return make_new(tpm, algorithm, files, ret_key, ret_public, error);
}

/*
 * Our nameAlg is SHA-256, a hierarchy's Name and Qualified Name are its handle.
 * Spec: TPM 2.0 Part 1, section 16.
 */
static GBytes *qualified_name(GBytes *name)
{
    static const uint8_t hierarchy[] = { 0x40, 0x00, 0x00, 0x0B }; /* TPM_RH_ENDORSEMENT */
    const DqBytes parts[] = { { hierarchy, sizeof(hierarchy) }, dq_bytes_peek(name) };
    uint8_t qualified[2 + DQ_HASH_SIZE];

    memcpy(qualified, parts[1].data, 2);
    dq_sha256(parts, G_N_ELEMENTS(parts), qualified + 2);
    return g_bytes_new(qualified, sizeof(qualified));
}

gboolean tpm_ak_load(TpmSession *tpm, TpmAkAlgorithm algorithm, const char *state_dir,
                     GBytes **ret_public, GBytes **ret_name, GError **error)
{
    g_autoptr(AkFiles) files =
        ak_files_read(state_dir, algorithm == TPM_AK_RSA ? "rsa" : "ecc", error);
    g_autoptr(GBytes) public_area = NULL;
    g_autoptr(GBytes) name = NULL;
    TpmKey key;

    if (!files || !find_or_make(tpm, algorithm, files, &key.handle, &public_area, error)) {
        return FALSE;
    }
    name = tpm_ak_name(public_area);
    if (!name) {
        Esys_FlushContext(tpm_session_esys(tpm), key.handle);
        tpm_error_set(error, TPM_RC_MALFORMED, what);
        return FALSE;
    }
    key.name = g_bytes_ref(name);
    key.qualified_name = qualified_name(name);
    tpm_session_take_key(tpm, &key);
    *ret_public = g_steal_pointer(&public_area);
    *ret_name = g_steal_pointer(&name);
    return TRUE;
}
