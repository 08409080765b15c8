/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Keys of VMs' states, wrapped with those of groups. */
#include <string.h>

#include "seal/wrap.h"

static const uint8_t kek[WRAP_KEY_SIZE] = "the key of a group, of 32 bytes";
static const uint8_t other_kek[WRAP_KEY_SIZE] = "the key of another, of 32 bytes";
static const uint8_t key[WRAP_KEY_SIZE] = "the key of a VM's state: secret";
static const WireUuid vm = { { 1, 2, 3 } };
static const WireUuid other_vm = { { 1, 2, 4 } };

static gboolean opens(const uint8_t *with, const WireUuid *uuid, const uint8_t *wrapped)
{
    uint8_t found[WRAP_KEY_SIZE];
    const gboolean ok = wrap_open(with, uuid, wrapped, found);

    for (gsize i = 0; i < sizeof(found); i++) {
        g_assert_cmpuint(found[i], ==, ok ? key[i] : 0);
    }
    return ok;
}

static void test_own_key_and_vm(void)
{
    uint8_t wrapped[REGISTRY_WRAPPED_SIZE];

    g_assert_true(wrap_key(kek, &vm, key, wrapped));
    g_assert_true(opens(kek, &vm, wrapped));
    g_assert_false(opens(other_kek, &vm, wrapped));
    g_assert_false(opens(kek, &other_vm, wrapped));
}

static void test_each_bit_counts(void)
{
    uint8_t wrapped[REGISTRY_WRAPPED_SIZE];

    g_assert_true(wrap_key(kek, &vm, key, wrapped));
    for (gsize i = 0; i < 8 * sizeof(wrapped); i++) {
        wrapped[i / 8] ^= (uint8_t)(1 << i % 8);
        g_assert_false(opens(kek, &vm, wrapped));
        wrapped[i / 8] ^= (uint8_t)(1 << i % 8);
    }
    g_assert_true(opens(kek, &vm, wrapped));
}

static void test_never_the_same(void)
{
    uint8_t a[REGISTRY_WRAPPED_SIZE], b[REGISTRY_WRAPPED_SIZE];

    g_assert_true(wrap_key(kek, &vm, key, a) && wrap_key(kek, &vm, key, b));
    g_assert_cmpint(memcmp(a, b, WRAP_NONCE_SIZE), !=, 0);
    g_assert_cmpint(memcmp(a + WRAP_NONCE_SIZE, b + WRAP_NONCE_SIZE, WRAP_KEY_SIZE), !=, 0);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/manager/wrap/own-key-and-vm", test_own_key_and_vm);
    g_test_add_func("/manager/wrap/each-bit-counts", test_each_bit_counts);
    g_test_add_func("/manager/wrap/never-the-same", test_never_the_same);
    return g_test_run();
}
