/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What holds for every deep quote: nothing that was changed is trusted, nothing is trusted twice.
 */
#include "maker.h"

#include "attest/key.h"

#include <string.h>

#define THREADS 8

typedef struct Fixture {
    MakerKey *host;
    MakerKey *ak;
    DqVerifier *verifier;
    MakerDeed *deed;
    DqQuote quote;
} Fixture;

static void set_up_with(Fixture *f, guint16 host_alg)
{
    MakerOrder order;

    f->host = maker_key_new(host_alg, TPM_ALG_SHA256, MAKER_AK_ATTRIBUTES);
    f->ak = maker_key_new(TPM_ALG_ECDSA, TPM_ALG_SHA256, MAKER_AK_ATTRIBUTES);
    f->verifier = dq_verifier_new();
    dq_verifier_enrol_host(f->verifier, f->host->key);
    order = maker_order(f->host, f->ak);
    order.tree_size = 5;
    order.leaf_index = 2;
    order.flags = DEEPQUOTE_FLAGS_ALL;
    f->deed = maker_deed_new(&order);
    f->quote = maker_quote(f->deed);
}

static void set_up(Fixture *f, gconstpointer data)
{
    (void)data;
    set_up_with(f, TPM_ALG_ECDSA);
}

static void set_up_rsa(Fixture *f, gconstpointer data)
{
    (void)data;
    set_up_with(f, TPM_ALG_RSASSA);
}

static void tear_down(Fixture *f, gconstpointer data)
{
    (void)data;
    maker_deed_free(f->deed);
    dq_verifier_free(f->verifier);
    maker_key_free(f->ak);
    maker_key_free(f->host);
}

/* (transfer none): the reason word, or "trusted". */
static const char *outcome(DqVerifier *verifier, const DqQuote *quote)
{
    g_autoptr(DqVerdict) verdict = dq_verifier_check(verifier, quote);
    const char *reason = dq_verdict_get_reason(verdict);

    g_assert_cmpint(dq_verdict_is_trusted(verdict), ==, reason == NULL);
    return reason == NULL ? "trusted" : reason;
}

/* @part is a member of f->quote: turns each of its bits, and expects it to be noticed. */
static void assert_each_bit_counts(Fixture *f, DqBytes *part)
{
    const DqBytes good = *part;
    g_autofree guint8 *copy = g_memdup2(good.data, good.len);

    *part = (DqBytes){ copy, good.len };
    g_assert_cmpstr(outcome(f->verifier, &f->quote), ==, "trusted");
    for (gsize bit = 0; bit < good.len * 8; bit++) {
        copy[bit / 8] ^= (guint8)(1u << bit % 8);
        g_assert_cmpstr(outcome(f->verifier, &f->quote), !=, "trusted");
        copy[bit / 8] ^= (guint8)(1u << bit % 8);
    }
    g_assert_cmpstr(outcome(f->verifier, &f->quote), ==, "trusted");
    *part = good;
}

/* Each shorter length, in memory of just that size, and a byte more. */
static void assert_each_length_counts(Fixture *f, DqBytes *part)
{
    const DqBytes good = *part;
    g_autofree guint8 *longer = g_malloc0(good.len + 1);

    for (gsize n = 0; n < good.len; n++) {
        g_autofree guint8 *shorter = g_memdup2(good.data, n);

        *part = (DqBytes){ shorter, n };
        g_assert_cmpstr(outcome(f->verifier, &f->quote), !=, "trusted");
    }
    memcpy(longer, good.data, good.len);
    *part = (DqBytes){ longer, good.len + 1 };
    g_assert_cmpstr(outcome(f->verifier, &f->quote), !=, "trusted");
    *part = good;
}

static void test_bits(Fixture *f, gconstpointer data)
{
    (void)data;
    assert_each_bit_counts(f, &f->quote.evidence);
    assert_each_bit_counts(f, &f->quote.vtpm_quoted);
    assert_each_bit_counts(f, &f->quote.vtpm_signature);
    assert_each_bit_counts(f, &f->quote.vtpm_pcrs);
    assert_each_bit_counts(f, &f->quote.nonce);
}

static void test_lengths(Fixture *f, gconstpointer data)
{
    (void)data;
    assert_each_length_counts(f, &f->quote.evidence);
    assert_each_length_counts(f, &f->quote.vtpm_quoted);
    assert_each_length_counts(f, &f->quote.vtpm_signature);
    assert_each_length_counts(f, &f->quote.vtpm_pcrs);
    assert_each_length_counts(f, &f->quote.nonce);
}

/* After a good signature was seen, a bad one over the same quote is still bad. */
static void test_memory(Fixture *f, gconstpointer data)
{
    g_autofree guint8 *copy = g_memdup2(f->quote.evidence.data, f->quote.evidence.len);
    const GByteArray *sig = f->deed->host_signature;
    guint8 *at = memmem(copy, f->quote.evidence.len, sig->data, sig->len);

    (void)data;
    g_assert_cmpstr(outcome(f->verifier, &f->quote), ==, "trusted");
    g_assert_cmpstr(outcome(f->verifier, &f->quote), ==, "trusted");
    at[sig->len - 1] ^= 1;
    f->quote.evidence.data = copy;
    g_assert_cmpstr(outcome(f->verifier, &f->quote), ==, "bad-host-signature");
    at[sig->len - 1] ^= 1;
    g_assert_cmpstr(outcome(f->verifier, &f->quote), ==, "trusted");
}

/* What one verifier has seen does not make another trust it. */
static void test_enrolment(Fixture *f, gconstpointer data)
{
    g_autoptr(DqVerifier) stranger = dq_verifier_new();

    (void)data;
    g_assert_cmpstr(outcome(f->verifier, &f->quote), ==, "trusted");
    g_assert_cmpstr(outcome(stranger, &f->quote), ==, "unknown-host");
    dq_verifier_offer_host_key(stranger, f->host->key);
    g_assert_cmpstr(outcome(stranger, &f->quote), ==, "unknown-host");
    dq_verifier_enrol_host(stranger, f->host->key);
    g_assert_cmpstr(outcome(stranger, &f->quote), ==, "trusted");
}

static void test_verdict(Fixture *f, gconstpointer data)
{
    g_autoptr(DqVerdict) good = dq_verifier_check(f->verifier, &f->quote);
    g_autoptr(DqVerdict) bad = NULL;
    const DqFacts *facts = dq_verdict_get_facts(good);

    (void)data;
    g_assert_cmpmem(facts->uuid, DQ_UUID_SIZE, f->deed->order.uuid, DQ_UUID_SIZE);
    g_assert_cmpmem(facts->host_name, facts->host_name_len, f->host->key->name,
                    f->host->key->name_len);
    g_assert_cmpmem(facts->vtpm_signer, facts->vtpm_signer_len, f->ak->key->name,
                    f->ak->key->name_len);
    g_assert_cmpuint(facts->vtpm_ek_len, ==, 0);
    g_assert_cmpuint(facts->epoch, ==, 3);
    g_assert_cmpuint(facts->generation, ==, 41);
    g_assert_cmpuint(facts->tree_size, ==, 5);
    g_assert_cmpuint(facts->leaf_index, ==, 2);
    g_assert_cmpuint(facts->host_reset_count, ==, 7);

    f->quote.evidence.len--;
    bad = dq_verifier_check(f->verifier, &f->quote);
    g_assert_null(dq_verdict_get_facts(bad));
    g_assert_cmpint(dq_verdict_get_result(bad, DQ_CHECK_MALFORMED), ==, DQ_RESULT_FAIL);
    for (unsigned i = 1; i < DQ_CHECKS; i++) {
        g_assert_cmpint(dq_verdict_get_result(bad, (DqCheck)i), ==, DQ_RESULT_NOT_RUN);
        g_assert_cmpstr(dq_verdict_get_detail(bad, (DqCheck)i), ==, "");
    }
}

/* All of a batch under one host signature, each with a proof of its own. */
static void test_batch(Fixture *f, gconstpointer data)
{
    MakerOrder orders[33];
    g_autoptr(GPtrArray) deeds = NULL;

    (void)data;
    for (guint i = 0; i < G_N_ELEMENTS(orders); i++) {
        orders[i] = maker_order(f->host, i % 2 == 0 ? f->ak : NULL);
        orders[i].uuid[15] = (guint8)i;
    }
    deeds = maker_batch_new(orders, G_N_ELEMENTS(orders));
    for (guint i = 0; i < deeds->len; i++) {
        DqQuote quote = maker_quote(deeds->pdata[i]);

        g_assert_cmpstr(outcome(f->verifier, &quote), ==, "trusted");
        quote.uuid = ((MakerDeed *)deeds->pdata[(i + 1) % deeds->len])->order.uuid;
        g_assert_cmpstr(outcome(f->verifier, &quote), ==, "wrong-vm");
    }
}

static void test_nonce(Fixture *f, gconstpointer data)
{
    g_autoptr(DqState) state = dq_state_new();
    g_autofree char *before = NULL;
    g_autofree char *after = NULL;

    (void)data;
    dq_verifier_set_state(f->verifier, state);
    f->quote.vtpm_pcrs.len--;
    g_assert_cmpstr(outcome(f->verifier, &f->quote), ==, "vtpm-pcr-mismatch");
    f->quote.vtpm_pcrs.len++;
    g_assert_cmpstr(outcome(f->verifier, &f->quote), ==, "trusted");
    before = dq_state_to_text(state);
    g_assert_cmpstr(outcome(f->verifier, &f->quote), ==, "wrong-nonce");
    after = dq_state_to_text(state);
    g_assert_cmpstr(before, ==, after);
}

static gpointer check_in_thread(gpointer data)
{
    Fixture *f = data;

    return GINT_TO_POINTER(strcmp(outcome(f->verifier, &f->quote), "trusted") == 0);
}

/* Of many threads with the same deep quote one finds its nonce unused. */
static void test_race(Fixture *f, gconstpointer data)
{
    g_autoptr(DqState) state = dq_state_new();
    GThread *threads[THREADS];
    int trusted = 0;

    (void)data;
    dq_verifier_set_state(f->verifier, state);
    for (gsize i = 0; i < THREADS; i++) {
        threads[i] = g_thread_new("check", check_in_thread, f);
    }
    for (gsize i = 0; i < THREADS; i++) {
        trusted += GPOINTER_TO_INT(g_thread_join(threads[i]));
    }
    g_assert_cmpint(trusted, ==, 1);
}

#define STREAM_QUOTES 500 /* more than a queue holds */

typedef struct Seen {
    guint count, trusted, in_order;
    gint running;
} Seen;

static void see(gpointer tag, DqVerdict *verdict, gpointer data)
{
    Seen *seen = data;

    g_assert_cmpint(g_atomic_int_add(&seen->running, 1), ==, 0);
    seen->in_order += GPOINTER_TO_UINT(tag) == seen->count ? 1 : 0;
    seen->count++;
    seen->trusted += dq_verdict_is_trusted(verdict) ? 1 : 0;
    dq_verdict_free(verdict);
    g_atomic_int_add(&seen->running, -1);
}

/* Every third is changed; each has its own verdict, whatever the number of threads. */
static void test_stream(Fixture *f, gconstpointer data)
{
    static const guint threads[] = { 0, 1, 3 };
    DqQuote bad = f->quote;

    (void)data;
    bad.vtpm_pcrs.len--;
    for (gsize i = 0; i < G_N_ELEMENTS(threads); i++) {
        Seen seen = { 0 };
        DqStream *stream = dq_stream_new(f->verifier, threads[i], see, &seen);

        for (guint k = 0; k < STREAM_QUOTES; k++) {
            dq_stream_push(stream, k % 3 == 0 ? &bad : &f->quote, GUINT_TO_POINTER(k));
        }
        dq_stream_finish(stream);
        g_assert_cmpuint(seen.count, ==, STREAM_QUOTES);
        g_assert_cmpuint(seen.trusted, ==, STREAM_QUOTES - (STREAM_QUOTES + 2) / 3);
        if (threads[i] < 2) {
            g_assert_cmpuint(seen.in_order, ==, STREAM_QUOTES);
        }
    }
}

#define ADD(path, up, test) g_test_add("/attest/verify/" path, Fixture, NULL, up, test, tear_down)

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    ADD("refuses-each-flipped-bit", set_up, test_bits);
    ADD("refuses-each-flipped-bit-under-rsa", set_up_rsa, test_bits);
    ADD("refuses-each-other-length", set_up, test_lengths);
    ADD("a-good-signature-excuses-no-bad-one", set_up, test_memory);
    ADD("only-enrolled-keys-are-trusted", set_up, test_enrolment);
    ADD("a-verdict-tells-what-was-checked", set_up, test_verdict);
    ADD("each-of-a-batch-proves-itself-only", set_up, test_batch);
    ADD("a-trusted-nonce-is-used-up", set_up, test_nonce);
    ADD("one-of-many-threads-uses-the-nonce", set_up, test_race);
    ADD("a-stream-has-a-verdict-for-each", set_up, test_stream);
    return g_test_run();
}
