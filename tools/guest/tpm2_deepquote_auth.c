/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tpm2_deepquote_auth.h"
#include "tpm2_deepquote_context.h"

#include "common/input.h"
#include "common/output.h"
#include "tpm2_deepquote_pcr.h"

#include <string.h>

struct Auth {
    Vtpm *vtpm;
    const AuthValue *value;
    ESYS_TR tr;
    uint8_t type; /* TPM2_SE_* of a session from a file */
    uint16_t hash;
};

void auth_to_tpm2b(const AuthValue *value, TPM2B_AUTH *ret)
{
    G_STATIC_ASSERT(sizeof(value->value) <= sizeof(ret->buffer));
    ret->size = (UINT16)value->len;
    memcpy(ret->buffer, value->value, value->len);
}

static gboolean refuse(GError **error, const char *text)
{
    g_set_error_literal(error, VTPM_ERROR, VTPM_ERROR_INPUT, text);
    return FALSE;
}

/** A TPM would count a password for a key that takes none among the wrong ones. */
static gboolean check_takes_password(const TPMT_PUBLIC *public, GError **error)
{
    if (!public || (public->objectAttributes & TPMA_OBJECT_USERWITHAUTH) != 0) {
        return TRUE;
    }
    return refuse(error, "the key takes no password, only a session that satisfies its policy: "
                         "give -p session:FILE (tpm2_startauthsession --policy-session) or "
                         "-p pcr:LIST");
}

static gboolean load_session(Auth *auth, const TPMT_PUBLIC *public, GError **error)
{
    g_autoptr(GError) why = NULL;
    g_autoptr(GBytes) bytes = input_read(auth->value->file, CONTEXT_FILE_MAX, &why);
    SessionContext session;
    ESYS_TR tr;
    gsize n;
    const uint8_t *content;

    if (!bytes) {
        return refuse(error, why->message);
    }
    content = g_bytes_get_data(bytes, &n);
    if (!session_context_parse((WireBytes){ content, n }, &session)) {
        return refuse(error, "session: this is no session: tpm2_startauthsession -S makes one");
    }
    if (session.type == TPM2_SE_TRIAL) {
        return refuse(error, "session: this is a trial session, which authorizes nothing: start "
                             "one with tpm2_startauthsession --policy-session");
    }
    if (session.type == TPM2_SE_HMAC && !check_takes_password(public, error)) {
        return FALSE;
    }
    if (!vtpm_check(Esys_ContextLoad(auth->vtpm->esys, &session.context, &tr),
                    "loading the session", error)) {
        g_prefix_error(error, "session: was it flushed, or the TPM reset? Start it again: ");
        return FALSE;
    }
    auth->tr = tr;
    auth->type = session.type;
    auth->hash = session.hash;
    return vtpm_check(Esys_TRSess_SetAttributes(auth->vtpm->esys, tr, TPMA_SESSION_CONTINUESESSION,
                                                TPMA_SESSION_CONTINUESESSION),
                      "setting the session up", error);
}

/** The digest of the PCR values in the file; empty where there is no file: as they are now. */
static gboolean read_pcr_digest(const AuthValue *value, uint16_t hash, TPM2B_DIGEST *ret,
                                GError **error)
{
    g_autoptr(GBytes) bytes = NULL;
    gsize want = 0;

    if (!value->file) {
        ret->size = 0;
        return TRUE;
    }
    for (uint32_t i = 0; i < value->pcrs.count; i++) {
        const WirePcrSelection one = { 1, { value->pcrs.bank[i] } };

        want += wire_pcr_count(&one) * wire_hash_size(one.bank[0].hash);
    }
    bytes = input_read(value->file, want, NULL);
    if (!bytes || g_bytes_get_size(bytes) != want) {
        return refuse(error, "pcr: the file does not hold the values of these PCRs: "
                             "tpm2_pcrread -o writes them");
    }
    ret->size = (UINT16)pcr_digest(hash, bytes, ret->buffer);
    return ret->size > 0 || refuse(error, "pcr: there is no such hash algorithm here: leave the "
                                          "file with the values out");
}

static gboolean start_pcr_policy(Auth *auth, const TPMT_PUBLIC *public, GError **error)
{
    static const TPMT_SYM_DEF no_encryption = { .algorithm = TPM2_ALG_NULL };
    const uint16_t hash = public ? public->nameAlg : TPM2_ALG_SHA256;
    ESYS_CONTEXT *esys = auth->vtpm->esys;
    TPML_PCR_SELECTION pcrs;
    TPM2B_DIGEST digest;
    ESYS_TR tr;

    if (!read_pcr_digest(auth->value, hash, &digest, error) ||
        !vtpm_check(Esys_StartAuthSession(esys, ESYS_TR_NONE, ESYS_TR_NONE, ESYS_TR_NONE,
                                          ESYS_TR_NONE, ESYS_TR_NONE, NULL, TPM2_SE_POLICY,
                                          &no_encryption, hash, &tr),
                    "starting a session for the policy", error)) {
        return FALSE;
    }
    auth->tr = tr;
    pcr_selection_to_tss(&auth->value->pcrs, &pcrs);
    return vtpm_check(
        Esys_PolicyPCR(esys, tr, ESYS_TR_NONE, ESYS_TR_NONE, ESYS_TR_NONE, &digest, &pcrs),
        "the policy over PCRs", error);
}

static gboolean use_password(G_GNUC_UNUSED Auth *auth, const TPMT_PUBLIC *public, GError **error)
{
    return check_takes_password(public, error);
}

Auth *auth_begin(Vtpm *vtpm, ESYS_TR object, const TPMT_PUBLIC *public, const AuthValue *value,
                 GError **error)
{
    static gboolean (*const begin[])(Auth *, const TPMT_PUBLIC *, GError **) = {
        [AUTH_PASSWORD] = use_password,
        [AUTH_SESSION] = load_session,
        [AUTH_PCR] = start_pcr_policy,
    };
    Auth *auth = g_new0(Auth, 1);
    TPM2B_AUTH password;
    gboolean ok;

    auth->vtpm = vtpm;
    auth->value = value;
    auth->tr = ESYS_TR_PASSWORD;
    auth_to_tpm2b(value, &password);
    ok =
        vtpm_check(Esys_TR_SetAuth(vtpm->esys, object, &password), "setting the password", error) &&
        begin[value->kind](auth, public, error);
    explicit_bzero(&password, sizeof(password));
    if (!ok) {
        auth_end(auth, NULL);
        return NULL;
    }
    return auth;
}

ESYS_TR auth_handle(const Auth *auth)
{
    return auth->tr;
}

gboolean auth_once(const Auth *auth)
{
    return auth->type == TPM2_SE_POLICY;
}

static gboolean save_session(Auth *auth, GError **error)
{
    g_autoptr(Output) output = output_new();
    g_autoptr(GBytes) bytes = NULL;
    SessionContext session = { auth->type, auth->hash, { 0 } };
    TPMS_CONTEXT *context = NULL;

    if (!vtpm_check(Esys_ContextSave(auth->vtpm->esys, auth->tr, &context), "saving the session",
                    error)) {
        return FALSE;
    }
    session.context = *context;
    Esys_Free(context);
    bytes = session_context_format(&session);
    output_add(output, auth->value->file, bytes);
    if (!output_write(output, error)) {
        g_prefix_error(error, "the session is lost: ");
        return FALSE;
    }
    return TRUE;
}

gboolean auth_end(Auth *auth, GError **error)
{
    gboolean ok = TRUE;

    if (auth && auth->tr != ESYS_TR_PASSWORD) {
        if (auth->value->kind == AUTH_SESSION) {
            ok = save_session(auth, error);
        } else {
            /* gone where the TPM took it with the command */
            Esys_FlushContext(auth->vtpm->esys, auth->tr);
        }
    }
    g_free(auth);
    return ok;
}
