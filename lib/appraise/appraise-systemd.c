/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "appraise/appraise-systemd.h"

#include "appraise/replay-text.h"
#include "appraise/systemd-log.h"
#include "attest/bytes.h"
#include "wire/hash.h"

#include <string.h>

static gboolean has_pcr(const GPtrArray *records, guint pcr)
{
    for (guint i = 0; i < records->len; i++) {
        const DqSystemdRecord *record = records->pdata[i];

        if (record->extends && record->pcr == pcr) {
            return TRUE;
        }
    }
    return FALSE;
}

/* The value that the firmware left; zeroes where it has no log, or one that does not decode. */
static void start(DqPcrReplay *p, DqBytes firmware)
{
    DqEventLog events;
    DqPcrReplay left = { .alg = p->alg, .pcr = p->pcr };

    if (firmware.len > 0 && dq_event_log_open(dq_wire(firmware), &events, NULL) &&
        dq_replay(&events, &left, 1, NULL)) {
        memcpy(p->value, left.value, sizeof(p->value));
    }
}

static DqResult judge(const DqPcrReplay *p, DqBytes firmware)
{
    if (p->altered > 0) {
        return DQ_RESULT_FAIL;
    }
    return p->outcome == DQ_PCR_MATCHES && p->events > 0      ? DQ_RESULT_PASS
           : p->outcome == DQ_PCR_DIFFERS && firmware.len > 0 ? DQ_RESULT_FAIL
                                                              : DQ_RESULT_NOT_COMPARED;
}

/* What was found of one PCR joins @out; of several the worst result. */
static DqResult compare(const GPtrArray *records, const DqPcrValue *quoted, DqBytes firmware,
                        GString *out)
{
    DqPcrReplay p = { .alg = quoted->alg, .pcr = quoted->pcr, .quoted = dq_wire(quoted->value) };
    const WireHash *hash = wire_hash_find(quoted->alg);
    g_autofree char *said = NULL;

    start(&p, firmware);
    dq_systemd_replay(records, &p);
    said = p.outcome == DQ_PCR_MATCHES && p.events == 0
               ? g_strdup("it is as the firmware left it: nothing shows that the records are true")
               : dq_replay_say(&p);
    g_string_append_printf(out, "%s%s:%u: %s%s", out->len > 0 ? "; " : "", hash ? hash->name : "?",
                           p.pcr, said,
                           p.outcome == DQ_PCR_DIFFERS && firmware.len == 0
                               ? ", which may be for want of the firmware's event log"
                               : "");
    return judge(&p, firmware);
}

static DqResult worse(DqResult a, DqResult b)
{
    return a == DQ_RESULT_FAIL || b == DQ_RESULT_PASS ? a : b;
}

void dq_appraise_systemd(const DqLog *log, DqBytes firmware, DqVerdict *verdict)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(GPtrArray) records = dq_systemd_log_parse(dq_wire(log->bytes), &error);
    DqResult result = DQ_RESULT_PASS;
    GString *out;

    if (!records) {
        dq_verdict_add_finding(verdict, log->word, DQ_RESULT_FAIL, g_strdup(error->message));
        return;
    }
    out = g_string_new(NULL);
    for (gsize i = 0; i < log->count; i++) {
        if (has_pcr(records, log->quoted[i].pcr)) {
            result = worse(result, compare(records, &log->quoted[i], firmware, out));
        }
    }
    if (out->len == 0) {
        result = DQ_RESULT_NOT_COMPARED;
        g_string_append(out, "no PCR into which systemd measured is quoted: quote 11 and 15");
    }
    dq_verdict_add_finding(verdict, log->word, result, g_string_free(out, FALSE));
}
