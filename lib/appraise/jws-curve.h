/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef APPRAISE_JWS_CURVE_H
#define APPRAISE_JWS_CURVE_H

#include <glib.h>
#include <openssl/evp.h>

/** dq_jws_is_p256: whether ES256 is for this key. */
gboolean dq_jws_is_p256(const EVP_PKEY *pkey);

#endif
