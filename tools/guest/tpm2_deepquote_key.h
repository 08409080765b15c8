/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The key that signs: from a tpm2-tools context file, a persistent handle, or newly created. */
#ifndef TOOLS_TPM2_DEEPQUOTE_KEY_H
#define TOOLS_TPM2_DEEPQUOTE_KEY_H

#include "tpm2_deepquote_vtpm.h"

typedef struct Key {
    ESYS_CONTEXT *esys;
    ESYS_TR tr;
    bool loaded; /* a transient object of ours, to be flushed */
} Key;

/** key_free: flushes the key if it was loaded here; NULL is fine. */
void key_free(Key *key);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Key, key_free)

/**
 * key_auth_parse:
 * @text: "str:PASSWORD", "PASSWORD", "hex:BYTES", "file:PATH" or "file:-" (a newline at the end of
 *   a file is not part of the password)
 * @ret: the caller wipes it
 *
 * Errors: VTPM_ERROR_INPUT; the message does not show the password.
 */
bool key_auth_parse(const char *text, TPM2B_AUTH *ret, GError **error);

/**
 * key_context_parse:
 * @bytes: a context file of tpm2-tools
 *
 * Returns: false where it is none.
 */
bool key_context_parse(WireBytes bytes, TPMS_CONTEXT *ret);

/**
 * key_open:
 * @spec: a context file, a file of a persistent handle as tpm2_evictcontrol -o writes it, a handle
 *   such as 0x81010002, or "null" for a quote that the vTPM does not sign
 */
Key *key_open(Vtpm *vtpm, const char *spec, const TPM2B_AUTH *auth, GError **error);

/**
 * key_create_ak:
 * @hierarchy_auth: password of the endorsement hierarchy
 * @auth: password that the key gets
 *
 * Makes a restricted ECDSA P-256 signing key as a primary of the endorsement hierarchy: the same
 * vTPM always makes the same key, so nothing has to be kept.
 */
Key *key_create_ak(Vtpm *vtpm, const TPM2B_AUTH *hierarchy_auth, const TPM2B_AUTH *auth,
                   GError **error);

/** key_save: (transfer full): the context of a loaded key, as a context file of tpm2-tools. */
GBytes *key_save(Key *key, GError **error);

/** key_public: @ret_public: (transfer full): TPM2B_PUBLIC, as in a file of tpm2-tools. */
bool key_public(Key *key, GBytes **ret_public, GError **error);

/**
 * key_scheme: the inScheme for a quote: that of the key where it has one, else ECDSA or RSASSA with
 * @hash (TPM_ALG_*; 0 means SHA-256). A key with another hash than @hash is VTPM_ERROR_INPUT.
 */
bool key_scheme(Key *key, uint16_t hash, TPMT_SIG_SCHEME *ret, GError **error);

#endif
