/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The TCTI that plays a chip's latency, in front of a TPM that answers at once. */
#include <glib.h>
#include <string.h>

#include "tcti_latency.h"

/** A TPM whose answer is there as soon as the command is. */
typedef struct FakeTpm {
    TSS2_TCTI_CONTEXT_COMMON_V2 common;
    unsigned sent;
    unsigned received;
    unsigned cancelled;
    gboolean closed;
} FakeTpm;

typedef struct Fixture {
    FakeTpm fake;
    TSS2_TCTI_CONTEXT *tcti;
} Fixture;

static const uint8_t quote[] = { 0x80, 0x02, 0, 0, 0, 10, 0, 0, 0x01, 0x58 };
static const uint8_t pcr_read[] = { 0x80, 0x01, 0, 0, 0, 10, 0, 0, 0x01, 0x7e };
static const uint8_t answer[] = { 0x80, 0x01, 0, 0, 0, 10, 0, 0, 0, 0 };

static TSS2_RC fake_transmit(TSS2_TCTI_CONTEXT *ctx, size_t size, const uint8_t *command)
{
    (void)command;
    g_assert_cmpuint(size, ==, 10);
    ((FakeTpm *)ctx)->sent++;
    return TSS2_RC_SUCCESS;
}

static TSS2_RC fake_receive(TSS2_TCTI_CONTEXT *ctx, size_t *size, uint8_t *response,
                            int32_t timeout)
{
    (void)timeout;
    g_assert_cmpuint(*size, >=, sizeof(answer));
    memcpy(response, answer, sizeof(answer));
    *size = sizeof(answer);
    ((FakeTpm *)ctx)->received++;
    return TSS2_RC_SUCCESS;
}

static TSS2_RC fake_cancel(TSS2_TCTI_CONTEXT *ctx)
{
    ((FakeTpm *)ctx)->cancelled++;
    return TSS2_RC_SUCCESS;
}

static void fake_close(TSS2_TCTI_CONTEXT *inner)
{
    ((FakeTpm *)inner)->closed = TRUE;
}

static void set_up(Fixture *fx, gconstpointer data)
{
    const LatencyOptions options = { .quote = { 1, { 50 }, { 60 } }, .seed = 1 };

    (void)data;
    memset(fx, 0, sizeof(*fx));
    fx->fake.common.v1.magic = 1;
    fx->fake.common.v1.version = 2;
    fx->fake.common.v1.transmit = fake_transmit;
    fx->fake.common.v1.receive = fake_receive;
    fx->fake.common.v1.cancel = fake_cancel;
    fx->tcti = g_malloc0(tcti_latency_size());
    tcti_latency_init(fx->tcti, (TSS2_TCTI_CONTEXT *)&fx->fake, &options, fake_close);
}

static void tear_down(Fixture *fx, gconstpointer data)
{
    (void)data;
    Tss2_Tcti_Finalize(fx->tcti);
    g_assert_true(fx->fake.closed);
    g_free(fx->tcti);
}

static void receive(Fixture *fx, int32_t timeout, TSS2_RC want)
{
    uint8_t buf[64];
    size_t size = sizeof(buf);

    g_assert_cmphex(Tss2_Tcti_Receive(fx->tcti, &size, buf, timeout), ==, want);
    if (want == TSS2_RC_SUCCESS) {
        g_assert_cmpmem(buf, size, answer, sizeof(answer));
    }
}

static double elapsed_ms(int64_t since)
{
    return (double)(g_get_monotonic_time() - since) / 1000;
}

static void test_a_quote_takes_its_time(Fixture *fx, gconstpointer data)
{
    int64_t start = g_get_monotonic_time();

    (void)data;
    g_assert_cmphex(Tss2_Tcti_Transmit(fx->tcti, sizeof(quote), quote), ==, 0);
    g_assert_cmpuint(fx->fake.sent, ==, 1); /* the TPM works meanwhile */
    receive(fx, TSS2_TCTI_TIMEOUT_BLOCK, TSS2_RC_SUCCESS);
    g_assert_cmpfloat(elapsed_ms(start), >=, 60);
}

static void test_sleeps_while_it_waits(Fixture *fx, gconstpointer data)
{
    struct timespec before, after;

    (void)data;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &before);
    g_assert_cmphex(Tss2_Tcti_Transmit(fx->tcti, sizeof(quote), quote), ==, 0);
    receive(fx, TSS2_TCTI_TIMEOUT_BLOCK, TSS2_RC_SUCCESS);
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &after);
    g_assert_cmpint((after.tv_sec - before.tv_sec) * 1000000000 + after.tv_nsec - before.tv_nsec, <,
                    20000000); /* of 60 ms */
}

static void test_another_command_passes_at_once(Fixture *fx, gconstpointer data)
{
    (void)data;
    g_assert_cmphex(Tss2_Tcti_Transmit(fx->tcti, sizeof(pcr_read), pcr_read), ==, 0);
    receive(fx, 0, TSS2_RC_SUCCESS);
}

static void test_asking_too_early_says_try_again(Fixture *fx, gconstpointer data)
{
    (void)data;
    g_assert_cmphex(Tss2_Tcti_Transmit(fx->tcti, sizeof(quote), quote), ==, 0);
    receive(fx, 0, TSS2_TCTI_RC_TRY_AGAIN);
    receive(fx, 1, TSS2_TCTI_RC_TRY_AGAIN);
    g_assert_cmpuint(fx->fake.received, ==, 0);
    receive(fx, 1000, TSS2_RC_SUCCESS);
}

static void test_cancel_ends_the_wait(Fixture *fx, gconstpointer data)
{
    (void)data;
    g_assert_cmphex(Tss2_Tcti_Transmit(fx->tcti, sizeof(quote), quote), ==, 0);
    g_assert_cmphex(Tss2_Tcti_Cancel(fx->tcti), ==, 0);
    g_assert_cmpuint(fx->fake.cancelled, ==, 1);
    receive(fx, 0, TSS2_RC_SUCCESS);
}

static void test_has_no_poll_handles(Fixture *fx, gconstpointer data)
{
    size_t count = 7;

    (void)data;
    g_assert_cmphex(Tss2_Tcti_GetPollHandles(fx->tcti, NULL, &count), ==,
                    TSS2_TCTI_RC_NOT_IMPLEMENTED);
    g_assert_cmpuint(count, ==, 7);
}

static void test_curve_interpolates(void)
{
    LatencyCurve c;

    g_assert_true(latency_curve_parse("10:100 50:200\t90:400\n", &c));
    g_assert_cmpfloat(latency_curve_at(&c, 0), ==, 100);
    g_assert_cmpfloat(latency_curve_at(&c, 30), ==, 150);
    g_assert_cmpfloat(latency_curve_at(&c, 50), ==, 200);
    g_assert_cmpfloat(latency_curve_at(&c, 70), ==, 300);
    g_assert_cmpfloat(latency_curve_at(&c, 100), ==, 400);
}

static void test_curve_refuses(void)
{
    static const char *const bad[] = { "",        "50",    "50:",       "x:1",
                                       "50:-1",   "101:1", "50:1 50:2", "50:1 40:2",
                                       "1:5 2:4", "nan:1", "50:1x",     "50:nan" };
    LatencyCurve c = { .count = 77 };

    for (gsize i = 0; i < G_N_ELEMENTS(bad); i++) {
        g_assert_false(latency_curve_parse(bad[i], &c));
        g_assert_cmpuint(c.count, ==, 77);
    }
}

static void test_options_name_a_chip(void)
{
    const char *inner = NULL;
    LatencyOptions o;

    g_assert_null(latency_options_parse("chip=infineon-rsa,seed=9:swtpm:path=/x:y", &o, &inner));
    g_assert_cmpstr(inner, ==, "swtpm:path=/x:y");
    g_assert_cmpuint(o.seed, ==, 9);
    g_assert_cmpfloat(latency_curve_at(&o.quote, 50), ==, 188);
    g_assert_null(latency_options_parse("quote=1.5,other=3:device", &o, &inner));
    g_assert_cmpfloat(latency_curve_at(&o.quote, 0), ==, 1.5);
    g_assert_cmpfloat(o.other_ms, ==, 3);
}

static void test_options_refuse(void)
{
    static const char *const bad[] = { "",
                                       "quote=1",
                                       "quote=1:",
                                       ":device",
                                       "chip:device",
                                       "chip=:device",
                                       "chip=infineon:device",
                                       "chip=none-such:device",
                                       "chip=st-rsa,table=/nowhere:device",
                                       "chip=st-rsa,quote=1:device",
                                       "quote=x:device",
                                       "quote=1,sed=2:device" };
    LatencyOptions o = { .seed = 77 };
    const char *inner = "untouched";

    for (gsize i = 0; i < G_N_ELEMENTS(bad); i++) {
        g_assert_nonnull(latency_options_parse(bad[i], &o, &inner));
        g_assert_cmpuint(o.seed, ==, 77);
        g_assert_cmpstr(inner, ==, "untouched");
    }
}

static void test_every_chip_of_the_table_is_found(void)
{
    g_autofree char *text = NULL;
    g_auto(GStrv) lines = NULL;
    guint chips = 0;

    g_assert_true(g_file_get_contents(CHIPS_TABLE, &text, NULL, NULL));
    lines = g_strsplit(g_strchomp(text), "\n", -1);
    for (char **line = lines; *line; line++) {
        g_auto(GStrv) words = g_strsplit_set(*line, " \t", 2);
        LatencyCurve c = { 0 };

        if (**line != '#' && **line != '\0') {
            g_test_message("%s", *line);
            g_assert_true(latency_table_find(CHIPS_TABLE, words[0], &c));
            g_assert_cmpfloat(latency_curve_at(&c, 50), >, 0);
            chips++;
        }
    }
    g_assert_cmpuint(chips, >=, 12);
}

int main(int argc, char **argv)
{
    static const struct {
        const char *path;
        void (*test)(Fixture *fx, gconstpointer data);
    } cases[] = {
        { "/tcti-latency/quote/takes-its-time", test_a_quote_takes_its_time },
        { "/tcti-latency/quote/sleeps-while-it-waits", test_sleeps_while_it_waits },
        { "/tcti-latency/other/passes-at-once", test_another_command_passes_at_once },
        { "/tcti-latency/receive/too-early-says-try-again", test_asking_too_early_says_try_again },
        { "/tcti-latency/cancel/ends-the-wait", test_cancel_ends_the_wait },
        { "/tcti-latency/poll/has-no-handles", test_has_no_poll_handles },
    };

    g_test_init(&argc, &argv, NULL);
    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_test_add(cases[i].path, Fixture, NULL, set_up, cases[i].test, tear_down);
    }
    g_test_add_func("/tcti-latency/curve/interpolates", test_curve_interpolates);
    g_test_add_func("/tcti-latency/curve/refuses-what-does-not-ascend", test_curve_refuses);
    g_test_add_func("/tcti-latency/options/name-a-chip", test_options_name_a_chip);
    g_test_add_func("/tcti-latency/options/refuse", test_options_refuse);
    g_test_add_func("/tcti-latency/table/every-chip-is-found",
                    test_every_chip_of_the_table_is_found);
    return g_test_run();
}
