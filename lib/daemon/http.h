/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The head of one HTTP/1.1 request, and the response to it: as much as serving a page needs.
 *
 * Spec: RFC 9112, sections 2 to 5. Line ends are CR LF; folded header lines and header values with
 * control characters are malformed.
 */
#ifndef DAEMON_HTTP_H
#define DAEMON_HTTP_H

#include <glib.h>

enum { HTTP_HEAD_MAX = 4096 }; /* bytes of a request, to the empty line */

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
 * http_parse:
 * @data: what has arrived so far; @size may be 0
 * @ret_request: set only for HTTP_COMPLETE; points into @data
 *
 * Bytes after the empty line are not looked at.
 */
HttpParse http_parse(const char *data, gsize size, HttpRequest *ret_request);

gboolean http_span_equal(HttpSpan span, const char *text);

/** http_request_path: the target without its query. */
HttpSpan http_request_path(const HttpRequest *request);

/**
 * http_response: (transfer full): a whole response that ends the connection.
 * @headers: lines such as Content-Type, each with its CR LF; those on length and connection are
 *           added
 */
GBytes *http_response(guint status, const char *headers, const char *body);

#endif
