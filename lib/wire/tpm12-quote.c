/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "wire/tpm12-quote.h"

#include "wire/header.h"

#include <string.h>

static const uint8_t fixed[] = { 'Q', 'U', 'T', '2' };

bool wire_get_tpm12_pcrs(WireReader *r, WirePcrSelection *ret)
{
    WireReader t = *r;
    WirePcrSelection s = { .count = 1, .bank = { { .hash = TPM_ALG_SHA1 } } };
    uint16_t size;

    if (!wire_get_u16(&t, &size) || size == 0 || size > WIRE_PCR_SELECT_MAX ||
        !wire_get_copy(&t, size, s.bank[0].select)) {
        return false;
    }
    s.bank[0].size = (uint8_t)size;
    *ret = s;
    *r = t;
    return true;
}

bool wire_put_tpm12_pcrs(WireWriter *w, const WirePcrSelection *s)
{
    return s->count == 1 && s->bank[0].hash == TPM_ALG_SHA1 &&
           wire_put_tpm2b(w, (WireBytes){ s->bank[0].select, s->bank[0].size });
}

/* TPM_PCR_INFO_SHORT */
static bool get_pcr_info(WireReader *r, WireQuoteInfo2 *q)
{
    return wire_get_tpm12_pcrs(r, &q->pcrs) && wire_get_u8(r, &q->locality) &&
           wire_get_bytes(r, TPM12_DIGEST_SIZE, &q->pcr_digest);
}

/* TPM_CAP_VERSION_INFO: tag, version, specLevel, errataRev, tpmVendorID, what the vendor adds */
static bool is_version_info(WireBytes bytes)
{
    WireReader r = WIRE_READER(bytes.p, bytes.len);
    uint32_t version, vendor;
    uint16_t tag, level;
    uint8_t errata;
    WireBytes more;

    return wire_get_u16(&r, &tag) && tag == TPM12_TAG_VERSION_INFO && wire_get_u32(&r, &version) &&
           wire_get_u16(&r, &level) && wire_get_u8(&r, &errata) && wire_get_u32(&r, &vendor) &&
           wire_get_tpm2b(&r, TPM12_VERSION_INFO_MAX, &more) && r.left == 0;
}

static bool version_info_valid(WireBytes bytes)
{
    return bytes.len == 0 || is_version_info(bytes);
}

bool wire_decode_quote_info2(WireBytes bytes, WireQuoteInfo2 *ret)
{
    WireReader r = WIRE_READER(bytes.p, bytes.len);
    WireQuoteInfo2 q;
    WireBytes name;
    uint16_t tag;

    if (!wire_get_u16(&r, &tag) || tag != TPM12_TAG_QUOTE_INFO2 ||
        !wire_get_bytes(&r, sizeof(fixed), &name) || memcmp(name.p, fixed, sizeof(fixed)) != 0 ||
        !wire_get_bytes(&r, TPM12_DIGEST_SIZE, &q.external_data) || !get_pcr_info(&r, &q) ||
        !wire_get_bytes(&r, r.left, &q.version_info) || !version_info_valid(q.version_info)) {
        return false;
    }
    *ret = q;
    return true;
}

static bool put_begin(WireWriter *w, WireBytes external_data)
{
    return external_data.len == TPM12_DIGEST_SIZE && wire_put_u16(w, TPM12_TAG_QUOTE_INFO2) &&
           wire_put_bytes(w, (WireBytes){ fixed, sizeof(fixed) }) &&
           wire_put_bytes(w, external_data);
}

bool wire_put_quote_info2(WireWriter *w, const WireQuoteInfo2 *q)
{
    WireWriter t = *w;

    if (!put_begin(&t, q->external_data) || !wire_put_tpm12_pcrs(&t, &q->pcrs) ||
        !wire_put_u8(&t, q->locality) || q->pcr_digest.len != TPM12_DIGEST_SIZE ||
        !wire_put_bytes(&t, q->pcr_digest) || !wire_put_bytes(&t, q->version_info)) {
        return false;
    }
    *w = t;
    return true;
}

bool wire_put_tpm12_signed(WireWriter *w, WireBytes external_data,
                           const WireTpm12QuoteResponse *resp)
{
    WireWriter t = *w;

    if (!put_begin(&t, external_data) || !wire_put_bytes(&t, resp->pcr_data) ||
        !wire_put_bytes(&t, resp->version_info)) {
        return false;
    }
    *w = t;
    return true;
}

/* Cuts the trailer off what follows the header. */
static bool cut_trailer(WireReader *r, uint16_t tag, WireBytes *ret)
{
    const size_t size = tag == TPM12_TAG_RESPONSE_AUTH1 ? TPM12_RESPONSE_TRAILER_SIZE : 0;

    if ((tag != TPM12_TAG_RESPONSE && tag != TPM12_TAG_RESPONSE_AUTH1) || size > r->left) {
        return false;
    }
    r->left -= size;
    *ret = (WireBytes){ r->p + r->left, size };
    return true;
}

static bool get_quote(WireReader *r, WireTpm12QuoteResponse *resp)
{
    const WireReader start = *r;
    WireQuoteInfo2 q;

    if (!get_pcr_info(r, &q)) {
        return false;
    }
    resp->pcr_data = (WireBytes){ start.p, start.left - r->left };
    return wire_get_sized(r, TPM12_VERSION_INFO_MAX, &resp->version_info) &&
           version_info_valid(resp->version_info) &&
           wire_get_sized(r, WIRE_KEY_BYTES_MAX, &resp->signature);
}

/* Evidence, or the reason for having none */
static bool get_host_part(WireReader *r, WireTpm12QuoteResponse *resp)
{
    return wire_get_u32(r, &resp->host_status) &&
           wire_get_sized(r, DEEPQUOTE_EVIDENCE_MAX, &resp->evidence) &&
           (resp->host_status == TPM12_SUCCESS) == (resp->evidence.len > 0);
}

static bool decode_response(WireBytes bytes, bool deep, WireTpm12QuoteResponse *ret)
{
    WireReader r = WIRE_READER(bytes.p, bytes.len);
    WireTpm12QuoteResponse resp = { 0 };
    WireTpmHeader h;

    if (!wire_get_tpm_header(&r, &h) || h.size != bytes.len || h.code != TPM12_SUCCESS ||
        !cut_trailer(&r, h.tag, &resp.trailer) || !get_quote(&r, &resp) ||
        (deep && !get_host_part(&r, &resp)) || r.left != 0) {
        return false;
    }
    *ret = resp;
    return true;
}

bool wire_decode_tpm12_quote_response(WireBytes bytes, WireTpm12QuoteResponse *ret)
{
    return decode_response(bytes, false, ret);
}

bool wire_decode_tpm12_deepquote_response(WireBytes bytes, WireTpm12QuoteResponse *ret)
{
    return decode_response(bytes, true, ret);
}

bool wire_put_tpm12_deepquote_response(WireWriter *w, const WireTpm12QuoteResponse *resp)
{
    WireWriter t = *w;
    const WireTpmHeader h = {
        .tag = resp->trailer.len > 0 ? TPM12_TAG_RESPONSE_AUTH1 : TPM12_TAG_RESPONSE,
    };
    const size_t start = t.len;

    if ((resp->host_status == TPM12_SUCCESS) != (resp->evidence.len > 0) ||
        !wire_put_tpm_header(&t, &h) || !wire_put_bytes(&t, resp->pcr_data) ||
        !wire_put_sized(&t, resp->version_info) || !wire_put_sized(&t, resp->signature) ||
        !wire_put_u32(&t, resp->host_status) || !wire_put_sized(&t, resp->evidence) ||
        !wire_put_bytes(&t, resp->trailer) ||
        !wire_set_u32(&t, start + sizeof(h.tag), (uint32_t)(t.len - start))) {
        return false;
    }
    *w = t;
    return true;
}

size_t wire_tpm12_response_bound(void)
{
    const WireTpm12QuoteResponse longest = {
        .pcr_data = { NULL, sizeof(uint16_t) + WIRE_PCR_SELECT_MAX + sizeof(uint8_t) +
                                TPM12_DIGEST_SIZE },
        .version_info = { NULL, TPM12_VERSION_INFO_MAX },
        .signature = { NULL, WIRE_KEY_BYTES_MAX },
        .host_status = DEEPQUOTE_RC_BUSY, /* any, so that there need be no evidence */
        .trailer = { NULL, TPM12_RESPONSE_TRAILER_SIZE },
    };
    WireWriter w = WIRE_COUNTER;

    return wire_put_tpm12_deepquote_response(&w, &longest) ? w.len : SIZE_MAX;
}
