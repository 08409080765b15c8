/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The parts of a collection, which its two forms share. */
#ifndef CMW_CMW_RECORD_H
#define CMW_CMW_RECORD_H

#include "cmw/cmw.h"

/** CMW_TYPE_LABEL, CMW_TYPE: what says that a collection is one of ours. */
#define CMW_TYPE_LABEL "__cmwc_t"
#define CMW_TYPE "urn:uuid:5c112509-7830-40d8-ab8b-e407f643bf04"

enum {
    CMW_EVIDENCE = 4, /* in an indicator: the message is evidence */
    CMW_RECORD_MIN = 2,
    CMW_RECORD_MAX = 3, /* with its indicator */
};

/** cmw_label, cmw_media_type: of a part. */
const char *cmw_label(DqCmwPart part);
const char *cmw_media_type(DqCmwPart part);

/** cmw_find: the part with this label; FALSE with the error set where there is none. */
gboolean cmw_find(const char *label, gsize len, DqCmwPart *ret, GError **error);

/** cmw_put: takes @value, which may be NULL: it was none. FALSE with the error set where the part
 * is there already, or the record is another one than it should be. */
gboolean cmw_put(DqCmw *cmw, DqCmwPart part, DqBytes media_type, uint64_t indicator, GBytes *value,
                 GError **error);

/** cmw_fail: FALSE, and the error. */
gboolean cmw_fail(GError **error, const char *format, ...) G_GNUC_PRINTF(2, 3);

#endif
