/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "wire/auth.h"

bool wire_get_auth(WireReader *r, WireAuth *ret)
{
    WireReader t = *r;
    WireAuth a;

    if (!wire_get_u32(&t, &a.handle) || !wire_get_tpm2b(&t, WIRE_DIGEST_MAX, &a.nonce) ||
        !wire_get_u8(&t, &a.attributes) || !wire_get_tpm2b(&t, WIRE_DIGEST_MAX, &a.hmac)) {
        return false;
    }
    *ret = a;
    *r = t;
    return true;
}

bool wire_get_auth_area(WireReader *r, WireAuthArea *ret)
{
    WireReader t = *r;
    WireReader area;
    WireAuthArea a = { 0 };
    WireBytes body;
    uint32_t size;

    if (!wire_get_u32(&t, &size) || !wire_get_bytes(&t, size, &body)) {
        return false;
    }
    area = WIRE_READER(body.p, body.len);
    do {
        if (a.count == WIRE_AUTH_MAX || !wire_get_auth(&area, &a.auth[a.count])) {
            return false;
        }
        a.count++;
    } while (area.left != 0);
    *ret = a;
    *r = t;
    return true;
}

bool wire_put_auth_area(WireWriter *w, const WireAuthArea *a)
{
    WireWriter t = *w;
    size_t mark;

    if (a->count > WIRE_AUTH_MAX || !wire_open_u32(&t, &mark)) {
        return false;
    }
    for (unsigned i = 0; i < a->count; i++) {
        if (!wire_put_u32(&t, a->auth[i].handle) || !wire_put_tpm2b(&t, a->auth[i].nonce) ||
            !wire_put_u8(&t, a->auth[i].attributes) || !wire_put_tpm2b(&t, a->auth[i].hmac)) {
            return false;
        }
    }
    if (!wire_close_u32(&t, mark)) {
        return false;
    }
    *w = t;
    return true;
}
