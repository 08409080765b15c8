/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tpm/endorsement.h"

#include "tpm/command.h"

static const char what[] = "the endorsement hierarchy";

typedef struct Hierarchies {
    TPMA_PERMANENT permanent;
    TPMA_STARTUP_CLEAR startup_clear;
} Hierarchies;

static gboolean read_hierarchies(TpmSession *tpm, Hierarchies *ret, GError **error)
{
    TPMS_CAPABILITY_DATA *data;
    const TPML_TAGGED_TPM_PROPERTY *list;
    Hierarchies h = { .startup_clear = TPMA_STARTUP_CLEAR_EHENABLE };

    if (!tpm_get_capability(tpm, "TPM2_GetCapability", TPM2_CAP_TPM_PROPERTIES, TPM2_PT_PERMANENT,
                            2, &data, error)) {
        return FALSE;
    }
    list = &data->data.tpmProperties;
    for (uint32_t i = 0; i < list->count; i++) {
        if (list->tpmProperty[i].property == TPM2_PT_PERMANENT) {
            h.permanent = list->tpmProperty[i].value;
        } else if (list->tpmProperty[i].property == TPM2_PT_STARTUP_CLEAR) {
            h.startup_clear = list->tpmProperty[i].value;
        }
    }
    Esys_Free(data);
    *ret = h;
    return TRUE;
}

gboolean tpm_endorsement_enter(TpmSession *tpm, const TPM2B_AUTH *value, GError **error)
{
    Hierarchies h;

    if (!read_hierarchies(tpm, &h, error)) {
        return FALSE;
    }
    if (!(h.startup_clear & TPMA_STARTUP_CLEAR_EHENABLE)) {
        tpm_error_set(error, TPM2_RC_HIERARCHY, what);
        return FALSE;
    }
    if (!(h.permanent & TPMA_PERMANENT_ENDORSEMENTAUTHSET)) {
        if (value->size > 0) {
            g_warning(
                "the TPM's endorsement hierarchy has no authorization value: the one given is "
                "not used; set it again with tpm2_changeauth -c e if the TPM was cleared");
        }
        return TRUE;
    }
    if (value->size == 0) {
        tpm_error_set(error, TPM2_RC_AUTH_FAIL, what);
        return FALSE;
    }
    tpm_session_set_auth(tpm, value);
    return TRUE;
}

void tpm_endorsement_leave(TpmSession *tpm)
{
    tpm_session_set_auth(tpm, NULL);
}
