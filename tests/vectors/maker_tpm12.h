/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a TPM 1.2 would have made. What fails here aborts. */
#ifndef TESTS_VECTORS_MAKER_TPM12_H
#define TESTS_VECTORS_MAKER_TPM12_H

#include "maker.h"

/** maker_tpm12_key_new: an RSA key with a TPM_PUBKEY; it signs with SHA-1. */
MakerKey *maker_tpm12_key_new(void);

/** maker_tpm12_order: @order by a vTPM of version 1.2: the first bytes of its nonce, SHA-1 PCRs. */
void maker_tpm12_order(MakerOrder *order, const MakerKey *aik);

/** maker_tpm12_quote: makes the vTPM's quote of such an order. */
void maker_tpm12_quote(MakerDeed *d);

#endif
