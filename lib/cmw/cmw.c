/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cmw/cmw.h"

#include "cmw/cmw-cbor.h"
#include "cmw/cmw-json.h"
#include "cmw/cmw-record.h"

G_DEFINE_QUARK(dq_cmw_error, dq_cmw_error)

void dq_cmw_clear(DqCmw *cmw)
{
    for (guint i = 0; i < DQ_CMW_PARTS; i++) {
        g_clear_pointer(&cmw->part[i], g_bytes_unref);
    }
}

const char *dq_cmw_label(DqCmwPart part)
{
    return cmw_label(part);
}

GBytes *dq_cmw_encode(const DqCmw *cmw, DqCmwForm form)
{
    return form == DQ_CMW_JSON ? cmw_encode_json(cmw) : cmw_encode_cbor(cmw);
}

/* A map of CBOR begins with one of these bytes, and no text does. */
static gboolean begins_map(GBytes *bytes)
{
    gsize len;
    const uint8_t *data = g_bytes_get_data(bytes, &len);

    return len > 0 && data[0] >= 0xa0 && data[0] <= 0xbf;
}

gboolean dq_cmw_decode(GBytes *bytes, DqCmw *ret, GError **error)
{
    g_auto(DqCmw) cmw = { 0 };

    if (g_bytes_get_size(bytes) > DQ_CMW_MAX) {
        return cmw_fail(error, "it is too long");
    }
    if (!(begins_map(bytes) ? cmw_decode_cbor : cmw_decode_json)(bytes, &cmw, error)) {
        return FALSE;
    }
    *ret = cmw;
    cmw = (DqCmw){ 0 };
    return TRUE;
}
