/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "appraise/jws-curve.h"

gboolean dq_jws_is_p256(const EVP_PKEY *pkey)
{
    char group[32] = "";
    size_t len;

    return EVP_PKEY_get_base_id(pkey) == EVP_PKEY_EC &&
           EVP_PKEY_get_group_name(pkey, group, sizeof(group), &len) == 1 &&
           g_str_equal(group, "prime256v1");
}
