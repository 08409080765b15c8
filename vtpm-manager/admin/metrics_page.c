/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "admin/metrics_page.h"

#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "admin/metrics.h"

static uint64_t cpu_us(void)
{
    struct rusage usage;

    if (getrusage(RUSAGE_SELF, &usage) != 0) {
        return 0;
    }
    return (uint64_t)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) * G_USEC_PER_SEC +
           (uint64_t)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec);
}

/* In bytes; 0 where /proc does not tell. */
static uint64_t resident_memory(void)
{
    g_autofree char *text = NULL;
    const char *second = NULL;

    if (g_file_get_contents("/proc/self/statm", &text, NULL, NULL)) {
        second = strchr(text, ' ');
    }
    return second ? g_ascii_strtoull(second + 1, NULL, 10) * (uint64_t)sysconf(_SC_PAGESIZE) : 0;
}

static char *current_text(const MetricsPage *page)
{
    g_autoptr(GPtrArray) vms = vms_list(page->vms);
    g_autoptr(TpmInfo) info = tpm_host_info(page->tpm);
    const MetricsSample sample = {
        .counts = quoter_counts(page->quoter),
        .times = quoter_times(page->quoter),
        .throttled = admission_throttled(page->admission),
        .connected = vtpm_server_connections(page->vtpms),
        .registered = vms->len,
        .simulated = info->simulated,
        .failing = quoter_tpm_error(page->quoter) != NULL,
        .started = page->started,
        .cpu_us = cpu_us(),
        .resident = resident_memory(),
        .version = PROJECT_VERSION,
    };

    return metrics_text(&sample);
}

guint metrics_page_status(const HttpRequest *request)
{
    if (!request) {
        return 400;
    }
    if (!http_span_equal(http_request_path(request), "/metrics")) {
        return 404;
    }
    return http_span_equal(request->method, "GET") ? 200 : 405;
}

GBytes *metrics_page_answer(const HttpRequest *request, void *page)
{
    static const struct {
        guint status;
        const char *headers;
        const char *body;
    } refusals[] = {
        { 404, "Content-Type: text/plain\r\n", "The metrics are at /metrics.\n" },
        { 405, "Content-Type: text/plain\r\nAllow: GET\r\n", "Only GET is answered.\n" },
        { 400, "Content-Type: text/plain\r\n",
          "Send GET /metrics HTTP/1.1 and at most 4096 bytes of headers.\n" },
    };
    guint status = metrics_page_status(request);
    g_autofree char *text = NULL;

    for (gsize i = 0; i < G_N_ELEMENTS(refusals); i++) {
        if (refusals[i].status == status) {
            return http_response(status, refusals[i].headers, refusals[i].body);
        }
    }
    text = current_text(page);
    return http_response(status, "Content-Type: text/plain; version=0.0.4; charset=utf-8\r\n",
                         text);
}
