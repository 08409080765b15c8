/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "exchange.h"

#include "codes.h"

#include "wire/header.h"

enum {
    TRIES = 100, /* where the host has no time */
    WAIT_US = 100 * 1000,
};

gboolean exchange_malformed(const char *what, GError **error)
{
    g_set_error(error, TPM12_ERROR, TPM12_ERROR_MALFORMED,
                "%s: the answer is malformed: are vtpm-managerd and swtpm-deepquote on the host of "
                "the same release as this program?",
                what);
    return FALSE;
}

static gboolean check_tag(uint16_t tag, const char *what, GError **error)
{
    if (tag == TPM_ST_NO_SESSIONS || tag == TPM_ST_SESSIONS) {
        g_set_error(error, TPM12_ERROR, TPM12_ERROR_TPM,
                    "%s: this is a TPM 2.0, which tpm2_deepquote is for", what);
        return FALSE;
    }
    return tag == TPM12_TAG_RESPONSE || tag == TPM12_TAG_RESPONSE_AUTH1 ||
           exchange_malformed(what, error);
}

/* @ret_code: what the answer says */
static gboolean send_once(Device *device, WireBytes command, const char *what, uint8_t *buf,
                          WireBytes *ret, uint32_t *ret_code, GError **error)
{
    WireBytes answer;
    WireReader r;
    WireTpmHeader h;

    if (!device_exchange(device, command, buf, &answer, error)) {
        g_prefix_error(error, "%s: ", what);
        return FALSE;
    }
    r = WIRE_READER(answer.p, answer.len);
    if (!wire_get_tpm_header(&r, &h)) {
        return exchange_malformed(what, error);
    }
    if (!check_tag(h.tag, what, error)) {
        return FALSE;
    }
    g_debug("%s: %" G_GSIZE_FORMAT " bytes, answered by %" G_GSIZE_FORMAT ", code 0x%x", what,
            command.len, answer.len, h.code);
    *ret = answer;
    *ret_code = h.code;
    return TRUE;
}

gboolean exchange_whole(Device *device, WireBytes command, const char *what, uint8_t *buf,
                        WireBytes *ret, GError **error)
{
    WireBytes answer = { 0 };
    uint32_t code = 0;

    if (!send_once(device, command, what, buf, &answer, &code, error) ||
        !code_check(code, what, error)) {
        return FALSE;
    }
    *ret = answer;
    return TRUE;
}

gboolean exchange(Device *device, uint32_t ordinal, WireBytes parameters, const char *what,
                  uint8_t *buf, WireReader *ret_body, GError **error)
{
    uint8_t out[WIRE_TPM_BUFFER_MAX];
    WireWriter w = WIRE_WRITER(out, sizeof(out));
    const WireTpmHeader h = { TPM12_TAG_COMMAND, (uint32_t)(WIRE_TPM_HEADER_SIZE + parameters.len),
                              ordinal };
    WireBytes answer = { 0 };
    uint32_t code = TPM12_RETRY;

    g_assert(wire_put_tpm_header(&w, &h) && wire_put_bytes(&w, parameters));
    for (int i = 0; i < TRIES && code == TPM12_RETRY; i++) {
        if (i > 0) {
            g_usleep(WAIT_US);
        }
        if (!send_once(device, wire_written(&w), what, buf, &answer, &code, error)) {
            return FALSE;
        }
    }
    if (!code_check(code, what, error)) {
        return FALSE;
    }
    *ret_body = WIRE_READER(answer.p + WIRE_TPM_HEADER_SIZE, answer.len - WIRE_TPM_HEADER_SIZE);
    return TRUE;
}
