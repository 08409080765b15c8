/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "appraise/event-check.h"

#include "appraise/event-type.h"
#include "appraise/uefi-variable.h"
#include "attest/bytes.h"
#include "attest/digest.h"

#include <string.h>

enum { CANDIDATES_MAX = 2 };

/** What an event's digests may be over. */
typedef struct Candidates {
    guint count;
    WireBytes bytes[CANDIDATES_MAX];
} Candidates;

static void add(Candidates *c, const void *p, gsize len)
{
    c->bytes[c->count++] = (WireBytes){ p, len };
}

static void add_separator(Candidates *c, WireBytes data)
{
    static const uint8_t error[4] = { 1, 0, 0, 0 };

    add(c, data.p, data.len);
    add(c, error, sizeof(error));
}

static void add_variable(Candidates *c, WireBytes data)
{
    DqUefiVariable variable;

    add(c, data.p, data.len);
    if (dq_uefi_variable(data, &variable)) {
        add(c, variable.content.p, variable.content.len);
    }
}

/* GRUB's text ends in a zero that it does not measure. */
static void add_command(Candidates *c, WireBytes data)
{
    static const char *const words[] = { "grub_cmd: ", "kernel_cmdline: ", "module_cmdline: " };

    for (gsize i = 0; i < G_N_ELEMENTS(words); i++) {
        const gsize skip = strlen(words[i]);

        if (data.len > skip && memcmp(data.p, words[i], skip) == 0 && data.p[data.len - 1] == 0) {
            add(c, data.p + skip, data.len - skip - 1);
        }
    }
}

static Candidates candidates_of(const DqEvent *event)
{
    const DqEventKind *kind = dq_event_kind(event->type);
    Candidates c = { 0 };

    switch (kind ? kind->over : DQ_OVER_OTHER) {
    case DQ_OVER_OTHER:
        break;
    case DQ_OVER_DATA:
        add(&c, event->data.p, event->data.len);
        break;
    case DQ_OVER_SEPARATOR:
        add_separator(&c, event->data);
        break;
    case DQ_OVER_VARIABLE:
        add_variable(&c, event->data);
        break;
    case DQ_OVER_COMMAND:
        add_command(&c, event->data);
        break;
    }
    return c;
}

/* TRUE, too, where it cannot be told. */
static gboolean is_of_one(const Candidates *c, const DqEventDigest *d)
{
    uint8_t digest[DQ_DIGEST_MAX];

    for (guint i = 0; i < c->count; i++) {
        const DqBytes part = dq_unwire(c->bytes[i]);
        const gsize size = dq_digest(d->alg, &part, 1, digest);

        if (size == 0 || wire_bytes_equal((WireBytes){ digest, size }, d->bytes)) {
            return TRUE;
        }
    }
    return FALSE;
}

DqEventCheck dq_event_check(const DqEvent *event, uint16_t *ret_alg)
{
    const Candidates c = candidates_of(event);

    if (c.count == 0) {
        return DQ_EVENT_CHECK_NONE;
    }
    for (guint i = 0; i < event->digests; i++) {
        if (!is_of_one(&c, &event->digest[i])) {
            *ret_alg = event->digest[i].alg;
            return DQ_EVENT_CHECK_DIFFERS;
        }
    }
    return DQ_EVENT_CHECK_SAME;
}
