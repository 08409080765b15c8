/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Default templates of endorsement keys: what a public key alone does not tell. Spec: TCG EK
 * Credential Profile 2.5, annex B.
 */
#ifndef WIRE_EK_TEMPLATE_H
#define WIRE_EK_TEMPLATE_H

#include "wire/public.h"

enum { WIRE_EK_AREA_MAX = 1024 /* bytes; more than the TPMT_PUBLIC of any has */ };

/**
 * wire_ek_template: the public area of the key that a TPM made by the default template of its kind.
 * @curve: TPM_ECC_NIST_P256 or TPM_ECC_NIST_P384; 0: RSA of 2048 or 3072 bits
 * @x: the modulus, or the coordinate, at its full size; borrowed by @ret, as @y is
 * @y: empty for RSA
 *
 * FALSE where it is not of these kinds.
 */
bool wire_ek_template(uint16_t curve, WireBytes x, WireBytes y, WirePublic *ret);

#endif
