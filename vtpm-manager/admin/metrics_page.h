/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The page for Prometheus: GET /metrics. */
#ifndef VTPM_MANAGER_ADMIN_METRICS_PAGE_H
#define VTPM_MANAGER_ADMIN_METRICS_PAGE_H

#include "daemon/http_server.h"
#include "manager.h"

/** metrics_page_answer: an HttpHandler; @manager is a Manager, borrowed and complete. */
GBytes *metrics_page_answer(const HttpRequest *request, void *manager);

/** metrics_page_status: 200 for GET /metrics, with any query; else 404 or 405; 400 for %NULL. */
guint metrics_page_status(const HttpRequest *request);

#endif
