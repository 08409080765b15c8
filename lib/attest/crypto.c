/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "attest/crypto.h"

#include <glib.h>
#include <openssl/err.h>

void dq_crypto_failed(void)
{
    unsigned long code;

    while ((code = ERR_get_error()) != 0) {
        if (ERR_GET_REASON(code) == ERR_R_MALLOC_FAILURE) {
            g_error("OpenSSL has no memory: free some and start again");
        }
    }
}
