/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "attest/tpm12.h"

#include "attest/bytes.h"
#include "attest/digest.h"

gsize dq_tpm12_name(DqBytes pubkey, WireTpm12Pubkey *ret_public, uint8_t ret_name[DQ_NAME_MAX])
{
    if (!wire_decode_tpm12_pubkey(dq_wire(pubkey), ret_public)) {
        return 0;
    }
    ret_name[0] = 0;
    ret_name[1] = TPM_ALG_SHA256;
    dq_sha256(&pubkey, 1, ret_name + sizeof(uint16_t));
    return sizeof(uint16_t) + DQ_HASH_SIZE;
}
