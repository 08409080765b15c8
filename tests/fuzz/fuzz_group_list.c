/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Lists of groups: any bytes are one or an error; what was read is written and reads the same. */
#include "approval/group-list-json.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    g_autoptr(GError) error = NULL;
    g_autofree char *text = g_strndup((const char *)data, size);
    g_autoptr(DqGroupList) list = dq_group_list_from_json(text, size, &error);
    g_autoptr(DqGroupList) again = NULL;
    g_autofree char *json = NULL, *second = NULL;

    g_assert_true((!list) == (error && (error->domain == DQ_GROUP_LIST_ERROR ||
                                        error->domain == DQ_PROFILE_ERROR)));
    if (!list) {
        return 0;
    }
    json = dq_group_list_to_json(list);
    again = dq_group_list_from_json(json, strlen(json), &error);
    g_assert_no_error(error);
    second = dq_group_list_to_json(again);
    g_assert_cmpstr(json, ==, second);
    return 0;
}
