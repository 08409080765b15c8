/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Public keys in the states of a TPM 1.2, as libtpms stores them. Its commands tell them only to
 * who has the key's or the owner's secret.
 *
 * Spec: libtpms, src/tpm12: what it stores as permanent and as volatile state.
 */
#ifndef SWTPM_DEEPQUOTE_TPM12_STATE12_H
#define SWTPM_DEEPQUOTE_TPM12_STATE12_H

#include "wire/tpm12-key.h"

/**
 * state12_find_ek: the endorsement key in a permanent state; borrowed from it.
 *
 * Returns: false where there is none yet, or where the state is of another form.
 */
bool state12_find_ek(WireBytes state, WireTpm12Key *ret);

/**
 * state12_find_key: the first key that is loaded as @handle, in a volatile state, or, where it is
 * one that its owner keeps loaded, in a permanent one. Other things in a state can look like one:
 * what is found is a claim, and whose signature it is shows by verifying it.
 */
bool state12_find_key(WireBytes state, uint32_t handle, WireTpm12Key *ret);

#endif
