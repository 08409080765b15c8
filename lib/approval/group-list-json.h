/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The JSON of a group's list. Spec: docs/specs/group-list.md. */
#ifndef APPROVAL_GROUP_LIST_JSON_H
#define APPROVAL_GROUP_LIST_JSON_H

#include "approval/group-list.h"

/**
 * dq_group_list_from_json: (transfer full): signed or not; what it does not know is an error.
 * Approvals are not verified.
 *
 * Errors: DQ_GROUP_LIST_ERROR_MALFORMED, DQ_PROFILE_ERROR for a boot.
 */
DqGroupList *dq_group_list_from_json(const char *text, gsize len, GError **error);

/** dq_group_list_to_json: (transfer full): the same, in the same order each time. */
char *dq_group_list_to_json(const DqGroupList *list);

#endif
