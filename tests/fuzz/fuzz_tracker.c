/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Files of a security tracker: any bytes are one or an error; versions are compared both ways. */
#include "tracker.h"

#include "deb_version.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void compare(const char *a, const char *b)
{
    const int one = deb_version_compare(a, b), other = deb_version_compare(b, a);

    g_assert_true((one > 0) == (other < 0) && (one == 0) == (other == 0));
    g_assert_true(deb_version_compare(a, a) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(Tracker) tracker = tracker_new((DqBytes){ data, size }, "bookworm", &error);
    g_autofree char *text = g_strndup((const char *)data, size);
    g_autofree char *half = g_strndup(text, size / 2);

    g_assert_true((!tracker) == (error && error->domain == DQ_ERROR));
    compare(text, half);
    if (tracker) {
        g_autoptr(GPtrArray) found = tracker_find(tracker, "openssl", "3.0.1-1");

        g_assert_nonnull(found);
    }
    return 0;
}
