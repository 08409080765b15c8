/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "attest/deepquote.h"
#include "appraise/error.h"
#include "appraise/event-type.h"
#include "appraise/replay-text.h"
#include "log_fixture.h"
#include "wire/tpm-constants.h"

#include <string.h>

static const uint16_t banks[] = { TPM_ALG_SHA1, TPM_ALG_SHA256, TPM_ALG_SHA384, TPM_ALG_SHA512 };

static DqPcrReplay replay_one(WireBytes bytes, uint16_t alg, guint pcr, WireBytes quoted)
{
    g_autoptr(GError) error = NULL;
    DqPcrReplay p = { .alg = alg, .pcr = pcr, .quoted = quoted };
    DqEventLog log;

    g_assert_true(dq_event_log_open(bytes, &log, &error));
    g_assert_true(dq_replay(&log, &p, 1, &error));
    g_assert_no_error(error);
    return p;
}

static void expect_said(const DqPcrReplay *p, const char *words)
{
    g_autofree char *said = dq_replay_say(p);

    if (!strstr(said, words)) {
        g_error("'%s' does not say '%s'", said, words);
    }
}

static void expect_value(const DqPcrReplay *p, const char *digits)
{
    g_autofree char *got = dq_hex_encode(p->value, p->size);

    g_assert_cmpstr(got, ==, digits);
}

/* PCR 10 is the kernel's, and the log covers no PCR above 14 */
static void real_logs_lead_to_the_pcrs_of_their_boot(void)
{
    for (guint i = 0; log_names[i]; i++) {
        g_autoptr(GBytes) file = log_read(log_names[i], "boot.bin");
        g_autoptr(GArray) values = log_pcrs(log_names[i]);

        for (guint j = 0; j < G_N_ELEMENTS(banks) * DQ_EVENT_PCRS; j++) {
            const uint16_t alg = banks[j / DQ_EVENT_PCRS];
            const guint pcr = j % DQ_EVENT_PCRS;
            const DqPcrReplay p =
                replay_one(log_bytes(file), alg, pcr, log_quoted(values, alg, pcr));

            g_assert_cmpint(p.outcome, ==, pcr == 10 ? DQ_PCR_NOT_COVERED : DQ_PCR_MATCHES);
            g_assert_cmpuint(p.altered, ==, 0);
            g_assert_true(p.events > 0 || pcr > 7);
        }
    }
}

/* One byte of the digest, in one bank: that bank tells, and says which events; the others match. */
static void a_changed_digest_differs_in_its_bank(void)
{
    g_autoptr(GBytes) file = log_read("ovmf", "boot.bin");
    g_autoptr(GArray) values = log_pcrs("ovmf");
    g_autoptr(GByteArray) copy = g_byte_array_new();
    WireBytes bytes = log_bytes(file);
    g_autoptr(GError) error = NULL;
    DqEventLog log;
    DqEventWalk walk;
    DqEvent event;

    g_assert_true(dq_event_log_open(bytes, &log, &error));
    walk = dq_event_walk(&log);
    do {
        g_assert_true(dq_event_next(&walk, &event, &error));
    } while (event.pcr != 7);
    g_byte_array_append(copy, bytes.p, (guint)bytes.len);
    copy->data[dq_event_digest(&event, TPM_ALG_SHA256)->bytes.p - bytes.p] ^= 1;
    bytes = (WireBytes){ copy->data, copy->len };
    for (gsize i = 0; i < G_N_ELEMENTS(banks); i++) {
        const WireBytes quoted = log_quoted(values, banks[i], 7);
        const DqPcrReplay p = replay_one(bytes, banks[i], 7, quoted);

        g_assert_cmpint(p.outcome, ==,
                        banks[i] == TPM_ALG_SHA256 ? DQ_PCR_DIFFERS : DQ_PCR_MATCHES);
        g_assert_cmpuint(p.altered, ==, 1);
        g_assert_cmpuint(p.altered_first, ==, event.number);
        g_assert_cmphex(p.altered_alg, ==, TPM_ALG_SHA256);
        g_assert_cmpuint(p.first, ==, event.number);
        g_assert_cmpuint(p.last, >, p.first);
    }
}

static void changed_words_are_told_though_the_pcr_matches(void)
{
    g_autoptr(GBytes) file = log_read("secureboot", "boot.bin");
    g_autoptr(GArray) values = log_pcrs("secureboot");
    g_autoptr(GByteArray) copy = g_byte_array_new();
    const WireBytes bytes = log_bytes(file);
    uint8_t *command;
    DqPcrReplay p;

    g_byte_array_append(copy, bytes.p, (guint)bytes.len);
    command = memmem(copy->data, copy->len, "grub_cmd: set", 13);
    g_assert_nonnull(command);
    command[12] = 'T';
    p = replay_one((WireBytes){ copy->data, copy->len }, TPM_ALG_SHA256, 8,
                   log_quoted(values, TPM_ALG_SHA256, 8));
    g_assert_cmpint(p.outcome, ==, DQ_PCR_MATCHES);
    g_assert_cmpuint(p.altered, ==, 1);
    expect_said(&p, "1 of the events say something else than what was measured, first event");
}

/* Events of PCR 4: one, and then others in between that are of other PCRs. */
static GByteArray *three_events(void)
{
    GByteArray *out = g_byte_array_new();

    log_put_header(out);
    log_put_event(out, 4, DQ_EV_EFI_ACTION, log_text("a"), log_text("a"));
    log_put_event(out, 5, DQ_EV_EFI_ACTION, log_text("b"), log_text("b"));
    log_put_event(out, 4, DQ_EV_EFI_ACTION, log_text("c"), log_text("c"));
    return out;
}

static void a_log_that_goes_on_after_the_quote_is_told(void)
{
    g_autoptr(GByteArray) first = g_byte_array_new();
    g_autoptr(GByteArray) all = three_events();
    DqPcrReplay before, p;

    log_put_header(first);
    log_put_event(first, 4, DQ_EV_EFI_ACTION, log_text("a"), log_text("a"));
    before =
        replay_one((WireBytes){ first->data, first->len }, TPM_ALG_SHA1, 4, (WireBytes){ NULL, 0 });
    g_assert_cmpint(before.outcome, ==, DQ_PCR_NOT_QUOTED);
    p = replay_one((WireBytes){ all->data, all->len }, TPM_ALG_SHA1, 4,
                   (WireBytes){ before.value, before.size });
    g_assert_cmpint(p.outcome, ==, DQ_PCR_DIFFERS);
    g_assert_true(p.reached);
    g_assert_cmpuint(p.reached_at, ==, 1);
    expect_said(&p, "events 1 to 3, 2 of them of this PCR, lead to another value");
    expect_said(&p, "that after event 1,");
}

static void events_moved_or_cut_out_differ(void)
{
    static const char *const orders[] = { "ca", "a", "c", "acc", "aac" };
    g_autoptr(GByteArray) all = three_events();
    const DqPcrReplay whole =
        replay_one((WireBytes){ all->data, all->len }, TPM_ALG_SHA256, 4, (WireBytes){ NULL, 0 });

    for (gsize i = 0; i < G_N_ELEMENTS(orders); i++) {
        g_autoptr(GByteArray) log = g_byte_array_new();
        DqPcrReplay p;

        log_put_header(log);
        for (const char *c = orders[i]; *c; c++) {
            const WireBytes text = { (const uint8_t *)c, 1 };

            log_put_event(log, 4, DQ_EV_EFI_ACTION, text, text);
        }
        p = replay_one((WireBytes){ log->data, log->len }, TPM_ALG_SHA256, 4,
                       (WireBytes){ whole.value, whole.size });
        g_assert_cmpint(p.outcome, ==, DQ_PCR_DIFFERS);
    }
}

static void pcr_0_starts_with_the_locality(void)
{
    g_autoptr(GByteArray) log = g_byte_array_new();
    DqPcrReplay p;

    log_put_header(log);
    log_put_event(log, 0, DQ_EV_NO_ACTION,
                  (WireBytes){ (const uint8_t *)"StartupLocality\0\3", 17 }, log_text(""));
    p = replay_one((WireBytes){ log->data, log->len }, TPM_ALG_SHA256, 0, (WireBytes){ NULL, 0 });
    expect_value(&p, "0000000000000000000000000000000000000000000000000000000000000003");
    log_put_event(log, 0, DQ_EV_SEPARATOR, (WireBytes){ (const uint8_t *)"\0\0\0", 4 },
                  (WireBytes){ (const uint8_t *)"\0\0\0", 4 });
    /* too late: an event was before it */
    log_put_event(log, 0, DQ_EV_NO_ACTION,
                  (WireBytes){ (const uint8_t *)"StartupLocality\0\0", 17 }, log_text(""));
    p = replay_one((WireBytes){ log->data, log->len }, TPM_ALG_SHA256, 0, (WireBytes){ NULL, 0 });
    expect_value(&p, "50bd7d88f0414b40608f8ffc56fd4f3201b5ed0644e36b8128d33624ebe0f053");
}

static void a_measurement_before_start_up_is_locality_4(void)
{
    g_autoptr(GByteArray) log = g_byte_array_new();
    DqPcrReplay p;

    log_put_header(log);
    log_put_event(log, 0, DQ_EV_EFI_HCRTM_EVENT, log_text("HCRTM"), log_text("boot block"));
    p = replay_one((WireBytes){ log->data, log->len }, TPM_ALG_SHA256, 0, (WireBytes){ NULL, 0 });
    g_assert_cmpuint(p.altered, ==, 0);
    expect_value(&p, "cc93748144d49892336ad97b6f562a2974866c93ba7cb27fa49b040f81fbc52d");
}

static void dynamic_pcrs_start_as_ones(void)
{
    static const uint8_t ones[20] = { 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
                                      0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff };
    static const uint8_t zeroes[20];
    g_autoptr(GByteArray) log = three_events();
    const WireBytes bytes = { log->data, log->len };
    const WireBytes one = { ones, sizeof(ones) }, zero = { zeroes, sizeof(zeroes) };

    g_assert_cmpint(replay_one(bytes, TPM_ALG_SHA1, 17, one).outcome, ==, DQ_PCR_MATCHES);
    g_assert_cmpint(replay_one(bytes, TPM_ALG_SHA1, 17, zero).outcome, ==, DQ_PCR_NOT_COVERED);
    g_assert_cmpint(replay_one(bytes, TPM_ALG_SHA1, 23, one).outcome, ==, DQ_PCR_NOT_COVERED);
    g_assert_cmpint(replay_one(bytes, TPM_ALG_SHA1, 23, zero).outcome, ==, DQ_PCR_MATCHES);
}

static void an_event_without_a_digest_of_the_bank_is_told(void)
{
    g_autoptr(GByteArray) log = three_events();
    DqPcrReplay p =
        replay_one((WireBytes){ log->data, log->len }, TPM_ALG_SHA384, 4, (WireBytes){ NULL, 0 });

    g_assert_cmpint(p.outcome, ==, DQ_PCR_NO_DIGEST);
    expect_said(&p, "event 1 has no digest in this bank");
    p = replay_one((WireBytes){ log->data, log->len }, 0x7007, 4, (WireBytes){ NULL, 0 });
    g_assert_cmpint(p.outcome, ==, DQ_PCR_NO_HASH);
}

static void an_error_separator_is_over_the_error_s_number(void)
{
    static const uint8_t number[4] = { 1 };
    g_autoptr(GByteArray) log = g_byte_array_new();

    log_put_header(log);
    log_put_event(log, 2, DQ_EV_SEPARATOR, log_text("out of memory"),
                  (WireBytes){ number, sizeof(number) });
    log_put_event(log, 3, DQ_EV_SEPARATOR, log_text("out of memory"), log_text("nothing"));
    g_assert_cmpuint(
        replay_one((WireBytes){ log->data, log->len }, TPM_ALG_SHA1, 2, (WireBytes){ NULL, 0 })
            .altered,
        ==, 0);
    g_assert_cmpuint(
        replay_one((WireBytes){ log->data, log->len }, TPM_ALG_SHA1, 3, (WireBytes){ NULL, 0 })
            .altered,
        ==, 1);
}

static void all_pcrs_with_events_can_be_had(void)
{
    g_autoptr(GByteArray) bytes = three_events();
    g_autoptr(GError) error = NULL;
    g_autoptr(GArray) pcrs = NULL;
    DqEventLog log;

    g_assert_true(dq_event_log_open((WireBytes){ bytes->data, bytes->len }, &log, &error));
    pcrs = dq_replay_pcrs(&log, &error);
    g_assert_cmpuint(pcrs->len, ==, 4);
    g_assert_cmpuint(g_array_index(pcrs, DqPcrReplay, 1).pcr, ==, 5);
    g_assert_cmphex(g_array_index(pcrs, DqPcrReplay, 3).alg, ==, TPM_ALG_SHA256);
    g_byte_array_append(bytes, (const uint8_t *)"x", 1);
    g_assert_true(dq_event_log_open((WireBytes){ bytes->data, bytes->len }, &log, &error));
    g_assert_null(dq_replay_pcrs(&log, &error));
    g_assert_error(error, DQ_LOG_ERROR, DQ_LOG_ERROR_MALFORMED);
}

int main(int argc, char **argv)
{
    static const struct {
        const char *name;
        void (*run)(void);
    } tests[] = {
        { "real-logs-lead-to-the-pcrs-of-their-boot", real_logs_lead_to_the_pcrs_of_their_boot },
        { "a-changed-digest-differs-in-its-bank", a_changed_digest_differs_in_its_bank },
        { "changed-words-are-told-though-the-pcr-matches",
          changed_words_are_told_though_the_pcr_matches },
        { "a-log-that-goes-on-after-the-quote-is-told",
          a_log_that_goes_on_after_the_quote_is_told },
        { "events-moved-or-cut-out-differ", events_moved_or_cut_out_differ },
        { "pcr-0-starts-with-the-locality", pcr_0_starts_with_the_locality },
        { "a-measurement-before-start-up-is-locality-4",
          a_measurement_before_start_up_is_locality_4 },
        { "dynamic-pcrs-start-as-ones", dynamic_pcrs_start_as_ones },
        { "an-event-without-a-digest-of-the-bank-is-told",
          an_event_without_a_digest_of_the_bank_is_told },
        { "an-error-separator-is-over-the-error-s-number",
          an_error_separator_is_over_the_error_s_number },
        { "all-pcrs-with-events-can-be-had", all_pcrs_with_events_can_be_had },
    };

    g_test_init(&argc, &argv, NULL);
    for (gsize i = 0; i < G_N_ELEMENTS(tests); i++) {
        g_autofree char *path = g_strdup_printf("/appraise/replay/%s", tests[i].name);

        g_test_add_func(path, tests[i].run);
    }
    return g_test_run();
}
