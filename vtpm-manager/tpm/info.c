/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tpm/info.h"

#include <string.h>

#include "tpm/command.h"
#include "tpm/ek.h"

static const char printable[] =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789 .-_";

TpmInfo *tpm_info_ref(TpmInfo *info)
{
    g_atomic_ref_count_inc(&info->refs);
    return info;
}

void tpm_info_unref(TpmInfo *info)
{
    if (!info || !g_atomic_ref_count_dec(&info->refs)) {
        return;
    }
    g_clear_pointer(&info->ak_public, g_bytes_unref);
    g_clear_pointer(&info->ak_name, g_bytes_unref);
    g_clear_pointer(&info->ek_public, g_bytes_unref);
    g_clear_pointer(&info->ek_name, g_bytes_unref);
    g_clear_pointer(&info->ek_certificate, g_bytes_unref);
    g_clear_pointer(&info->ek_chain, g_bytes_unref);
    g_free(info);
}

static void take_property(TpmInfo *info, const TPMS_TAGGED_PROPERTY *p)
{
    uint32_t text = GUINT32_TO_BE(p->value);

    if (p->property == TPM2_PT_MANUFACTURER) {
        memcpy(info->manufacturer, &text, 4);
    } else if (p->property >= TPM2_PT_VENDOR_STRING_1 && p->property <= TPM2_PT_VENDOR_STRING_4) {
        memcpy(info->vendor + 4 * (p->property - TPM2_PT_VENDOR_STRING_1), &text, 4);
    } else if (p->property == TPM2_PT_FIRMWARE_VERSION_1) {
        info->firmware[0] = p->value;
    } else if (p->property == TPM2_PT_FIRMWARE_VERSION_2) {
        info->firmware[1] = p->value;
    }
}

static gboolean read_properties(TpmSession *tpm, TpmInfo *info, GError **error)
{
    TPMS_CAPABILITY_DATA *data;

    if (!tpm_get_capability(tpm, "TPM2_GetCapability", TPM2_CAP_TPM_PROPERTIES,
                            TPM2_PT_MANUFACTURER, 8, &data, error)) {
        return FALSE;
    }
    for (uint32_t i = 0; i < data->data.tpmProperties.count; i++) {
        take_property(info, &data->data.tpmProperties.tpmProperty[i]);
    }
    Esys_Free(data);
    /* Padded, and from outside: printable or nothing. */
    g_strchomp(g_strcanon(info->manufacturer, printable, ' '));
    g_strchomp(g_strcanon(info->vendor, printable, ' '));
    return TRUE;
}

static gboolean read_banks(TpmSession *tpm, TpmInfo *info, GError **error)
{
    TPMS_CAPABILITY_DATA *data;
    WirePcrSelection all;

    if (!tpm_get_capability(tpm, "TPM2_GetCapability", TPM2_CAP_PCRS, 0, TPM2_MAX_CAP_BUFFER / 4,
                            &data, error)) {
        return FALSE;
    }
    if (tpm_pcr_from_tss(&data->data.assignedPCR, &all)) {
        tpm_pcr_merge(&info->banks, &all, WIRE_PCR_BANKS_MAX);
    }
    Esys_Free(data);
    return TRUE;
}

/* libtpms, the reference simulator, and what calls itself a software TPM. */
static gboolean looks_simulated(const TpmInfo *info)
{
    return (g_str_equal(info->manufacturer, "IBM") && g_str_has_prefix(info->vendor, "SW")) ||
           g_str_equal(info->manufacturer, "XYZZ") || g_str_has_prefix(info->vendor, "SW ") ||
           g_str_has_prefix(info->vendor, "xCG fTPM");
}

char *tpm_info_firmware(const TpmInfo *info)
{
    return g_strdup_printf("%u.%u.%u.%u", info->firmware[0] >> 16, info->firmware[0] & 0xffff,
                           info->firmware[1] >> 16, info->firmware[1] & 0xffff);
}

gboolean tpm_info_read(TpmSession *tpm, GBytes *ak_public, GBytes *ak_name, TpmInfo **ret_info,
                       GError **error)
{
    g_autoptr(TpmInfo) info = g_new0(TpmInfo, 1);

    g_atomic_ref_count_init(&info->refs);
    info->ak_public = g_bytes_ref(ak_public);
    info->ak_name = g_bytes_ref(ak_name);
    if (!read_properties(tpm, info, error) || !read_banks(tpm, info, error) ||
        !tpm_ek_find(tpm, &info->ek_public, &info->ek_name, &info->ek_certificate, error) ||
        !tpm_ek_read_chain(tpm, &info->ek_chain, error)) {
        return FALSE;
    }
    info->simulated = tpm_session_simulated(tpm) || looks_simulated(info);
    *ret_info = g_steal_pointer(&info);
    return TRUE;
}
