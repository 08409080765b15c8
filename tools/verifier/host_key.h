/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A host's attestation key as its administrator hands it over. */
#ifndef VERIFIER_HOST_KEY_H
#define VERIFIER_HOST_KEY_H

#include "attest/store.h"

#include <json-glib/json-glib.h>

/**
 * host_key_read: fills in @ret_host's name, public_area and simulated.
 * @data: a TPM2B_PUBLIC, or the JSON that vtpm-managerctl ak --json prints
 *
 * @ret_host's simulated is what the JSON says; FALSE for a TPM2B_PUBLIC, which says nothing.
 *
 * Errors: DQ_ERROR_KEY where it is neither, or no attestation key, or the JSON is at odds with
 * itself.
 */
gboolean host_key_read(const uint8_t *data, gsize len, DqStoreHost *ret_host, GError **error);

/** host_key_read_object: the same of that JSON's object. */
gboolean host_key_read_object(JsonObject *object, DqStoreHost *ret_host, GError **error);

/** host_json_parse: (transfer full): an object; NULL where it is none, or nested too deeply. */
JsonNode *host_json_parse(const char *text, gsize len);

/** host_json_text: borrowed: what the member says; NULL where it is not there, or no text. */
const char *host_json_text(JsonObject *object, const char *member);

/** host_json_is: whether its members type and version say this. */
gboolean host_json_is(JsonObject *object, const char *type, int64_t version);

/** HOST_KEY_MAX: no such file is larger. */
#define HOST_KEY_MAX 65536

#endif
