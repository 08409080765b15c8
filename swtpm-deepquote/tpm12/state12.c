/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "state12.h"

enum {
    STATE_V1 = 0x0001,       /* TPM_TAG_NVSTATE_V1 */
    PERMANENT_DATA = 0x0022, /* TPM_TAG_PERMANENT_DATA */
    SECRETS = 5,             /* tpmProof, EKReset, ownerAuth, operatorAuth, authDIR */
};

/* Moves to the endorsement key, behind the secrets and the maintenance key. */
static bool find_ek(WireReader *r)
{
    uint16_t state, data;
    uint8_t has_maintenance_key;
    WireBytes secrets;

    return wire_get_u16(r, &state) && state == STATE_V1 && wire_get_u16(r, &data) &&
           data == PERMANENT_DATA && wire_get_bytes(r, SECRETS * TPM12_DIGEST_SIZE, &secrets) &&
           wire_get_u8(r, &has_maintenance_key) &&
           (!has_maintenance_key || wire_skip_tpm12_pubkey(r));
}

bool state12_find_ek(WireBytes state, WireTpm12Key *ret)
{
    WireReader r = WIRE_READER(state.p, state.len);

    return find_ek(&r) && wire_get_tpm12_ek(&r, ret);
}

bool state12_find_key(WireBytes state, uint32_t handle, WireTpm12Key *ret)
{
    for (size_t at = 0; at < state.len; at++) {
        WireReader r = WIRE_READER(state.p + at, state.len - at);
        uint32_t found;

        if (wire_get_u32(&r, &found) && found == handle && wire_get_tpm12_key(&r, ret)) {
            return true;
        }
    }
    return false;
}
