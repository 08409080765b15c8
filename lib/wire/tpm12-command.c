/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "wire/tpm12-command.h"

#include "wire/hash.h"
#include "wire/header.h"
#include "wire/tpm12-quote.h"

/* Checks the header, and cuts the trailer off; the reader has what is between them. */
static uint32_t get_frame(WireReader *r, WireBytes *ret_trailer)
{
    WireTpmHeader h;
    const size_t total = r->left;
    size_t trailer;

    if (!wire_get_tpm_header(r, &h) || h.size != total) {
        return TPM12_BAD_PARAM_SIZE;
    }
    if (h.tag != TPM12_TAG_COMMAND && h.tag != TPM12_TAG_COMMAND_AUTH1) {
        return TPM12_BADTAG;
    }
    trailer = h.tag == TPM12_TAG_COMMAND_AUTH1 ? TPM12_COMMAND_TRAILER_SIZE : 0;
    if (h.code != TPM_CC_DeepQuote || r->left < trailer) {
        return TPM12_BAD_PARAM_SIZE;
    }
    r->left -= trailer;
    *ret_trailer = (WireBytes){ r->p + r->left, trailer };
    return TPM12_SUCCESS;
}

static uint32_t get_quote(WireReader *r, WireTpm12DeepQuoteCommand *c)
{
    const WireReader start = *r;
    WireReader size = { NULL, 0 };
    uint16_t size_of_select;

    if (!wire_get_u32(r, &c->key_handle) ||
        !wire_get_bytes(r, TPM12_DIGEST_SIZE, &c->external_data)) {
        return TPM12_BAD_PARAM_SIZE;
    }
    size = *r;
    if (!wire_get_tpm12_pcrs(r, &c->pcrs)) {
        return wire_get_u16(&size, &size_of_select) &&
                       (size_of_select == 0 || size_of_select > WIRE_PCR_SELECT_MAX)
                   ? TPM12_INVALID_PCR_INFO
                   : TPM12_BAD_PARAM_SIZE;
    }
    if (!wire_get_u8(r, &c->add_version)) {
        return TPM12_BAD_PARAM_SIZE;
    }
    c->quote = (WireBytes){ start.p, start.left - r->left };
    return TPM12_SUCCESS;
}

static bool host_pcrs_valid(const WirePcrSelection *s)
{
    for (uint32_t i = 0; i < s->count; i++) {
        if (wire_hash_size(s->bank[i].hash) == 0) {
            return false;
        }
    }
    return wire_pcr_count(s) > 0;
}

/* The two fields that only the module reads */
static uint32_t get_host_part(WireReader *r, WireTpm12DeepQuoteCommand *c)
{
    const WirePcrError error =
        wire_get_pcr_selection_max(r, DEEPQUOTE_HOST_BANKS_MAX, &c->host_pcrs);

    if (error == WIRE_PCR_TRUNCATED) {
        return TPM12_BAD_PARAM_SIZE;
    }
    if (error != WIRE_PCR_OK || !host_pcrs_valid(&c->host_pcrs)) {
        return TPM12_INVALID_PCR_INFO;
    }
    if (!wire_get_u32(r, &c->flags) || r->left != 0) {
        return TPM12_BAD_PARAM_SIZE;
    }
    return (c->flags & ~(uint32_t)DEEPQUOTE_FLAGS_ALL) == 0 ? TPM12_SUCCESS : TPM12_BAD_PARAMETER;
}

uint32_t wire_decode_tpm12_deepquote_command(WireBytes bytes, WireTpm12DeepQuoteCommand *ret)
{
    WireReader r = WIRE_READER(bytes.p, bytes.len);
    WireTpm12DeepQuoteCommand c = { 0 };
    uint32_t rc = get_frame(&r, &c.trailer);

    if (rc == TPM12_SUCCESS) {
        rc = get_quote(&r, &c);
    }
    if (rc == TPM12_SUCCESS) {
        rc = get_host_part(&r, &c);
    }
    if (rc == TPM12_SUCCESS) {
        *ret = c;
    }
    return rc;
}

static bool put_header(WireWriter *w, const WireTpm12DeepQuoteCommand *c, uint32_t ordinal)
{
    const WireTpmHeader h = {
        .tag = c->trailer.len > 0 ? TPM12_TAG_COMMAND_AUTH1 : TPM12_TAG_COMMAND,
        .code = ordinal,
    };

    return wire_put_tpm_header(w, &h);
}

/* The trailer, and the size of what began at @start */
static bool put_end(WireWriter *w, const WireTpm12DeepQuoteCommand *c, size_t start)
{
    return wire_put_bytes(w, c->trailer) &&
           wire_set_u32(w, start + sizeof(uint16_t), (uint32_t)(w->len - start));
}

bool wire_put_tpm12_deepquote_command(WireWriter *w, const WireTpm12DeepQuoteCommand *c)
{
    WireWriter t = *w;

    if (!put_header(&t, c, TPM_CC_DeepQuote) || !wire_put_u32(&t, c->key_handle) ||
        c->external_data.len != TPM12_DIGEST_SIZE || !wire_put_bytes(&t, c->external_data) ||
        !wire_put_tpm12_pcrs(&t, &c->pcrs) || !wire_put_u8(&t, c->add_version) ||
        !wire_put_pcr_selection(&t, &c->host_pcrs) || !wire_put_u32(&t, c->flags) ||
        !put_end(&t, c, w->len)) {
        return false;
    }
    *w = t;
    return true;
}

bool wire_put_tpm12_quote_command(WireWriter *w, const WireTpm12DeepQuoteCommand *c)
{
    WireWriter t = *w;

    if (!put_header(&t, c, TPM12_ORD_Quote2) || !wire_put_bytes(&t, c->quote) ||
        !put_end(&t, c, w->len)) {
        return false;
    }
    *w = t;
    return true;
}

/* By the codes of TPM 2.0 without the number of a parameter, handle or session */
static const struct {
    uint32_t rc;
    uint32_t code;
} codes[] = {
    { TPM_RC_SUCCESS, TPM12_SUCCESS },
    { TPM_RC_BAD_TAG, TPM12_BADTAG },
    { TPM_RC_AUTH_CONTEXT, TPM12_BADTAG },
    { TPM_RC_COMMAND_SIZE, TPM12_BAD_PARAM_SIZE },
    { TPM_RC_INSUFFICIENT, TPM12_BAD_PARAM_SIZE },
    { TPM_RC_HASH, TPM12_INVALID_PCR_INFO },
    { TPM_RC_VALUE, TPM12_BAD_PARAMETER },
    { TPM_RC_RESERVED_BITS, TPM12_BAD_PARAMETER },
    { TPM_RC_SIZE, TPM12_SIZE },
    { TPM_RC_RETRY, TPM12_RETRY },
};

uint32_t wire_tpm12_code(uint32_t rc)
{
    enum { FORMAT_ONE = 0x080, WITHOUT_NUMBER = 0x0BF };
    const uint32_t bare = (rc & FORMAT_ONE) != 0 ? rc & WITHOUT_NUMBER : rc;

    if (rc >= DEEPQUOTE_RC_NO_MANAGER && rc <= DEEPQUOTE_RC_NOT_SHARED) {
        return rc;
    }
    for (size_t i = 0; i < sizeof(codes) / sizeof(codes[0]); i++) {
        if (codes[i].rc == bare) {
            return codes[i].code;
        }
    }
    return TPM12_FAIL;
}
