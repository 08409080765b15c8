/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Agreement on a secret by elliptic curves. Spec: SP 800-56A, section 6.2.2.2. */
#ifndef APPRAISE_ECDH_H
#define APPRAISE_ECDH_H

#include "attest/deepquote.h"

#include <openssl/evp.h>

/**
 * dq_ecdh_point: the coordinates of @pkey's point.
 * @ret_x, @ret_y: @size bytes each, the curve's size of a coordinate
 */
gboolean dq_ecdh_point(const EVP_PKEY *pkey, uint8_t *ret_x, uint8_t *ret_y, gsize size);

/**
 * dq_ecdh_agree: the x-coordinate of the point that both make; wipe it.
 * @own: with its private part
 * @ret_z: @size bytes
 */
gboolean dq_ecdh_agree(EVP_PKEY *own, EVP_PKEY *peer, uint8_t *ret_z, gsize size);

#endif
