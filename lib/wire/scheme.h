/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Signing schemes. Spec: TPM 2.0 Part 2, section 11.2. */
#ifndef WIRE_SCHEME_H
#define WIRE_SCHEME_H

#include "wire/tpm-constants.h"

/** TPMT_SIG_SCHEME+. */
typedef struct WireSigScheme {
    uint16_t scheme;
    uint16_t hash;  /* 0 where the scheme has none */
    uint16_t count; /* TPM_ALG_ECDAA only */
} WireSigScheme;

/** wire_sig_scheme_known: whether what follows the scheme's algorithm is known. */
bool wire_sig_scheme_known(uint16_t scheme);

bool wire_get_sig_scheme(WireReader *r, WireSigScheme *ret);
bool wire_put_sig_scheme(WireWriter *w, const WireSigScheme *s);

#endif
