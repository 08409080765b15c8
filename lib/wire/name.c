/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "wire/name.h"

#include "wire/hash.h"

bool wire_name_valid(WireBytes name)
{
    WireReader r = WIRE_READER(name.p, name.len);
    uint16_t alg;

    if (name.len == 0) {
        return true;
    }
    return wire_get_u16(&r, &alg) && r.left != 0 && r.left == wire_hash_size(alg);
}

bool wire_get_name(WireReader *r, WireBytes *ret)
{
    WireReader t = *r;
    WireBytes name;

    if (!wire_get_tpm2b(&t, WIRE_NAME_MAX, &name) || !wire_name_valid(name)) {
        return false;
    }
    *ret = name;
    *r = t;
    return true;
}
