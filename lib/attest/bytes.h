/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Borrowed bytes in the types of the layers that they come from: DqBytes, WireBytes and GBytes. */
#ifndef ATTEST_BYTES_H
#define ATTEST_BYTES_H

#include "attest/deepquote.h"

#include "wire/cursor.h"

static inline DqBytes dq_unwire(WireBytes b)
{
    return (DqBytes){ b.p, b.len };
}

static inline WireBytes dq_wire(DqBytes b)
{
    return (WireBytes){ b.data, b.len };
}

/** dq_bytes_peek: the content of @bytes, borrowed. */
DqBytes dq_bytes_peek(GBytes *bytes);

/** dq_bytes_copy: (transfer full): a copy, such as a key of a hash table. */
GBytes *dq_bytes_copy(DqBytes bytes);

/** dq_bytes_borrow: (transfer full): the same bytes without a copy, for a look-up. */
GBytes *dq_bytes_borrow(DqBytes bytes);

/** dq_bytes_equal: same length and content; the time does not depend on the content. */
gboolean dq_bytes_equal(DqBytes a, DqBytes b);

#endif
