/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tpm2_deepquote_context.h"

#include <string.h>

#define CONTEXT_MAGIC 0xBADCC0DEu

enum {
    CONTEXT_OF_KEY = 1,
    CONTEXT_OF_SESSION = 2,
};

static gboolean get_start(WireReader *r, uint32_t kind)
{
    uint32_t magic, version;

    return wire_get_u32(r, &magic) && magic == CONTEXT_MAGIC && wire_get_u32(r, &version) &&
           version == kind;
}

gboolean context_parse(WireBytes bytes, TPMS_CONTEXT *ret)
{
    WireReader r = WIRE_READER(bytes.p, bytes.len);
    uint32_t hierarchy, handle;
    uint64_t sequence;
    WireBytes blob;

    if (!get_start(&r, CONTEXT_OF_KEY) || !wire_get_u32(&r, &hierarchy) ||
        !wire_get_u32(&r, &handle) || !wire_get_u64(&r, &sequence) ||
        !wire_get_tpm2b(&r, sizeof(ret->contextBlob.buffer), &blob) || r.left != 0) {
        return FALSE;
    }
    ret->hierarchy = hierarchy;
    ret->savedHandle = handle;
    ret->sequence = sequence;
    ret->contextBlob.size = (UINT16)blob.len;
    memcpy(ret->contextBlob.buffer, blob.p, blob.len);
    return TRUE;
}

static void put_context(WireWriter *w, const TPMS_CONTEXT *context)
{
    WireBytes blob = { context->contextBlob.buffer, context->contextBlob.size };

    g_assert(wire_put_u32(w, CONTEXT_MAGIC) && wire_put_u32(w, CONTEXT_OF_KEY) &&
             wire_put_u32(w, context->hierarchy) && wire_put_u32(w, context->savedHandle) &&
             wire_put_u64(w, context->sequence) && wire_put_tpm2b(w, blob));
}

GBytes *context_format(const TPMS_CONTEXT *context)
{
    uint8_t buf[sizeof(context->contextBlob.buffer) + 64];
    WireWriter w = WIRE_WRITER(buf, sizeof(buf));

    put_context(&w, context);
    return g_bytes_new(buf, w.len);
}

gboolean session_context_parse(WireBytes bytes, SessionContext *ret)
{
    WireReader r = WIRE_READER(bytes.p, bytes.len);
    uint8_t type;
    uint16_t hash;

    if (!get_start(&r, CONTEXT_OF_SESSION) || !wire_get_u8(&r, &type) || !wire_get_u16(&r, &hash) ||
        !context_parse((WireBytes){ r.p, r.left }, &ret->context)) {
        return FALSE;
    }
    ret->type = type;
    ret->hash = hash;
    return TRUE;
}

GBytes *session_context_format(const SessionContext *session)
{
    uint8_t buf[sizeof(session->context.contextBlob.buffer) + 64];
    WireWriter w = WIRE_WRITER(buf, sizeof(buf));

    g_assert(wire_put_u32(&w, CONTEXT_MAGIC) && wire_put_u32(&w, CONTEXT_OF_SESSION) &&
             wire_put_u8(&w, session->type) && wire_put_u16(&w, session->hash));
    put_context(&w, &session->context);
    return g_bytes_new(buf, w.len);
}
