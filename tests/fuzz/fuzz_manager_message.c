/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "fuzz_recode.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static uint8_t buf[65536];
    static ManagerMessage m;
    WireBytes in = { data, size };
    WireWriter w = WIRE_WRITER(buf, sizeof(buf));

    if (size <= sizeof(buf) && wire_decode_manager_message(in, &m)) {
        fuzz_expect_same(in, &w, wire_put_manager_message(&w, &m));
    }
    return 0;
}
