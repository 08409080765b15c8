/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "admin/metrics_http.h"

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

    return metrics_http_parse(exact, size, ret_request);
}

static void test_takes_a_request_apart(void)
{
    HttpRequest request;

    g_assert_cmpint(metrics_http_parse(requests[2], strlen(requests[2]), &request), ==,
                    HTTP_COMPLETE);
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

static void test_serves_one_path_by_one_method(void)
{
    static const struct {
        const char *method;
        const char *target;
        guint status;
    } table[] = {
        { "GET", "/metrics", 200 },  { "GET", "/metrics?", 200 }, { "GET", "/metrics?a=b", 200 },
        { "GET", "/", 404 },         { "GET", "/metric", 404 },   { "GET", "/metricsx", 404 },
        { "GET", "/metrics/", 404 }, { "GET", "//metrics", 404 }, { "GET", "*", 404 },
        { "POST", "/other", 404 },   { "POST", "/metrics", 405 }, { "HEAD", "/metrics", 405 },
        { "get", "/metrics", 405 },  { "GETS", "/metrics", 405 }, { "GE", "/metrics?x", 405 },
    };

    for (gsize i = 0; i < G_N_ELEMENTS(table); i++) {
        const HttpRequest request = { { table[i].method, strlen(table[i].method) },
                                      { table[i].target, strlen(table[i].target) } };

        g_test_message("%s %s", table[i].method, table[i].target);
        g_assert_cmpuint(metrics_http_status(&request), ==, table[i].status);
    }
}

static void test_responses_tell_their_length(void)
{
    static const guint statuses[] = { 200, 400, 404, 405 };

    for (gsize i = 0; i < G_N_ELEMENTS(statuses); i++) {
        g_autoptr(GBytes) bytes = metrics_http_response(statuses[i], "a 1\n");
        gsize size;
        const char *data = g_bytes_get_data(bytes, &size);
        g_autofree char *text = g_strndup(data, size);
        g_autofree char *start = g_strdup_printf("HTTP/1.1 %u ", statuses[i]);
        const char *body = strstr(text, "\r\n\r\n");
        g_autofree char *length = NULL;

        g_assert_true(g_str_has_prefix(text, start));
        g_assert_nonnull(body);
        length = g_strdup_printf("\r\nContent-Length: %zu\r\n", strlen(body + 4));
        g_assert_nonnull(strstr(text, length));
        g_assert_nonnull(strstr(text, "\r\nConnection: close\r\n"));
        g_assert_true(g_str_equal(body + 4, "a 1\n") == (statuses[i] == 200));
        g_assert_true((strstr(text, "\r\nAllow: GET\r\n") != NULL) == (statuses[i] == 405));
        g_assert_true((strstr(text, "version=0.0.4") != NULL) == (statuses[i] == 200));
    }
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/manager/metrics-http/takes-a-request-apart", test_takes_a_request_apart);
    g_test_add_func("/manager/metrics-http/waits-for-the-rest-of-each-truncation",
                    test_waits_for_the_rest_of_each_truncation);
    g_test_add_func("/manager/metrics-http/ignores-what-follows-the-head",
                    test_ignores_what_follows_the_head);
    g_test_add_func("/manager/metrics-http/refuses-what-is-malformed",
                    test_refuses_what_is_malformed);
    g_test_add_func("/manager/metrics-http/serves-one-path-by-one-method",
                    test_serves_one_path_by_one_method);
    g_test_add_func("/manager/metrics-http/responses-tell-their-length",
                    test_responses_tell_their_length);
    return g_test_run();
}
