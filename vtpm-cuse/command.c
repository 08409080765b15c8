/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "command.h"

#include <errno.h>

/* TPM 1.2 and 2.0 alike: UINT16 tag, UINT32 size of all, UINT32 code. */
static bool header_size(WireBytes bytes, size_t *ret)
{
    WireReader r = WIRE_READER(bytes.p, bytes.len);
    uint16_t tag;
    uint32_t size;

    if (bytes.len < COMMAND_HEADER || !wire_get_u16(&r, &tag) || !wire_get_u32(&r, &size)) {
        return false;
    }
    *ret = size;
    return true;
}

int command_check(WireBytes written, size_t *ret_len)
{
    size_t size;

    if (written.len > COMMAND_MAX) {
        return E2BIG;
    }
    if (!header_size(written, &size) || size < COMMAND_HEADER || size > written.len) {
        return EINVAL;
    }
    *ret_len = size;
    return 0;
}

PtmProgress response_size(const void *what, WireBytes have, size_t *ret_size)
{
    size_t size;

    (void)what;
    if (!header_size(have, &size)) {
        *ret_size = COMMAND_HEADER;
        return PTM_MORE;
    }
    if (size < COMMAND_HEADER || size > COMMAND_MAX || have.len > size) {
        return PTM_BROKEN;
    }
    *ret_size = size;
    return have.len < size ? PTM_MORE : PTM_WHOLE;
}
