/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The page for Prometheus: GET /metrics. */
#ifndef VTPM_MANAGER_ADMIN_METRICS_PAGE_H
#define VTPM_MANAGER_ADMIN_METRICS_PAGE_H

#include "daemon/http_server.h"
#include "quote/quoter.h"
#include "tpm/host.h"
#include "vtpm/admission.h"
#include "vtpm/server.h"

/** What it tells of; borrowed. */
typedef struct MetricsPage {
    int64_t started; /* seconds since 1970 */
    TpmHost *tpm;
    const RegistryVms *vms;
    const Quoter *quoter;
    const Admission *admission;
    const VtpmServer *vtpms;
} MetricsPage;

/** metrics_page_answer: an HttpHandler; @page is a MetricsPage. */
GBytes *metrics_page_answer(const HttpRequest *request, void *page);

/** metrics_page_status: 200 for GET /metrics, with any query; else 404 or 405; 400 for %NULL. */
guint metrics_page_status(const HttpRequest *request);

#endif
