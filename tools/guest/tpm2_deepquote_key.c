/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tpm2_deepquote_key.h"

#include <string.h>
#include <tss2/tss2_mu.h>

#define CONTEXT_MAGIC 0xBADCC0DEu

enum {
    CONTEXT_VERSION = 1,
    CONTEXT_FILE_MAX = 16384,
};

void key_free(Key *key)
{
    if (key == NULL) {
        return;
    }
    if (key->loaded) {
        Esys_FlushContext(key->esys, key->tr);
    } else if (key->tr != ESYS_TR_RH_NULL) {
        Esys_TR_Close(key->esys, &key->tr);
    }
    g_free(key);
}

static Key *key_new(Vtpm *vtpm, ESYS_TR tr, bool loaded)
{
    Key *key = g_new0(Key, 1);

    key->esys = vtpm->esys;
    key->tr = tr;
    key->loaded = loaded;
    return key;
}

static int hex_value(char c)
{
    return g_ascii_xdigit_value(c);
}

static bool auth_from_hex(const char *hex, TPM2B_AUTH *ret)
{
    size_t n = strlen(hex);

    if (n % 2 != 0 || n / 2 > sizeof(ret->buffer)) {
        return false;
    }
    for (size_t i = 0; i < n / 2; i++) {
        int high = hex_value(hex[2 * i]), low = hex_value(hex[2 * i + 1]);

        if (high < 0 || low < 0) {
            return false;
        }
        ret->buffer[i] = (BYTE)(high << 4 | low);
    }
    ret->size = (UINT16)(n / 2);
    return true;
}

static bool auth_from_bytes(const char *bytes, size_t n, TPM2B_AUTH *ret)
{
    if (n > sizeof(ret->buffer)) {
        return false;
    }
    memcpy(ret->buffer, bytes, n);
    ret->size = (UINT16)n;
    return true;
}

static bool auth_from_file(const char *path, TPM2B_AUTH *ret)
{
    g_autofree char *content = NULL;
    gsize n = 0, line;
    bool ok;

    if (!g_file_get_contents(strcmp(path, "-") == 0 ? "/dev/stdin" : path, &content, &n, NULL)) {
        return false;
    }
    line = n > 0 && content[n - 1] == '\n' ? n - 1 : n;
    ok = auth_from_bytes(content, line, ret);
    explicit_bzero(content, n);
    return ok;
}

bool key_auth_parse(const char *text, TPM2B_AUTH *ret, GError **error)
{
    TPM2B_AUTH auth = { 0 };
    bool ok;

    if (g_str_has_prefix(text, "hex:")) {
        ok = auth_from_hex(text + 4, &auth);
    } else if (g_str_has_prefix(text, "file:")) {
        ok = auth_from_file(text + 5, &auth);
    } else {
        const char *password = g_str_has_prefix(text, "str:") ? text + 4 : text;

        ok = auth_from_bytes(password, strlen(password), &auth);
    }
    if (ok) {
        *ret = auth;
    } else {
        g_set_error(
            error, VTPM_ERROR, VTPM_ERROR_INPUT,
            "the password cannot be used: give str:TEXT, hex:BYTES or file:PATH (readable), "
            "at most %zu bytes",
            sizeof(auth.buffer));
    }
    explicit_bzero(&auth, sizeof(auth));
    return ok;
}

bool key_context_parse(WireBytes bytes, TPMS_CONTEXT *ret)
{
    WireReader r = WIRE_READER(bytes.p, bytes.len);
    uint32_t magic, version, hierarchy, handle;
    uint64_t sequence;
    WireBytes blob;

    if (!wire_get_u32(&r, &magic) || magic != CONTEXT_MAGIC || !wire_get_u32(&r, &version) ||
        version != CONTEXT_VERSION || !wire_get_u32(&r, &hierarchy) || !wire_get_u32(&r, &handle) ||
        !wire_get_u64(&r, &sequence) ||
        !wire_get_tpm2b(&r, sizeof(ret->contextBlob.buffer), &blob) || r.left != 0) {
        return false;
    }
    ret->hierarchy = hierarchy;
    ret->savedHandle = handle;
    ret->sequence = sequence;
    ret->contextBlob.size = (UINT16)blob.len;
    memcpy(ret->contextBlob.buffer, blob.p, blob.len);
    return true;
}

static GBytes *context_format(const TPMS_CONTEXT *context)
{
    uint8_t buf[sizeof(context->contextBlob.buffer) + 64];
    WireWriter w = WIRE_WRITER(buf, sizeof(buf));
    WireBytes blob = { context->contextBlob.buffer, context->contextBlob.size };

    g_assert(wire_put_u32(&w, CONTEXT_MAGIC) && wire_put_u32(&w, CONTEXT_VERSION) &&
             wire_put_u32(&w, context->hierarchy) && wire_put_u32(&w, context->savedHandle) &&
             wire_put_u64(&w, context->sequence) && wire_put_tpm2b(&w, blob));
    return g_bytes_new(buf, w.len);
}

static Key *open_handle(Vtpm *vtpm, guint64 handle, GError **error)
{
    ESYS_TR tr;

    if (!vtpm_check(Esys_TR_FromTPMPublic(vtpm->esys, (TPM2_HANDLE)handle, ESYS_TR_NONE,
                                          ESYS_TR_NONE, ESYS_TR_NONE, &tr),
                    "finding the key's handle", error)) {
        g_prefix_error(error, "no key at 0x%" G_GINT64_MODIFIER "x: ", handle);
        return NULL;
    }
    return key_new(vtpm, tr, false);
}

static Key *open_file(Vtpm *vtpm, const char *path, GError **error)
{
    g_autofree char *content = NULL;
    gsize n = 0;
    TPMS_CONTEXT context;
    ESYS_TR tr;

    if (!g_file_get_contents(path, &content, &n, error)) {
        g_prefix_error(error, "the key (-c): ");
        return NULL;
    }
    if (n <= CONTEXT_FILE_MAX &&
        key_context_parse((WireBytes){ (uint8_t *)content, n }, &context)) {
        if (!vtpm_check(Esys_ContextLoad(vtpm->esys, &context, &tr), "loading the key's context",
                        error)) {
            g_prefix_error(
                error, "%s: made by another TPM, or before it was reset? Make it again: ", path);
            return NULL;
        }
        return key_new(vtpm, tr, true);
    }
    if (n > CONTEXT_FILE_MAX ||
        Esys_TR_Deserialize(vtpm->esys, (uint8_t *)content, n, &tr) != TSS2_RC_SUCCESS) {
        g_set_error(error, VTPM_ERROR, VTPM_ERROR_INPUT,
                    "%s is no key context: make one with tpm2_createak -c or --ak-create -c", path);
        return NULL;
    }
    return key_new(vtpm, tr, false);
}

Key *key_open(Vtpm *vtpm, const char *spec, const TPM2B_AUTH *auth, GError **error)
{
    g_autoptr(Key) key = NULL;
    guint64 handle;

    if (strcmp(spec, "null") == 0) {
        return key_new(vtpm, ESYS_TR_RH_NULL, false);
    }
    if (g_str_has_prefix(spec, "0x") &&
        g_ascii_string_to_unsigned(spec + 2, 16, 0, G_MAXUINT32, &handle, NULL)) {
        key = open_handle(vtpm, handle, error);
    } else {
        key = open_file(vtpm, spec, error);
    }
    if (key == NULL ||
        !vtpm_check(Esys_TR_SetAuth(vtpm->esys, key->tr, auth), "setting the password", error)) {
        return NULL;
    }
    return g_steal_pointer(&key);
}

/** The template of the AK; what stands in @unique sets it apart from other primaries. */
static const TPM2B_PUBLIC ak_template = {
    .publicArea = {
        .type = TPM2_ALG_ECC,
        .nameAlg = TPM2_ALG_SHA256,
        .objectAttributes = TPMA_OBJECT_FIXEDTPM | TPMA_OBJECT_FIXEDPARENT |
                            TPMA_OBJECT_SENSITIVEDATAORIGIN | TPMA_OBJECT_USERWITHAUTH |
                            TPMA_OBJECT_NODA | TPMA_OBJECT_RESTRICTED | TPMA_OBJECT_SIGN_ENCRYPT,
        .parameters.eccDetail = {
            .symmetric.algorithm = TPM2_ALG_NULL,
            .scheme = { .scheme = TPM2_ALG_ECDSA, .details.ecdsa.hashAlg = TPM2_ALG_SHA256 },
            .curveID = TPM2_ECC_NIST_P256,
            .kdf.scheme = TPM2_ALG_NULL,
        },
        .unique.ecc.x = { .size = 12, .buffer = "deepquote AK" },
    },
};

Key *key_create_ak(Vtpm *vtpm, const TPM2B_AUTH *hierarchy_auth, const TPM2B_AUTH *auth,
                   GError **error)
{
    TPM2B_SENSITIVE_CREATE sensitive = { .sensitive.userAuth = *auth };
    const TPM2B_DATA outside = { 0 };
    const TPML_PCR_SELECTION no_pcrs = { 0 };
    ESYS_TR tr;
    TSS2_RC rc;

    rc = Esys_TR_SetAuth(vtpm->esys, ESYS_TR_RH_ENDORSEMENT, hierarchy_auth);
    if (rc == TSS2_RC_SUCCESS) {
        rc = Esys_CreatePrimary(vtpm->esys, ESYS_TR_RH_ENDORSEMENT, ESYS_TR_PASSWORD, ESYS_TR_NONE,
                                ESYS_TR_NONE, &sensitive, &ak_template, &outside, &no_pcrs, &tr,
                                NULL, NULL, NULL, NULL);
    }
    explicit_bzero(&sensitive, sizeof(sensitive));
    if ((rc & 0x00bf) == TPM2_RC_BAD_AUTH) {
        g_set_error(error, VTPM_ERROR, VTPM_ERROR_TPM,
                    "creating the AK: the endorsement hierarchy has a password: give it with -P");
        return NULL;
    }
    if (!vtpm_check(rc, "creating the AK", error)) {
        return NULL;
    }
    return key_new(vtpm, tr, true);
}

GBytes *key_save(Key *key, GError **error)
{
    TPMS_CONTEXT *context = NULL;
    GBytes *bytes;

    if (!vtpm_check(Esys_ContextSave(key->esys, key->tr, &context), "saving the key's context",
                    error)) {
        return NULL;
    }
    bytes = context_format(context);
    Esys_Free(context);
    return bytes;
}

static TPM2B_PUBLIC *read_public(Key *key, GError **error)
{
    TPM2B_PUBLIC *public = NULL;

    if (!vtpm_check(Esys_ReadPublic(key->esys, key->tr, ESYS_TR_NONE, ESYS_TR_NONE, ESYS_TR_NONE,
                                    &public, NULL, NULL),
                    "reading the key's public area", error)) {
        return NULL;
    }
    return public;
}

bool key_public(Key *key, GBytes **ret_public, GError **error)
{
    TPM2B_PUBLIC *public = NULL;
    uint8_t buf[sizeof(*public)];
    size_t n = 0;
    TSS2_RC rc;

    if (key->tr == ESYS_TR_RH_NULL) {
        g_set_error(error, VTPM_ERROR, VTPM_ERROR_INPUT,
                    "the null key has no public area: leave --ak-public out");
        return false;
    }
    public = read_public(key, error);
    if (public == NULL) {
        return false;
    }
    rc = Tss2_MU_TPM2B_PUBLIC_Marshal(public, buf, sizeof(buf), &n);
    Esys_Free(public);
    if (!vtpm_check(rc, "writing the key's public area", error)) {
        return false;
    }
    *ret_public = g_bytes_new(buf, n);
    return true;
}

/** The scheme of the key itself, where @ret->scheme is not TPM2_ALG_NULL. */
static void own_scheme(const TPMT_PUBLIC *p, TPMT_SIG_SCHEME *ret)
{
    if (p->type == TPM2_ALG_RSA) {
        ret->scheme = p->parameters.rsaDetail.scheme.scheme;
        ret->details.any.hashAlg = p->parameters.rsaDetail.scheme.details.anySig.hashAlg;
    } else if (p->type == TPM2_ALG_ECC) {
        ret->scheme = p->parameters.eccDetail.scheme.scheme;
        ret->details.any.hashAlg = p->parameters.eccDetail.scheme.details.anySig.hashAlg;
    }
}

bool key_scheme(Key *key, uint16_t hash, TPMT_SIG_SCHEME *ret, GError **error)
{
    TPMT_SIG_SCHEME own = { .scheme = TPM2_ALG_NULL };
    TPM2B_PUBLIC *public;
    TPMI_ALG_PUBLIC type;

    if (key->tr == ESYS_TR_RH_NULL) {
        /* nothing is signed; the TPM takes the hash of the PCR digest from the scheme */
        own.scheme = TPM2_ALG_ECDSA;
        own.details.any.hashAlg = hash != 0 ? hash : TPM2_ALG_SHA256;
        *ret = own;
        return true;
    }
    public = read_public(key, error);
    if (public == NULL) {
        return false;
    }
    own_scheme(&public->publicArea, &own);
    type = public->publicArea.type;
    Esys_Free(public);
    if (own.scheme == TPM2_ALG_NULL) {
        own.scheme = type == TPM2_ALG_RSA ? TPM2_ALG_RSASSA : TPM2_ALG_ECDSA;
        own.details.any.hashAlg = hash != 0 ? hash : TPM2_ALG_SHA256;
    } else if (hash != 0 && own.details.any.hashAlg != hash) {
        g_set_error(error, VTPM_ERROR, VTPM_ERROR_INPUT,
                    "the key's own scheme has another hash algorithm: leave -g out");
        return false;
    }
    *ret = own;
    return true;
}
