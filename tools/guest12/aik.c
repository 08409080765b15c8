/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "aik.h"

#include "codes.h"

#include <openssl/crypto.h>
#include <openssl/rand.h>
#include <stdlib.h>
#include <string.h>
#include <trousers/tss.h>
#include <trousers/trousers.h>

enum {
    PROOF_SIZE = 32, /* what only this TPM can read */
    SYMMETRIC_KEY_SIZE = 16,
    MODULUS_SIZE = 256,
    STRUCTURE_MAX = 512,
    CODE_MASK = 0xfff,
};

static const char label[] = "deepquote";

/* Of one use of TrouSerS. Closing @context frees all that belongs to it. */
typedef struct Tss {
    TSS_HCONTEXT context;
    TSS_HTPM tpm;
    TSS_HKEY srk, ca, aik;
} Tss;

static const char *layer_advice(TSS_RESULT result)
{
    if (ERROR_LAYER(result) == TSS_LAYER_TSP && ERROR_CODE(result) == TSS_E_COMM_FAILURE) {
        return "TrouSerS's daemon does not answer: systemctl start tcsd";
    }
    if (ERROR_CODE(result) == TSS_E_PS_KEY_NOTFOUND) {
        return "TrouSerS does not know the SRK of this TPM: was tpm_takeownership run here? If "
               "/var/lib/tpm is new, copy /usr/share/doc/trousers/examples/system.data.auth to "
               "/var/lib/tpm/system.data";
    }
    return Trspi_Error_String(result);
}

/* TRUE for success; @what was tried */
static gboolean check(TSS_RESULT result, const char *what, GError **error)
{
    if (result == TSS_SUCCESS) {
        return TRUE;
    }
    if (ERROR_LAYER(result) == TSS_LAYER_TPM && code_explain(result & CODE_MASK)) {
        return code_check(result & CODE_MASK, what, error);
    }
    g_set_error(error, TPM12_ERROR, TPM12_ERROR_TPM, "%s: TrouSerS says 0x%x: %s", what, result,
                layer_advice(result));
    return FALSE;
}

/* A policy with @secret for @object, which is one of the context's own then */
static gboolean set_secret(const Tss *tss, TSS_HOBJECT object, TSS_FLAG kind, const Secret *secret,
                           GError **error)
{
    Secret copy = *secret;
    TSS_HPOLICY policy = 0;
    TSS_RESULT result =
        Tspi_Context_CreateObject(tss->context, TSS_OBJECT_TYPE_POLICY, kind, &policy);

    if (result == TSS_SUCCESS) {
        result =
            Tspi_Policy_SetSecret(policy, TSS_SECRET_MODE_SHA1, sizeof(copy.digest), copy.digest);
    }
    if (result == TSS_SUCCESS) {
        result = Tspi_Policy_AssignToObject(policy, object);
    }
    explicit_bzero(&copy, sizeof(copy));
    return check(result, "handing over a password", error);
}

static gboolean open_tpm(Tss *tss, const AikRequest *request, GError **error)
{
    TSS_UUID uuid = TSS_UUID_SRK;

    return check(Tspi_Context_Connect(tss->context, NULL), "reaching tcsd", error) &&
           check(Tspi_Context_GetTpmObject(tss->context, &tss->tpm), "reaching the TPM", error) &&
           set_secret(tss, tss->tpm, TSS_POLICY_USAGE, &request->owner_secret, error) &&
           check(Tspi_Context_LoadKeyByUUID(tss->context, TSS_PS_TYPE_SYSTEM, uuid, &tss->srk),
                 "finding the SRK", error) &&
           set_secret(tss, tss->srk, TSS_POLICY_USAGE, &request->srk_secret, error);
}

/*
 * TrouSerS encrypts what it would send to an authority for the key of that authority. There is
 * none, nobody reads what it makes, and any number that is long enough will do.
 */
static gboolean make_ca(Tss *tss, GError **error)
{
    BYTE modulus[MODULUS_SIZE];

    if (RAND_bytes(modulus, sizeof(modulus)) != 1) {
        return check(TSS_E_INTERNAL_ERROR, "drawing a number", error);
    }
    modulus[0] |= 0x80;
    modulus[sizeof(modulus) - 1] |= 1;
    return check(Tspi_Context_CreateObject(tss->context, TSS_OBJECT_TYPE_RSAKEY,
                                           TSS_KEY_TYPE_LEGACY | TSS_KEY_SIZE_2048, &tss->ca),
                 "describing an authority", error) &&
           check(Tspi_SetAttribData(tss->ca, TSS_TSPATTRIB_RSAKEY_INFO,
                                    TSS_TSPATTRIB_KEYINFO_RSA_MODULUS, sizeof(modulus), modulus),
                 "describing an authority", error) &&
           check(Tspi_SetAttribUint32(tss->ca, TSS_TSPATTRIB_KEY_INFO,
                                      TSS_TSPATTRIB_KEYINFO_ENCSCHEME, TSS_ES_RSAESPKCSV15),
                 "describing an authority", error);
}

static gboolean make_identity(Tss *tss, const AikRequest *request, GError **error)
{
    static const char what[] = "making the AIK";
    const TSS_FLAG flags = TSS_KEY_TYPE_IDENTITY | TSS_KEY_SIZE_2048 | TSS_KEY_VOLATILE |
                           TSS_KEY_NOT_MIGRATABLE |
                           (request->has_secret ? TSS_KEY_AUTHORIZATION : TSS_KEY_NO_AUTHORIZATION);
    g_autofree gunichar2 *wide = g_utf8_to_utf16(label, -1, NULL, NULL, NULL);
    BYTE *asked = NULL;
    UINT32 n = 0;

    if (!check(Tspi_Context_CreateObject(tss->context, TSS_OBJECT_TYPE_RSAKEY, flags, &tss->aik),
               what, error) ||
        !set_secret(tss, tss->aik, TSS_POLICY_USAGE, &request->aik_secret, error) ||
        !check(Tspi_TPM_CollateIdentityRequest(tss->tpm, tss->srk, tss->ca, sizeof(label) * 2,
                                               (BYTE *)wide, tss->aik, TSS_ALG_AES, &n, &asked),
               what, error)) {
        return FALSE;
    }
    Tspi_Context_FreeMemory(tss->context, asked);
    return check(Tspi_Key_LoadKey(tss->aik, tss->srk), "loading the AIK", error);
}

/* (transfer full) */
static GBytes *get_bytes(const Tss *tss, TSS_HKEY key, TSS_FLAG flag, TSS_FLAG sub, GError **error)
{
    BYTE *data = NULL;
    UINT32 n = 0;
    GBytes *bytes;

    if (!check(Tspi_GetAttribData(key, flag, sub, &n, &data), "reading a key", error)) {
        return NULL;
    }
    bytes = g_bytes_new(data, n);
    Tspi_Context_FreeMemory(tss->context, data);
    return bytes;
}

/* The modulus of the endorsement key, which the owner may read */
static GBytes *endorsement_modulus(const Tss *tss, GError **error)
{
    TSS_HKEY ek = 0;

    if (!check(Tspi_TPM_GetPubEndorsementKey(tss->tpm, TRUE, NULL, &ek),
               "reading the endorsement key", error)) {
        return NULL;
    }
    return get_bytes(tss, ek, TSS_TSPATTRIB_RSAKEY_INFO, TSS_TSPATTRIB_KEYINFO_RSA_MODULUS, error);
}

/* What an authority would send: @proof so that only the TPM of this endorsement key can read it, if
 * it has this identity key. */
typedef struct Challenge {
    BYTE asymmetric[MODULUS_SIZE];
    unsigned asymmetric_len;
    BYTE symmetric[STRUCTURE_MAX];
    UINT64 symmetric_len;
} Challenge;

/* TPM_ASYM_CA_CONTENTS: the key, and the SHA-1 of the identity's TPM_PUBKEY */
static gboolean encrypt_key(GBytes *public, GBytes *modulus, BYTE *key, Challenge *ret)
{
    TCPA_ASYM_CA_CONTENTS contents = {
        .sessionKey = { .algId = TCPA_ALG_AES,
                        .encScheme = TR_SYM_MODE_CBC,
                        .size = SYMMETRIC_KEY_SIZE,
                        .data = key },
    };
    BYTE plain[STRUCTURE_MAX];
    UINT64 n = 0;
    gsize size, modulus_size;
    const void *data = g_bytes_get_data(public, &size);
    const void *number = g_bytes_get_data(modulus, &modulus_size);
    gboolean ok;

    if (modulus_size != MODULUS_SIZE || Trspi_Hash(TSS_HASH_SHA1, (UINT32)size, (BYTE *)data,
                                                   contents.idDigest.digest) != TSS_SUCCESS) {
        return FALSE;
    }
    Trspi_LoadBlob_ASYM_CA_CONTENTS(&n, plain, &contents);
    ret->asymmetric_len = sizeof(ret->asymmetric);
    ok = Trspi_TPM_RSA_OAEP_Encrypt(plain, (unsigned)n, ret->asymmetric, &ret->asymmetric_len,
                                    (BYTE *)number, MODULUS_SIZE) == 0;
    explicit_bzero(plain, sizeof(plain));
    return ok;
}

/* TPM_SYM_CA_ATTESTATION: @proof under the key */
static gboolean encrypt_proof(BYTE *proof, BYTE *key, Challenge *ret)
{
    BYTE encrypted[STRUCTURE_MAX / 2];
    TCPA_SYM_CA_ATTESTATION attestation = {
        .algorithm = { .algorithmID = TCPA_ALG_AES, .encScheme = TR_SYM_MODE_CBC },
        .credSize = sizeof(encrypted),
        .credential = encrypted,
    };

    if (Trspi_SymEncrypt(TCPA_ALG_AES, TR_SYM_MODE_CBC, key, NULL, proof, PROOF_SIZE, encrypted,
                         &attestation.credSize) != TSS_SUCCESS) {
        return FALSE;
    }
    ret->symmetric_len = 0;
    Trspi_LoadBlob_SYM_CA_ATTESTATION(&ret->symmetric_len, ret->symmetric, &attestation);
    return TRUE;
}

static gboolean make_challenge(GBytes *public, GBytes *modulus, BYTE *proof, Challenge *ret)
{
    BYTE key[SYMMETRIC_KEY_SIZE];
    gboolean ok = RAND_bytes(key, sizeof(key)) == 1 && encrypt_key(public, modulus, key, ret) &&
                  encrypt_proof(proof, key, ret);

    explicit_bzero(key, sizeof(key));
    return ok;
}

static gboolean activate(const Tss *tss, GError **error)
{
    static const char what[] = "activating the AIK";
    g_autoptr(GBytes) public =
        get_bytes(tss, tss->aik, TSS_TSPATTRIB_KEY_BLOB, TSS_TSPATTRIB_KEYBLOB_PUBLIC_KEY, error);
    g_autoptr(GBytes) modulus = public ? endorsement_modulus(tss, error) : NULL;
    BYTE proof[PROOF_SIZE], *got = NULL;
    Challenge challenge;
    UINT32 n = 0;
    gboolean same;

    if (!modulus) {
        return FALSE;
    }
    if (RAND_bytes(proof, sizeof(proof)) != 1 ||
        !make_challenge(public, modulus, proof, &challenge)) {
        return check(TSS_E_INTERNAL_ERROR, what, error);
    }
    if (!check(Tspi_TPM_ActivateIdentity(tss->tpm, tss->aik, challenge.asymmetric_len,
                                         challenge.asymmetric, (UINT32)challenge.symmetric_len,
                                         challenge.symmetric, &n, &got),
               what, error)) {
        return FALSE;
    }
    same = n == sizeof(proof) && CRYPTO_memcmp(got, proof, sizeof(proof)) == 0;
    Tspi_Context_FreeMemory(tss->context, got);
    if (!same) {
        g_set_error(error, TPM12_ERROR, TPM12_ERROR_TPM,
                    "%s: the TPM returned something else than it was sent", what);
    }
    return same;
}

static GBytes *create(Tss *tss, const AikRequest *request, GError **error)
{
    if (!open_tpm(tss, request, error) || !make_ca(tss, error) ||
        !make_identity(tss, request, error) || !activate(tss, error)) {
        return NULL;
    }
    return get_bytes(tss, tss->aik, TSS_TSPATTRIB_KEY_BLOB, TSS_TSPATTRIB_KEYBLOB_BLOB, error);
}

GBytes *aik_create(const AikRequest *request, GError **error)
{
    Tss tss = { 0 };
    GBytes *blob;

    if (!check(Tspi_Context_Create(&tss.context), "starting TrouSerS", error)) {
        return NULL;
    }
    blob = create(&tss, request, error);
    if (tss.aik != 0) {
        Tspi_Key_UnloadKey(tss.aik);
    }
    Tspi_Context_Close(tss.context);
    return blob;
}
