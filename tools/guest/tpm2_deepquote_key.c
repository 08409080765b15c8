/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tpm2_deepquote_key.h"
#include "tpm2_deepquote_context.h"

#include "common/input.h"

#include <string.h>
#include <tss2/tss2_mu.h>

void key_free(Key *key)
{
    if (!key) {
        return;
    }
    if (key->loaded) {
        Esys_FlushContext(key->esys, key->tr);
    } else if (key->tr != ESYS_TR_RH_NULL) {
        Esys_TR_Close(key->esys, &key->tr);
    }
    Esys_Free(key->public);
    g_free(key);
}

static Key *key_new(Vtpm *vtpm, ESYS_TR tr, gboolean loaded)
{
    Key *key = g_new0(Key, 1);

    key->esys = vtpm->esys;
    key->tr = tr;
    key->loaded = loaded;
    return key;
}

static Key *open_handle(Vtpm *vtpm, uint64_t handle, GError **error)
{
    ESYS_TR tr;

    if (!vtpm_check(Esys_TR_FromTPMPublic(vtpm->esys, (TPM2_HANDLE)handle, ESYS_TR_NONE,
                                          ESYS_TR_NONE, ESYS_TR_NONE, &tr),
                    "finding the key's handle", error)) {
        g_prefix_error(error, "no key at 0x%" G_GINT64_MODIFIER "x: ", handle);
        return NULL;
    }
    return key_new(vtpm, tr, FALSE);
}

static Key *load_context(Vtpm *vtpm, const TPMS_CONTEXT *context, GError **error)
{
    ESYS_TR tr;

    if (!vtpm_check(Esys_ContextLoad(vtpm->esys, context, &tr), "loading the key's context",
                    error)) {
        g_prefix_error(error, "-c: made by another TPM, or before it was reset? Make it again: ");
        return NULL;
    }
    return key_new(vtpm, tr, TRUE);
}

static Key *open_file(Vtpm *vtpm, const char *path, GError **error)
{
    g_autoptr(GError) why = NULL;
    g_autoptr(GBytes) bytes = input_read(path, CONTEXT_FILE_MAX, &why);
    const uint8_t *content;
    gsize n;
    TPMS_CONTEXT context;
    ESYS_TR tr;

    if (!bytes) {
        g_set_error(error, VTPM_ERROR, VTPM_ERROR_INPUT, "-c: %s", why->message);
        return NULL;
    }
    content = g_bytes_get_data(bytes, &n);
    if (context_parse((WireBytes){ content, n }, &context)) {
        return load_context(vtpm, &context, error);
    }
    if (n == 0 || Esys_TR_Deserialize(vtpm->esys, content, n, &tr) != TSS2_RC_SUCCESS) {
        gboolean pem = g_strstr_len((const char *)content, (gssize)n, "-----BEGIN ") != NULL;

        g_set_error(error, VTPM_ERROR, VTPM_ERROR_INPUT,
                    pem ? "-c: this is a key in PEM, no context: load it with tpm2_load -r FILE -c "
                          "CONTEXT"
                        : "-c: this is no key context: make one with tpm2_createak -c or "
                          "--ak-create -c");
        return NULL;
    }
    return key_new(vtpm, tr, FALSE);
}

static gboolean read_public(Key *key, GError **error)
{
    return vtpm_check(Esys_ReadPublic(key->esys, key->tr, ESYS_TR_NONE, ESYS_TR_NONE, ESYS_TR_NONE,
                                      &key->public, NULL, NULL),
                      "reading the key's public area", error);
}

Key *key_open(Vtpm *vtpm, const char *spec, GError **error)
{
    gboolean is_file = g_file_test(spec, G_FILE_TEST_EXISTS);
    g_autoptr(Key) key = NULL;
    uint64_t handle;

    if (!is_file && strcmp(spec, "null") == 0) {
        return key_new(vtpm, ESYS_TR_RH_NULL, FALSE);
    }
    if (!is_file && input_number(spec, G_MAXUINT32, &handle)) {
        key = open_handle(vtpm, handle, error);
    } else {
        key = open_file(vtpm, spec, error);
    }
    if (!key || !read_public(key, error)) {
        return NULL;
    }
    return g_steal_pointer(&key);
}

Key *key_create_ak(Vtpm *vtpm, ESYS_TR hierarchy, const TPM2B_PUBLIC *template,
                   const TPM2B_AUTH *auth, GError **error)
{
    TPM2B_SENSITIVE_CREATE sensitive = { .sensitive.userAuth = *auth };
    const TPM2B_DATA outside = { 0 };
    const TPML_PCR_SELECTION no_pcrs = { 0 };
    g_autoptr(Key) key = NULL;
    ESYS_TR tr;
    TSS2_RC rc;

    rc = Esys_CreatePrimary(vtpm->esys, ESYS_TR_RH_ENDORSEMENT, hierarchy, ESYS_TR_NONE,
                            ESYS_TR_NONE, &sensitive, template, &outside, &no_pcrs, &tr, NULL, NULL,
                            NULL, NULL);
    explicit_bzero(&sensitive, sizeof(sensitive));
    if ((rc & 0x00bf) == TPM2_RC_BAD_AUTH) {
        g_set_error(error, VTPM_ERROR, VTPM_ERROR_TPM,
                    "creating the AK: the endorsement hierarchy has another password: give it with "
                    "-P");
        return NULL;
    }
    if (!vtpm_check(rc, "creating the AK", error)) {
        return NULL;
    }
    key = key_new(vtpm, tr, TRUE);
    if (!vtpm_check(Esys_TR_SetAuth(vtpm->esys, tr, auth), "setting the password", error) ||
        !read_public(key, error)) {
        return NULL;
    }
    return g_steal_pointer(&key);
}

GBytes *key_save(const Key *key, GError **error)
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

GBytes *key_public(const Key *key, GError **error)
{
    uint8_t buf[sizeof(*key->public)];
    size_t n = 0;

    if (!key->public) {
        g_set_error(error, VTPM_ERROR, VTPM_ERROR_INPUT,
                    "the null key has no public area: leave --ak-public out");
        return NULL;
    }
    if (!vtpm_check(Tss2_MU_TPM2B_PUBLIC_Marshal(key->public, buf, sizeof(buf), &n),
                    "writing the key's public area", error)) {
        return NULL;
    }
    return g_bytes_new(buf, n);
}
