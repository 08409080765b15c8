/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * bench_verify [SECONDS]: deep quotes verified in a second of one core, against what the core
 * verifies of bare P-256 signatures, as `openssl speed ecdsap256` does.
 *
 * Each figure is taken in slices of processor time that take turns, so that a busy machine slows
 * all of them alike. Every deep quote has a vTPM key, a nonce and a UUID of its own, and is checked
 * against a policy and a state.
 */
#include "maker.h"

#include "attest/digest.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define SLICE_SECONDS 0.1

/* Deep quotes that a verifier gets one after the other. */
typedef struct Load {
    const char *what;
    unsigned signatures; /* that have to be verified for each */
    gboolean load_keys;  /* the vTPM's key is read from its public area each time */
    GPtrArray *deeds;
    guint next;
    DqVerifier *verifier;
    double seconds;
    uint64_t done;
} Load;

typedef struct Bench {
    MakerKey *host;
    GPtrArray *aks;
    GPtrArray *nonces;
    DqPolicy *policy;
    GByteArray *raw_signature; /* DER */
    uint8_t raw_digest[DQ_HASH_SIZE];
    EVP_PKEY_CTX *raw;
    double raw_seconds;
    uint64_t raw_done;
} Bench;

static double cpu_seconds(void)
{
    struct timespec t;

    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static DqPolicy *make_policy(const MakerOrder *o)
{
    GString *text = g_string_new("vm any\n");
    DqPolicy *policy;

    for (unsigned pcr = 0; pcr < 8; pcr++) {
        uint8_t value[DQ_DIGEST_MAX];
        g_autofree char *hex = dq_hex_encode(value, maker_pcr("host", TPM_ALG_SHA256, pcr, value));

        g_assert_true(o->host_pcrs.count == 1);
        g_string_append_printf(text, "host-pcr sha256:%u %s\n", pcr, hex);
    }
    policy = dq_policy_new_from_text(text->str, text->len, "policy", NULL);
    g_assert_nonnull(policy);
    g_string_free(text, TRUE);
    return policy;
}

/* Order number @i: a VM of its own. */
static MakerOrder make_order(const Bench *b, guint i)
{
    MakerOrder o = maker_order(b->host, b->aks->pdata[i]);
    GBytes *nonce = b->nonces->pdata[i];

    o.uuid[14] = (uint8_t)(i >> 8);
    o.uuid[15] = (uint8_t)i;
    o.nonce.p = g_bytes_get_data(nonce, &o.nonce.len);
    return o;
}

static GPtrArray *make_singles(const Bench *b, guint count)
{
    GPtrArray *deeds = g_ptr_array_new_with_free_func((GDestroyNotify)maker_deed_free);

    for (guint i = 0; i < count; i++) {
        MakerOrder o = make_order(b, i);

        g_ptr_array_add(deeds, maker_deed_new(&o));
    }
    return deeds;
}

static GPtrArray *make_batch(const Bench *b, guint count)
{
    g_autofree MakerOrder *orders = g_new0(MakerOrder, count);

    for (guint i = 0; i < count; i++) {
        orders[i] = make_order(b, i);
    }
    return maker_batch_new(orders, count);
}

/* A verifier that has seen nothing yet: known host signatures are forgotten. It has no store: what
 * that costs is the disk's, and challenge-times tells. */
static void start_over(const Bench *b, Load *l)
{
    dq_verifier_free(l->verifier);
    l->verifier = dq_verifier_new();
    dq_verifier_add_host(l->verifier, b->host->key);
    dq_verifier_set_policy(l->verifier, b->policy);
    l->next = 0;
}

static void verify_next(const Bench *b, Load *l)
{
    g_autoptr(DqVerdict) verdict = NULL;
    g_autoptr(DqKey) key = NULL;
    DqExpected expected;
    DqQuote quote;

    if (l->next == l->deeds->len) {
        start_over(b, l);
    }
    quote = maker_quote(l->deeds->pdata[l->next]);
    expected = maker_expected(l->deeds->pdata[l->next]);
    if (l->load_keys) {
        const GByteArray *public = ((MakerKey *)b->aks->pdata[l->next])->public;

        key = dq_key_new(public->data, public->len, NULL);
        quote.vtpm_key = key;
        expected.vtpm_key = key;
    }
    verdict = dq_verifier_check(l->verifier, &quote, &expected, NULL);
    g_assert_cmpint(dq_verdict_get_outcome(verdict), ==, DQ_AUTHENTIC);
    l->next++;
}

static void run_slice(const Bench *b, Load *l)
{
    double begin = cpu_seconds(), now = begin;

    while (now - begin < SLICE_SECONDS) {
        for (int i = 0; i < 20; i++) {
            verify_next(b, l);
        }
        l->done += 20;
        now = cpu_seconds();
    }
    l->seconds += now - begin;
}

static void run_raw_slice(Bench *b)
{
    double begin = cpu_seconds(), now = begin;

    while (now - begin < SLICE_SECONDS) {
        for (int i = 0; i < 20; i++) {
            g_assert_true(EVP_PKEY_verify(b->raw, b->raw_signature->data, b->raw_signature->len,
                                          b->raw_digest, sizeof(b->raw_digest)) == 1);
        }
        b->raw_done += 20;
        now = cpu_seconds();
    }
    b->raw_seconds += now - begin;
}

/* Bare signatures, as OpenSSL's own measurement prepares them. */
static void prepare_raw(Bench *b)
{
    uint8_t der[256];
    size_t len = sizeof(der);
    EVP_PKEY_CTX *sign = EVP_PKEY_CTX_new(b->host->pkey, NULL);

    maker_digest("what is signed", b->raw_digest);
    g_assert_true(EVP_PKEY_sign_init(sign) == 1 &&
                  EVP_PKEY_sign(sign, der, &len, b->raw_digest, sizeof(b->raw_digest)) == 1);
    EVP_PKEY_CTX_free(sign);
    b->raw_signature = g_byte_array_append(g_byte_array_new(), der, (guint)len);
    b->raw = EVP_PKEY_CTX_new(b->host->pkey, NULL);
    g_assert_true(EVP_PKEY_verify_init(b->raw) == 1);
}

static void prepare(Bench *b, guint count)
{
    MakerOrder plain;

    b->host = maker_key_new(TPM_ALG_ECDSA, TPM_ALG_SHA256, MAKER_AK_ATTRIBUTES);
    b->aks = g_ptr_array_new_with_free_func((GDestroyNotify)maker_key_free);
    b->nonces = g_ptr_array_new_with_free_func((GDestroyNotify)g_bytes_unref);
    for (guint i = 0; i < count; i++) {
        g_autofree char *text = g_strdup_printf("nonce %u", i);
        uint8_t nonce[DQ_HASH_SIZE];

        maker_digest(text, nonce);
        g_ptr_array_add(b->aks, maker_key_new(TPM_ALG_ECDSA, TPM_ALG_SHA256, MAKER_AK_ATTRIBUTES));
        g_ptr_array_add(b->nonces, g_bytes_new(nonce, sizeof(nonce)));
    }
    plain = maker_order(b->host, NULL);
    b->policy = make_policy(&plain);
    prepare_raw(b);
}

static void report(const Bench *b, const Load *l)
{
    double raw = (double)b->raw_done / b->raw_seconds;
    double rate = (double)l->done / l->seconds;

    printf("%-42s %9.0f/s  %5.1f us  %u signature%s  %.2f of the limit\n", l->what, rate,
           1e6 / rate, l->signatures, l->signatures == 1 ? " " : "s", rate * l->signatures / raw);
}

static void finish(Bench *b, Load *loads, gsize count)
{
    for (gsize i = 0; i < count; i++) {
        dq_verifier_free(loads[i].verifier);
    }
    g_ptr_array_unref(b->aks);
    g_ptr_array_unref(b->nonces);
    dq_policy_unref(b->policy);
    g_byte_array_unref(b->raw_signature);
    EVP_PKEY_CTX_free(b->raw);
    maker_key_free(b->host);
}

int main(int argc, char **argv)
{
    double seconds = argc > 1 ? g_ascii_strtod(argv[1], NULL) : 3;
    Bench b = { 0 };
    Load loads[] = {
        { .what = "batches of 1", .signatures = 2 },
        { .what = "batches of 1,000", .signatures = 1 },
        { .what = "batches of 1, keys read each time", .signatures = 2, .load_keys = TRUE },
        { .what = "batches of 1,000, keys read each time", .signatures = 1, .load_keys = TRUE },
    };
    g_autoptr(GPtrArray) singles = NULL;
    g_autoptr(GPtrArray) batch = NULL;

    prepare(&b, 1000);
    singles = make_singles(&b, 1000);
    batch = make_batch(&b, 1000);
    for (gsize i = 0; i < G_N_ELEMENTS(loads); i++) {
        loads[i].deeds = i % 2 == 0 ? singles : batch;
        start_over(&b, &loads[i]);
    }
    while (b.raw_seconds < seconds) {
        run_raw_slice(&b);
        for (gsize i = 0; i < G_N_ELEMENTS(loads); i++) {
            run_slice(&b, &loads[i]);
        }
    }
    printf("%-42s %9.0f/s  %5.1f us  the limit\n", "bare P-256 signatures",
           (double)b.raw_done / b.raw_seconds, 1e6 * b.raw_seconds / (double)b.raw_done);
    for (gsize i = 0; i < G_N_ELEMENTS(loads); i++) {
        report(&b, &loads[i]);
    }
    finish(&b, loads, G_N_ELEMENTS(loads));
    return EXIT_SUCCESS;
}
