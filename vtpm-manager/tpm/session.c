/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tpm/session.h"

#include "attest/bytes.h"
#include "tpm/waits.h"

enum { RECOVERIES = 2 }; /* during one command */

struct TpmSession {
    TpmSource source;
    TpmPrepare prepare;
    void *data;
    TSS2_TCTI_CONTEXT *tcti;
    ESYS_CONTEXT *esys; /* NULL: not connected */
    gboolean started;
    gboolean prepared;
    gboolean preparing; /* commands come from the preparation itself */
    gboolean has_auth;
    TpmKey key;
    TpmPcrCache pcrs;
};

TpmSession *tpm_session_new(const TpmSource *source, TpmPrepare prepare, void *data)
{
    TpmSession *tpm = g_new0(TpmSession, 1);

    tpm->source = *source;
    tpm->prepare = prepare;
    tpm->data = data;
    tpm->key.handle = ESYS_TR_NONE;
    return tpm;
}

/* What @esys has of it must be closed, where @esys is not. */
static void forget_key(TpmSession *tpm)
{
    tpm->key.handle = ESYS_TR_NONE;
    g_clear_pointer(&tpm->key.name, g_bytes_unref);
    g_clear_pointer(&tpm->key.qualified_name, g_bytes_unref);
}

/* The copy of its authorization value that @esys has. */
static void wipe_key_auth(TpmSession *tpm)
{
    static const TPM2B_AUTH none;

    if (tpm->key.handle != ESYS_TR_NONE) {
        Esys_TR_SetAuth(tpm->esys, tpm->key.handle, &none);
    }
}

/* Only where the key at its handle is ours: without a resource manager it can be another's. */
static void flush_key(TpmSession *tpm)
{
    TPM2B_NAME *name = NULL;

    if (tpm->key.handle == ESYS_TR_NONE ||
        Esys_ReadPublic(tpm->esys, tpm->key.handle, ESYS_TR_NONE, ESYS_TR_NONE, ESYS_TR_NONE, NULL,
                        &name, NULL) != TSS2_RC_SUCCESS) {
        return;
    }
    if (dq_bytes_equal(dq_bytes_peek(tpm->key.name), (DqBytes){ name->name, name->size })) {
        Esys_FlushContext(tpm->esys, tpm->key.handle);
    }
    Esys_Free(name);
}

/* @orderly: the TPM can still be spoken to. */
static void disconnect(TpmSession *tpm, gboolean orderly)
{
    if (tpm->esys) {
        wipe_key_auth(tpm);
        if (orderly) {
            flush_key(tpm);
        }
        if (orderly && tpm->source.owned) {
            Esys_Shutdown(tpm->esys, ESYS_TR_NONE, ESYS_TR_NONE, ESYS_TR_NONE, TPM2_SU_CLEAR);
        }
        Esys_Finalize(&tpm->esys);
    }
    forget_key(tpm);
    tpm->has_auth = FALSE;
    tpm->started = FALSE;
    tpm->prepared = FALSE;
    if (tpm->tcti) {
        tpm->source.close(tpm->source.data, tpm->tcti);
        tpm->tcti = NULL;
    }
}

void tpm_session_free(TpmSession *tpm)
{
    if (!tpm) {
        return;
    }
    disconnect(tpm, TRUE);
    g_free(tpm);
}

static gboolean connect_tpm(TpmSession *tpm, GError **error)
{
    TSS2_RC rc;

    if (!tpm->source.open(tpm->source.data, &tpm->tcti, error)) {
        return FALSE;
    }
    rc = Esys_Initialize(&tpm->esys, tpm->tcti, NULL);
    if (rc != TSS2_RC_SUCCESS) {
        tpm_error_set(error, rc, "opening it");
        return FALSE;
    }
    return TRUE;
}

typedef struct Startup {
    gboolean done; /* and not by firmware or the kernel before */
} Startup;

static TSS2_RC startup_command(TpmSession *tpm, void *data)
{
    Startup *c = data;
    TSS2_RC rc = Esys_Startup(tpm->esys, TPM2_SU_CLEAR);

    c->done = rc == TSS2_RC_SUCCESS;
    return rc == TPM2_RC_INITIALIZE ? TSS2_RC_SUCCESS : rc;
}

static gboolean start_up(TpmSession *tpm, GError **error)
{
    Startup c = { 0 };

    if (!tpm_run(tpm, "TPM2_Startup", startup_command, &c, error)) {
        return FALSE;
    }
    tpm->started =
        !c.done || !tpm->source.started || tpm->source.started(tpm->source.data, tpm->esys, error);
    return tpm->started;
}

/* Brings back whatever is missing for a command. */
static gboolean make_ready(TpmSession *tpm, GError **error)
{
    if (tpm->prepared) {
        return TRUE;
    }
    tpm->preparing = TRUE;
    tpm->prepared = (tpm->esys || connect_tpm(tpm, error)) &&
                    (tpm->started || !tpm->source.simulated || start_up(tpm, error)) &&
                    tpm->prepare(tpm, tpm->data, error);
    tpm->preparing = FALSE;
    if (!tpm->prepared) {
        disconnect(tpm, FALSE);
    }
    return tpm->prepared;
}

gboolean tpm_session_open(TpmSession *tpm, GError **error)
{
    disconnect(tpm, FALSE);
    return make_ready(tpm, error);
}

static void drop_key(TpmSession *tpm)
{
    if (tpm->key.handle != ESYS_TR_NONE) {
        wipe_key_auth(tpm);
        Esys_TR_Close(tpm->esys, &tpm->key.handle);
    }
    forget_key(tpm);
}

typedef struct Tries {
    guint again;
    guint recoveries;
} Tries;

/* Does what is to be done before the command is sent again; FALSE: its answer is final. */
static gboolean react(TpmSession *tpm, TpmReaction reaction, Tries *tries)
{
    if (reaction == TPM_REACT_AGAIN && tries->again < TPM_WAIT_AGAIN_TRIES) {
        g_usleep(MIN((gulong)TPM_WAIT_AGAIN_FIRST_US << tries->again,
                     (gulong)TPM_WAIT_AGAIN_LONGEST_US));
        tries->again++;
        return TRUE;
    }
    if (reaction == TPM_REACT_AGAIN || reaction == TPM_REACT_REFUSE || tpm->preparing ||
        tries->recoveries == RECOVERIES) {
        return FALSE;
    }
    if (reaction == TPM_REACT_START && !tpm->source.simulated) {
        return FALSE;
    }
    tries->recoveries++;
    if (reaction == TPM_REACT_REOPEN) {
        disconnect(tpm, FALSE);
    } else {
        drop_key(tpm);
        tpm->started = reaction != TPM_REACT_START;
        tpm->prepared = FALSE;
    }
    return TRUE;
}

gboolean tpm_run(TpmSession *tpm, const char *what, TpmCommand command, void *data, GError **error)
{
    Tries tries = { 0 };

    for (;;) {
        TpmReaction reaction;
        TSS2_RC rc;

        if (!tpm->preparing && !make_ready(tpm, error)) {
            return FALSE;
        }
        rc = command(tpm, data);
        reaction = tpm_error_reaction(rc);
        if (reaction == TPM_REACT_DONE) {
            return TRUE;
        }
        if (!react(tpm, reaction, &tries)) {
            tpm_error_set(error, rc, what);
            if ((reaction == TPM_REACT_REOPEN || reaction == TPM_REACT_START) && !tpm->preparing) {
                disconnect(tpm, FALSE);
            }
            return FALSE;
        }
        if (reaction != TPM_REACT_AGAIN) {
            g_info("%s failed with 0x%x: the TPM is %s again", what, rc,
                   reaction == TPM_REACT_REOPEN ? "opened" : "prepared");
        }
    }
}

ESYS_CONTEXT *tpm_session_esys(TpmSession *tpm)
{
    return tpm->esys;
}

const TpmKey *tpm_session_key(const TpmSession *tpm)
{
    return &tpm->key;
}

void tpm_session_take_key(TpmSession *tpm, TpmKey *key)
{
    drop_key(tpm);
    tpm->key = *key;
    *key = (TpmKey){ .handle = ESYS_TR_NONE };
}

void tpm_session_set_auth(TpmSession *tpm, const TPM2B_AUTH *value)
{
    static const TPM2B_AUTH none;

    if (tpm->esys) {
        Esys_TR_SetAuth(tpm->esys, ESYS_TR_RH_ENDORSEMENT, value ? value : &none);
    }
    tpm->has_auth = value != NULL;
}

gboolean tpm_session_has_auth(const TpmSession *tpm)
{
    return tpm->has_auth;
}

TpmPcrCache *tpm_session_pcrs(TpmSession *tpm)
{
    return &tpm->pcrs;
}

gboolean tpm_session_simulated(const TpmSession *tpm)
{
    return tpm->source.simulated;
}
