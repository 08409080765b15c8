/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cmw/cmw-record.h"

#include <string.h>

static const struct {
    const char *label;
    const char *media_type;
} table[] = {
    [DQ_CMW_EVIDENCE] = { "evidence", "application/vnd.deepquote.evidence" },
    [DQ_CMW_QUOTE] = { "quote", "application/vnd.deepquote.tpms-attest" },
    [DQ_CMW_SIGNATURE] = { "signature", "application/vnd.deepquote.tpmt-signature" },
    [DQ_CMW_PCRS] = { "pcrs", "application/vnd.deepquote.pcr-values" },
    [DQ_CMW_GUEST_PUBLIC] = { "guest-public", "application/vnd.deepquote.tpm2b-public" },
    [DQ_CMW_EVENT_LOG] = { "boot-log", "application/vnd.deepquote.tcg-event-log" },
    [DQ_CMW_IMA] = { "ima-log", "application/vnd.deepquote.ima-list" },
    [DQ_CMW_HOST_EVENT_LOG] = { "host-boot-log", "application/vnd.deepquote.tcg-event-log" },
    [DQ_CMW_HOST_IMA] = { "host-ima-log", "application/vnd.deepquote.ima-list" },
    [DQ_CMW_VTPM_PARTS] = { "vtpm-parts", "application/vnd.deepquote.vtpm-parts" },
    [DQ_CMW_VM_LAUNCH] = { "vm-launch", "application/vnd.deepquote.vm-launch" },
    [DQ_CMW_VTPM_EK] = { "vtpm-ek", "application/pkix-cert" },
    [DQ_CMW_EK_CHAIN] = { "ek-chain", "application/vnd.deepquote.certificates" },
    [DQ_CMW_SYSTEMD] = { "systemd-log", "application/vnd.deepquote.systemd-log" },
};

G_STATIC_ASSERT(G_N_ELEMENTS(table) == DQ_CMW_PARTS);

gboolean cmw_fail(GError **error, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    g_propagate_error(error,
                      g_error_new_valist(DQ_CMW_ERROR, DQ_CMW_ERROR_MALFORMED, format, args));
    va_end(args);
    return FALSE;
}

const char *cmw_label(DqCmwPart part)
{
    return table[part].label;
}

const char *cmw_media_type(DqCmwPart part)
{
    return table[part].media_type;
}

static gboolean is_text(const char *text, const void *data, gsize len)
{
    return strlen(text) == len && memcmp(text, data, len) == 0;
}

gboolean cmw_find(const char *label, gsize len, DqCmwPart *ret, GError **error)
{
    for (guint i = 0; i < DQ_CMW_PARTS; i++) {
        if (is_text(table[i].label, label, len)) {
            *ret = (DqCmwPart)i;
            return TRUE;
        }
    }
    return cmw_fail(error, "it has a part whose label is none of a deep quote's");
}

gboolean cmw_put(DqCmw *cmw, DqCmwPart part, DqBytes media_type, uint64_t indicator, GBytes *value,
                 GError **error)
{
    g_autoptr(GBytes) own = value;
    const char *label = table[part].label;

    if (cmw->part[part]) {
        return cmw_fail(error, "'%s' is there twice", label);
    }
    if (!is_text(table[part].media_type, media_type.data, media_type.len)) {
        return cmw_fail(error, "'%s' is no %s", label, table[part].media_type);
    }
    if (indicator > G_MAXUINT32 || (indicator & CMW_EVIDENCE) == 0) {
        return cmw_fail(error, "'%s' says that it is no evidence", label);
    }
    if (!own || g_bytes_get_size(own) == 0) {
        return cmw_fail(error, "'%s' has no bytes, or not in base64url without padding", label);
    }
    cmw->part[part] = g_steal_pointer(&own);
    return TRUE;
}
