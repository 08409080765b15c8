/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * TPM 2.0 structures as they travel: all the headers about them.
 *
 * Decoded structures borrow from the buffer that was decoded. Getters move the reader over one
 * item; `wire_decode_*` demand that the item fills its buffer exactly.
 */
#ifndef WIRE_TPM_H
#define WIRE_TPM_H

#include "attest.h"
#include "auth.h"
#include "hash.h"
#include "header.h"
#include "name.h"
#include "pcr.h"
#include "public.h"
#include "scheme.h"
#include "signature.h"
#include "tpm-constants.h"

#endif
