/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a decoder accepts must encode to the same bytes. */
#ifndef FUZZ_RECODE_H
#define FUZZ_RECODE_H

#include <stdlib.h>
#include <string.h>

#include "wire/audit.h"
#include "wire/deepquote.h"
#include "wire/manager.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static inline void fuzz_expect_same(WireBytes in, const WireWriter *out, bool encoded)
{
    if (!encoded || !wire_bytes_equal(in, wire_written(out))) {
        abort();
    }
}

#endif
