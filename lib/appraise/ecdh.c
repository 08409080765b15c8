/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "appraise/ecdh.h"

#include <openssl/bn.h>
#include <openssl/core_names.h>

gboolean dq_ecdh_point(const EVP_PKEY *pkey, uint8_t *ret_x, uint8_t *ret_y, gsize size)
{
    BIGNUM *x = NULL, *y = NULL;
    const gboolean ok = EVP_PKEY_get_bn_param(pkey, OSSL_PKEY_PARAM_EC_PUB_X, &x) == 1 &&
                        EVP_PKEY_get_bn_param(pkey, OSSL_PKEY_PARAM_EC_PUB_Y, &y) == 1 &&
                        BN_bn2binpad(x, ret_x, (int)size) == (int)size &&
                        BN_bn2binpad(y, ret_y, (int)size) == (int)size;

    BN_free(x);
    BN_free(y);
    return ok;
}

gboolean dq_ecdh_agree(EVP_PKEY *own, EVP_PKEY *peer, uint8_t *ret_z, gsize size)
{
    EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new(own, NULL);
    size_t got = size;
    const gboolean ok = ctx && EVP_PKEY_derive_init(ctx) == 1 &&
                        EVP_PKEY_derive_set_peer(ctx, peer) == 1 &&
                        EVP_PKEY_derive(ctx, ret_z, &got) == 1 && got == size;

    EVP_PKEY_CTX_free(ctx);
    return ok;
}
