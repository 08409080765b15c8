/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * HTTP requests: what is decided early stays so when more arrives, and a request lies within its
 * bytes.
 */
#include "daemon/http.h"

#include <stdint.h>
#include <string.h>

enum { PREFIXES_UP_TO = 256 }; /* each is parsed anew */

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_span(HttpSpan span, const char *data, gsize size)
{
    g_assert_true(span.len > 0 && span.p >= data && span.len <= (gsize)(data + size - span.p));
    g_assert_null(memchr(span.p, ' ', span.len));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const char *text = (const char *)data;
    HttpRequest request = { 0 };
    HttpRequest first = { 0 };
    HttpParse early = HTTP_INCOMPLETE;
    HttpParse whole = http_parse(text, size, &request);

    for (size_t n = 0; size <= PREFIXES_UP_TO && n <= size && early == HTTP_INCOMPLETE; n++) {
        early = http_parse(text, n, &first);
    }
    if (size <= PREFIXES_UP_TO) {
        g_assert_cmpint(early, ==, whole);
    }
    if (whole == HTTP_COMPLETE) {
        HttpSpan path = http_request_path(&request);

        check_span(request.method, text, size);
        check_span(request.target, text, size);
        g_assert_true(path.p == request.target.p && path.len <= request.target.len);
    } else {
        g_assert_null(request.method.p);
    }
    return 0;
}
