/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "wire/command.h"

#include "wire/hash.h"
#include "wire/header.h"

/* Checks the header; on success the reader stands behind it. */
static uint32_t get_command_header(WireReader *r, uint32_t code, uint16_t tag)
{
    WireTpmHeader h;
    size_t total = r->left;

    if (!wire_get_tpm_header(r, &h)) {
        return TPM_RC_COMMAND_SIZE;
    }
    if (h.tag != TPM_ST_SESSIONS && h.tag != TPM_ST_NO_SESSIONS) {
        return TPM_RC_BAD_TAG;
    }
    if (h.size != total) {
        return TPM_RC_COMMAND_SIZE;
    }
    if (h.code != code) {
        return TPM_RC_COMMAND_CODE;
    }
    if (h.tag != tag) {
        return tag == TPM_ST_SESSIONS ? TPM_RC_AUTH_MISSING : TPM_RC_AUTH_CONTEXT;
    }
    return TPM_RC_SUCCESS;
}

/* The authorization area, with the code and session number that a TPM gives for each fault. */
static uint32_t get_sessions(WireReader *r, WireAuthArea *ret)
{
    enum { SMALLEST_AUTH = 9 };
    WireReader area;
    WireBytes body;
    uint32_t size;
    unsigned n = 0;

    if (!wire_get_u32(r, &size)) {
        return TPM_RC_INSUFFICIENT;
    }
    if (size < SMALLEST_AUTH || !wire_get_bytes(r, size, &body)) {
        return TPM_RC_SIZE;
    }
    for (area = WIRE_READER(body.p, body.len); area.left != 0; n++) {
        if (n == WIRE_AUTH_MAX) {
            return WIRE_RC_S(TPM_RC_SIZE, n + 1);
        }
        if (!wire_get_auth(&area, &ret->auth[n])) {
            return WIRE_RC_S(TPM_RC_INSUFFICIENT, n + 1);
        }
    }
    ret->count = n;
    return TPM_RC_SUCCESS;
}

static uint32_t get_qualifying_data(WireReader *r, WireBytes *ret)
{
    WireReader t = *r;
    uint16_t size;

    if (!wire_get_u16(&t, &size)) {
        return TPM_RC_INSUFFICIENT;
    }
    if (size < DEEPQUOTE_NONCE_MIN || size > DEEPQUOTE_NONCE_MAX) {
        return TPM_RC_SIZE;
    }
    return wire_get_tpm2b(r, DEEPQUOTE_NONCE_MAX, ret) ? TPM_RC_SUCCESS : TPM_RC_INSUFFICIENT;
}

static uint32_t get_scheme(WireReader *r, WireSigScheme *ret)
{
    WireReader t = *r;
    uint16_t alg;

    if (!wire_get_u16(&t, &alg)) {
        return TPM_RC_INSUFFICIENT;
    }
    if (!wire_sig_scheme_known(alg)) {
        return TPM_RC_SCHEME;
    }
    return wire_get_sig_scheme(r, ret) ? TPM_RC_SUCCESS : TPM_RC_INSUFFICIENT;
}

static uint32_t get_selection(WireReader *r, uint32_t max_banks, WirePcrSelection *ret)
{
    static const uint32_t codes[] = {
        [WIRE_PCR_OK] = TPM_RC_SUCCESS,
        [WIRE_PCR_TRUNCATED] = TPM_RC_INSUFFICIENT,
        [WIRE_PCR_TOO_MANY_BANKS] = TPM_RC_SIZE,
        [WIRE_PCR_BAD_SIZE_OF_SELECT] = TPM_RC_VALUE,
    };

    return codes[wire_get_pcr_selection_max(r, max_banks, ret)];
}

static bool banks_known(const WirePcrSelection *s)
{
    for (uint32_t i = 0; i < s->count; i++) {
        if (wire_hash_size(s->bank[i].hash) == 0) {
            return false;
        }
    }
    return true;
}

static uint32_t get_host_selection(WireReader *r, WirePcrSelection *ret)
{
    uint32_t rc = get_selection(r, DEEPQUOTE_HOST_BANKS_MAX, ret);

    if (rc != TPM_RC_SUCCESS) {
        return rc;
    }
    return banks_known(ret) ? TPM_RC_SUCCESS : TPM_RC_HASH;
}

/* Parameters 4 and 5, which only the module reads. */
static uint32_t get_deepquote_tail(WireReader *r, WireDeepQuoteCommand *c)
{
    uint32_t rc = get_host_selection(r, &c->host_pcrs);

    if (rc == TPM_RC_SUCCESS && wire_pcr_count(&c->host_pcrs) == 0) {
        rc = TPM_RC_VALUE;
    }
    if (rc != TPM_RC_SUCCESS) {
        return WIRE_RC_P(rc, 4);
    }
    if (!wire_get_u32(r, &c->flags)) {
        return WIRE_RC_P(TPM_RC_INSUFFICIENT, 5);
    }
    if ((c->flags & ~(uint32_t)DEEPQUOTE_FLAGS_ALL) != 0) {
        return WIRE_RC_P(TPM_RC_RESERVED_BITS, 5);
    }
    return r->left == 0 ? TPM_RC_SUCCESS : TPM_RC_SIZE;
}

/* Parameters 1 to 3, those of TPM2_Quote. */
static uint32_t get_quote_parameters(WireReader *r, WireDeepQuoteCommand *c)
{
    uint32_t rc;

    rc = get_qualifying_data(r, &c->qualifying_data);
    if (rc != TPM_RC_SUCCESS) {
        return WIRE_RC_P(rc, 1);
    }
    rc = get_scheme(r, &c->scheme);
    if (rc != TPM_RC_SUCCESS) {
        return WIRE_RC_P(rc, 2);
    }
    rc = get_selection(r, WIRE_PCR_BANKS_MAX, &c->vtpm_pcrs);
    if (rc != TPM_RC_SUCCESS) {
        return WIRE_RC_P(rc, 3);
    }
    return TPM_RC_SUCCESS;
}

uint32_t wire_decode_deepquote_command(WireBytes bytes, WireDeepQuoteCommand *ret)
{
    WireReader r = WIRE_READER(bytes.p, bytes.len);
    WireDeepQuoteCommand c = { 0 };
    uint32_t rc;

    rc = get_command_header(&r, TPM_CC_DeepQuote, TPM_ST_SESSIONS);
    if (rc != TPM_RC_SUCCESS) {
        return rc;
    }
    if (!wire_get_u32(&r, &c.sign_handle)) {
        return WIRE_RC_H(TPM_RC_INSUFFICIENT, 1);
    }
    rc = get_sessions(&r, &c.auth);
    if (rc == TPM_RC_SUCCESS) {
        rc = get_quote_parameters(&r, &c);
    }
    if (rc == TPM_RC_SUCCESS) {
        c.quote_size = bytes.len - r.left;
        rc = get_deepquote_tail(&r, &c);
    }
    if (rc == TPM_RC_SUCCESS) {
        *ret = c;
    }
    return rc;
}

bool wire_put_deepquote_command(WireWriter *w, const WireDeepQuoteCommand *c)
{
    WireWriter t = *w;
    WireTpmHeader h = { TPM_ST_SESSIONS, 0, TPM_CC_DeepQuote };
    size_t start = t.len;

    if (!wire_put_tpm_header(&t, &h) || !wire_put_u32(&t, c->sign_handle) ||
        !wire_put_auth_area(&t, &c->auth) || !wire_put_tpm2b(&t, c->qualifying_data) ||
        !wire_put_sig_scheme(&t, &c->scheme) || !wire_put_pcr_selection(&t, &c->vtpm_pcrs) ||
        !wire_put_pcr_selection(&t, &c->host_pcrs) || !wire_put_u32(&t, c->flags) ||
        !wire_set_u32(&t, start + 2, (uint32_t)(t.len - start))) {
        return false;
    }
    *w = t;
    return true;
}

uint32_t wire_decode_host_pcr_read_command(WireBytes bytes, WirePcrSelection *ret)
{
    WireReader r = WIRE_READER(bytes.p, bytes.len);
    WirePcrSelection s;
    uint32_t rc;

    rc = get_command_header(&r, TPM_CC_HostPCRRead, TPM_ST_NO_SESSIONS);
    if (rc != TPM_RC_SUCCESS) {
        return rc;
    }
    rc = get_host_selection(&r, &s);
    if (rc != TPM_RC_SUCCESS) {
        return WIRE_RC_P(rc, 1);
    }
    if (r.left != 0) {
        return TPM_RC_SIZE;
    }
    *ret = s;
    return TPM_RC_SUCCESS;
}

uint32_t wire_decode_host_credential_command(WireBytes bytes, uint32_t *ret_what,
                                             uint32_t *ret_offset)
{
    WireReader r = WIRE_READER(bytes.p, bytes.len);
    uint32_t what, offset;
    uint32_t rc;

    rc = get_command_header(&r, TPM_CC_HostCredential, TPM_ST_NO_SESSIONS);
    if (rc != TPM_RC_SUCCESS) {
        return rc;
    }
    if (!wire_get_u32(&r, &what)) {
        return WIRE_RC_P(TPM_RC_INSUFFICIENT, 1);
    }
    if (what >= DEEPQUOTE_CREDENTIALS) {
        return WIRE_RC_P(TPM_RC_VALUE, 1);
    }
    if (!wire_get_u32(&r, &offset)) {
        return WIRE_RC_P(TPM_RC_INSUFFICIENT, 2);
    }
    if (r.left != 0) {
        return TPM_RC_SIZE;
    }
    *ret_what = what;
    *ret_offset = offset;
    return TPM_RC_SUCCESS;
}
