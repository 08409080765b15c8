/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Profiles: any bytes are one or an error; what was read is written and reads the same. */
#include "appraise/profile-json.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    g_autoptr(GError) error = NULL;
    g_autofree char *text = g_strndup((const char *)data, size);
    g_autoptr(DqProfile) profile = dq_profile_from_json(text, size, &error);
    g_autoptr(DqProfile) again = NULL;
    g_autofree char *json = NULL, *second = NULL;

    g_assert_true((!profile) == (error && error->domain == DQ_PROFILE_ERROR));
    if (!profile) {
        return 0;
    }
    json = dq_profile_to_json(profile);
    again = dq_profile_from_json(json, strlen(json), &error);
    g_assert_no_error(error);
    second = dq_profile_to_json(again);
    g_assert_cmpstr(json, ==, second);
    return 0;
}
