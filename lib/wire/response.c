/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "wire/response.h"

#include "wire/header.h"
#include "wire/signature.h"

/* TPMT_SIGNATURE has no size of its own: what decodes is its extent. */
static bool get_signature_bytes(WireReader *r, WireBytes *ret)
{
    WireReader t = *r;
    WireSignature s;

    return wire_get_signature(&t, &s) && wire_get_bytes(r, r->left - t.left, ret);
}

/* Evidence, or the reason for having none */
static bool get_host_part(WireReader *r, WireDeepQuoteResponse *resp)
{
    return wire_get_u32(r, &resp->host_status) &&
           wire_get_tpm2b(r, DEEPQUOTE_EVIDENCE_MAX, &resp->evidence) &&
           (resp->host_status == TPM_RC_SUCCESS) == (resp->evidence.len > 0);
}

static bool decode_response(WireBytes bytes, bool deep, WireDeepQuoteResponse *ret)
{
    WireReader r = WIRE_READER(bytes.p, bytes.len);
    WireReader parameters;
    WireDeepQuoteResponse resp = { 0 };
    WireTpmHeader h;
    WireBytes body;
    uint32_t size;

    if (!wire_get_tpm_header(&r, &h) || h.tag != TPM_ST_SESSIONS || h.size != bytes.len ||
        h.code != TPM_RC_SUCCESS || !wire_get_u32(&r, &size) || !wire_get_bytes(&r, size, &body)) {
        return false;
    }
    resp.auth = (WireBytes){ r.p, r.left };
    parameters = WIRE_READER(body.p, body.len);
    if (!wire_get_tpm2b(&parameters, WIRE_ATTEST_MAX, &resp.quoted) ||
        !get_signature_bytes(&parameters, &resp.signature) ||
        (deep && !get_host_part(&parameters, &resp)) || parameters.left != 0) {
        return false;
    }
    *ret = resp;
    return true;
}

bool wire_decode_quote_response(WireBytes bytes, WireDeepQuoteResponse *ret)
{
    return decode_response(bytes, false, ret);
}

bool wire_decode_deepquote_response(WireBytes bytes, WireDeepQuoteResponse *ret)
{
    return decode_response(bytes, true, ret);
}

bool wire_put_deepquote_response(WireWriter *w, const WireDeepQuoteResponse *resp)
{
    WireWriter t = *w;
    WireTpmHeader h = { TPM_ST_SESSIONS, 0, TPM_RC_SUCCESS };
    size_t start = t.len;
    size_t mark;

    if ((resp->host_status == TPM_RC_SUCCESS) != (resp->evidence.len > 0) ||
        !wire_put_tpm_header(&t, &h) || !wire_open_u32(&t, &mark) ||
        !wire_put_tpm2b(&t, resp->quoted) || !wire_put_bytes(&t, resp->signature) ||
        !wire_put_u32(&t, resp->host_status) || !wire_put_tpm2b(&t, resp->evidence) ||
        !wire_close_u32(&t, mark) || !wire_put_bytes(&t, resp->auth) ||
        !wire_set_u32(&t, start + 2, (uint32_t)(t.len - start))) {
        return false;
    }
    *w = t;
    return true;
}
