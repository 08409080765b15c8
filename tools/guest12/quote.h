/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A deep quote of a TPM 1.2, by a key that is loaded for it.
 * Spec: docs/specs/deepquote-tpm12.md; TPM Main Part 3, TPM_LoadKey2 and TPM_Quote2.
 */
#ifndef TOOLS_GUEST12_QUOTE_H
#define TOOLS_GUEST12_QUOTE_H

#include "blob.h"
#include "device.h"
#include "secret.h"

#include "wire/pcr.h"

/** What is asked for. */
typedef struct QuoteRequest {
    AikBlob aik;
    Secret srk_secret, aik_secret;
    uint8_t nonce[TPM12_DIGEST_SIZE];
    WirePcrSelection pcrs; /* one bank, of SHA-1 */
    gboolean version;      /* whether the TPM's version is signed too */
    WirePcrSelection host_pcrs;
    uint32_t flags;
} QuoteRequest;

/** What verifiers take. */
typedef struct Quote {
    GBytes *message;   /* TPM_QUOTE_INFO2, and TPM_CAP_VERSION_INFO where it was asked for */
    GBytes *signature; /* TPMT_SIGNATURE */
    GBytes *evidence;
    GBytes *pcrs; /* values, one after the other */
} Quote;

void quote_free(Quote *quote);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Quote, quote_free)

/**
 * quote_make: loads the key, has the vTPM and its host quote, and reads the PCRs that were quoted;
 * unloads the key in any case. A signal that would end the program waits so long.
 *
 * Errors: TPM12_ERROR.
 */
Quote *quote_make(Device *device, const QuoteRequest *request, GError **error);

#endif
