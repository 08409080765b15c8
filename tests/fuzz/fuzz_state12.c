/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The input is a state of a TPM 1.2, and then the handle that is looked for. */
#include "fuzz_recode.h"

#include "tpm12/state12.h"

static void fuzz_public(bool found, const WireTpm12Key *key)
{
    uint8_t buf[1024];
    WireWriter w = WIRE_WRITER(buf, sizeof(buf));

    if (found && !wire_put_tpm12_pubkey(&w, &key->public)) {
        abort();
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const WireBytes state = { data, size };
    WireReader r = { NULL, 0 };
    uint32_t handle = 0;
    WireTpm12Key key;

    if (size >= sizeof(handle)) {
        r = WIRE_READER(data + size - sizeof(handle), sizeof(handle));
    }
    fuzz_public(state12_find_ek(state, &key), &key);
    fuzz_public(wire_get_u32(&r, &handle) && state12_find_key(state, handle, &key), &key);
    return 0;
}
