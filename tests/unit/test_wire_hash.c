/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <glib.h>
#include <string.h>

#include "wire/hash.h"

/* TCG Algorithm Registry, table 3, and the sizes that the standards give. */
static const struct {
    uint16_t alg;
    size_t size;
    const char *name;
} known[] = {
    { 0x0004, 20, "sha1" },     { 0x000B, 32, "sha256" },   { 0x000C, 48, "sha384" },
    { 0x000D, 64, "sha512" },   { 0x0012, 32, "sm3_256" },  { 0x0027, 32, "sha3_256" },
    { 0x0028, 48, "sha3_384" }, { 0x0029, 64, "sha3_512" },
};

static void knows_each_by_number_and_by_name(void)
{
    g_assert_cmpuint(G_N_ELEMENTS(known), ==, WIRE_HASHES);
    for (gsize i = 0; i < G_N_ELEMENTS(known); i++) {
        const WireHash *h = wire_hash_find(known[i].alg);

        g_assert_nonnull(h);
        g_assert_cmpuint(h->alg, ==, known[i].alg);
        g_assert_cmpuint(h->size, ==, known[i].size);
        g_assert_cmpuint(wire_hash_size(known[i].alg), ==, known[i].size);
        g_assert_cmpstr(h->name, ==, known[i].name);
        g_assert_true(wire_hash_find_name(known[i].name, strlen(known[i].name)) == h);
    }
}

static void does_not_know_others(void)
{
    static const char *const others[] = { "",        "sha",     "sha2566",          "SHA256",
                                          "sha-256", "sha3_51", "sha3_512sha3_512", "md5" };

    for (uint32_t alg = 0; alg <= UINT16_MAX; alg++) {
        gboolean is_known = FALSE;

        for (gsize i = 0; i < G_N_ELEMENTS(known); i++) {
            is_known = is_known || known[i].alg == alg;
        }
        g_assert_true((wire_hash_find((uint16_t)alg) != NULL) == is_known);
        g_assert_true((wire_hash_size((uint16_t)alg) != 0) == is_known);
    }
    for (gsize i = 0; i < G_N_ELEMENTS(others); i++) {
        g_assert_null(wire_hash_find_name(others[i], strlen(others[i])));
    }
}

static void digests_fit_the_longest(void)
{
    for (gsize i = 0; i < WIRE_HASHES; i++) {
        g_assert_cmpuint(wire_hashes[i].size, <=, WIRE_DIGEST_MAX);
    }
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/wire/hash/knows-each-by-number-and-by-name",
                    knows_each_by_number_and_by_name);
    g_test_add_func("/wire/hash/does-not-know-others", does_not_know_others);
    g_test_add_func("/wire/hash/digests-fit-the-longest", digests_fit_the_longest);
    return g_test_run();
}
