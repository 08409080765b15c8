/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef ATTEST_KEY_H
#define ATTEST_KEY_H

#include "attest/deepquote.h"

#include "wire/tpm.h"

#include <openssl/evp.h>

struct DqKey {
    gint refs;
    guint8 *data; /* TPMT_PUBLIC, borrowed by @public */
    gsize data_len;
    WirePublic public;
    guint8 name[DQ_NAME_MAX];
    gsize name_len;
    EVP_PKEY *pkey;

    /* A context that is set up for one scheme and hash, taken out while it is in use. */
    GMutex lock;
    EVP_PKEY_CTX *ready;
    guint16 ready_alg;
    guint16 ready_hash;
};

/** dq_wire, dq_unwire: the same borrowed bytes in the types of the two layers. */
static inline DqBytes dq_unwire(WireBytes b)
{
    return (DqBytes){ b.p, b.len };
}

static inline WireBytes dq_wire(DqBytes b)
{
    return (WireBytes){ b.data, b.len };
}

/**
 * dq_key_verify_signature: as dq_key_verify(), with a decoded signature and without a copy.
 */
gboolean dq_key_verify_signature(DqKey *key, DqBytes message, const WireSignature *signature);

#endif
