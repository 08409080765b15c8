/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "daemon/http.h"

#include <string.h>

static const char *const requests[] = {
    "GET /metrics HTTP/1.1\r\nHost: localhost\r\nAccept: text/plain;version=0.0.4\r\n\r\n",
    "GET /metrics HTTP/1.0\r\n\r\n",
    "M-SEARCH * HTTP/1.9\r\nx:\r\ny: \t\xc3\xa4 \r\n\r\n",
};

/* An exact copy, so that a byte read past the end is seen by a sanitizer. */
static HttpParse parse(const char *text, gsize size, HttpRequest *ret_request)
{
    g_autofree char *exact = g_memdup2(text, size);

    return http_parse(exact, size, ret_request);
}

static void test_takes_a_request_apart(void)
{
    HttpRequest request;

    g_assert_cmpint(http_parse(requests[2], strlen(requests[2]), &request), ==, HTTP_COMPLETE);
    g_assert_cmpmem(request.method.p, request.method.len, "M-SEARCH", 8);
    g_assert_cmpmem(request.target.p, request.target.len, "*", 1);
}

static void test_waits_for_the_rest_of_each_truncation(void)
{
    for (gsize i = 0; i < G_N_ELEMENTS(requests); i++) {
        gsize size = strlen(requests[i]);
        HttpRequest request;

        for (gsize n = 0; n < size; n++) {
            HttpRequest untouched = { { NULL, 77 }, { NULL, 88 } };

            g_assert_cmpint(parse(requests[i], n, &untouched), ==, HTTP_INCOMPLETE);
            g_assert_true(!untouched.method.p && untouched.method.len == 77);
            g_assert_true(!untouched.target.p && untouched.target.len == 88);
        }
        g_assert_cmpint(parse(requests[i], size, &request), ==, HTTP_COMPLETE);
    }
}

static void test_ignores_what_follows_the_head(void)
{
    const char text[] = "GET / HTTP/1.1\r\n\r\n\0\r\n :GET";
    HttpRequest request;

    g_assert_cmpint(parse(text, sizeof(text), &request), ==, HTTP_COMPLETE);
}

static void test_refuses_what_is_malformed(void)
{
    static const char *const bad[] = {
        "\r\n",
        " /metrics HTTP/1.1\r\n",
        "GET  /metrics HTTP/1.1\r\n",
        "GET /metrics  HTTP/1.1\r\n",
        "GET /met\trics HTTP/1.1\r\n",
        "GET /met\xc3\xa4rics HTTP/1.1\r\n",
        "G(T /metrics HTTP/1.1\r\n",
        "GET\t/metrics HTTP/1.1\r\n",
        "GET /metrics\r\n",
        "GET /metrics HTTP/2.0\r\n",
        "GET /metrics http/1.1\r\n",
        "GET /metrics HTTP/1.\r\n",
        "GET /metrics HTTP/1.11\r\n",
        "GET /metrics HTTP/1.1 \r\n",
        "GET /metrics HTTP/1.1\n",
        "GET /metrics HTTP/1.1\r\r",
        "GET /metrics HTTP/1.1\r\n: x\r\n",
        "GET /metrics HTTP/1.1\r\n folded\r\n",
        "GET /metrics HTTP/1.1\r\nHost : x\r\n",
        "GET /metrics HTTP/1.1\r\nHost\r\n",
        "GET /metrics HTTP/1.1\r\nHost: x\n",
        "GET /metrics HTTP/1.1\r\nHost: \x01\r\n",
        "GET /metrics HTTP/1.1\r\nHost: \x7f\r\n",
        "GET /metrics HTTP/1.1\r\n\rx",
        "\x16\x03\x01\x02", /* TLS */
    };

    for (gsize i = 0; i < G_N_ELEMENTS(bad); i++) {
        HttpRequest untouched = { { NULL, 77 }, { NULL, 88 } };

        g_test_message("%s", bad[i]);
        g_assert_cmpint(parse(bad[i], strlen(bad[i]), &untouched), ==, HTTP_MALFORMED);
        g_assert_true(!untouched.method.p && untouched.target.len == 88);
    }
    g_assert_cmpint(parse("GET /\0 HTTP/1.1\r\n", 17, &(HttpRequest){ 0 }), ==, HTTP_MALFORMED);
}

static void test_a_path_ends_at_the_query(void)
{
    static const struct {
        const char *target;
        const char *path;
    } table[] = {
        { "/", "/" }, { "/metrics", "/metrics" }, { "/metrics?", "/metrics" }, { "/a?b?c", "/a" },
        { "?x", "" },
    };

    for (gsize i = 0; i < G_N_ELEMENTS(table); i++) {
        const HttpRequest request = { { "GET", 3 }, { table[i].target, strlen(table[i].target) } };
        HttpSpan path = http_request_path(&request);

        g_assert_cmpmem(path.p, path.len, table[i].path, strlen(table[i].path));
        g_assert_true(http_span_equal(path, table[i].path));
    }
    g_assert_false(http_span_equal((HttpSpan){ "/a", 2 }, "/"));
    g_assert_false(http_span_equal((HttpSpan){ "/a", 2 }, "/ab"));
    g_assert_false(http_span_equal((HttpSpan){ "/a", 2 }, "/b"));
}

static void test_responses_tell_their_length(void)
{
    static const struct {
        guint status;
        const char *line;
    } table[] = {
        { 200, "HTTP/1.1 200 OK\r\n" },        { 400, "HTTP/1.1 400 Bad Request\r\n" },
        { 404, "HTTP/1.1 404 Not Found\r\n" }, { 405, "HTTP/1.1 405 Method Not Allowed\r\n" },
        { 503, "HTTP/1.1 503 \r\n" },
    };

    for (gsize i = 0; i < G_N_ELEMENTS(table); i++) {
        g_autoptr(GBytes) bytes = http_response(table[i].status, "X-Y: z\r\n", "a 1\n");
        gsize size;
        const char *data = g_bytes_get_data(bytes, &size);
        g_autofree char *want = g_strconcat(
            table[i].line, "X-Y: z\r\nContent-Length: 4\r\nConnection: close\r\n\r\na 1\n", NULL);

        g_assert_cmpmem(data, size, want, strlen(want));
    }
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/daemon/http/takes-a-request-apart", test_takes_a_request_apart);
    g_test_add_func("/daemon/http/waits-for-the-rest-of-each-truncation",
                    test_waits_for_the_rest_of_each_truncation);
    g_test_add_func("/daemon/http/ignores-what-follows-the-head",
                    test_ignores_what_follows_the_head);
    g_test_add_func("/daemon/http/refuses-what-is-malformed", test_refuses_what_is_malformed);
    g_test_add_func("/daemon/http/a-path-ends-at-the-query", test_a_path_ends_at_the_query);
    g_test_add_func("/daemon/http/responses-tell-their-length", test_responses_tell_their_length);
    return g_test_run();
}
