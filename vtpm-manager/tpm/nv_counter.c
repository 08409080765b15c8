/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tpm/nv_counter.h"

#include <string.h>

#include "tpm/command.h"

static const char what[] = "the counter of the registry";

enum { COUNTER_SIZE = 8 };

static const TPMA_NV attributes = TPMA_NV_AUTHWRITE | TPMA_NV_AUTHREAD | TPMA_NV_NO_DA |
                                  (TPM2_NT_COUNTER << TPMA_NV_TPM2_NT_SHIFT);

/** One command on the counter; each opens the index anew, so that it may be tried again. */
typedef struct Count {
    TPM2_HANDLE index;
    const TPM2B_AUTH *auth; /* NULL: only its public area is looked at */
    uint64_t target;        /* to count up to; ignored where @counts is FALSE */
    gboolean counts;
    TpmNvState state;
    uint64_t value;
} Count;

static TpmNvState kind_of(const TPMS_NV_PUBLIC *p)
{
    const TPMA_NV written = p->attributes & TPMA_NV_WRITTEN;

    if ((p->attributes & ~(TPMA_NV)TPMA_NV_WRITTEN) != attributes || p->dataSize != COUNTER_SIZE ||
        p->authPolicy.size != 0) {
        return TPM_NV_FOREIGN;
    }
    return written ? TPM_NV_COUNTS : TPM_NV_UNWRITTEN;
}

static TSS2_RC read_value(ESYS_CONTEXT *esys, ESYS_TR index, Count *c)
{
    TPM2B_MAX_NV_BUFFER *data = NULL;
    ESYS_TR session;
    TSS2_RC rc = tpm_start_hmac_session(esys, &session);

    if (rc != TSS2_RC_SUCCESS) {
        return rc;
    }
    rc = Esys_NV_Read(esys, index, index, session, ESYS_TR_NONE, ESYS_TR_NONE, COUNTER_SIZE, 0,
                      &data);
    if (rc != TSS2_RC_SUCCESS) {
        Esys_FlushContext(esys, session);
        return rc;
    }
    if (data->size == COUNTER_SIZE) {
        memcpy(&c->value, data->buffer, COUNTER_SIZE);
        c->value = GUINT64_FROM_BE(c->value);
    } else {
        rc = TPM_RC_MALFORMED;
    }
    Esys_Free(data);
    return rc;
}

static TSS2_RC count_once(ESYS_CONTEXT *esys, ESYS_TR index)
{
    ESYS_TR session;
    TSS2_RC rc = tpm_start_hmac_session(esys, &session);

    if (rc != TSS2_RC_SUCCESS) {
        return rc;
    }
    rc = Esys_NV_Increment(esys, index, index, session, ESYS_TR_NONE, ESYS_TR_NONE);
    if (rc != TSS2_RC_SUCCESS) {
        Esys_FlushContext(esys, session);
    }
    return rc;
}

static TSS2_RC read_and_count(ESYS_CONTEXT *esys, ESYS_TR index, Count *c)
{
    TSS2_RC rc = TSS2_RC_SUCCESS;

    if (c->state == TPM_NV_UNWRITTEN && c->counts) {
        rc = count_once(esys, index);
        c->state = rc == TSS2_RC_SUCCESS ? TPM_NV_COUNTS : c->state;
    }
    if (rc == TSS2_RC_SUCCESS && c->state == TPM_NV_COUNTS) {
        rc = read_value(esys, index, c);
    }
    while (rc == TSS2_RC_SUCCESS && c->state == TPM_NV_COUNTS && c->counts &&
           c->value < c->target) {
        rc = count_once(esys, index);
        c->value++;
    }
    return rc;
}

static gboolean is_wrong_secret(TSS2_RC rc)
{
    const TSS2_RC bare = rc & ~(TSS2_RC)(TPM2_RC_S | TPM2_RC_N_MASK);

    return bare == TPM2_RC_AUTH_FAIL || bare == TPM2_RC_BAD_AUTH;
}

static TSS2_RC count_command(TpmSession *tpm, void *data)
{
    Count *c = data;
    ESYS_CONTEXT *esys = tpm_session_esys(tpm);
    TPM2B_NV_PUBLIC *area = NULL;
    ESYS_TR index;
    TSS2_RC rc =
        Esys_TR_FromTPMPublic(esys, c->index, ESYS_TR_NONE, ESYS_TR_NONE, ESYS_TR_NONE, &index);

    if (rc != TSS2_RC_SUCCESS) {
        return rc;
    }
    rc = Esys_NV_ReadPublic(esys, index, ESYS_TR_NONE, ESYS_TR_NONE, ESYS_TR_NONE, &area, NULL);
    if (rc == TSS2_RC_SUCCESS) {
        c->state = kind_of(&area->nvPublic);
        Esys_Free(area);
        if (c->auth && c->state != TPM_NV_FOREIGN) {
            rc = Esys_TR_SetAuth(esys, index, c->auth);
            rc = rc == TSS2_RC_SUCCESS ? read_and_count(esys, index, c) : rc;
        }
    }
    if (is_wrong_secret(rc)) {
        c->state = TPM_NV_FOREIGN;
        rc = TSS2_RC_SUCCESS;
    }
    Esys_TR_Close(esys, &index);
    return rc;
}

static gboolean run(TpmSession *tpm, Count *c, GError **error)
{
    gboolean exists;

    if (!tpm_handle_exists(tpm, what, c->index, &exists, error)) {
        return FALSE;
    }
    if (!exists) {
        c->state = TPM_NV_ABSENT;
        return TRUE;
    }
    return tpm_run(tpm, what, count_command, c, error);
}

gboolean tpm_nv_counter_look(TpmSession *tpm, TPM2_HANDLE index, TpmNvState *ret, GError **error)
{
    Count c = { .index = index };

    if (!run(tpm, &c, error)) {
        return FALSE;
    }
    *ret = c.state;
    return TRUE;
}

gboolean tpm_nv_counter_read(TpmSession *tpm, const TpmNvCounter *counter, TpmNvState *ret,
                             uint64_t *ret_value, GError **error)
{
    Count c = { .index = counter->index, .auth = &counter->auth };

    if (!run(tpm, &c, error)) {
        return FALSE;
    }
    *ret = c.state;
    if (c.state == TPM_NV_COUNTS) {
        *ret_value = c.value;
    }
    return TRUE;
}

gboolean tpm_nv_counter_reach(TpmSession *tpm, const TpmNvCounter *counter, uint64_t target,
                              uint64_t *ret_value, GError **error)
{
    Count c = { .index = counter->index, .auth = &counter->auth, .target = target, .counts = TRUE };

    if (!run(tpm, &c, error)) {
        return FALSE;
    }
    if (c.state != TPM_NV_COUNTS) {
        g_set_error(error, TPM_ERROR, TPM_ERROR_FAILED,
                    "NV index 0x%08x of the TPM is no longer the registry's counter", c.index);
        return FALSE;
    }
    *ret_value = c.value;
    return TRUE;
}

/* ------------------------------------------------------------------------ what the owner allows */

typedef struct Owned {
    const TpmNvCounter *counter;
    TPM2_HANDLE index;
    const TPM2B_AUTH *owner;
} Owned;

static TSS2_RC start_owner(ESYS_CONTEXT *esys, const TPM2B_AUTH *owner, ESYS_TR *ret_session)
{
    TSS2_RC rc = Esys_TR_SetAuth(esys, ESYS_TR_RH_OWNER, owner);

    if (rc == TSS2_RC_SUCCESS) {
        rc = tpm_start_hmac_session(esys, ret_session);
    }
    return rc;
}

static void end_owner(ESYS_CONTEXT *esys, ESYS_TR session, TSS2_RC rc)
{
    static const TPM2B_AUTH none;

    if (rc != TSS2_RC_SUCCESS) {
        Esys_FlushContext(esys, session);
    }
    Esys_TR_SetAuth(esys, ESYS_TR_RH_OWNER, &none);
}

static TSS2_RC make_command(TpmSession *tpm, void *data)
{
    const Owned *c = data;
    ESYS_CONTEXT *esys = tpm_session_esys(tpm);
    const TPM2B_NV_PUBLIC area = { .nvPublic = { .nvIndex = c->index,
                                                 .nameAlg = TPM2_ALG_SHA256,
                                                 .attributes = attributes,
                                                 .dataSize = COUNTER_SIZE } };
    ESYS_TR session;
    ESYS_TR index;
    TSS2_RC rc = start_owner(esys, c->owner, &session);

    if (rc != TSS2_RC_SUCCESS) {
        return rc;
    }
    rc = Esys_NV_DefineSpace(esys, ESYS_TR_RH_OWNER, session, ESYS_TR_NONE, ESYS_TR_NONE,
                             &c->counter->auth, &area, &index);
    end_owner(esys, session, rc);
    if (rc == TSS2_RC_SUCCESS) {
        Esys_TR_Close(esys, &index);
    }
    return rc;
}

static TSS2_RC remove_command(TpmSession *tpm, void *data)
{
    const Owned *c = data;
    ESYS_CONTEXT *esys = tpm_session_esys(tpm);
    ESYS_TR session;
    ESYS_TR index;
    TSS2_RC rc =
        Esys_TR_FromTPMPublic(esys, c->index, ESYS_TR_NONE, ESYS_TR_NONE, ESYS_TR_NONE, &index);

    if (rc != TSS2_RC_SUCCESS) {
        return rc;
    }
    rc = start_owner(esys, c->owner, &session);
    if (rc == TSS2_RC_SUCCESS) {
        rc = Esys_NV_UndefineSpace(esys, ESYS_TR_RH_OWNER, index, session, ESYS_TR_NONE,
                                   ESYS_TR_NONE);
        end_owner(esys, session, rc);
    }
    if (rc != TSS2_RC_SUCCESS) {
        Esys_TR_Close(esys, &index);
    }
    return rc;
}

/* What an AUTH error says of by itself is the endorsement hierarchy. */
static gboolean run_owned(TpmSession *tpm, TpmCommand command, const Owned *c, GError **error)
{
    g_autoptr(GError) local = NULL;

    if (tpm_run(tpm, what, command, (void *)c, &local)) {
        return TRUE;
    }
    if (g_error_matches(local, TPM_ERROR, TPM_ERROR_AUTH)) {
        g_set_error(error, TPM_ERROR, TPM_ERROR_AUTH,
                    "the TPM's owner hierarchy has another authorization value; give the right one "
                    "with --owner-auth, or in the systemd credential owner-auth");
    } else {
        g_propagate_error(error, g_steal_pointer(&local));
    }
    return FALSE;
}

gboolean tpm_nv_counter_make(TpmSession *tpm, const TpmNvCounter *counter, const TPM2B_AUTH *owner,
                             GError **error)
{
    const Owned c = { counter, counter->index, owner };

    return run_owned(tpm, make_command, &c, error);
}

gboolean tpm_nv_counter_remove(TpmSession *tpm, TPM2_HANDLE index, const TPM2B_AUTH *owner,
                               GError **error)
{
    const Owned c = { NULL, index, owner };

    return run_owned(tpm, remove_command, &c, error);
}
