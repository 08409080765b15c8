/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The public area of a TPM key. */
#ifndef ATTEST_KEY_H
#define ATTEST_KEY_H

#include "attest/deepquote.h"

#include "wire/public.h"

#include <openssl/evp.h>

struct DqKey {
    gint refs;
    gboolean tpm12; /* of a TPM 1.2: @data is a TPM_PUBKEY, and @public what stands for it */
    uint8_t *data;  /* TPMT_PUBLIC, borrowed by @public */
    gsize data_len;
    WirePublic public;
    uint8_t name[DQ_NAME_MAX];
    gsize name_len;
    EVP_PKEY *pkey;

    /* A context that is set up for one scheme and hash, taken out while it is in use. */
    GMutex lock;
    EVP_PKEY_CTX *ready;
    uint16_t ready_alg;
    uint16_t ready_hash;
};

/** dq_key_get_pkey: the key as OpenSSL has it, borrowed. */
EVP_PKEY *dq_key_get_pkey(const DqKey *key);

#endif
