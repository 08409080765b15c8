/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "appraise/appraise-event-log.h"

#include "appraise/replay-text.h"
#include "appraise/replay.h"
#include "attest/bytes.h"
#include "wire/hash.h"

/*
 * What an operating system extends itself is not in a firmware's log: 10 is IMA's, 11, 13 and 15
 * are systemd's, 16 and 23 anybody's. All below 17 that are left have no event but in this log.
 */
static const guint others_extend[] = { 10, 11, 13, 15, 16 };

enum { FIRMWARE_PCRS = 17 };

static gboolean is_firmwares(guint pcr)
{
    for (gsize i = 0; i < G_N_ELEMENTS(others_extend); i++) {
        if (pcr == others_extend[i]) {
            return FALSE;
        }
    }
    return pcr < FIRMWARE_PCRS;
}

/* (transfer full): DqPcrReplay for those that the log has to explain. */
static GArray *to_be_explained(const DqLog *log)
{
    GArray *pcrs = g_array_new(FALSE, TRUE, sizeof(DqPcrReplay));

    for (gsize i = 0; i < log->count; i++) {
        const DqPcrValue *q = &log->quoted[i];
        const DqPcrReplay p = { .alg = q->alg, .pcr = q->pcr, .quoted = dq_wire(q->value) };

        if (is_firmwares(q->pcr)) {
            g_array_append_val(pcrs, p);
        }
    }
    return pcrs;
}

/* How much one PCR is worth. */
static DqResult judge(const DqPcrReplay *p)
{
    switch (p->outcome) {
    case DQ_PCR_MATCHES:
        return p->altered > 0 ? DQ_RESULT_FAIL : DQ_RESULT_PASS;
    case DQ_PCR_DIFFERS:
    case DQ_PCR_NOT_COVERED:
        return DQ_RESULT_FAIL;
    default: /* this bank cannot be followed */
        return p->altered > 0 ? DQ_RESULT_FAIL : DQ_RESULT_NOT_COMPARED;
    }
}

static void append_pcr(GString *out, const DqPcrReplay *p)
{
    const WireHash *hash = wire_hash_find(p->alg);

    g_string_append_printf(out, "%s:%u", hash ? hash->name : "?", p->pcr);
}

/* The first PCR that has the result, and why. */
static char *say_first(const GArray *pcrs, DqResult result)
{
    for (guint i = 0; i < pcrs->len; i++) {
        const DqPcrReplay *p = &g_array_index(pcrs, DqPcrReplay, i);

        if (judge(p) == result) {
            GString *out = g_string_new(NULL);
            g_autofree char *said = dq_replay_say(p);

            append_pcr(out, p);
            g_string_append_printf(out, ": %s", said);
            return g_string_free(out, FALSE);
        }
    }
    return NULL;
}

/* "it leads to sha1:0,1 sha256:0,1": they come bank by bank. */
static char *say_all(const GArray *pcrs)
{
    GString *out = g_string_new("it leads to");
    uint16_t bank = 0;

    for (guint i = 0; i < pcrs->len; i++) {
        const DqPcrReplay *p = &g_array_index(pcrs, DqPcrReplay, i);

        if (p->alg == bank) {
            g_string_append_printf(out, ",%u", p->pcr);
        } else {
            g_string_append_c(out, ' ');
            append_pcr(out, p);
        }
        bank = p->alg;
    }
    return g_string_free(out, FALSE);
}

static DqResult worst_of(const GArray *pcrs)
{
    DqResult worst = DQ_RESULT_PASS;

    for (guint i = 0; i < pcrs->len; i++) {
        const DqResult result = judge(&g_array_index(pcrs, DqPcrReplay, i));

        if (result == DQ_RESULT_FAIL || worst == DQ_RESULT_PASS) {
            worst = result;
        }
    }
    return worst;
}

void dq_appraise_event_log(const DqLog *log, DqVerdict *verdict)
{
    g_autoptr(GArray) pcrs = to_be_explained(log);
    g_autoptr(GError) error = NULL;
    DqEventLog events;
    DqResult worst;

    if (!dq_event_log_open(dq_wire(log->bytes), &events, &error) ||
        !dq_replay(&events, (DqPcrReplay *)pcrs->data, pcrs->len, &error)) {
        dq_verdict_add_finding(verdict, log->word, DQ_RESULT_FAIL, g_strdup(error->message));
        return;
    }
    if (pcrs->len == 0) {
        dq_verdict_add_finding(verdict, log->word, DQ_RESULT_NOT_COMPARED,
                               g_strdup("no PCR of the firmware is quoted: quote PCRs 0 to 9"));
        return;
    }
    worst = worst_of(pcrs);
    if (worst == DQ_RESULT_PASS) {
        dq_packages_take_events(log->packages, &events);
    }
    dq_verdict_add_finding(verdict, log->word, worst,
                           worst == DQ_RESULT_PASS ? say_all(pcrs) : say_first(pcrs, worst));
}
