/* SPDX-License-Identifier: GPL-2.0-or-later */
/* How a key signs, and whether verifiers of deep quotes take it. */
#ifndef TOOLS_TPM2_DEEPQUOTE_SCHEME_H
#define TOOLS_TPM2_DEEPQUOTE_SCHEME_H

#include "tpm2_deepquote_vtpm.h"

/** What -g and --scheme ask for; 0: not given. */
typedef struct SchemeChoice {
    uint16_t scheme, hash; /* TPM_ALG_* */
} SchemeChoice;

/** scheme_parse: TPM_ALG_* of "ecdsa", "0x18" or "24"; 0 for what is no signature scheme. */
uint16_t scheme_parse(const char *text);

/** scheme_check_hash: refuses, with the reason, a hash that verifiers do not take. */
gboolean scheme_check_hash(uint16_t hash, GError **error);

/**
 * scheme_template:
 * @name: as tpm2_createak -G has it: "ecc", "ecc384", "rsa", "rsa3072"
 * @ret: the template of the attestation key; the same for the same choice each time
 *
 * Errors: VTPM_ERROR_INPUT.
 */
gboolean scheme_template(const char *name, SchemeChoice choice, TPM2B_PUBLIC *ret, GError **error);

/**
 * scheme_for_key: the inScheme for a quote: that of the key where it has one, else what @choice
 * asks for.
 * @public: (nullable): NULL is the null key
 *
 * Errors: VTPM_ERROR_INPUT where the key cannot sign so that verifiers take it, or not as @choice
 * asks; the message says why.
 */
gboolean scheme_for_key(const TPMT_PUBLIC *public, SchemeChoice choice, TPMT_SIG_SCHEME *ret,
                        GError **error);

#endif
