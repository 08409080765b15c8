/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Records of a store as lines for people and as JSON. */
#ifndef VERIFIER_RECORD_TEXT_H
#define VERIFIER_RECORD_TEXT_H

#include "attest/store.h"

#include <json-glib/json-glib.h>

/** text_time: (transfer full): UTC, as 2026-11-25T18:00:00Z; NULL for 0. */
char *text_time(int64_t seconds);

/**
 * text_read_time: what text_time() gives, or a date alone, which is its beginning in UTC.
 * @ret: untouched on failure
 */
gboolean text_read_time(const char *text, int64_t *ret);

/** text_name: (transfer full): hexadecimal digits; NULL for no Name. */
char *text_name(const DqName *name);

/** json_set_text: null where @text is NULL. */
void json_set_text(JsonObject *object, const char *member, const char *text);

/** json_set_time: null for 0. */
void json_set_time(JsonObject *object, const char *member, int64_t seconds);

/** json_set_name: null for no Name. */
void json_set_name(JsonObject *object, const char *member, const DqName *name);

/** json_set_hex, json_set_uuid. */
void json_set_hex(JsonObject *object, const char *member, const uint8_t *data, gsize len);
void json_set_uuid(JsonObject *object, const char *member, const uint8_t *uuid);

/** json_set_u64: as a string: JSON readers may keep only 53 bits. */
void json_set_u64(JsonObject *object, const char *member, uint64_t value);

/** json_print: one line on standard output; takes @object. */
void json_print(JsonObject *object);

#endif
