/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Files of a security tracker: any bytes are one or an error; versions are compared both ways. */
#include "appraise/tracker.h"

#include "appraise/deb-version.h"

#include "attest/bytes.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void compare(const char *a, const char *b)
{
    const int one = dq_deb_version_compare(a, b), other = dq_deb_version_compare(b, a);

    g_assert_true((one > 0) == (other < 0) && (one == 0) == (other == 0));
    g_assert_true(dq_deb_version_compare(a, a) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(DqTracker) tracker = dq_tracker_new((DqBytes){ data, size }, &error);
    g_autofree char *text = g_strndup((const char *)data, size);
    g_autofree char *half = g_strndup(text, size / 2);

    g_assert_true((!tracker) == (error && error->domain == DQ_ERROR));
    compare(text, half);
    if (tracker) {
        g_autoptr(GArray) found = dq_tracker_find(tracker, "bookworm", "openssl", "3.0.1-1");
        g_autoptr(GPtrArray) sources = g_ptr_array_new();
        g_autoptr(GBytes) reduced = NULL;
        g_autoptr(DqTracker) again = NULL;
        g_autoptr(GArray) same = NULL;

        g_assert_true(found->len == 0 || dq_tracker_knows(tracker, "bookworm"));
        g_ptr_array_add(sources, "openssl");
        reduced = dq_tracker_reduce(tracker, sources);
        again = dq_tracker_new(dq_bytes_peek(reduced), &error);
        g_assert_no_error(error);
        same = dq_tracker_find(again, "bookworm", "openssl", "3.0.1-1");
        g_assert_cmpuint(found->len, ==, same->len);
    }
    return 0;
}
