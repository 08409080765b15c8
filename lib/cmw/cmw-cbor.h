/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A collection in CBOR. */
#ifndef CMW_CMW_CBOR_H
#define CMW_CMW_CBOR_H

#include "cmw/cmw.h"

GBytes *cmw_encode_cbor(const DqCmw *cmw);

/** cmw_decode_cbor: what has been read is in @cmw, also on failure. */
gboolean cmw_decode_cbor(GBytes *bytes, DqCmw *cmw, GError **error);

#endif
