/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Keys of a TPM 1.2. Spec: TPM Main Part 2, sections 5.10, 10.2 to 10.5. */
#ifndef WIRE_TPM12_KEY_H
#define WIRE_TPM12_KEY_H

#include "wire/tpm12-constants.h"

/** TPM_PUBKEY of an RSA key. */
typedef struct WireTpm12Pubkey {
    uint16_t enc_scheme;
    uint16_t sig_scheme;
    uint32_t key_bits;
    uint32_t primes;
    WireBytes exponent; /* empty: 65537 */
    WireBytes modulus;
} WireTpm12Pubkey;

/** TPM_KEY or TPM_KEY12, as far as it is public. */
typedef struct WireTpm12Key {
    uint16_t usage;
    WireTpm12Pubkey public;
} WireTpm12Key;

bool wire_decode_tpm12_pubkey(WireBytes bytes, WireTpm12Pubkey *ret);
bool wire_put_tpm12_pubkey(WireWriter *w, const WireTpm12Pubkey *p);

/** wire_skip_tpm12_pubkey: of any algorithm: moves over it and tells nothing of it. */
bool wire_skip_tpm12_pubkey(WireReader *r);

/** wire_get_tpm12_key: of an RSA key; the reader stands behind the public part then. */
bool wire_get_tpm12_key(WireReader *r, WireTpm12Key *ret);

/** wire_get_tpm12_ek: the same where there is no PCR information, as libtpms stores that key. */
bool wire_get_tpm12_ek(WireReader *r, WireTpm12Key *ret);

#endif
