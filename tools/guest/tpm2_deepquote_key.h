/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The key that signs: from a tpm2-tools context file, a persistent handle, or newly created. */
#ifndef TOOLS_TPM2_DEEPQUOTE_KEY_H
#define TOOLS_TPM2_DEEPQUOTE_KEY_H

#include "tpm2_deepquote_vtpm.h"

typedef struct Key {
    ESYS_CONTEXT *esys;
    ESYS_TR tr;
    gboolean loaded;      /* a transient object of ours, to be flushed */
    TPM2B_PUBLIC *public; /* NULL: the null key */
} Key;

/** key_free: flushes the key if it was loaded here; NULL is fine. */
void key_free(Key *key);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Key, key_free)

/**
 * key_open:
 * @spec: as tpm2_quote -c has it: a context file, a file of a persistent handle as
 *   tpm2_evictcontrol -o writes it, or a handle such as 0x81010002; a file wins. Or "null" for a
 *   quote that the vTPM does not sign
 */
Key *key_open(Vtpm *vtpm, const char *spec, GError **error);

/**
 * key_create_ak:
 * @hierarchy: authorizes the use of the endorsement hierarchy: ESYS_TR_PASSWORD or a session
 * @template: what scheme_template() made
 * @auth: password that the key gets
 *
 * Makes a restricted signing key as a primary of the endorsement hierarchy: the same vTPM always
 * makes the same key from the same template, so nothing has to be kept.
 */
Key *key_create_ak(Vtpm *vtpm, ESYS_TR hierarchy, const TPM2B_PUBLIC *template,
                   const TPM2B_AUTH *auth, GError **error);

/** key_save: (transfer full): the context of a loaded key, as a context file of tpm2-tools. */
GBytes *key_save(const Key *key, GError **error);

/** key_public: (transfer full): TPM2B_PUBLIC, as in a file of tpm2-tools; an error for the null
 * key.
 */
GBytes *key_public(const Key *key, GError **error);

#endif
