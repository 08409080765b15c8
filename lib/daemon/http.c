/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "daemon/http.h"

#include <string.h>

/* What is left of the bytes. A step that fails moves nothing. */
typedef struct Cursor {
    const char *p;
    gsize left;
} Cursor;

typedef gboolean (*CharIs)(char c);

static gboolean is_token(char c)
{
    return g_ascii_isalnum(c) || (c != '\0' && strchr("!#$%&'*+-.^_`|~", c));
}

static gboolean is_digit(char c)
{
    return g_ascii_isdigit(c);
}

static gboolean is_visible(char c)
{
    return c > ' ' && c < 0x7f;
}

static gboolean is_value(char c)
{
    return (guchar)c >= ' ' ? c != 0x7f : c == '\t';
}

static HttpSpan take_while(Cursor *c, CharIs is)
{
    HttpSpan span = { c->p, 0 };

    while (span.len < c->left && is(c->p[span.len])) {
        span.len++;
    }
    c->p += span.len;
    c->left -= span.len;
    return span;
}

/* @text, or as much of it as has arrived. */
static HttpParse take_text(Cursor *c, const char *text)
{
    gsize len = strlen(text);

    if (memcmp(c->p, text, MIN(len, c->left)) != 0) {
        return HTTP_MALFORMED;
    }
    if (c->left < len) {
        return HTTP_INCOMPLETE;
    }
    c->p += len;
    c->left -= len;
    return HTTP_COMPLETE;
}

/* One character at least, and then @end, which does not begin with what @is takes. */
static HttpParse take_word(Cursor *c, CharIs is, const char *end, HttpSpan *ret)
{
    HttpSpan span = take_while(c, is);

    if (c->left == 0) {
        return HTTP_INCOMPLETE;
    }
    if (span.len == 0) {
        return HTTP_MALFORMED;
    }
    *ret = span;
    return take_text(c, end);
}

static HttpParse take_request_line(Cursor *c, HttpRequest *request)
{
    HttpSpan minor;
    HttpParse parse = take_word(c, is_token, " ", &request->method);

    if (parse == HTTP_COMPLETE) {
        parse = take_word(c, is_visible, " HTTP/1.", &request->target);
    }
    if (parse == HTTP_COMPLETE) {
        parse = take_word(c, is_digit, "\r\n", &minor);
    }
    return parse == HTTP_COMPLETE && minor.len != 1 ? HTTP_MALFORMED : parse;
}

static HttpParse take_header(Cursor *c)
{
    HttpSpan name;
    HttpParse parse = take_word(c, is_token, ":", &name);

    if (parse != HTTP_COMPLETE) {
        return parse;
    }
    take_while(c, is_value);
    return take_text(c, "\r\n");
}

HttpParse http_parse(const char *data, gsize size, HttpRequest *ret_request)
{
    Cursor c = { data, size };
    HttpRequest request;
    HttpParse parse = take_request_line(&c, &request);

    while (parse == HTTP_COMPLETE && c.left > 0 && *c.p != '\r') {
        parse = take_header(&c);
    }
    if (parse == HTTP_COMPLETE) {
        parse = take_text(&c, "\r\n");
    }
    if (parse == HTTP_COMPLETE) {
        *ret_request = request;
    }
    return parse;
}

gboolean http_span_equal(HttpSpan span, const char *text)
{
    return span.len == strlen(text) && memcmp(span.p, text, span.len) == 0;
}

HttpSpan http_request_path(const HttpRequest *request)
{
    const char *query = memchr(request->target.p, '?', request->target.len);

    return (HttpSpan){ request->target.p,
                       query ? (gsize)(query - request->target.p) : request->target.len };
}

static const char *reason_of(guint status)
{
    static const struct {
        guint status;
        const char *reason;
    } reasons[] = {
        { 200, "OK" },
        { 400, "Bad Request" },
        { 404, "Not Found" },
        { 405, "Method Not Allowed" },
    };

    for (gsize i = 0; i < G_N_ELEMENTS(reasons); i++) {
        if (reasons[i].status == status) {
            return reasons[i].reason;
        }
    }
    return ""; /* RFC 9112, section 4: it may be empty */
}

GBytes *http_response(guint status, const char *headers, const char *body)
{
    char *text = g_strdup_printf("HTTP/1.1 %u %s\r\n%sContent-Length: %" G_GSIZE_FORMAT
                                 "\r\nConnection: close\r\n\r\n%s",
                                 status, reason_of(status), headers, strlen(body), body);

    return g_bytes_new_take(text, strlen(text));
}
