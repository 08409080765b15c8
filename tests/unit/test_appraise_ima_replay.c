/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "appraise/error.h"
#include "appraise/ima-replay.h"
#include "log_fixture.h"
#include "wire/tpm-constants.h"

#include <string.h>

static const WireBytes none = { NULL, 0 };

static DqImaReplay replay(WireBytes list, const DqImaState *from, WireBytes quoted)
{
    g_autoptr(GError) error = NULL;
    DqImaReplay r;

    memset(&r, 0xa5, sizeof(r));
    g_assert_true(dq_ima_replay(list, from, quoted, &r, &error));
    g_assert_no_error(error);
    return r;
}

static DqImaReplay replay_from_start(WireBytes list, uint16_t alg, WireBytes quoted)
{
    const DqImaState start = dq_ima_start(alg, DQ_IMA_PCR);

    return replay(list, &start, quoted);
}

static WireBytes value_of(const DqImaReplay *r)
{
    return (WireBytes){ r->state.value, r->state.size };
}

static void expect_said(const DqImaReplay *r, const char *words)
{
    g_autofree char *said = dq_ima_replay_say(r);

    if (!strstr(said, words)) {
        g_error("'%s' does not say '%s'", said, words);
    }
}

/* That kernel had no SHA-384 and no SHA-512. */
static void real_lists_lead_to_pcr_10_in_each_bank(void)
{
    static const uint16_t banks[] = { TPM_ALG_SHA1, TPM_ALG_SHA256, TPM_ALG_SHA384,
                                      TPM_ALG_SHA512 };

    for (guint i = 0; log_names[i]; i++) {
        g_autoptr(GBytes) file = log_read(log_names[i], "ima.bin");
        g_autoptr(GArray) values = log_pcrs(log_names[i]);

        for (gsize j = 0; j < G_N_ELEMENTS(banks); j++) {
            const DqImaReplay r = replay_from_start(log_bytes(file), banks[j],
                                                    log_quoted(values, banks[j], DQ_IMA_PCR));

            g_assert_cmpint(r.outcome, ==, DQ_PCR_MATCHES);
            g_assert_cmpint(r.state.mode, ==, j < 2 ? DQ_IMA_OWN_HASH : DQ_IMA_PADDED);
            g_assert_cmpuint(r.state.count, ==, r.count);
            g_assert_cmpuint(r.state.offset, ==, g_bytes_get_size(file));
            g_assert_cmpuint(r.violations, ==, 1);
            g_assert_cmpuint(r.altered, ==, 0);
            expect_said(&r, "entries lead to it; 1 violation, first entry");
        }
    }
}

/* Of each length of the list the value is found in the whole list, and it says at which entry. */
static void a_quote_may_be_older_than_the_list(void)
{
    g_autoptr(GBytes) file = log_read("secureboot", "ima.bin");
    const WireBytes list = log_bytes(file);
    DqImaWalk walk = dq_ima_walk(list, 0, 0);
    DqImaEntry entry;

    do {
        const gsize end = list.len - walk.rest.left;
        const DqImaReplay part =
            replay_from_start((WireBytes){ list.p, end }, TPM_ALG_SHA256, none);
        const DqImaReplay r = replay_from_start(list, TPM_ALG_SHA256, value_of(&part));

        g_assert_cmpint(part.outcome, ==, DQ_PCR_NOT_QUOTED);
        g_assert_cmpint(r.outcome, ==, DQ_PCR_MATCHES);
        g_assert_cmpuint(r.state.count, ==, walk.number);
        g_assert_cmpuint(r.state.offset, ==, end);
        g_assert_cmpuint(r.count, ==, 18);
    } while (dq_ima_next(&walk, &entry, NULL));
}

static void a_list_goes_on_where_the_last_appraisal_ended(void)
{
    g_autoptr(GBytes) file = log_read("ovmf", "ima.bin");
    g_autoptr(GArray) values = log_pcrs("ovmf");
    g_autoptr(GByteArray) changed = g_byte_array_new();
    const WireBytes list = log_bytes(file), last = log_quoted(values, TPM_ALG_SHA256, DQ_IMA_PCR);
    DqImaWalk walk = dq_ima_walk(list, 0, 0);
    DqImaReplay first, second, again;
    DqImaEntry entry;

    for (int i = 0; i < 9; i++) {
        g_assert_true(dq_ima_next(&walk, &entry, NULL));
    }
    first =
        replay_from_start((WireBytes){ list.p, list.len - walk.rest.left }, TPM_ALG_SHA256, none);
    g_assert_cmpuint(first.state.count, ==, 9);
    second = replay(list, &first.state, last);
    g_assert_cmpint(second.outcome, ==, DQ_PCR_MATCHES);
    g_assert_cmpuint(second.state.count, ==, 14);
    again = replay(list, &second.state, last);
    g_assert_cmpint(again.outcome, ==, DQ_PCR_MATCHES);
    g_assert_cmpuint(again.state.count, ==, 14);
    g_assert_cmpuint(again.violations, ==, 0);
    /* what was appraised before is not read again */
    g_byte_array_append(changed, list.p, (guint)list.len);
    memset(changed->data, 0xff, first.state.offset);
    second = replay((WireBytes){ changed->data, changed->len }, &first.state, last);
    g_assert_cmpint(second.outcome, ==, DQ_PCR_MATCHES);
}

static void the_mode_that_was_found_stays(void)
{
    g_autoptr(GBytes) file = log_read("ovmf", "ima.bin");
    g_autoptr(GArray) values = log_pcrs("ovmf");
    const WireBytes list = log_bytes(file);
    const WireBytes last = log_quoted(values, TPM_ALG_SHA384, DQ_IMA_PCR);
    DqImaState state = dq_ima_start(TPM_ALG_SHA384, DQ_IMA_PCR);
    DqImaWalk walk = dq_ima_walk(list, 0, 0);
    DqImaReplay part;
    DqImaEntry entry;

    for (int i = 0; i < 5; i++) {
        g_assert_true(dq_ima_next(&walk, &entry, NULL));
    }
    state.mode = DQ_IMA_PADDED;
    part = replay((WireBytes){ list.p, list.len - walk.rest.left }, &state, none);
    g_assert_cmpint(part.state.mode, ==, DQ_IMA_PADDED);
    g_assert_cmpint(replay(list, &part.state, last).outcome, ==, DQ_PCR_MATCHES);
    part.state.mode = DQ_IMA_OWN_HASH;
    g_assert_cmpint(replay(list, &part.state, last).outcome, ==, DQ_PCR_DIFFERS);
}

static void kernels_before_5_8_pad_violations_too(void)
{
    g_autoptr(GBytes) file = log_read("ovmf", "ima.bin");
    const WireBytes list = log_bytes(file);
    DqImaState state = dq_ima_start(TPM_ALG_SHA256, DQ_IMA_PCR);
    DqImaReplay old, r;

    state.mode = DQ_IMA_ALL_PADDED;
    old = replay(list, &state, none);
    r = replay_from_start(list, TPM_ALG_SHA256, value_of(&old));
    g_assert_cmpint(r.outcome, ==, DQ_PCR_MATCHES);
    g_assert_cmpint(r.state.mode, ==, DQ_IMA_ALL_PADDED);
    expect_said(&r, "this kernel extended digests of SHA-1 into this bank");
}

/* The last entry hidden, an entry cut out, moved, changed, or made a violation. */
static void other_lists_differ(void)
{
    g_autoptr(GBytes) file = log_read("ovmf", "ima.bin");
    g_autoptr(GArray) values = log_pcrs("ovmf");
    const WireBytes list = log_bytes(file), last = log_quoted(values, TPM_ALG_SHA256, DQ_IMA_PCR);
    DqImaWalk walk = dq_ima_walk(list, 0, 0);
    DqImaEntry entry;

    while (dq_ima_next(&walk, &entry, NULL)) {
        const gsize end = list.len - walk.rest.left, size = end - (gsize)entry.offset;
        g_autoptr(GByteArray) changed = g_byte_array_new();
        DqImaReplay r;

        g_byte_array_append(changed, list.p, (guint)list.len);
        changed->data[end - 1 - 1] ^= 1;
        r = replay_from_start((WireBytes){ changed->data, changed->len }, TPM_ALG_SHA256, last);
        g_assert_true(r.outcome == (entry.violation ? DQ_PCR_MATCHES : DQ_PCR_DIFFERS));
        g_assert_cmpuint(r.altered, ==, entry.violation ? 0 : 1);
        g_assert_true(entry.violation || r.first_altered == entry.number);
        g_byte_array_set_size(changed, 0);
        g_byte_array_append(changed, list.p, (guint)list.len);
        g_byte_array_remove_range(changed, (guint)entry.offset, (guint)size);
        r = replay_from_start((WireBytes){ changed->data, changed->len }, TPM_ALG_SHA256, last);
        g_assert_cmpint(r.outcome, ==, DQ_PCR_DIFFERS);
        expect_said(&r, "no beginning of the list leads to the value quoted, nor do all of its 13");
        g_byte_array_append(changed, list.p + entry.offset, (guint)size);
        r = replay_from_start((WireBytes){ changed->data, changed->len }, TPM_ALG_SHA256, last);
        g_assert_true((r.outcome == DQ_PCR_MATCHES) == (entry.number == 13));
        memcpy(changed->data, list.p, list.len);
        memset(changed->data + entry.offset + 4, 0, DQ_IMA_SHA1_SIZE);
        r = replay_from_start((WireBytes){ changed->data, changed->len }, TPM_ALG_SHA256, last);
        g_assert_true((r.outcome == DQ_PCR_MATCHES) == entry.violation);
    }
}

/* A digest of SHA-1 that is another is told, though it is not what SHA-256's bank is made of. */
static void a_wrong_digest_in_the_list_is_told(void)
{
    g_autoptr(GBytes) file = log_read("ovmf", "ima.bin");
    g_autoptr(GArray) values = log_pcrs("ovmf");
    g_autoptr(GByteArray) changed = g_byte_array_new();
    const WireBytes list = log_bytes(file);
    DqImaReplay r;

    g_byte_array_append(changed, list.p, (guint)list.len);
    changed->data[4] ^= 1;
    r = replay_from_start((WireBytes){ changed->data, changed->len }, TPM_ALG_SHA256,
                          log_quoted(values, TPM_ALG_SHA256, DQ_IMA_PCR));
    g_assert_cmpint(r.outcome, ==, DQ_PCR_MATCHES);
    g_assert_cmpuint(r.altered, ==, 1);
    g_assert_cmpuint(r.first_altered, ==, 0);
    expect_said(&r, "1 with a digest that is not that of the entry, first entry 0");
}

static void entries_of_other_pcrs_do_not_count(void)
{
    g_autoptr(GBytes) file = log_read("ovmf", "ima.bin");
    const DqImaState start = dq_ima_start(TPM_ALG_SHA256, 11);
    const DqImaReplay r = replay(log_bytes(file), &start, none);
    static const uint8_t zeroes[32];

    g_assert_cmpmem(r.state.value, r.state.size, zeroes, sizeof(zeroes));
    g_assert_cmpuint(r.state.count, ==, 14);
}

static void what_comes_after_the_quote_must_decode(void)
{
    g_autoptr(GBytes) file = log_read("ovmf", "ima.bin");
    const WireBytes list = log_bytes(file);
    const DqImaState start = dq_ima_start(TPM_ALG_SHA256, DQ_IMA_PCR);
    const DqImaReplay whole = replay(list, &start, none);
    g_autoptr(GByteArray) longer = g_byte_array_new();
    g_autoptr(GError) error = NULL;
    DqImaReplay r, poison;

    memset(&poison, 0xa5, sizeof(poison));
    memcpy(&r, &poison, sizeof(r));
    g_byte_array_append(longer, list.p, (guint)list.len);
    log_put_text(longer, "x");
    g_assert_false(dq_ima_replay((WireBytes){ longer->data, longer->len }, &start, value_of(&whole),
                                 &r, &error));
    g_assert_error(error, DQ_LOG_ERROR, DQ_LOG_ERROR_MALFORMED);
    g_assert_cmpmem(&r, sizeof(r), &poison, sizeof(poison));
    g_clear_error(&error);
    g_assert_false(
        dq_ima_replay((WireBytes){ list.p, list.len - 1 }, &whole.state, none, &r, &error));
    g_assert_error(error, DQ_LOG_ERROR, DQ_LOG_ERROR_SHORTER);
    g_assert_cmpmem(&r, sizeof(r), &poison, sizeof(poison));
}

int main(int argc, char **argv)
{
    static const struct {
        const char *name;
        void (*run)(void);
    } tests[] = {
        { "real-lists-lead-to-pcr-10-in-each-bank", real_lists_lead_to_pcr_10_in_each_bank },
        { "a-quote-may-be-older-than-the-list", a_quote_may_be_older_than_the_list },
        { "a-list-goes-on-where-the-last-appraisal-ended",
          a_list_goes_on_where_the_last_appraisal_ended },
        { "the-mode-that-was-found-stays", the_mode_that_was_found_stays },
        { "kernels-before-5.8-pad-violations-too", kernels_before_5_8_pad_violations_too },
        { "other-lists-differ", other_lists_differ },
        { "a-wrong-digest-in-the-list-is-told", a_wrong_digest_in_the_list_is_told },
        { "entries-of-other-pcrs-do-not-count", entries_of_other_pcrs_do_not_count },
        { "what-comes-after-the-quote-must-decode", what_comes_after_the_quote_must_decode },
    };

    g_test_init(&argc, &argv, NULL);
    for (gsize i = 0; i < G_N_ELEMENTS(tests); i++) {
        g_autofree char *path = g_strdup_printf("/appraise/ima-replay/%s", tests[i].name);

        g_test_add_func(path, tests[i].run);
    }
    return g_test_run();
}
