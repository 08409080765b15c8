/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * As much of HTTP/1.1 as a scraper needs: the head of one request, and the response to it.
 *
 * Spec: RFC 9112, sections 2 to 5. Line ends are CR LF; folded header lines and header values with
 * control characters are malformed.
 */
#ifndef VTPM_MANAGER_ADMIN_METRICS_HTTP_H
#define VTPM_MANAGER_ADMIN_METRICS_HTTP_H

#include <glib.h>

enum { METRICS_HTTP_HEAD_MAX = 4096 }; /* bytes of a request, to the empty line */

typedef enum HttpParse {
    HTTP_INCOMPLETE, /* what follows decides */
    HTTP_COMPLETE,
    HTTP_MALFORMED,
} HttpParse;

/** A part of the bytes that were parsed. */
typedef struct HttpSpan {
    const char *p;
    gsize len;
} HttpSpan;

typedef struct HttpRequest {
    HttpSpan method;
    HttpSpan target;
} HttpRequest;

/**
 * metrics_http_parse:
 * @data: what has arrived so far; @size may be 0
 * @ret_request: set only for HTTP_COMPLETE; points into @data
 *
 * Bytes after the empty line are not looked at.
 */
HttpParse metrics_http_parse(const char *data, gsize size, HttpRequest *ret_request);

/** metrics_http_status: 200 for GET /metrics, with any query; else 404 or 405. */
guint metrics_http_status(const HttpRequest *request);

/**
 * metrics_http_response: (transfer full): a whole response that ends the connection.
 * @status: 200, 400, 404 or 405
 * @body: of 200; ignored for others, which say what to do
 */
GBytes *metrics_http_response(guint status, const char *body);

#endif
