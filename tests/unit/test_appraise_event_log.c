/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "appraise/error.h"
#include "appraise/event-log.h"
#include "appraise/event-type.h"
#include "log_fixture.h"
#include "wire/tpm-constants.h"

#include <string.h>

static WireBytes array_bytes(const GByteArray *a)
{
    return (WireBytes){ a->data, a->len };
}

/* The number of events; -1 where the log is refused, with the message in @ret_why. */
static int count_events(WireBytes bytes, char **ret_why)
{
    g_autofree uint8_t *exact = g_memdup2(bytes.p, bytes.len); /* so that no byte follows it */
    g_autoptr(GError) error = NULL;
    DqEventLog log;
    DqEventWalk walk;
    DqEvent event;
    int count = 0;

    if (dq_event_log_open((WireBytes){ exact, bytes.len }, &log, &error)) {
        walk = dq_event_walk(&log);
        while (dq_event_next(&walk, &event, &error)) {
            g_assert_cmpuint(event.number, ==, count);
            g_assert_true(
                event.data.len == 0 ||
                (event.data.p >= exact && event.data.p + event.data.len <= exact + bytes.len));
            count++;
        }
    }
    if (!error) {
        return count;
    }
    g_assert_true(error->domain == DQ_LOG_ERROR);
    if (ret_why) {
        *ret_why = g_strdup(error->message);
    }
    return -1;
}

static GByteArray *small_log(void)
{
    GByteArray *out = g_byte_array_new();

    log_put_header(out);
    log_put_event(out, 0, DQ_EV_S_CRTM_VERSION, log_text("one"), log_text("one"));
    log_put_event(out, 4, DQ_EV_EFI_ACTION, log_text("two"), log_text("two"));
    return out;
}

static void expect_refused(const GByteArray *log, const char *words)
{
    g_autofree char *why = NULL;

    g_assert_cmpint(count_events(array_bytes(log), &why), ==, -1);
    if (!strstr(why, words)) {
        g_error("'%s' does not say '%s'", why, words);
    }
}

static void header_says_which_algorithms(void)
{
    g_autoptr(GByteArray) bytes = small_log();
    g_autoptr(GError) error = NULL;
    DqEventLog log;

    g_assert_true(dq_event_log_open(array_bytes(bytes), &log, &error));
    g_assert_true(log.agile);
    g_assert_cmpuint(log.major, ==, 2);
    g_assert_cmpuint(log.minor, ==, 0);
    g_assert_cmpuint(log.errata, ==, 0x69);
    g_assert_cmpuint(log.algorithms, ==, 2);
    g_assert_cmphex(log.algorithm[0].alg, ==, TPM_ALG_SHA1);
    g_assert_cmphex(log.algorithm[1].alg, ==, TPM_ALG_SHA256);
    g_assert_cmpmem(log.vendor.p, log.vendor.len, "me", 2);
}

static void events_have_their_parts(void)
{
    g_autoptr(GByteArray) bytes = small_log();
    g_autoptr(GError) error = NULL;
    DqEventLog log;
    DqEventWalk walk;
    DqEvent event;

    g_assert_true(dq_event_log_open(array_bytes(bytes), &log, &error));
    walk = dq_event_walk(&log);
    g_assert_true(dq_event_next(&walk, &event, &error));
    g_assert_cmphex(event.type, ==, DQ_EV_NO_ACTION);
    g_assert_true(dq_event_next(&walk, &event, &error));
    g_assert_true(dq_event_next(&walk, &event, &error));
    g_assert_cmpuint(event.number, ==, 2);
    g_assert_cmpuint(event.pcr, ==, 4);
    g_assert_cmphex(event.type, ==, DQ_EV_EFI_ACTION);
    g_assert_cmpmem(event.data.p, event.data.len, "two", 3);
    g_assert_cmpuint(dq_event_digest(&event, TPM_ALG_SHA256)->bytes.len, ==, 32);
    g_assert_null(dq_event_digest(&event, TPM_ALG_SHA384));
    g_assert_cmphex(bytes->data[event.offset], ==, 4);
    g_assert_false(dq_event_next(&walk, &event, &error));
    g_assert_no_error(error);
}

static void sha1_form_needs_no_header(void)
{
    g_autoptr(GByteArray) bytes = g_byte_array_new();
    static const uint8_t digest[20] = { 1 };
    g_autoptr(GError) error = NULL;
    DqEventLog log;

    for (int i = 0; i < 3; i++) {
        log_put_le(bytes, 5, 4);
        log_put_le(bytes, DQ_EV_ACTION, 4);
        g_byte_array_append(bytes, digest, sizeof(digest));
        log_put_le(bytes, 2, 4);
        log_put_text(bytes, "ab");
    }
    g_assert_true(dq_event_log_open(array_bytes(bytes), &log, &error));
    g_assert_false(log.agile);
    g_assert_cmpuint(log.algorithms, ==, 1);
    g_assert_cmpint(count_events(array_bytes(bytes), NULL), ==, 3);
    for (gsize n = 0; n < bytes->len; n++) {
        const int got = count_events((WireBytes){ bytes->data, n }, NULL);

        g_assert_cmpint(got, ==, n > 0 && n % 34 == 0 ? (int)(n / 34) : -1);
    }
}

static void zeroes_after_the_last_event_are_no_events(void)
{
    g_autoptr(GByteArray) bytes = small_log();
    static const uint8_t zeroes[100];

    g_byte_array_append(bytes, zeroes, sizeof(zeroes));
    g_assert_cmpint(count_events(array_bytes(bytes), NULL), ==, 3);
    log_put_le(bytes, 1, 1);
    expect_refused(bytes, "event 3 at offset 221: it has no digest");
}

/* A log that ends after an event is a shorter log; at any other byte it is refused. */
static void refuses_each_truncation_of_real_logs(void)
{
    for (guint i = 0; log_names[i]; i++) {
        g_autoptr(GBytes) file = log_read(log_names[i], "boot.bin");
        const WireBytes bytes = log_bytes(file);
        g_autoptr(GError) error = NULL;
        g_autoptr(GHashTable) ends = g_hash_table_new(NULL, NULL);
        DqEventLog log;
        DqEventWalk walk;
        DqEvent event;

        g_assert_true(dq_event_log_open(bytes, &log, &error));
        walk = dq_event_walk(&log);
        while (dq_event_next(&walk, &event, &error)) {
            g_hash_table_add(ends, GSIZE_TO_POINTER(bytes.len - walk.rest.left));
        }
        g_assert_no_error(error);
        for (gsize n = 0; n < bytes.len; n += n < 3000 ? 1 : 7) {
            const int got = count_events((WireBytes){ bytes.p, n }, NULL);

            g_assert_cmpint(got >= 0, ==, g_hash_table_contains(ends, GSIZE_TO_POINTER(n)));
        }
    }
}

static void refuses_more_digests_than_algorithms(void)
{
    g_autoptr(GByteArray) log = small_log();

    log->data[71 + 8] = 3; /* of event 1, which begins after the header */
    expect_refused(log, "event 1 at offset 71: it says that it has 3 digests");
}

static void refuses_an_algorithm_that_is_not_listed(void)
{
    g_autoptr(GByteArray) log = small_log();

    log->data[71 + 12] = TPM_ALG_SHA384;
    expect_refused(log, "event 1 at offset 71: at offset 83 it has a digest of algorithm 0x000c");
}

static void refuses_two_digests_of_one_algorithm(void)
{
    g_autoptr(GByteArray) log = small_log();

    log->data[71 + 12 + 22] = TPM_ALG_SHA1;
    expect_refused(log, "event 1 at offset 71: it has two digests of algorithm 0x0004");
}

static void refuses_data_beyond_the_end(void)
{
    g_autoptr(GByteArray) log = small_log();

    memset(log->data + 71 + 12 + 22 + 34, 0xff, 4);
    expect_refused(log, "event 1 at offset 71: it says that it has 4294967295 bytes of data");
}

static void refuses_a_pcr_that_there_is_not(void)
{
    g_autoptr(GByteArray) log = small_log();

    log->data[71] = 24;
    expect_refused(log, "event 1 at offset 71: it is for PCR 24");
}

static void any_pcr_may_have_what_extends_none(void)
{
    g_autoptr(GByteArray) log = small_log();

    log_put_event(log, UINT32_MAX, DQ_EV_NO_ACTION, log_text(""), log_text(""));
    g_assert_cmpint(count_events(array_bytes(log), NULL), ==, 4);
}

static void header_with_wrong_sizes_is_refused(void)
{
    static const struct {
        gsize at;
        uint8_t value;
        const char *words;
    } bad[] = {
        { 32 + 16 + 8, 0, "lists 0 hash algorithms" },
        { 32 + 16 + 8, 17, "lists 17 hash algorithms" },
        { 32 + 16 + 8, 3, "event 0 at offset 0" },
        { 32 + 16 + 8, 16, "cut off" },
        { 32 + 16 + 12 + 2, 21, "digests of algorithm 0x0004 have 21 bytes" },
        { 32 + 16 + 12 + 4, TPM_ALG_SHA1, "lists hash algorithm 0x0004 twice" },
        { 32 + 16 + 12 + 4 + 2, 0, "digests of algorithm 0x000b have 0 bytes" },
        { 32 + 16 + 12 + 8, 3, "vendor" },
        { 32 + 16 + 12 + 8, 1, "vendor" },
    };

    for (gsize i = 0; i < G_N_ELEMENTS(bad); i++) {
        g_autoptr(GByteArray) log = small_log();

        log->data[bad[i].at] = bad[i].value;
        expect_refused(log, bad[i].words);
    }
}

static void sizes_of_unknown_algorithms_are_the_header_s(void)
{
    g_autoptr(GByteArray) log = small_log();

    log->data[32 + 16 + 12 + 4 + 1] = 0x70; /* 0x700b, of 32 bytes */
    expect_refused(log, "digest of algorithm 0x000b, which the header does not list");
    log->data[71 + 12 + 22 + 1] = 0x70;
    log->data[71 + 12 + 22 + 34 + 4 + 3 + 12 + 22 + 1] = 0x70;
    g_assert_cmpint(count_events(array_bytes(log), NULL), ==, 3);
}

static void refuses_a_log_of_any_size(void)
{
    static const uint8_t byte;
    g_autoptr(GError) error = NULL;
    DqEventLog log;

    /* the size alone: nothing of it is read */
    g_assert_false(dq_event_log_open((WireBytes){ &byte, DQ_EVENT_LOG_MAX + 1 }, &log, &error));
    g_assert_error(error, DQ_LOG_ERROR, DQ_LOG_ERROR_TOO_LARGE);
}

static void refuses_events_without_end(void)
{
    g_autoptr(GByteArray) log = g_byte_array_new();
    g_autofree char *why = NULL;

    log_put_header(log);
    for (guint i = 0; i < DQ_EVENTS_MAX; i++) {
        log_put_le(log, 0, 4);
        log_put_le(log, DQ_EV_NO_ACTION, 4);
        log_put_le(log, 0, 8);
    }
    g_assert_cmpint(count_events(array_bytes(log), &why), ==, -1);
    g_assert_cmpstr(why, ==, "the log has more than 100000 events: no more are read");
}

static void types_have_names(void)
{
    g_assert_cmpstr(dq_event_kind(DQ_EV_PREBOOT_CERT)->name, ==, "EV_PREBOOT_CERT");
    g_assert_cmpstr(dq_event_kind(DQ_EV_EFI_VARIABLE_AUTHORITY)->name, ==,
                    "EV_EFI_VARIABLE_AUTHORITY");
    g_assert_cmpstr(dq_event_kind(DQ_EV_EFI_SPDM_DEVICE_AUTHORITY)->name, ==,
                    "EV_EFI_SPDM_DEVICE_AUTHORITY");
    g_assert_null(dq_event_kind(0x14));
    g_assert_null(dq_event_kind(UINT32_MAX));
}

int main(int argc, char **argv)
{
    static const struct {
        const char *name;
        void (*run)(void);
    } tests[] = {
        { "header-says-which-algorithms", header_says_which_algorithms },
        { "events-have-their-parts", events_have_their_parts },
        { "sha1-form-needs-no-header", sha1_form_needs_no_header },
        { "zeroes-after-the-last-event-are-no-events", zeroes_after_the_last_event_are_no_events },
        { "refuses-each-truncation-of-real-logs", refuses_each_truncation_of_real_logs },
        { "refuses-more-digests-than-algorithms", refuses_more_digests_than_algorithms },
        { "refuses-an-algorithm-that-is-not-listed", refuses_an_algorithm_that_is_not_listed },
        { "refuses-two-digests-of-one-algorithm", refuses_two_digests_of_one_algorithm },
        { "refuses-data-beyond-the-end", refuses_data_beyond_the_end },
        { "refuses-a-pcr-that-there-is-not", refuses_a_pcr_that_there_is_not },
        { "any-pcr-may-have-what-extends-none", any_pcr_may_have_what_extends_none },
        { "header-with-wrong-sizes-is-refused", header_with_wrong_sizes_is_refused },
        { "sizes-of-unknown-algorithms-are-the-header-s",
          sizes_of_unknown_algorithms_are_the_header_s },
        { "refuses-a-log-of-any-size", refuses_a_log_of_any_size },
        { "refuses-events-without-end", refuses_events_without_end },
        { "types-have-names", types_have_names },
    };

    g_test_init(&argc, &argv, NULL);
    for (gsize i = 0; i < G_N_ELEMENTS(tests); i++) {
        g_autofree char *path = g_strdup_printf("/appraise/event-log/%s", tests[i].name);

        g_test_add_func(path, tests[i].run);
    }
    return g_test_run();
}
