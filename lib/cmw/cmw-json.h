/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A collection in JSON. */
#ifndef CMW_CMW_JSON_H
#define CMW_CMW_JSON_H

#include "cmw/cmw.h"

GBytes *cmw_encode_json(const DqCmw *cmw);

/** cmw_decode_json: what has been read is in @cmw, also on failure. */
gboolean cmw_decode_json(GBytes *bytes, DqCmw *cmw, GError **error);

#endif
