/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "appraise/replay.h"

#include "appraise/event-check.h"
#include "appraise/event-type.h"
#include "attest/bytes.h"
#include "attest/digest.h"
#include "wire/hash.h"

#include <string.h>

enum {
    FIRST_DYNAMIC_PCR = 17, /* ones until a dynamic launch makes them zeroes */
    LAST_DYNAMIC_PCR = 22,
    HCRTM_LOCALITY = 4,
};

static gboolean is_quoted_value(const DqPcrReplay *p)
{
    return p->size > 0 && wire_bytes_equal((WireBytes){ p->value, p->size }, p->quoted);
}

static void start(DqPcrReplay *p)
{
    p->size = wire_hash_size(p->alg);
    p->outcome = dq_digest_md(p->alg) ? DQ_PCR_NOT_QUOTED : DQ_PCR_NO_HASH;
    if (p->outcome == DQ_PCR_NO_HASH) {
        p->size = 0;
    }
    memset(p->value, 0, sizeof(p->value));
}

/* TCG_EfiStartupLocalityEvent: at which locality the TPM was started. */
static gboolean get_locality(const DqEvent *event, uint8_t *ret_locality)
{
    static const char signature[16] = "StartupLocality"; /* its terminating zero is the 16th */

    if (event->type != DQ_EV_NO_ACTION || event->data.len <= sizeof(signature) ||
        memcmp(event->data.p, signature, sizeof(signature)) != 0) {
        return FALSE;
    }
    *ret_locality = event->data.p[sizeof(signature)];
    return TRUE;
}

/* PCR 0 starts with the locality of TPM2_Startup, or 4 after a measurement before it. */
static void start_with_locality(DqPcrReplay *p, uint8_t locality)
{
    if (p->pcr == 0 && p->events == 0 && p->size > 0) {
        p->value[p->size - 1] = locality;
    }
}

static void note_altered(DqPcrReplay *p, const DqEvent *event, uint16_t alg)
{
    if (p->altered++ == 0) {
        p->altered_first = event->number;
        p->altered_alg = alg;
    }
}

static void extend(DqPcrReplay *p, const DqEvent *event)
{
    const DqEventDigest *d = dq_event_digest(event, p->alg);

    if (p->events++ == 0) {
        p->first = event->number;
    }
    p->last = event->number;
    if (!d && p->outcome == DQ_PCR_NOT_QUOTED) {
        p->outcome = DQ_PCR_NO_DIGEST;
        p->missing = event->number;
    }
    if (p->outcome == DQ_PCR_NOT_QUOTED) {
        const DqBytes parts[] = { { p->value, p->size }, dq_unwire(d->bytes) };

        dq_digest(p->alg, parts, G_N_ELEMENTS(parts), p->value);
        if (is_quoted_value(p)) {
            p->reached = TRUE;
            p->reached_at = event->number;
        }
    }
}

/* One event, for all PCRs that it could be for. */
static void apply(DqPcrReplay *pcrs, gsize count, const DqEvent *event, gboolean *inout_located)
{
    DqEventCheck check = DQ_EVENT_CHECK_NONE;
    gboolean checked = FALSE;
    uint16_t alg = 0;
    uint8_t locality = HCRTM_LOCALITY;
    const gboolean located = get_locality(event, &locality);
    const gboolean before_start = event->type == DQ_EV_EFI_HCRTM_EVENT && !*inout_located;

    for (gsize i = 0; i < count; i++) {
        DqPcrReplay *p = &pcrs[i];

        if (located || before_start) {
            start_with_locality(p, locality);
        }
        if (event->type == DQ_EV_NO_ACTION || event->pcr != p->pcr) {
            continue;
        }
        if (!checked) {
            check = dq_event_check(event, &alg);
            checked = TRUE;
        }
        if (check == DQ_EVENT_CHECK_DIFFERS) {
            note_altered(p, event, alg);
        }
        extend(p, event);
    }
    *inout_located = *inout_located || located;
}

static void conclude(DqPcrReplay *p)
{
    if (p->events == 0 && p->pcr >= FIRST_DYNAMIC_PCR && p->pcr <= LAST_DYNAMIC_PCR) {
        memset(p->value, 0xff, p->size);
    }
    if (p->outcome != DQ_PCR_NOT_QUOTED || p->quoted.len == 0) {
        return;
    }
    p->outcome = is_quoted_value(p) ? DQ_PCR_MATCHES
                 : p->events == 0   ? DQ_PCR_NOT_COVERED
                                    : DQ_PCR_DIFFERS;
}

gboolean dq_replay(const DqEventLog *log, DqPcrReplay *pcrs, gsize count, GError **error)
{
    DqEventWalk walk = dq_event_walk(log);
    g_autoptr(GError) problem = NULL;
    gboolean located = FALSE;
    DqEvent event;

    for (gsize i = 0; i < count; i++) {
        start(&pcrs[i]);
    }
    while (dq_event_next(&walk, &event, &problem)) {
        apply(pcrs, count, &event, &located);
    }
    if (problem) {
        g_propagate_error(error, g_steal_pointer(&problem));
        return FALSE;
    }
    for (gsize i = 0; i < count; i++) {
        conclude(&pcrs[i]);
    }
    return TRUE;
}

GArray *dq_replay_pcrs(const DqEventLog *log, GError **error)
{
    g_autoptr(GArray) pcrs = g_array_new(FALSE, TRUE, sizeof(DqPcrReplay));

    for (guint i = 0; i < log->algorithms; i++) {
        for (guint pcr = 0; pcr < DQ_EVENT_PCRS; pcr++) {
            const DqPcrReplay p = { .alg = log->algorithm[i].alg, .pcr = pcr };

            g_array_append_val(pcrs, p);
        }
    }
    if (!dq_replay(log, (DqPcrReplay *)pcrs->data, pcrs->len, error)) {
        return NULL;
    }
    for (guint i = pcrs->len; i > 0; i--) {
        if (g_array_index(pcrs, DqPcrReplay, i - 1).events == 0) {
            g_array_remove_index(pcrs, i - 1);
        }
    }
    return g_steal_pointer(&pcrs);
}
