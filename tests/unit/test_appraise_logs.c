/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Real logs against the PCRs of their boot, and what becomes of them when they are changed. */
#include "appraise/logs.h"

#include "appraise/event-log.h"
#include "appraise/ima-replay.h"
#include "attest/bytes.h"
#include "attest/verdict.h"
#include "log_fixture.h"
#include "wire/tpm-constants.h"

#include <string.h>

/** What a machine's boot left. */
typedef struct Boot {
    GBytes *event_log, *ima;
    GArray *values; /* PcrValue */
    GArray *quoted; /* DqPcrValue, into @values */
} Boot;

/* Quotes PCRs 0 to @last of these banks. */
static void boot_quote(Boot *b, guint last, const uint16_t *banks, gsize count)
{
    g_array_set_size(b->quoted, 0);
    for (gsize i = 0; i < count; i++) {
        for (guint pcr = 0; pcr <= last; pcr++) {
            const WireBytes value = log_quoted(b->values, banks[i], pcr);
            const DqPcrValue v = { banks[i], pcr, dq_unwire(value) };

            g_array_append_val(b->quoted, v);
        }
    }
}

static void boot_load(Boot *b, const char *name)
{
    static const uint16_t banks[] = { TPM_ALG_SHA1, TPM_ALG_SHA256 };

    b->event_log = log_read(name, "boot.bin");
    b->ima = log_read(name, "ima.bin");
    b->values = log_pcrs(name);
    b->quoted = g_array_new(FALSE, FALSE, sizeof(DqPcrValue));
    boot_quote(b, 16, banks, G_N_ELEMENTS(banks));
}

static void boot_clear(Boot *b)
{
    g_bytes_unref(b->event_log);
    g_bytes_unref(b->ima);
    g_array_unref(b->values);
    g_array_unref(b->quoted);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Boot, boot_clear)

/* The findings on a VM's logs; the host's TPM quoted nothing. */
static DqVerdict *appraise(const Boot *b, DqBytes event_log, DqBytes ima)
{
    const DqQuotedPcrs pcrs = { .vtpm = (const DqPcrValue *)b->quoted->data,
                                .vtpm_count = b->quoted->len };
    DqLogs logs = { .vm_event_log = event_log, .vm_ima = ima };
    DqVerdict *verdict = dq_verdict_new();

    dq_logs_appraise(&pcrs, verdict, &logs);
    return verdict;
}

/* One finding, and that it says @words. */
static void expect(const DqVerdict *verdict, const char *word, DqResult result, const char *words)
{
    DqFinding f;

    g_assert_cmpuint(dq_verdict_get_findings(verdict), ==, 1);
    f = dq_verdict_get_finding(verdict, 0);
    g_assert_cmpstr(f.word, ==, word);
    if (f.result != result || !strstr(f.detail, words)) {
        g_error("%d: '%s', not %d with '%s'", f.result, f.detail, result, words);
    }
}

static void expect_event_log(const Boot *b, DqBytes log, DqResult result, const char *words)
{
    g_autoptr(DqVerdict) verdict = appraise(b, log, (DqBytes){ NULL, 0 });

    expect(verdict, "vm-event-log", result, words);
}

static void expect_ima(const Boot *b, DqBytes list, DqResult result, const char *words)
{
    g_autoptr(DqVerdict) verdict = appraise(b, (DqBytes){ NULL, 0 }, list);

    expect(verdict, "vm-ima", result, words);
}

/* Each of these guests opened a measured file for writing, on purpose. */
static void real_logs_lead_to_their_pcrs(void)
{
    for (guint i = 0; log_names[i]; i++) {
        g_auto(Boot) b = { 0 };

        boot_load(&b, log_names[i]);
        expect_event_log(&b, dq_bytes_peek(b.event_log), DQ_RESULT_PASS, "it leads to sha1:0 ");
        expect_event_log(&b, dq_bytes_peek(b.event_log), DQ_RESULT_PASS, " sha256:14");
        expect_ima(&b, dq_bytes_peek(b.ima), DQ_RESULT_NOT_COMPARED, "lead to it; 1 violation");
    }
}

static void each_log_has_its_finding_and_its_tpm(void)
{
    g_auto(Boot) b = { 0 };
    DqQuotedPcrs pcrs;
    DqLogs logs;
    g_autoptr(DqVerdict) verdict = dq_verdict_new();
    static const char *const words[] = { "host-event-log", "host-ima", "vm-event-log", "vm-ima" };

    boot_load(&b, "ovmf");
    pcrs =
        (DqQuotedPcrs){ .host = (const DqPcrValue *)b.quoted->data, .host_count = b.quoted->len };
    logs = (DqLogs){ dq_bytes_peek(b.event_log), dq_bytes_peek(b.ima), dq_bytes_peek(b.event_log),
                     dq_bytes_peek(b.ima) };
    dq_logs_appraise(&pcrs, verdict, &logs);
    g_assert_cmpuint(dq_verdict_get_findings(verdict), ==, G_N_ELEMENTS(words));
    for (guint i = 0; i < G_N_ELEMENTS(words); i++) {
        const DqFinding f = dq_verdict_get_finding(verdict, i);

        g_assert_cmpstr(f.word, ==, words[i]);
        g_assert_cmpint(f.result, ==, i == 0 ? DQ_RESULT_PASS : DQ_RESULT_NOT_COMPARED);
        g_assert_cmpint(strstr(f.detail, "quote") != NULL, ==, i >= 2);
    }
}

/* (transfer full): the log without one event. */
static GByteArray *without_event(GBytes *log, guint number, uint32_t *ret_pcr)
{
    const WireBytes bytes = log_bytes(log);
    GByteArray *out = g_byte_array_new();
    DqEventLog events;
    DqEventWalk walk;
    DqEvent event;
    gsize from, to = bytes.len;

    g_assert_true(dq_event_log_open(bytes, &events, NULL));
    walk = dq_event_walk(&events);
    do {
        g_assert_true(dq_event_next(&walk, &event, NULL));
    } while (event.number < number);
    from = event.offset;
    *ret_pcr = event.pcr;
    if (dq_event_next(&walk, &event, NULL)) {
        to = event.offset;
    }
    g_byte_array_append(out, bytes.p, (guint)from);
    g_byte_array_append(out, bytes.p + to, (guint)(bytes.len - to));
    return out;
}

static void an_event_cut_out_is_noticed(void)
{
    g_auto(Boot) b = { 0 };

    boot_load(&b, "ovmf");
    for (guint number = 2; number < 20; number++) { /* 0 and 1 are no measurements */
        uint32_t pcr = 0;
        g_autoptr(GByteArray) log = without_event(b.event_log, number, &pcr);
        g_autofree char *words = g_strdup_printf("sha1:%u: ", pcr);

        expect_event_log(&b, (DqBytes){ log->data, log->len }, DQ_RESULT_FAIL, words);
    }
}

static void a_changed_event_is_noticed(void)
{
    g_auto(Boot) b = { 0 };
    g_autofree uint8_t *copy = NULL;
    DqEventLog events;
    DqEventWalk walk;
    DqEvent event = { 0 };
    WireBytes bytes;

    boot_load(&b, "ovmf");
    bytes = log_bytes(b.event_log);
    copy = g_memdup2(bytes.p, bytes.len);
    g_assert_true(dq_event_log_open(bytes, &events, NULL));
    walk = dq_event_walk(&events);
    while (dq_event_next(&walk, &event, NULL) && event.type != 0x80000001) { /* a variable */
    }
    g_assert_cmpuint(event.type, ==, 0x80000001);
    copy[event.data.p - bytes.p + event.data.len - 1] ^= 1;
    expect_event_log(&b, (DqBytes){ copy, bytes.len }, DQ_RESULT_FAIL, "say something else");
}

static void no_shorter_log_passes(void)
{
    g_auto(Boot) b = { 0 };
    const uint16_t bank = TPM_ALG_SHA256;
    DqBytes whole;
    gsize end;

    boot_load(&b, "ovmf");
    boot_quote(&b, 9, &bank, 1);
    whole = dq_bytes_peek(b.event_log);
    for (end = whole.len; end > 1 && whole.data[end - 1] == 0; end--) {
    }
    for (gsize n = 1; n < end; n += 41) {
        g_autofree uint8_t *copy = g_memdup2(whole.data, n);
        g_autoptr(DqVerdict) verdict = appraise(&b, (DqBytes){ copy, n }, (DqBytes){ NULL, 0 });

        g_assert_cmpint(dq_verdict_get_finding(verdict, 0).result, ==, DQ_RESULT_FAIL);
    }
}

static void a_list_without_its_last_entry_is_noticed(void)
{
    g_auto(Boot) b = { 0 };
    DqImaWalk walk;
    DqImaEntry entry = { 0 };

    boot_load(&b, "ovmf");
    walk = dq_ima_walk(log_bytes(b.ima), 0, 0);
    while (dq_ima_next(&walk, &entry, NULL)) {
    }
    expect_ima(&b, (DqBytes){ g_bytes_get_data(b.ima, NULL), entry.offset }, DQ_RESULT_FAIL,
               "no beginning of the list leads to the value quoted");
}

/* The kernel measures on while it is asked for the list. */
static void what_came_after_the_quote_does_not_count(void)
{
    const WireBytes none = { NULL, 0 };
    g_auto(Boot) b = { 0 };
    DqImaReplay earlier[2];
    DqImaWalk walk;
    DqImaEntry entry = { 0 };

    boot_load(&b, "ovmf");
    walk = dq_ima_walk(log_bytes(b.ima), 0, 0);
    while (dq_ima_next(&walk, &entry, NULL) && !entry.violation) {
    }
    g_assert_true(entry.violation);
    for (guint i = 0, n = 0; i < b.quoted->len; i++) {
        DqPcrValue *v = &g_array_index(b.quoted, DqPcrValue, i);
        const DqImaState start = dq_ima_start(v->alg, DQ_IMA_PCR);

        if (v->pcr == DQ_IMA_PCR) {
            g_assert_true(dq_ima_replay((WireBytes){ log_bytes(b.ima).p, entry.offset }, &start,
                                        none, &earlier[n], NULL));
            v->value = (DqBytes){ earlier[n].state.value, earlier[n].state.size };
            n++;
        }
    }
    expect_ima(&b, dq_bytes_peek(b.ima), DQ_RESULT_PASS, "the others came after the quote");
}

static void a_list_of_another_boot_is_noticed(void)
{
    g_auto(Boot) b = { 0 }, other = { 0 };

    boot_load(&b, "ovmf");
    boot_load(&other, "seabios");
    for (guint i = 0; i < b.quoted->len; i++) { /* the right PCR 10, other PCRs of the boot */
        DqPcrValue *v = &g_array_index(b.quoted, DqPcrValue, i);

        if (v->pcr < DQ_IMA_PCR) {
            v->value = dq_unwire(log_quoted(other.values, v->alg, v->pcr));
        }
    }
    expect_ima(&b, dq_bytes_peek(b.ima), DQ_RESULT_FAIL, "the list is of another boot");
    expect_ima(&b, dq_bytes_peek(other.ima), DQ_RESULT_FAIL, "no beginning of the list");
}

static void what_is_not_quoted_is_not_compared(void)
{
    const uint16_t bank = TPM_ALG_SHA256;
    g_auto(Boot) b = { 0 };

    boot_load(&b, "ovmf");
    boot_quote(&b, 9, &bank, 1);
    expect_ima(&b, dq_bytes_peek(b.ima), DQ_RESULT_NOT_COMPARED, "PCR 10");
    boot_quote(&b, 10, &bank, 1);
    g_array_remove_index(b.quoted, 3);
    expect_ima(&b, dq_bytes_peek(b.ima), DQ_RESULT_NOT_COMPARED, "quote PCRs sha256:0,1,2");
    g_array_remove_range(b.quoted, 0, 9);
    g_assert_cmpuint(b.quoted->len, ==, 1);
    expect_event_log(&b, dq_bytes_peek(b.event_log), DQ_RESULT_NOT_COMPARED, "quote PCRs 0 to 9");
}

static void no_finding_without_a_log(void)
{
    g_auto(Boot) b = { 0 };
    g_autoptr(DqVerdict) verdict = NULL;

    boot_load(&b, "ovmf");
    verdict = appraise(&b, (DqBytes){ NULL, 0 }, (DqBytes){ NULL, 0 });
    g_assert_cmpuint(dq_verdict_get_findings(verdict), ==, 0);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/appraise/logs/real-logs", real_logs_lead_to_their_pcrs);
    g_test_add_func("/appraise/logs/each-log-has-its-finding",
                    each_log_has_its_finding_and_its_tpm);
    g_test_add_func("/appraise/logs/an-event-cut-out", an_event_cut_out_is_noticed);
    g_test_add_func("/appraise/logs/a-changed-event", a_changed_event_is_noticed);
    g_test_add_func("/appraise/logs/no-shorter-log", no_shorter_log_passes);
    g_test_add_func("/appraise/logs/ima-without-last-entry",
                    a_list_without_its_last_entry_is_noticed);
    g_test_add_func("/appraise/logs/ima-after-the-quote", what_came_after_the_quote_does_not_count);
    g_test_add_func("/appraise/logs/ima-of-another-boot", a_list_of_another_boot_is_noticed);
    g_test_add_func("/appraise/logs/not-quoted", what_is_not_quoted_is_not_compared);
    g_test_add_func("/appraise/logs/no-log", no_finding_without_a_log);
    return g_test_run();
}
