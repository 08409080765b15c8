/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Real logs against the PCRs of their boot, and what becomes of them when they are changed. */
#include "appraise/appraisal.h"

#include "appraise/event-log.h"
#include "appraise/ima-fields.h"
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
    DqAppraisal a = { .logs = { .vm_event_log = event_log, .vm_ima = ima } };
    DqVerdict *verdict = dq_verdict_new();

    dq_appraise(&pcrs, verdict, &a);
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
        expect_event_log(&b, dq_bytes_peek(b.event_log), DQ_RESULT_PASS, "it leads to sha1:0,1");
        expect_event_log(&b, dq_bytes_peek(b.event_log), DQ_RESULT_PASS, "9,12,14 sha256:0,1");
        expect_ima(&b, dq_bytes_peek(b.ima), DQ_RESULT_NOT_COMPARED, "lead to it; 1 violation");
    }
}

static void each_log_has_its_finding_and_its_tpm(void)
{
    g_auto(Boot) b = { 0 };
    DqQuotedPcrs pcrs;
    DqAppraisal a = { 0 };
    g_autoptr(DqVerdict) verdict = dq_verdict_new();
    static const char *const words[] = { "host-event-log", "host-ima", "vm-event-log", "vm-ima" };

    boot_load(&b, "ovmf");
    pcrs =
        (DqQuotedPcrs){ .host = (const DqPcrValue *)b.quoted->data, .host_count = b.quoted->len };
    a.logs = (DqLogs){ dq_bytes_peek(b.event_log),
                       dq_bytes_peek(b.ima),
                       dq_bytes_peek(b.event_log),
                       dq_bytes_peek(b.ima),
                       { NULL, 0 },
                       { NULL, 0 },
                       { NULL, 0 },
                       { NULL, 0 },
                       { NULL, 0 },
                       { NULL, 0 } };
    dq_appraise(&pcrs, verdict, &a);
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

/* A profile of @b as it booted and what it ran, without one file where @without is not NULL. */
static DqProfile *profile_of(const Boot *b, const char *without)
{
    DqProfile *p = dq_profile_new("sample");
    DqProfileBoot *boot = dq_profile_add_boot(p, "as it was");
    DqImaWalk walk = dq_ima_walk(log_bytes(b->ima), 0, 0);
    DqImaEntry entry;
    DqImaFields f;

    for (unsigned pcr = 0; pcr < 10; pcr++) {
        dq_profile_boot_set(boot, TPM_ALG_SHA256, pcr, log_quoted(b->values, TPM_ALG_SHA256, pcr));
    }
    while (dq_ima_next(&walk, &entry, NULL)) {
        g_assert_true(dq_ima_fields(&entry, &f));
        if (dq_ima_is_file(&entry) && !(without && wire_bytes_equal(f.name, log_text(without)))) {
            g_assert_true(
                dq_profile_add_file(p, f.name, dq_ima_digest_alg(&f.digest), f.digest.bytes));
        }
    }
    return p;
}

/* The finding of this word, which is there once. */
static DqFinding find(const DqVerdict *verdict, const char *word)
{
    DqFinding found = { NULL, DQ_RESULT_NOT_RUN, NULL };

    for (guint i = 0; i < dq_verdict_get_findings(verdict); i++) {
        const DqFinding f = dq_verdict_get_finding(verdict, i);

        if (g_str_equal(f.word, word)) {
            g_assert_null(found.word);
            found = f;
        }
    }
    return found;
}

static DqVerdict *appraise_with(const Boot *b, const DqProfile *profile, DqBytes ima)
{
    const DqQuotedPcrs pcrs = { .host = (const DqPcrValue *)b->quoted->data,
                                .host_count = b->quoted->len };
    DqAppraisal a = { .logs = { .host_ima = ima }, .host = profile };
    DqVerdict *verdict = dq_verdict_new();

    dq_appraise(&pcrs, verdict, &a);
    return verdict;
}

static void expect_of(const Boot *b, const DqProfile *profile, DqBytes ima, const char *word,
                      DqResult result, const char *words)
{
    g_autoptr(DqVerdict) verdict = appraise_with(b, profile, ima);
    const DqFinding f = find(verdict, word);

    g_assert_nonnull(f.word);
    if (f.result != result || !strstr(f.detail, words)) {
        g_error("%d: '%s', not %d with '%s'", f.result, f.detail, result, words);
    }
}

static void a_boot_is_compared_as_a_whole(void)
{
    const DqBytes none = { NULL, 0 };
    g_auto(Boot) b = { 0 }, other = { 0 };
    g_autoptr(DqProfile) p = NULL, empty = dq_profile_new("empty");
    DqProfileBoot *mixed;

    boot_load(&b, "ovmf");
    boot_load(&other, "secureboot");
    p = profile_of(&b, NULL);
    expect_of(&b, p, none, "host-boot", DQ_RESULT_PASS, "boot 'as it was' of profile 'sample'");
    expect_of(&other, p, none, "host-boot", DQ_RESULT_FAIL,
              "no boot of profile 'sample'; closest is 'as it was', but for sha256:");
    mixed = dq_profile_add_boot(p, "mixed"); /* each PCR is of some boot, the set is of none */
    dq_profile_boot_set(mixed, TPM_ALG_SHA256, 7, log_quoted(other.values, TPM_ALG_SHA256, 7));
    dq_profile_boot_set(mixed, TPM_ALG_SHA256, 0, log_quoted(b.values, TPM_ALG_SHA256, 1));
    expect_of(&other, p, none, "host-boot", DQ_RESULT_FAIL, "'mixed', but for sha256:0");
    g_array_remove_range(b.quoted, 0, 18); /* SHA-1, and PCR 0 of SHA-256 */
    expect_of(&b, p, none, "host-boot", DQ_RESULT_NOT_COMPARED, "quote sha256:0 as well");
    expect_of(&b, empty, none, "host-boot", DQ_RESULT_NOT_COMPARED, "has no boot");
}

static void each_file_has_to_be_listed(void)
{
    g_auto(Boot) b = { 0 };
    g_autoptr(DqProfile) all = NULL, less = NULL, learner = NULL;
    GHashTableIter walk;
    gpointer digests;

    boot_load(&b, "ovmf");
    all = profile_of(&b, NULL);
    less = profile_of(&b, "/root/t/f_9_2");
    expect_of(&b, all, dq_bytes_peek(b.ima), "host-files", DQ_RESULT_PASS,
              "12 entries are as in profile 'sample'");
    expect_of(&b, less, dq_bytes_peek(b.ima), "host-files", DQ_RESULT_FAIL,
              "\"/root/t/f_9_2\" is not listed (entry 10): not as in profile 'sample'");
    dq_profile_exclude(less, "/root/t/*");
    expect_of(&b, less, dq_bytes_peek(b.ima), "host-files", DQ_RESULT_PASS,
              "; 1 left out by its patterns");
    less->learning = TRUE;
    expect_of(&b, less, dq_bytes_peek(b.ima), "host-files", DQ_RESULT_PASS, "entries are as");
    learner = profile_of(&b, "/root/t/f_9_2");
    learner->learning = TRUE;
    expect_of(&b, learner, dq_bytes_peek(b.ima), "host-files", DQ_RESULT_NOT_COMPARED,
              "\"/root/t/f_9_2\" is not listed (entry 10): not as in profile 'sample', which is "
              "learning");
    all->learning = TRUE; /* what is listed is compared all the same */
    g_hash_table_iter_init(&walk, all->files);
    while (g_hash_table_iter_next(&walk, NULL, &digests)) {
        ((GByteArray *)digests)->data[2] ^= 1;
    }
    expect_of(&b, all, dq_bytes_peek(b.ima), "host-files", DQ_RESULT_FAIL,
              "has another digest than those listed");
    expect_of(&b, all, dq_bytes_peek(b.ima), "host-files", DQ_RESULT_FAIL, "and 3 more");
}

/* A list that nothing vouches for says nothing of files, in either way. */
static void files_of_a_list_that_is_not_shown_do_not_count(void)
{
    const uint16_t bank = TPM_ALG_SHA256;
    const DqBytes none = { NULL, 0 };
    g_auto(Boot) b = { 0 };
    g_autoptr(DqProfile) p = NULL;
    g_autoptr(DqVerdict) verdict = NULL;

    boot_load(&b, "ovmf");
    p = profile_of(&b, NULL);
    expect_of(&b, p, none, "host-files", DQ_RESULT_NOT_COMPARED, "no list of IMA came");
    verdict = appraise_with(&b, p, (DqBytes){ g_bytes_get_data(b.ima, NULL), 100 });
    g_assert_cmpint(find(verdict, "host-ima").result, ==, DQ_RESULT_FAIL);
    g_assert_null(find(verdict, "host-files").word);
    boot_quote(&b, 9, &bank, 1);
    expect_of(&b, p, dq_bytes_peek(b.ima), "host-files", DQ_RESULT_NOT_COMPARED,
              "PCR 10 is not quoted");
}

static const char tracker_text[] = "{\"s\": {\"CVE-1\": {\"releases\": {\"r\": {\"status\": "
                                   "\"resolved\", \"fixed_version\": \"2\"}}}}}";

/* What a list shows that the quote has shown to be true; the VM has shown nothing. */
static void packages_of_a_list_that_is_shown_count(void)
{
    const DqProfilePackage package = { (char *)"p", (char *)"1", (char *)"s", (char *)"1",
                                       (char *)"r" };
    g_auto(Boot) b = { 0 };
    g_autoptr(DqProfile) p = NULL;
    g_autoptr(DqTracker) tracker =
        dq_tracker_new((DqBytes){ (const uint8_t *)tracker_text, strlen(tracker_text) }, NULL);
    g_autoptr(DqVerdict) verdict = NULL, cut = NULL;
    const GByteArray *digests;
    g_autoptr(GBytes) name = g_bytes_new_static("/root/t/f_9_2", strlen("/root/t/f_9_2"));
    DqQuotedPcrs pcrs;
    DqAppraisal a;
    WireReader rest;
    uint16_t alg;
    WireBytes digest;

    boot_load(&b, "ovmf");
    p = profile_of(&b, NULL);
    digests = g_hash_table_lookup(p->files, name);
    rest = dq_profile_digests(digests);
    g_assert_true(dq_profile_next_digest(&rest, &alg, &digest));
    dq_profile_add_owner(p, alg, digest, dq_profile_add_package(p, &package));
    pcrs =
        (DqQuotedPcrs){ .host = (const DqPcrValue *)b.quoted->data, .host_count = b.quoted->len };
    a = (DqAppraisal){ .logs = { .host_ima = dq_bytes_peek(b.ima) },
                       .host = p,
                       .vm = p,
                       .vulnerable = { tracker, DQ_URGENCY_LOW } };
    verdict = dq_verdict_new();
    dq_appraise(&pcrs, verdict, &a);
    g_assert_cmpint(find(verdict, "host-packages").result, ==, DQ_RESULT_FAIL);
    g_assert_nonnull(strstr(find(verdict, "host-packages").detail,
                            "\"/root/t/f_9_2\" of p 1: CVE-1, fixed in 2; in all 1 files"));
    g_assert_cmpint(find(verdict, "vm-packages").result, ==, DQ_RESULT_NOT_COMPARED);
    a.logs.host_ima.len = 100;
    cut = dq_verdict_new();
    dq_appraise(&pcrs, cut, &a);
    g_assert_cmpint(find(cut, "host-packages").result, ==, DQ_RESULT_NOT_COMPARED);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/appraise/appraisal/real-logs", real_logs_lead_to_their_pcrs);
    g_test_add_func("/appraise/appraisal/each-log-has-its-finding",
                    each_log_has_its_finding_and_its_tpm);
    g_test_add_func("/appraise/appraisal/an-event-cut-out", an_event_cut_out_is_noticed);
    g_test_add_func("/appraise/appraisal/a-changed-event", a_changed_event_is_noticed);
    g_test_add_func("/appraise/appraisal/no-shorter-log", no_shorter_log_passes);
    g_test_add_func("/appraise/appraisal/ima-without-last-entry",
                    a_list_without_its_last_entry_is_noticed);
    g_test_add_func("/appraise/appraisal/ima-after-the-quote",
                    what_came_after_the_quote_does_not_count);
    g_test_add_func("/appraise/appraisal/ima-of-another-boot", a_list_of_another_boot_is_noticed);
    g_test_add_func("/appraise/appraisal/not-quoted", what_is_not_quoted_is_not_compared);
    g_test_add_func("/appraise/appraisal/no-log", no_finding_without_a_log);
    g_test_add_func("/appraise/appraisal/boot", a_boot_is_compared_as_a_whole);
    g_test_add_func("/appraise/appraisal/files", each_file_has_to_be_listed);
    g_test_add_func("/appraise/appraisal/files-not-shown",
                    files_of_a_list_that_is_not_shown_do_not_count);
    g_test_add_func("/appraise/appraisal/packages", packages_of_a_list_that_is_shown_count);
    return g_test_run();
}
