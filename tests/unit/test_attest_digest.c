/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "attest/digest.h"

#include "wire/hash.h"

#include <string.h>

/* FIPS 180-4 and 202, GB/T 32905: the digests of "abc" */
static const struct {
    uint16_t alg;
    const char *digest;
} known[] = {
    { TPM_ALG_SHA1, "a9993e364706816aba3e25717850c26c9cd0d89d" },
    { TPM_ALG_SHA256, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad" },
    { TPM_ALG_SHA384, "cb00753f45a35e8bb5a03d699ac65007272c32ab0eded1631a8b605a43ff5bed"
                      "8086072ba1e7cc2358baeca134c825a7" },
    { TPM_ALG_SHA512, "ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a"
                      "2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f" },
    { TPM_ALG_SM3_256, "66c7f0f462eeedd9d1f2d46bdc10e4e24167c4875cf2f7a2297da02b8f4ba8e0" },
    { TPM_ALG_SHA3_256, "3a985da74fe225b2045c172d6bd390bd855f086e3e9d525b46bfe24511431532" },
    { TPM_ALG_SHA3_384, "ec01498288516fc926459f58e2c6ad8df9b473cb0fc08c2596da7cf0e49be4b2"
                        "98d88cea927ac7f539f1edf228376d25" },
    { TPM_ALG_SHA3_512, "b751850b1a57168a5693cd924b6b096e08f621827444f70d884f5d0240d2712e"
                        "10e116e9192af3c91a7ec57647e3934057340b4cf408d5a56592f8274eec53f0" },
};

static void makes_each_known_digest(void)
{
    const DqBytes parts[] = { { (const uint8_t *)"a", 1 },
                              { NULL, 0 },
                              { (const uint8_t *)"bc", 2 } };

    g_assert_cmpuint(G_N_ELEMENTS(known), ==, WIRE_HASHES);
    for (int again = 0; again < 2; again++) { /* the second time with a context in use before */
        for (gsize i = 0; i < G_N_ELEMENTS(known); i++) {
            uint8_t digest[DQ_DIGEST_MAX];
            gsize len = dq_digest(known[i].alg, parts, G_N_ELEMENTS(parts), digest);
            g_autofree char *got = dq_hex_encode(digest, len);

            g_assert_cmpuint(len, ==, wire_hash_size(known[i].alg));
            g_assert_cmpstr(got, ==, known[i].digest);
        }
    }
}

static void refuses_what_is_no_hash(void)
{
    const DqBytes part = { (const uint8_t *)"abc", 3 };
    uint8_t digest[DQ_DIGEST_MAX];
    uint8_t poison[DQ_DIGEST_MAX];

    memset(digest, 0xA5, sizeof(digest));
    memset(poison, 0xA5, sizeof(poison));
    g_assert_cmpuint(dq_digest(TPM_ALG_NULL, &part, 1, digest), ==, 0);
    g_assert_cmpuint(dq_digest(TPM_ALG_RSA, &part, 1, digest), ==, 0);
    g_assert_null(dq_digest_md(TPM_ALG_NULL));
    g_assert_cmpmem(digest, sizeof(digest), poison, sizeof(poison));
}

static gpointer hash_in_thread(gpointer ret_digest)
{
    const DqBytes part = { (const uint8_t *)"abc", 3 };

    dq_sha256(&part, 1, ret_digest);
    return NULL;
}

static void each_thread_has_its_own_context(void)
{
    uint8_t digest[8][DQ_HASH_SIZE];
    GThread *threads[8];

    for (gsize i = 0; i < G_N_ELEMENTS(threads); i++) {
        threads[i] = g_thread_new(NULL, hash_in_thread, digest[i]);
    }
    for (gsize i = 0; i < G_N_ELEMENTS(threads); i++) {
        g_autofree char *got = NULL;

        g_thread_join(threads[i]);
        got = dq_hex_encode(digest[i], DQ_HASH_SIZE);
        g_assert_cmpstr(got, ==, known[1].digest);
    }
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/attest/digest/makes-each-known-digest", makes_each_known_digest);
    g_test_add_func("/attest/digest/refuses-what-is-no-hash", refuses_what_is_no_hash);
    g_test_add_func("/attest/digest/each-thread-has-its-own-context",
                    each_thread_has_its_own_context);
    return g_test_run();
}
