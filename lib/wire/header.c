/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "wire/header.h"

bool wire_get_tpm_header(WireReader *r, WireTpmHeader *ret)
{
    WireReader t = *r;
    WireTpmHeader h;

    if (!wire_get_u16(&t, &h.tag) || !wire_get_u32(&t, &h.size) || !wire_get_u32(&t, &h.code)) {
        return false;
    }
    *ret = h;
    *r = t;
    return true;
}

bool wire_put_tpm_header(WireWriter *w, const WireTpmHeader *h)
{
    WireWriter t = *w;

    if (!wire_put_u16(&t, h->tag) || !wire_put_u32(&t, h->size) || !wire_put_u32(&t, h->code)) {
        return false;
    }
    *w = t;
    return true;
}
