/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What holds for every deep quote: nothing that was changed is trusted, nothing is trusted twice.
 */
#include "verify_fixture.h"

#include "attest/bytes.h"
#include "attest/key.h"

#include <string.h>

#define THREADS 8

typedef VerifyFixture Fixture;

static void set_up(Fixture *f, gconstpointer data)
{
    (void)data;
    verify_fixture_set_up(f, TPM_ALG_ECDSA);
}

static void set_up_rsa(Fixture *f, gconstpointer data)
{
    (void)data;
    verify_fixture_set_up(f, TPM_ALG_RSASSA);
}

static void tear_down(Fixture *f, gconstpointer data)
{
    (void)data;
    verify_fixture_clear(f);
}

/* (transfer none): the reason word, "authentic" or "trusted". */
static const char *outcome_of(DqVerifier *verifier, const DqQuote *quote,
                              const DqExpected *expected)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(DqVerdict) verdict = dq_verifier_check(verifier, quote, expected, &error);
    const char *reason;

    g_assert_no_error(error);
    reason = dq_verdict_get_reason(verdict);
    g_assert_cmpint(dq_verdict_get_outcome(verdict) == DQ_REFUSED, ==, reason != NULL);
    return reason ? reason : dq_outcome_word(dq_verdict_get_outcome(verdict));
}

/* The same with the challenge as if it had never been used. */
static const char *outcome(Fixture *f)
{
    verify_fixture_renew(f);
    return outcome_of(f->verifier, &f->quote, &f->expected);
}

/* @part is a member of f->quote or f->expected: turns each of its bits, and expects it to be
 * noticed. */
static void assert_each_bit_counts(Fixture *f, DqBytes *part)
{
    const DqBytes good = *part;
    g_autofree uint8_t *copy = g_memdup2(good.data, good.len);

    *part = (DqBytes){ copy, good.len };
    g_assert_cmpstr(outcome(f), ==, "trusted");
    for (gsize bit = 0; bit < good.len * 8; bit++) {
        copy[bit / 8] ^= (uint8_t)(1u << bit % 8);
        g_assert_cmpstr(outcome(f), !=, "trusted");
        copy[bit / 8] ^= (uint8_t)(1u << bit % 8);
    }
    g_assert_cmpstr(outcome(f), ==, "trusted");
    *part = good;
}

/* Each shorter length, in memory of just that size, and a byte more. */
static void assert_each_length_counts(Fixture *f, DqBytes *part)
{
    const DqBytes good = *part;
    g_autofree uint8_t *longer = g_malloc0(good.len + 1);

    /* No challenge at all means any of the store's. */
    for (gsize n = part == &f->expected.challenge ? 1 : 0; n < good.len; n++) {
        g_autofree uint8_t *shorter = g_memdup2(good.data, n);

        *part = (DqBytes){ shorter, n };
        g_assert_cmpstr(outcome(f), !=, "trusted");
    }
    memcpy(longer, good.data, good.len);
    *part = (DqBytes){ longer, good.len + 1 };
    g_assert_cmpstr(outcome(f), !=, "trusted");
    *part = good;
}

static void test_bits(Fixture *f, gconstpointer data)
{
    (void)data;
    assert_each_bit_counts(f, &f->quote.evidence);
    assert_each_bit_counts(f, &f->quote.vtpm_quoted);
    assert_each_bit_counts(f, &f->quote.vtpm_signature);
    assert_each_bit_counts(f, &f->quote.vtpm_pcrs);
    assert_each_bit_counts(f, &f->expected.challenge);
}

static void test_lengths(Fixture *f, gconstpointer data)
{
    (void)data;
    assert_each_length_counts(f, &f->quote.evidence);
    assert_each_length_counts(f, &f->quote.vtpm_quoted);
    assert_each_length_counts(f, &f->quote.vtpm_signature);
    assert_each_length_counts(f, &f->quote.vtpm_pcrs);
    assert_each_length_counts(f, &f->expected.challenge);
}

/* After a good signature was seen, a bad one over the same quote is still bad. */
static void test_memory(Fixture *f, gconstpointer data)
{
    g_autofree uint8_t *copy = g_memdup2(f->quote.evidence.data, f->quote.evidence.len);
    const GByteArray *sig = f->deed->host_signature;
    uint8_t *at = memmem(copy, f->quote.evidence.len, sig->data, sig->len);

    (void)data;
    g_assert_cmpstr(outcome(f), ==, "trusted");
    g_assert_cmpstr(outcome(f), ==, "trusted");
    at[sig->len - 1] ^= 1;
    f->quote.evidence.data = copy;
    g_assert_cmpstr(outcome(f), ==, "bad-host-signature");
    at[sig->len - 1] ^= 1;
    g_assert_cmpstr(outcome(f), ==, "trusted");
}

/* What one verifier has seen does not make another trust it. */
static void test_enrolment(Fixture *f, gconstpointer data)
{
    g_autoptr(DqVerifier) stranger = dq_verifier_new();

    (void)data;
    g_assert_cmpstr(outcome(f), ==, "trusted");
    g_assert_cmpstr(outcome_of(stranger, &f->quote, &f->expected), ==, "unknown-host");
    dq_verifier_offer_host_key(stranger, f->host->key);
    g_assert_cmpstr(outcome_of(stranger, &f->quote, &f->expected), ==, "unknown-host");
    dq_verifier_add_host(stranger, f->host->key);
    g_assert_cmpstr(outcome_of(stranger, &f->quote, &f->expected), ==, "authentic");
}

static void assert_details(const DqVerdict *verdict, unsigned from, DqResult result)
{
    for (unsigned i = from; i < DQ_CHECKS; i++) {
        g_assert_cmpint(dq_verdict_get_result(verdict, (DqCheck)i), ==, result);
        g_assert_true(result == DQ_RESULT_PASS ||
                      dq_verdict_get_detail(verdict, (DqCheck)i)[0] == '\0');
    }
}

static void test_verdict(Fixture *f, gconstpointer data)
{
    g_autoptr(DqVerdict) good = dq_verifier_check(f->verifier, &f->quote, &f->expected, NULL);
    g_autoptr(DqVerdict) bad = NULL;
    const DqFacts *facts = dq_verdict_get_facts(good);

    (void)data;
    g_assert_cmpint(dq_verdict_get_outcome(good), ==, DQ_TRUSTED);
    assert_details(good, 0, DQ_RESULT_PASS);
    g_assert_cmpmem(facts->uuid, DQ_UUID_SIZE, f->deed->order.uuid, DQ_UUID_SIZE);
    g_assert_cmpmem(facts->host_name, facts->host_name_len, f->host->key->name,
                    f->host->key->name_len);
    g_assert_cmpmem(facts->vtpm_signer, facts->vtpm_signer_len, f->ak->key->name,
                    f->ak->key->name_len);
    g_assert_cmpuint(facts->vtpm_ek_len, ==, 0);
    g_assert_cmpmem(facts->lineage, DQ_LINEAGE_SIZE, f->deed->order.lineage, DQ_LINEAGE_SIZE);
    g_assert_cmpuint(facts->epoch, ==, 3);
    g_assert_cmpuint(facts->generation, ==, 41);
    g_assert_cmpuint(facts->tree_size, ==, 5);
    g_assert_cmpuint(facts->leaf_index, ==, 2);
    g_assert_cmpuint(facts->host_reset_count, ==, 7);
    g_assert_cmpint(facts->host_enrolled, ==, 1);
    g_assert_false(facts->host_by_proof);
    g_assert_false(facts->host_simulated);
    g_assert_false(facts->channel_bound);
    g_assert_true(facts->first_seen);

    f->quote.evidence.len--;
    bad = dq_verifier_check(f->verifier, &f->quote, &f->expected, NULL);
    g_assert_null(dq_verdict_get_facts(bad));
    g_assert_cmpint(dq_verdict_get_outcome(bad), ==, DQ_REFUSED);
    g_assert_cmpint(dq_verdict_get_result(bad, DQ_CHECK_MALFORMED), ==, DQ_RESULT_FAIL);
    assert_details(bad, 1, DQ_RESULT_NOT_RUN);
}

/* Each form of a verdict on a stand-in says that it is one. */
static void test_stand_in(Fixture *f, gconstpointer data)
{
    DqStoreHost *host = &g_array_index(f->memory->hosts, DqStoreHost, 0);
    g_autoptr(DqVerdict) verdict = NULL;
    g_autofree char *json = NULL;

    (void)data;
    host->simulated = TRUE;
    g_assert_cmpstr(outcome(f), ==, "authentic");
    dq_verifier_allow_simulated(f->verifier, TRUE);
    g_assert_cmpstr(outcome(f), ==, "trusted");
    g_array_index(f->memory->challenges, MemoryChallenge, 0).used = FALSE;
    verdict = dq_verifier_check(f->verifier, &f->quote, &f->expected, NULL);
    g_assert_true(dq_verdict_get_facts(verdict)->host_simulated);
    g_assert_cmpstr(dq_verdict_get_detail(verdict, DQ_CHECK_UNKNOWN_HOST), ==, "stand-in TPM");
    json = dq_verdict_to_json(verdict);
    g_assert_nonnull(strstr(json, "\"verdict\": \"trusted\""));
    g_assert_nonnull(strstr(json, "\"simulated\": true"));
}

/* Each form of a verdict on a quote that no key signed says so, whatever is allowed. */
static void test_host_vouched(Fixture *f, gconstpointer data)
{
    MakerOrder order = maker_order(f->host, NULL);
    g_autoptr(GPtrArray) deeds = NULL;
    g_autoptr(DqVerdict) verdict = NULL;
    g_autofree char *json = NULL;
    DqStoreVm vm;

    (void)data;
    order.uuid[14] = 0x77; /* one without a key in the store */
    deeds = maker_batch_new(&order, 1);
    vm = maker_vm_record(&order);
    f->quote = maker_quote(deeds->pdata[0]);
    f->expected = maker_expected(deeds->pdata[0]);
    memory_store_add_vm(f->memory, &vm);
    g_assert_cmpstr(outcome(f), ==, "authentic");
    dq_verifier_allow_host_vouched(f->verifier, TRUE);
    verify_fixture_renew(f);
    verdict = dq_verifier_check(f->verifier, &f->quote, &f->expected, NULL);
    json = dq_verdict_to_json(verdict);
    g_assert_true(dq_verdict_is_trusted(verdict));
    g_assert_nonnull(strstr(dq_verdict_get_detail(verdict, DQ_CHECK_BAD_VTPM_SIGNATURE),
                            "the host alone vouches for the guest's PCRs"));
    g_assert_nonnull(strstr(json, "\"vouchedBy\": \"host\""));
}

/* The facts outlive the store's record, and the JSON has them. */
static void test_certified(Fixture *f, gconstpointer data)
{
    DqStoreHost *host = &g_array_index(f->memory->hosts, DqStoreHost, 0);
    const DqEkFacts ek = { .manufacturer = "id:54455354",
                           .model = "m \"1\"",
                           .version = "id:1",
                           .serial = "0a",
                           .issuer = "CN=x",
                           .expires = 1800000000 };
    g_autoptr(DqVerdict) without = dq_verifier_check(f->verifier, &f->quote, &f->expected, NULL);
    g_autofree char *plain = dq_verdict_to_json(without);
    g_autoptr(DqVerdict) verdict = NULL;
    g_autofree char *json = NULL;

    (void)data;
    g_assert_null(dq_verdict_get_facts(without)->host_ek);
    g_assert_nonnull(strstr(plain, "\"ekCertificate\": null, "));
    host->ek = ek;
    verify_fixture_renew(f);
    verdict = dq_verifier_check(f->verifier, &f->quote, &f->expected, NULL);
    memset(&host->ek, 0x5a, sizeof(host->ek));
    json = dq_verdict_to_json(verdict);
    g_assert_cmpstr(dq_verdict_get_facts(verdict)->host_ek->serial, ==, "0a");
    g_assert_nonnull(strstr(json, "\"ekCertificate\": {\"manufacturer\": \"id:54455354\", "
                                  "\"model\": \"m \\\"1\\\"\", \"version\": \"id:1\", "
                                  "\"serial\": \"0a\", \"issuer\": \"CN=x\", "
                                  "\"expires\": \"2027-01-15T08:00:00Z\"}, "));
}

/* All of a batch under one host signature, each with a proof of its own. */
static void test_batch(Fixture *f, gconstpointer data)
{
    MakerOrder orders[33];
    g_autoptr(GPtrArray) deeds = NULL;

    (void)data;
    for (guint i = 0; i < G_N_ELEMENTS(orders); i++) {
        orders[i] = maker_order(f->host, i % 2 == 0 ? f->ak : NULL);
        orders[i].uuid[14] = 0x77;
        orders[i].uuid[15] = (uint8_t)i;
    }
    deeds = maker_batch_new(orders, G_N_ELEMENTS(orders));
    for (guint i = 0; i < deeds->len; i++) {
        const DqStoreVm vm = maker_vm_record(&orders[i]);

        f->quote = maker_quote(deeds->pdata[i]);
        f->expected = maker_expected(deeds->pdata[i]);
        memory_store_add_vm(f->memory, &vm);
        g_assert_cmpstr(outcome(f), ==, i % 2 == 0 ? "trusted" : "authentic");
        f->expected.uuid = ((MakerDeed *)deeds->pdata[(i + 1) % deeds->len])->order.uuid;
        g_assert_cmpstr(outcome(f), ==, "wrong-vm");
    }
}

/* Whatever comes of it, and whichever check fails. */
static void test_challenge(Fixture *f, gconstpointer data)
{
    const gsize whole = f->quote.evidence.len;

    (void)data;
    g_assert_cmpstr(outcome(f), ==, "trusted");
    g_assert_cmpstr(outcome_of(f->verifier, &f->quote, &f->expected), ==, "wrong-nonce");
    f->quote.vtpm_pcrs.len--;
    g_assert_cmpstr(outcome(f), ==, "vtpm-pcr-mismatch");
    f->quote.vtpm_pcrs.len++;
    g_assert_cmpstr(outcome_of(f->verifier, &f->quote, &f->expected), ==, "wrong-nonce");
    f->quote.evidence.len = 7;
    g_assert_cmpstr(outcome(f), ==, "malformed");
    f->quote.evidence.len = whole;
    g_assert_cmpstr(outcome_of(f->verifier, &f->quote, &f->expected), ==, "wrong-nonce");
    f->expected.challenge.len = 0; /* any of the store's */
    g_assert_cmpstr(outcome(f), ==, "trusted");
    g_assert_cmpstr(outcome_of(f->verifier, &f->quote, &f->expected), ==, "wrong-nonce");
}

static DqStoreVm *recorded_vm(Fixture *f)
{
    return &g_array_index(f->memory->vms, DqStoreVm, 0);
}

static void give_policy(Fixture *f)
{
    g_autoptr(DqPolicy) policy = verify_fixture_policy();

    dq_verifier_set_policy(f->verifier, policy);
}

/* The maker's TPM has firmware 0x2023081700000001. */
static void test_firmware(Fixture *f, gconstpointer data)
{
    static const struct {
        const char *line;
        const char *outcome;
    } table[] = {
        { "deny-firmware 8227.2071.0.0 8227.2071.0.2\n", "authentic" },
        { "deny-firmware 1.2.3.4 8227.2071.0.1\n", "policy" },
    };

    (void)data;
    for (gsize i = 0; i < G_N_ELEMENTS(table); i++) {
        g_autoptr(GError) error = NULL;
        g_autoptr(DqPolicy) policy =
            dq_policy_new_from_text(table[i].line, strlen(table[i].line), "policy", &error);

        g_assert_no_error(error);
        dq_verifier_set_policy(f->verifier, policy);
        g_assert_cmpstr(outcome(f), ==, table[i].outcome);
    }
}

/* A trusted outcome leaves all that the next one is compared with; the others leave nothing. */
static void test_record(Fixture *f, gconstpointer data)
{
    const DqStoreHost *host = &g_array_index(f->memory->hosts, DqStoreHost, 0);
    const DqStoreVm *vm = recorded_vm(f);

    (void)data;
    dq_verifier_set_policy(f->verifier, NULL);
    g_assert_cmpstr(outcome(f), ==, "authentic");
    g_assert_cmpuint(f->memory->records, ==, 0);
    give_policy(f);
    dq_verifier_set_time(f->verifier, 1234);
    g_assert_cmpstr(outcome(f), ==, "trusted");
    g_assert_cmpuint(f->memory->records, ==, 1);
    g_assert_true(host->counted);
    g_assert_cmpuint(host->reset_count, ==, 7);
    g_assert_cmpuint(host->restart_count, ==, 2);
    g_assert_cmpint(vm->first_seen, ==, 1234);
    g_assert_cmpmem(vm->host.data, vm->host.len, host->name.data, host->name.len);
    g_assert_cmpmem(vm->lineage, DQ_LINEAGE_SIZE, f->deed->order.lineage, DQ_LINEAGE_SIZE);
    g_assert_cmpuint(vm->epoch, ==, 3);
    g_assert_cmpuint(vm->generation, ==, 41);
    g_assert_cmpuint(vm->clock, ==, 86400000);
    g_assert_true(vm->has_clock && vm->clock_safe);
    g_assert_cmpuint(vm->reset_count, ==, 7);
    dq_verifier_set_time(f->verifier, 5678);
    g_assert_cmpstr(outcome(f), ==, "trusted");
    g_assert_cmpint(vm->first_seen, ==, 1234);
    g_assert_cmpint(vm->last_seen, ==, 5678);
}

/* What an operator accepted is good for one change. */
static void test_acceptance(Fixture *f, gconstpointer data)
{
    DqStoreVm *vm = recorded_vm(f);

    (void)data;
    g_assert_cmpstr(outcome(f), ==, "trusted");
    vm->lineage[0] ^= 1;
    vm->host.data[5] ^= 1;
    g_assert_cmpstr(outcome(f), ==, "lineage");
    vm->accepts_lineage = TRUE;
    memcpy(vm->accepted_lineage, f->deed->order.lineage, DQ_LINEAGE_SIZE);
    g_assert_cmpstr(outcome(f), ==, "moved");
    vm->accepted_host = g_array_index(f->memory->hosts, DqStoreHost, 0).name;
    g_assert_cmpstr(outcome(f), ==, "trusted");
    g_assert_false(vm->accepts_lineage);
    g_assert_cmpuint(vm->accepted_host.len, ==, 0);
    vm->lineage[0] ^= 1;
    g_assert_cmpstr(outcome(f), ==, "lineage");
}

static void record_newer(MemoryStore *memory)
{
    DqStoreVm *vm = &g_array_index(memory->vms, DqStoreVm, 0);

    vm->first_seen = 1;
    vm->host = g_array_index(memory->hosts, DqStoreHost, 0).name;
    memcpy(vm->lineage, "lineage\0\0\0\0\0\0\0\0\0", DQ_LINEAGE_SIZE);
    vm->generation = 42;
    vm->revision = ++memory->revision;
    memory->meanwhile = NULL;
}

static void change_for_ever(MemoryStore *memory)
{
    g_array_index(memory->vms, DqStoreVm, 0).revision = ++memory->revision;
}

/* What another program recorded between the checks and the record is compared with, too. */
static void test_meanwhile(Fixture *f, gconstpointer data)
{
    g_autoptr(GError) error = NULL;

    (void)data;
    f->memory->meanwhile = record_newer;
    g_assert_cmpstr(outcome(f), ==, "stale");
    g_assert_cmpuint(f->memory->records, ==, 0);
    recorded_vm(f)->generation = 41;
    g_assert_cmpstr(outcome(f), ==, "trusted");
    f->memory->meanwhile = change_for_ever;
    g_array_index(f->memory->challenges, MemoryChallenge, 0).used = FALSE;
    g_assert_null(dq_verifier_check(f->verifier, &f->quote, &f->expected, &error));
    g_assert_error(error, DQ_ERROR, DQ_ERROR_STORE);
}

/* A store that does not work decides nothing. */
static void test_failing_store(Fixture *f, gconstpointer data)
{
    g_autoptr(GError) error = NULL;

    (void)data;
    f->memory->fails = TRUE;
    g_assert_null(dq_verifier_check(f->verifier, &f->quote, &f->expected, &error));
    g_assert_error(error, DQ_ERROR, DQ_ERROR_STORE);
    f->memory->fails = FALSE;
    g_assert_cmpstr(outcome(f), ==, "trusted");
}

/* A record whose key is not the one of its Name enrols nobody. */
static void test_record_key(Fixture *f, gconstpointer data)
{
    DqStoreHost *host = &g_array_index(f->memory->hosts, DqStoreHost, 0);
    g_autoptr(MakerKey) other = maker_key_new(TPM_ALG_ECDSA, TPM_ALG_SHA256, MAKER_AK_ATTRIBUTES);

    (void)data;
    memcpy(host->public_area, other->public->data, other->public->len);
    g_assert_cmpstr(outcome(f), ==, "unknown-host");
    host->public_len = 3;
    g_assert_cmpstr(outcome(f), ==, "unknown-host");
}

static gpointer check_in_thread(gpointer data)
{
    Fixture *f = data;

    return GINT_TO_POINTER(strcmp(outcome_of(f->verifier, &f->quote, &f->expected), "trusted") ==
                           0);
}

/* Of many threads with the same deep quote one finds its challenge unused. */
static void test_race(Fixture *f, gconstpointer data)
{
    GThread *threads[THREADS];
    int trusted = 0;

    (void)data;
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
    guint count, good, in_order;
    gint running;
} Seen;

static void see(gpointer tag, DqVerdict *verdict, const GError *error, gpointer data)
{
    Seen *seen = data;

    g_assert_cmpint(g_atomic_int_add(&seen->running, 1), ==, 0);
    seen->in_order += GPOINTER_TO_UINT(tag) == seen->count ? 1 : 0;
    seen->count++;
    g_assert_null(error);
    seen->good += dq_verdict_get_outcome(verdict) != DQ_REFUSED ? 1 : 0;
    dq_verdict_free(verdict);
    g_atomic_int_add(&seen->running, -1);
}

static void see_error(gpointer tag, DqVerdict *verdict, const GError *error, gpointer data)
{
    (void)tag;
    g_assert_null(verdict);
    g_assert_error(error, DQ_ERROR, DQ_ERROR_STORE);
    (*(guint *)data)++;
}

static void test_stream_failing(Fixture *f, gconstpointer data)
{
    guint errors = 0;
    DqStream *stream = dq_stream_new(f->verifier, 2, see_error, &errors);

    (void)data;
    f->memory->fails = TRUE;
    for (guint k = 0; k < 10; k++) {
        dq_stream_push(stream, &f->quote, &f->expected, NULL);
    }
    dq_stream_finish(stream);
    g_assert_cmpuint(errors, ==, 10);
}

/* Every third is changed; each has its own verdict, whatever the number of threads. */
static void test_stream(Fixture *f, gconstpointer data)
{
    static const guint threads[] = { 0, 1, 3 };
    DqQuote bad = f->quote;

    (void)data;
    bad.vtpm_pcrs.len--;
    dq_verifier_set_store(f->verifier, NULL); /* so that one challenge does for all */
    dq_verifier_add_host(f->verifier, f->host->key);
    for (gsize i = 0; i < G_N_ELEMENTS(threads); i++) {
        Seen seen = { 0 };
        DqStream *stream = dq_stream_new(f->verifier, threads[i], see, &seen);

        for (guint k = 0; k < STREAM_QUOTES; k++) {
            dq_stream_push(stream, k % 3 == 0 ? &bad : &f->quote, &f->expected,
                           GUINT_TO_POINTER(k));
        }
        dq_stream_finish(stream);
        g_assert_cmpuint(seen.count, ==, STREAM_QUOTES);
        g_assert_cmpuint(seen.good, ==, STREAM_QUOTES - (STREAM_QUOTES + 2) / 3);
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
    ADD("a-stand-in-is-always-told", set_up, test_stand_in);
    ADD("a-quote-without-a-key-is-always-told", set_up, test_host_vouched);
    ADD("what-certified-the-host-is-told", set_up, test_certified);
    ADD("a-challenge-is-used-up-whatever-comes-of-it", set_up, test_challenge);
    ADD("one-of-many-threads-uses-the-challenge", set_up, test_race);
    ADD("denied-firmware-is-refused", set_up, test_firmware);
    ADD("trust-alone-is-recorded", set_up, test_record);
    ADD("what-was-accepted-is-good-once", set_up, test_acceptance);
    ADD("what-others-recorded-meanwhile-counts", set_up, test_meanwhile);
    ADD("a-failing-store-decides-nothing", set_up, test_failing_store);
    ADD("a-record-with-another-key-enrols-nobody", set_up, test_record_key);
    ADD("a-stream-has-a-verdict-for-each", set_up, test_stream);
    ADD("a-stream-tells-that-the-store-fails", set_up, test_stream_failing);
    return g_test_run();
}
