/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What an event says, as named fields. */
#ifndef APPRAISE_EVENT_FIELDS_H
#define APPRAISE_EVENT_FIELDS_H

#include <glib.h>

#include "wire/cursor.h"

enum {
    DQ_FIELDS_MAX = 100,     /* further ones are left out */
    DQ_FIELD_TEXT_MAX = 4096 /* bytes of a text of the log's that are kept */
};

/** DqEventField: @text is valid UTF-8; where it is not @ours, somebody chose each character of it.
 */
typedef struct DqEventField {
    const char *name; /* static, such as "vendor" */
    char *text;
    gboolean ours;
} DqEventField;

/** dq_fields_new: (transfer full): a GArray of DqEventField, which frees what is in it. */
GArray *dq_fields_new(void);

/** dq_fields_say: a field in our words. */
void dq_fields_say(GArray *fields, const char *name, const char *format, ...) G_GNUC_PRINTF(3, 4);

/** dq_fields_take: a text of the log's that is valid UTF-8; @text becomes the field's. */
void dq_fields_take(GArray *fields, const char *name, char *text);

/** dq_fields_utf8: a text of the log's, without zeroes at its end; what is no UTF-8 becomes U+FFFD.
 */
void dq_fields_utf8(GArray *fields, const char *name, WireBytes text);

/** dq_fields_utf16: a text of the log's in UTF-16, little-endian, in the same way. */
void dq_fields_utf16(GArray *fields, const char *name, WireBytes text);

/** dq_fields_hex: the first bytes in hexadecimal digits, and how many there are. */
void dq_fields_hex(GArray *fields, const char *name, WireBytes bytes);

/** dq_fields_any: as text where it is text of either kind, else as digits. */
void dq_fields_any(GArray *fields, const char *name, WireBytes bytes);

/** dq_fields_guid: with the name of one that is known. */
void dq_fields_guid(GArray *fields, const char *name, const uint8_t *guid);

#endif
