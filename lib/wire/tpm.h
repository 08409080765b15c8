/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * TPM 2.0 structures as they travel: all the headers about them.
 *
 * Decoded structures borrow from the buffer that was decoded. Getters move the reader over one
 * item; `wire_decode_*` demand that the item fills its buffer exactly.
 */
#ifndef WIRE_TPM_H
#define WIRE_TPM_H

#include "wire/attest.h"
#include "wire/auth.h"
#include "wire/hash.h"
#include "wire/header.h"
#include "wire/name.h"
#include "wire/pcr.h"
#include "wire/public.h"
#include "wire/scheme.h"
#include "wire/signature.h"
#include "wire/tpm-constants.h"

#endif
