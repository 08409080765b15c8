/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tpm/command.h"

#include <tss2/tss2_mu.h>

GBytes *tpm_public_marshal(const TPM2B_PUBLIC *area)
{
    uint8_t buf[sizeof(*area)];
    size_t len = 0;

    if (Tss2_MU_TPM2B_PUBLIC_Marshal(area, buf, sizeof(buf), &len) != TSS2_RC_SUCCESS) {
        return NULL;
    }
    return g_bytes_new(buf, len);
}

typedef struct GetCapability {
    TPM2_CAP capability;
    guint32 property;
    guint32 count;
    TPMS_CAPABILITY_DATA *data;
} GetCapability;

static TSS2_RC get_capability(TpmSession *tpm, void *data)
{
    GetCapability *c = data;
    TPMI_YES_NO more;

    return Esys_GetCapability(tpm_session_esys(tpm), ESYS_TR_NONE, ESYS_TR_NONE, ESYS_TR_NONE,
                              c->capability, c->property, c->count, &more, &c->data);
}

gboolean tpm_get_capability(TpmSession *tpm, const char *what, TPM2_CAP capability,
                            guint32 property, guint32 count, TPMS_CAPABILITY_DATA **ret_data,
                            GError **error)
{
    GetCapability c = { .capability = capability, .property = property, .count = count };

    if (!tpm_run(tpm, what, get_capability, &c, error)) {
        return FALSE;
    }
    *ret_data = c.data;
    return TRUE;
}

typedef struct CreatePrimary {
    const TPM2B_PUBLIC *template;
    ESYS_TR key;
    TPM2B_PUBLIC *area;
} CreatePrimary;

static TSS2_RC create_primary(TpmSession *tpm, void *data)
{
    static const TPM2B_SENSITIVE_CREATE sensitive;
    static const TPM2B_DATA outside;
    static const TPML_PCR_SELECTION pcrs;
    CreatePrimary *c = data;

    return Esys_CreatePrimary(tpm_session_esys(tpm), ESYS_TR_RH_ENDORSEMENT, ESYS_TR_PASSWORD,
                              ESYS_TR_NONE, ESYS_TR_NONE, &sensitive, c->template, &outside, &pcrs,
                              &c->key, &c->area, NULL, NULL, NULL);
}

gboolean tpm_create_primary(TpmSession *tpm, const char *what, const TPM2B_PUBLIC *template,
                            ESYS_TR *ret_key, GBytes **ret_public, GError **error)
{
    CreatePrimary c = { .template = template };
    g_autoptr(GBytes) bytes = NULL;

    if (!tpm_run(tpm, what, create_primary, &c, error)) {
        return FALSE;
    }
    bytes = tpm_public_marshal(c.area);
    Esys_Free(c.area);
    if (!bytes) {
        Esys_FlushContext(tpm_session_esys(tpm), c.key);
        tpm_error_set(error, TPM2_RC_FAILURE, what);
        return FALSE;
    }
    *ret_key = c.key;
    *ret_public = g_steal_pointer(&bytes);
    return TRUE;
}
