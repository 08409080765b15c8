/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tpm/approval.h"

#include <string.h>
#include <tss2/tss2_mu.h>

#include "attest/base64url.h"
#include "approval/policy.h"
#include "attest/bytes.h"
#include "attest/digest.h"
#include "attest/pcr.h"
#include "attest/public.h"
#include "tpm/command.h"

enum { ECDSA_NUMBER_SIZE = 32 };

void tpm_approval_policy(const TpmApproval *approval, TPM2B_DIGEST *ret)
{
    uint8_t ref[DQ_HASH_SIZE];

    dq_approval_ref(approval->group, ref);
    ret->size = DQ_HASH_SIZE;
    dq_approval_policy(approval->key, ref, ret->buffer);
}

/* ------------------------------------------------------------------------- the present boot */

static TSS2_RC start_session(ESYS_CONTEXT *esys, ESYS_TR *ret_session)
{
    static const TPMT_SYM_DEF none = { .algorithm = TPM2_ALG_NULL };
    TSS2_RC rc = Esys_StartAuthSession(esys, ESYS_TR_NONE, ESYS_TR_NONE, ESYS_TR_NONE, ESYS_TR_NONE,
                                       ESYS_TR_NONE, NULL, TPM2_SE_POLICY, &none, TPM2_ALG_SHA256,
                                       ret_session);

    if (rc == TSS2_RC_SUCCESS) {
        rc = Esys_TRSess_SetAttributes(esys, *ret_session, 0, TPMA_SESSION_CONTINUESESSION);
    }
    return rc;
}

static void to_tss(const WirePcrSelection *selection, TPML_PCR_SELECTION *ret)
{
    *ret = (TPML_PCR_SELECTION){ .count = selection->count };
    for (uint32_t i = 0; i < selection->count; i++) {
        const WirePcrBank *bank = &selection->bank[i];
        TPMS_PCR_SELECTION *to = &ret->pcrSelections[i];

        to->hash = bank->hash;
        to->sizeofSelect = bank->size;
        memcpy(to->pcrSelect, bank->select, bank->size);
    }
}

/* What a session has of a selection. */
typedef struct Seen {
    WirePcrSelection selection;
    ESYS_TR session;
    uint8_t policy[DQ_HASH_SIZE];
} Seen;

/* Has the session bind the PCRs as they are now, and asks what policy that makes. */
static TSS2_RC bind_pcrs(ESYS_CONTEXT *esys, Seen *seen)
{
    static const TPM2B_DIGEST any;
    TPML_PCR_SELECTION pcrs;
    TPM2B_DIGEST *digest = NULL;
    TSS2_RC rc;

    to_tss(&seen->selection, &pcrs);
    rc = Esys_PolicyPCR(esys, seen->session, ESYS_TR_NONE, ESYS_TR_NONE, ESYS_TR_NONE, &any, &pcrs);
    if (rc == TSS2_RC_SUCCESS) {
        rc = Esys_PolicyGetDigest(esys, seen->session, ESYS_TR_NONE, ESYS_TR_NONE, ESYS_TR_NONE,
                                  &digest);
    }
    if (rc == TSS2_RC_SUCCESS && digest->size != sizeof(seen->policy)) {
        rc = TPM_RC_MALFORMED;
    }
    if (rc == TSS2_RC_SUCCESS) {
        memcpy(seen->policy, digest->buffer, sizeof(seen->policy));
    }
    Esys_Free(digest);
    return rc;
}

static void unsee(ESYS_CONTEXT *esys, Seen *seen)
{
    if (seen->session != ESYS_TR_NONE) {
        Esys_FlushContext(esys, seen->session);
        seen->session = ESYS_TR_NONE;
    }
}

/* No session where the TPM does not know these PCRs: that is not what the host has booted. */
static TSS2_RC see(ESYS_CONTEXT *esys, const WirePcrSelection *selection, Seen *seen)
{
    TSS2_RC rc;

    if (seen->session != ESYS_TR_NONE && dq_pcr_selection_equal(&seen->selection, selection)) {
        return TSS2_RC_SUCCESS;
    }
    unsee(esys, seen);
    seen->selection = *selection;
    rc = start_session(esys, &seen->session);
    if (rc == TSS2_RC_SUCCESS) {
        rc = bind_pcrs(esys, seen);
    }
    if (tpm_error_is_value(rc)) {
        unsee(esys, seen);
        rc = TSS2_RC_SUCCESS;
    }
    return rc;
}

/*
 * A session whose policy is that of the present boot, and that boot; -1, and none, where there is
 * no such. Boots with the same PCRs share a session as long as they follow each other.
 */
static TSS2_RC find_boot(ESYS_CONTEXT *esys, const DqGroupList *list, Seen *seen, gint *ret_boot)
{
    TSS2_RC rc = TSS2_RC_SUCCESS;

    *seen = (Seen){ .session = ESYS_TR_NONE };
    *ret_boot = -1;
    for (guint i = 0; list && i < list->hosts->boots->len && rc == TSS2_RC_SUCCESS; i++) {
        uint8_t policy[DQ_HASH_SIZE];
        WirePcrSelection selection = { 0 };

        if (!dq_approval_pcr_policy(g_ptr_array_index(list->hosts->boots, i), &selection, policy)) {
            continue;
        }
        rc = see(esys, &selection, seen);
        if (rc == TSS2_RC_SUCCESS && seen->session != ESYS_TR_NONE &&
            memcmp(policy, seen->policy, sizeof(policy)) == 0) {
            *ret_boot = (gint)i;
            return rc;
        }
    }
    unsee(esys, seen);
    return rc;
}

typedef struct Find {
    const DqGroupList *list;
    gint boot;
} Find;

static TSS2_RC find_command(TpmSession *tpm, void *data)
{
    ESYS_CONTEXT *esys = tpm_session_esys(tpm);
    Find *c = data;
    Seen seen;
    TSS2_RC rc = find_boot(esys, c->list, &seen, &c->boot);

    if (c->boot >= 0) {
        Esys_FlushContext(esys, seen.session);
    }
    return rc;
}

gboolean tpm_approval_find(TpmSession *tpm, const TpmApproval *approval, gint *ret_boot,
                           GError **error)
{
    Find c = { .list = approval->list };

    if (!tpm_run(tpm, "the PCRs of a group's list", find_command, &c, error)) {
        return FALSE;
    }
    *ret_boot = c.boot;
    return TRUE;
}

/* ------------------------------------------------------------------------------ its approval */

static gboolean get_public(const DqJwsPublic *key, TPM2B_PUBLIC *ret, TPM2B_NAME *ret_name)
{
    uint8_t bytes[DQ_APPROVAL_PUBLIC_MAX], name[DQ_NAME_MAX];
    const gsize len = dq_approval_public(key, bytes);
    size_t offset = 0;

    *ret = (TPM2B_PUBLIC){ 0 };
    if (len == 0 ||
        Tss2_MU_TPMT_PUBLIC_Unmarshal(bytes, len, &offset, &ret->publicArea) != TSS2_RC_SUCCESS) {
        return FALSE;
    }
    ret_name->size = (UINT16)dq_public_name((DqBytes){ bytes, len }, name);
    memcpy(ret_name->name, name, ret_name->size);
    return TRUE;
}

/* The signature of a boot as a TPM has it. */
static gboolean get_signature(const TpmApproval *approval, const DqProfileBoot *boot,
                              TPMT_SIGNATURE *ret)
{
    const char *text = g_hash_table_lookup(approval->list->approvals, boot->name);
    g_autoptr(GBytes) bytes =
        text ? dq_base64url_decode((DqBytes){ (const uint8_t *)text, strlen(text) }) : NULL;
    const DqBytes b = bytes ? dq_bytes_peek(bytes) : (DqBytes){ NULL, 0 };
    TPMS_SIGNATURE_ECDSA *ecdsa = &ret->signature.ecdsa;
    TPMS_SIGNATURE_RSASSA *rsassa = &ret->signature.rsassa;

    *ret = (TPMT_SIGNATURE){ 0 };
    if (b.len == 2 * (gsize)ECDSA_NUMBER_SIZE) {
        ret->sigAlg = TPM2_ALG_ECDSA;
        ecdsa->hash = TPM2_ALG_SHA256;
        ecdsa->signatureR.size = ecdsa->signatureS.size = ECDSA_NUMBER_SIZE;
        memcpy(ecdsa->signatureR.buffer, b.data, ECDSA_NUMBER_SIZE);
        memcpy(ecdsa->signatureS.buffer, b.data + ECDSA_NUMBER_SIZE, ECDSA_NUMBER_SIZE);
        return TRUE;
    }
    ret->sigAlg = TPM2_ALG_RSASSA;
    rsassa->hash = TPM2_ALG_SHA256;
    rsassa->sig.size = (UINT16)b.len;
    if (b.len == 0 || b.len > sizeof(rsassa->sig.buffer)) {
        return FALSE;
    }
    memcpy(rsassa->sig.buffer, b.data, b.len);
    return TRUE;
}

/* Has the TPM verify the signature over policy and ref. @ret_ticket: free with Esys_Free() */
static TSS2_RC verify(ESYS_CONTEXT *esys, const TPM2B_PUBLIC *key, const uint8_t *policy,
                      const uint8_t *ref, const TPMT_SIGNATURE *signature,
                      TPMT_TK_VERIFIED **ret_ticket)
{
    uint8_t message[DQ_APPROVAL_MESSAGE_SIZE];
    const DqBytes bytes = { message, sizeof(message) };
    TPM2B_DIGEST digest = { .size = DQ_HASH_SIZE };
    ESYS_TR handle;
    TSS2_RC rc;

    dq_approval_message(policy, ref, message);
    dq_sha256(&bytes, 1, digest.buffer);
    /* In the null hierarchy the ticket would be worth nothing. */
    rc = Esys_LoadExternal(esys, ESYS_TR_NONE, ESYS_TR_NONE, ESYS_TR_NONE, NULL, key,
                           ESYS_TR_RH_ENDORSEMENT, &handle);
    if (rc == TSS2_RC_SUCCESS) {
        rc = Esys_VerifySignature(esys, handle, ESYS_TR_NONE, ESYS_TR_NONE, ESYS_TR_NONE, &digest,
                                  signature, ret_ticket);
        Esys_FlushContext(esys, handle);
    }
    return rc;
}

static TSS2_RC authorize(ESYS_CONTEXT *esys, const TpmApproval *approval, const Seen *seen,
                         const DqProfileBoot *boot)
{
    TPM2B_DIGEST policy = { .size = DQ_HASH_SIZE };
    TPM2B_NONCE ref = { .size = DQ_HASH_SIZE };
    TPMT_TK_VERIFIED *ticket = NULL;
    TPMT_SIGNATURE signature;
    TPM2B_PUBLIC key;
    TPM2B_NAME name;
    TSS2_RC rc;

    if (!get_public(approval->key, &key, &name) || !get_signature(approval, boot, &signature)) {
        return TPM_RC_NOT_APPROVED;
    }
    memcpy(policy.buffer, seen->policy, policy.size);
    dq_approval_ref(approval->group, ref.buffer);
    rc = verify(esys, &key, policy.buffer, ref.buffer, &signature, &ticket);
    if (rc == TSS2_RC_SUCCESS) {
        rc = Esys_PolicyAuthorize(esys, seen->session, ESYS_TR_NONE, ESYS_TR_NONE, ESYS_TR_NONE,
                                  &policy, &ref, &name, ticket);
    }
    Esys_Free(ticket);
    return rc;
}

TSS2_RC tpm_approval_start(TpmSession *tpm, const TpmApproval *approval, ESYS_TR *ret_session)
{
    ESYS_CONTEXT *esys = tpm_session_esys(tpm);
    gint boot;
    Seen seen;
    TSS2_RC rc = find_boot(esys, approval->list, &seen, &boot);

    if (rc != TSS2_RC_SUCCESS) {
        return rc;
    }
    if (boot < 0) {
        return TPM_RC_NOT_APPROVED;
    }
    rc = authorize(esys, approval, &seen,
                   g_ptr_array_index(approval->list->hosts->boots, (guint)boot));
    if (rc != TSS2_RC_SUCCESS) {
        Esys_FlushContext(esys, seen.session);
        return rc;
    }
    *ret_session = seen.session;
    return rc;
}
