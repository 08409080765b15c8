/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Structures of the store as JSON and back, by tables of their members. */
#ifndef VERIFIER_RECORD_FIELDS_H
#define VERIFIER_RECORD_FIELDS_H

#include "attest/store.h"

#include <json-glib/json-glib.h>

/** record_answers_json: (transfer full): all of it. */
JsonObject *record_answers_json(const DqStoreAnswers *answers);

/** record_answers_read: FALSE with an error that names the member; @ret is then not to be used. */
gboolean record_answers_read(JsonObject *object, DqStoreAnswers *ret, GError **error);

#endif
