/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "appraise/replay-text.h"

#include "wire/hash.h"

/* "event 3", "events 3 to 9 (4 of this PCR)" */
static void append_range(GString *out, const DqPcrReplay *p)
{
    if (p->events == 1) {
        g_string_append_printf(out, "event %u", p->first);
    } else {
        g_string_append_printf(out, "events %u to %u, %u of them of this PCR,", p->first, p->last,
                               p->events);
    }
}

static void append_difference(GString *out, const DqPcrReplay *p)
{
    append_range(out, p);
    g_string_append_printf(out, " lead%s to another value than was quoted",
                           p->events == 1 ? "s" : "");
    if (p->reached) {
        g_string_append_printf(out,
                               ": the value quoted is that after event %u, so that the log goes on "
                               "after the quote or has events too many",
                               p->reached_at);
    }
}

static void append_outcome(GString *out, const DqPcrReplay *p)
{
    switch (p->outcome) {
    case DQ_PCR_NOT_QUOTED:
    case DQ_PCR_MATCHES:
        if (p->events == 0) {
            g_string_append(out, "no event: as it is when the TPM starts");
        } else {
            append_range(out, p);
            g_string_append(out, p->events == 1 ? " leads to it" : " lead to it");
        }
        break;
    case DQ_PCR_DIFFERS:
        append_difference(out, p);
        break;
    case DQ_PCR_NOT_COVERED:
        g_string_append(out, "the log has no event of this PCR: something else extended it");
        break;
    case DQ_PCR_NO_DIGEST:
        g_string_append_printf(out, "event %u has no digest in this bank: take another bank",
                               p->missing);
        break;
    case DQ_PCR_NO_HASH:
        g_string_append(out, "OpenSSL has not this hash algorithm: take another bank");
        break;
    }
}

char *dq_replay_say(const DqPcrReplay *pcr)
{
    GString *out = g_string_new(NULL);
    const WireHash *hash = wire_hash_find(pcr->altered_alg);

    append_outcome(out, pcr);
    if (pcr->altered > 0) {
        g_string_append_printf(
            out,
            "; %u of the events say something else than what was measured, first "
            "event %u (%s)",
            pcr->altered, pcr->altered_first, hash ? hash->name : "other");
    }
    return g_string_free(out, FALSE);
}
