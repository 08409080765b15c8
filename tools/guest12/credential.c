/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "credential.h"

#include "codes.h"
#include "exchange.h"

#include "common/host-ask.h"

/* @ret_page: borrowed from @buf */
static gboolean credential_page(Device *device, uint32_t what, uint32_t offset, uint8_t *buf,
                                uint32_t *ret_total, WireBytes *ret_page, GError **error)
{
    uint8_t parameters[2 * sizeof(uint32_t)];
    WireWriter w = WIRE_WRITER(parameters, sizeof(parameters));
    WireReader body;

    g_assert(wire_put_u32(&w, what) && wire_put_u32(&w, offset));
    if (!exchange(device, TPM_CC_HostCredential, wire_written(&w), "reading the host's credential",
                  buf, &body, error)) {
        return FALSE;
    }
    if (!wire_get_u32(&body, ret_total) || !wire_get_tpm2b(&body, DEEPQUOTE_PAGE_MAX, ret_page) ||
        body.left != 0 || *ret_total > host_credential_max(what) || offset > *ret_total ||
        ret_page->len > *ret_total - offset || (ret_page->len == 0 && offset < *ret_total)) {
        return exchange_malformed("reading the host's credential", error);
    }
    return TRUE;
}

GBytes *host_credential(Device *device, uint32_t what, GError **error)
{
    g_autoptr(GByteArray) all = g_byte_array_new();
    uint32_t first_total = 0;

    do {
        uint8_t buf[WIRE_TPM_BUFFER_MAX];
        uint32_t total = 0;
        WireBytes page = { NULL, 0 };

        if (!credential_page(device, what, all->len, buf, &total, &page, error)) {
            return NULL;
        }
        first_total = all->len == 0 ? total : first_total;
        if (total < first_total) {
            g_set_error_literal(error, TPM12_ERROR, TPM12_ERROR_TPM,
                                "the host's credential changed while it was read: try again");
            return NULL;
        }
        g_byte_array_append(all, page.p, (guint)MIN(page.len, first_total - all->len));
    } while (all->len < first_total); /* a log may have grown since */
    if (first_total == 0) {
        g_set_error_literal(error, TPM12_ERROR, TPM12_ERROR_TPM, "the host has no such credential");
        return NULL;
    }
    return g_byte_array_free_to_bytes(g_steal_pointer(&all));
}
