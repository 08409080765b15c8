/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "appraise/uefi-variable.h"

gboolean dq_uefi_variable(WireBytes data, DqUefiVariable *ret)
{
    WireReader r = WIRE_READER(data.p, data.len);
    uint64_t characters, size;
    DqUefiVariable v;

    if (!wire_get_copy(&r, DQ_GUID_SIZE, v.guid) || !wire_get_le64(&r, &characters) ||
        !wire_get_le64(&r, &size) || characters > r.left / 2 ||
        !wire_get_bytes(&r, characters * 2, &v.name) || !wire_get_bytes(&r, size, &v.content) ||
        r.left != 0) {
        return FALSE;
    }
    *ret = v;
    return TRUE;
}
