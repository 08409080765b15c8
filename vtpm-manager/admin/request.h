/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One request of the administrator, and what its handlers have in common. */
#ifndef VTPM_MANAGER_ADMIN_REQUEST_H
#define VTPM_MANAGER_ADMIN_REQUEST_H

#include "admin/server.h"
#include "registry/audit.h"
#include "wire/uuid.h"

typedef struct AdminRequest {
    AdminConnection *connection;
    JsonObject *json; /* borrowed */
} AdminRequest;

/** admin_get_string: a string member, borrowed; %NULL where it is missing or something else. */
const char *admin_get_string(JsonObject *object, const char *member);

/** admin_get_int: an integer member; @otherwise where it is missing or something else. */
int64_t admin_get_int(JsonObject *object, const char *member, int64_t otherwise);

/** admin_get_boolean: %FALSE where it is missing or something else. */
gboolean admin_get_boolean(JsonObject *object, const char *member);

/**
 * admin_get_uuid: the member "uuid".
 *
 * Returns: %FALSE, and the request is answered, where there is none.
 */
gboolean admin_get_uuid(const AdminRequest *request, WireUuid *ret);

/** admin_get_group: the member "group", borrowed; %NULL, and answered, where there is none. */
const char *admin_get_group(const AdminRequest *request);

/** admin_author: who asks, with the member "why" if there is one; borrowed. */
RegistryAuthor admin_author(const AdminRequest *request);

/** admin_reply_done: answers that it is done or, with the message of @error, that it is not. */
void admin_reply_done(const AdminRequest *request, const GError *error);

#endif
