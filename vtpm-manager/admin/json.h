/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What answers on the administration socket have in common. */
#ifndef VTPM_MANAGER_ADMIN_JSON_H
#define VTPM_MANAGER_ADMIN_JSON_H

#include <json-glib/json-glib.h>
#include <stdint.h>

/** admin_answer_new: (transfer full): {"ok": true} */
JsonObject *admin_answer_new(void);

/** admin_set_hex, admin_set_bytes: sets @member in lower-case hexadecimal; %NULL: empty. */
void admin_set_hex(JsonObject *object, const char *member, const uint8_t *data, gsize len);
void admin_set_bytes(JsonObject *object, const char *member, GBytes *bytes);

#endif
