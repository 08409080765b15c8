/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "admin/metrics_page.h"

#include <string.h>

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
        g_assert_cmpuint(metrics_page_status(&request), ==, table[i].status);
    }
    g_assert_cmpuint(metrics_page_status(NULL), ==, 400);
}

static void check_refusal(const HttpRequest *request, const char *want)
{
    g_autoptr(GBytes) bytes = metrics_page_answer(request, NULL);
    gsize size;
    const char *data = g_bytes_get_data(bytes, &size);

    g_assert_cmpmem(data, size, want, strlen(want));
}

static void test_refusals_say_what_to_do(void)
{
    const HttpRequest other = { { "GET", 3 }, { "/", 1 } };
    const HttpRequest post = { { "POST", 4 }, { "/metrics", 8 } };

    check_refusal(NULL, "HTTP/1.1 400 Bad Request\r\nContent-Type: text/plain\r\n"
                        "Content-Length: 62\r\nConnection: close\r\n\r\n"
                        "Send GET /metrics HTTP/1.1 and at most 4096 bytes of headers.\n");
    check_refusal(&other, "HTTP/1.1 404 Not Found\r\nContent-Type: text/plain\r\n"
                          "Content-Length: 29\r\nConnection: close\r\n\r\n"
                          "The metrics are at /metrics.\n");
    check_refusal(&post, "HTTP/1.1 405 Method Not Allowed\r\nContent-Type: text/plain\r\n"
                         "Allow: GET\r\nContent-Length: 22\r\nConnection: close\r\n\r\n"
                         "Only GET is answered.\n");
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/manager/metrics-page/serves-one-path-by-one-method",
                    test_serves_one_path_by_one_method);
    g_test_add_func("/manager/metrics-page/refusals-say-what-to-do", test_refusals_say_what_to_do);
    return g_test_run();
}
