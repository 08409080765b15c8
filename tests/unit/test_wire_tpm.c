/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <glib.h>
#include <string.h>

#include "wire/tpm.h"
#include "wire_samples.h"

static void auth_area_refuses_a_fourth_session(void)
{
    uint8_t buf[64];
    WireWriter w = WIRE_WRITER(buf, sizeof(buf));
    WireReader r;
    WireAuthArea a = { .count = 77 };
    size_t mark;

    g_assert_true(wire_open_u32(&w, &mark));
    for (int i = 0; i < 4; i++) {
        g_assert_true(wire_put_u32(&w, TPM_RS_PW) && wire_put_u16(&w, 0) && wire_put_u8(&w, 0) &&
                      wire_put_u16(&w, 0));
    }
    g_assert_true(wire_close_u32(&w, mark));
    r = WIRE_READER(buf, w.len);
    g_assert_false(wire_get_auth_area(&r, &a));
    g_assert_cmpuint(a.count, ==, 77);
    g_assert_cmpuint(r.left, ==, w.len);
    a.count = 4;
    g_assert_false(wire_put_auth_area(&w, &a));
}

static void auth_area_refuses_none(void)
{
    const uint8_t none[4] = { 0 };
    WireReader r = WIRE_READER(none, sizeof(none));
    WireAuthArea a;

    g_assert_false(wire_get_auth_area(&r, &a));
}

static void name_is_an_algorithm_and_its_digest(void)
{
    static const struct {
        uint16_t alg;
        size_t digest;
        gboolean valid;
    } rows[] = {
        { TPM_ALG_SHA256, 32, TRUE }, { TPM_ALG_SHA384, 48, TRUE },  { TPM_ALG_SHA1, 20, TRUE },
        { TPM_ALG_SHA512, 64, TRUE }, { TPM_ALG_SHA256, 31, FALSE }, { TPM_ALG_SHA256, 33, FALSE },
        { TPM_ALG_SHA256, 0, FALSE }, { TPM_ALG_NULL, 0, FALSE },    { 0xffff, 32, FALSE },
    };
    uint8_t name[80] = { 0 };

    g_assert_true(wire_name_valid((WireBytes){ NULL, 0 }));
    g_assert_false(wire_name_valid((WireBytes){ name, 1 }));
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        name[0] = (uint8_t)(rows[i].alg >> 8);
        name[1] = (uint8_t)rows[i].alg;
        g_assert_true(wire_name_valid((WireBytes){ name, 2 + rows[i].digest }) == rows[i].valid);
    }
}

static void selection_of_too_many_banks_is_told_apart(void)
{
    static const struct {
        uint8_t bytes[11];
        size_t n;
        WirePcrError error;
    } rows[] = {
        { { 0, 0, 0, 1, 0, 11, 3, 1, 0, 0 }, 10, WIRE_PCR_OK },
        { { 0, 0, 0, 5, 0, 11, 3, 1, 0, 0 }, 10, WIRE_PCR_TOO_MANY_BANKS },
        { { 0xff, 0xff, 0xff, 0xff }, 4, WIRE_PCR_TOO_MANY_BANKS },
        { { 0, 0, 0, 1, 0, 11, 0 }, 7, WIRE_PCR_BAD_SIZE_OF_SELECT },
        { { 0, 0, 0, 1, 0, 11, 5, 0, 0, 0, 0 }, 11, WIRE_PCR_BAD_SIZE_OF_SELECT },
        { { 0, 0, 0, 2, 0, 11, 3, 1, 0, 0 }, 10, WIRE_PCR_TRUNCATED },
        { { 0, 0, 0 }, 3, WIRE_PCR_TRUNCATED },
    };

    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        WireReader r = WIRE_READER(rows[i].bytes, rows[i].n);
        WirePcrSelection s = { .count = 99 };

        g_assert_cmpint(wire_get_pcr_selection_max(&r, 4, &s), ==, rows[i].error);
        g_assert_cmpuint(s.count, ==, rows[i].error == WIRE_PCR_OK ? 1 : 99);
        g_assert_cmpuint(r.left, ==, rows[i].error == WIRE_PCR_OK ? 0 : rows[i].n);
    }
}

static void selecting_counts_and_covers(void)
{
    WirePcrSelection whole = { 0 }, part = { 0 };

    g_assert_true(wire_pcr_select(&whole, TPM_ALG_SHA256, 0));
    g_assert_true(wire_pcr_select(&whole, TPM_ALG_SHA256, 23));
    g_assert_true(wire_pcr_select(&whole, TPM_ALG_SHA1, 31));
    g_assert_false(wire_pcr_select(&whole, TPM_ALG_SHA1, 32));
    g_assert_cmpuint(whole.count, ==, 2);
    g_assert_cmpuint(whole.bank[0].size, ==, 3);
    g_assert_cmpuint(whole.bank[1].size, ==, 4);
    g_assert_cmpuint(wire_pcr_count(&whole), ==, 3);
    g_assert_true(wire_pcr_covers(&whole, &part));
    g_assert_true(wire_pcr_select(&part, TPM_ALG_SHA256, 23));
    g_assert_true(wire_pcr_covers(&whole, &part));
    g_assert_false(wire_pcr_covers(&part, &whole));
    g_assert_true(wire_pcr_select(&part, TPM_ALG_SHA384, 23));
    g_assert_false(wire_pcr_covers(&whole, &part));
}

/* Each selected PCR once, in the order in which values travel; nothing of an empty bank. */
static void a_walk_comes_to_each_pcr_in_order(void)
{
    static const struct {
        uint16_t hash;
        unsigned pcr;
    } want[] = { { TPM_ALG_SHA1, 0 },
                 { TPM_ALG_SHA1, 7 },
                 { TPM_ALG_SHA1, 8 },
                 { TPM_ALG_SHA256, 31 },
                 { TPM_ALG_SHA1, 23 } };
    const WirePcrSelection s = { .count = 4,
                                 .bank = { { TPM_ALG_SHA1, 2, { 0x81, 0x01, 0xff, 0xff } },
                                           { TPM_ALG_SHA384, 3, { 0 } },
                                           { TPM_ALG_SHA256, 4, { 0, 0, 0, 0x80 } },
                                           { TPM_ALG_SHA1, 3, { 0, 0, 0x80 } } } };
    const WirePcrSelection none = { 0 };
    WirePcrWalk w = { 0 };

    for (size_t i = 0; i < G_N_ELEMENTS(want); i++) {
        g_assert_true(wire_pcr_next(&s, &w));
        g_assert_cmphex(w.hash, ==, want[i].hash);
        g_assert_cmpuint(w.pcr, ==, want[i].pcr);
    }
    g_assert_false(wire_pcr_next(&s, &w));
    g_assert_false(wire_pcr_next(&s, &w));
    w = (WirePcrWalk){ 0 };
    g_assert_false(wire_pcr_next(&none, &w));
}

static void merging_joins_banks_or_changes_nothing(void)
{
    WirePcrSelection whole = { .count = 1, .bank = { { TPM_ALG_SHA256, 3, { 0x01 } } } };
    const WirePcrSelection part = { .count = 2,
                                    .bank = { { TPM_ALG_SHA256, 3, { 0x02 } },
                                              { TPM_ALG_SHA256, 4, { 0x01, 0, 0, 0x80 } } } };
    WirePcrSelection many = { 0 }, before;

    g_assert_true(wire_pcr_merge(&whole, &part));
    g_assert_cmpuint(whole.count, ==, 1);
    g_assert_cmpuint(whole.bank[0].size, ==, 4);
    g_assert_cmphex(whole.bank[0].select[0], ==, 0x03);
    g_assert_cmphex(whole.bank[0].select[3], ==, 0x80);
    for (unsigned i = 0; i < WIRE_PCR_BANKS_MAX; i++) {
        g_assert_true(wire_pcr_select(&many, (uint16_t)(0x100 + i), 0));
    }
    before = whole;
    g_assert_false(wire_pcr_merge(&whole, &many));
    g_assert_cmpmem(&whole, sizeof(whole), &before, sizeof(before));
}

static void attest_of_another_type_keeps_its_rest_undecoded(void)
{
    WireBytes quote = wire_sample("attest");
    g_autofree uint8_t *copy = g_memdup2(quote.p, quote.len);
    WireAttest a, as_quote;

    g_assert_true(wire_decode_attest(quote, &as_quote));
    copy[5] = 0x19; /* TPM_ST_ATTEST_TIME */
    g_assert_true(wire_decode_attest((WireBytes){ copy, quote.len }, &a));
    g_assert_cmphex(a.type, ==, 0x8019);
    g_assert_cmpuint(a.other.len, >, 0);
    g_assert_cmpuint(a.pcr_select.count, ==, 0);
    g_assert_cmpuint(as_quote.other.len, ==, 0);
    g_assert_cmpuint(wire_pcr_count(&as_quote.pcr_select), ==, 4);
}

static void attest_keeps_its_fields(void)
{
    WireAttest a;

    g_assert_true(wire_decode_attest(wire_sample("attest"), &a));
    g_assert_cmphex(a.magic, ==, TPM_GENERATED_VALUE);
    g_assert_cmpuint(a.clock, ==, 123456789);
    g_assert_cmpuint(a.reset_count, ==, 3);
    g_assert_cmpuint(a.restart_count, ==, 1);
    g_assert_cmpuint(a.safe, ==, 1);
    g_assert_cmphex(a.firmware_version, ==, 0x2019102300163636);
}

static void unknown_algorithms_are_refused(void)
{
    const uint8_t signature[] = { 0x00, 0x7f, 0, 11, 0, 0, 0, 0 };
    const uint8_t scheme[] = { 0x00, 0x7f, 0, 11 };
    WireReader r = WIRE_READER(scheme, sizeof(scheme));
    WireSignature s;
    WireSigScheme out;

    g_assert_false(wire_decode_signature((WireBytes){ signature, sizeof(signature) }, &s));
    g_assert_false(wire_get_sig_scheme(&r, &out));
    g_assert_false(wire_sig_scheme_known(0x7f));
    g_assert_true(wire_sig_scheme_known(TPM_ALG_NULL));
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/wire/auth-area/refuses-a-fourth-session", auth_area_refuses_a_fourth_session);
    g_test_add_func("/wire/auth-area/refuses-none", auth_area_refuses_none);
    g_test_add_func("/wire/name/is-an-algorithm-and-its-digest",
                    name_is_an_algorithm_and_its_digest);
    g_test_add_func("/wire/pcr-selection/faults-are-told-apart",
                    selection_of_too_many_banks_is_told_apart);
    g_test_add_func("/wire/pcr-selection/selecting-counts-and-covers", selecting_counts_and_covers);
    g_test_add_func("/wire/pcr-selection/a-walk-comes-to-each-in-order",
                    a_walk_comes_to_each_pcr_in_order);
    g_test_add_func("/wire/pcr-selection/merging-joins-banks-or-changes-nothing",
                    merging_joins_banks_or_changes_nothing);
    g_test_add_func("/wire/attest/another-type-keeps-its-rest-undecoded",
                    attest_of_another_type_keeps_its_rest_undecoded);
    g_test_add_func("/wire/attest/keeps-its-fields", attest_keeps_its_fields);
    g_test_add_func("/wire/algorithms/unknown-ones-are-refused", unknown_algorithms_are_refused);
    return g_test_run();
}
