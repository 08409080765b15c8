/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Policy files: any text is a policy or an error that names its line. */
#include "attest/deepquote.h"

#include <stdint.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(DqPolicy) policy = NULL;

    if (memmem(data, size, "/", 1)) {
        return 0; /* no files of this machine */
    }
    policy = dq_policy_new_from_text((const char *)data, size, "/nonexistent/policy", &error);
    g_assert_true((!policy) == (error != NULL));
    if (error) {
        g_assert_true(error->domain == DQ_ERROR && error->code == DQ_ERROR_POLICY);
        g_assert_true(g_str_has_prefix(error->message, "/nonexistent/policy:"));
    }
    return 0;
}
