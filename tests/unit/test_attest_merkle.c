/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The tree of RFC 9162: known roots, proofs of every leaf, and proofs that prove nothing. */
#include "attest/deepquote.h"

#include <string.h>

/* Entries and roots that implementations of Certificate Transparency test with. */
static const char *const known_entry[] = {
    "",
    "00",
    "10",
    "2021",
    "3031",
    "40414243",
    "5051525354555657",
    "606162636465666768696a6b6c6d6e6f",
};
static const char *const known_root[] = {
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
};
static const char empty_root[] = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

static void assert_hash(const uint8_t *hash, const char *want)
{
    g_autofree char *got = dq_hex_encode(hash, DQ_HASH_SIZE);

    g_assert_cmpstr(got, ==, want);
}

/* Leaf number @i of the trees made here. */
static void make_leaf(uint64_t i, uint8_t *ret_leaf)
{
    uint64_t be = GUINT64_TO_BE(i);

    dq_merkle_leaf((const uint8_t *)&be, sizeof(be), ret_leaf);
}

static uint8_t *make_leaves(uint64_t count)
{
    uint8_t *leaves = g_malloc_n(count, DQ_HASH_SIZE);

    for (uint64_t i = 0; i < count; i++) {
        make_leaf(i, leaves + i * DQ_HASH_SIZE);
    }
    return leaves;
}

static void test_known_roots(void)
{
    uint8_t leaves[G_N_ELEMENTS(known_entry) * DQ_HASH_SIZE];
    uint8_t root[DQ_HASH_SIZE];
    DqMerkleRoot stream = { 0 };

    dq_merkle_root_get(&stream, root);
    assert_hash(root, empty_root);
    for (gsize n = 1; n <= G_N_ELEMENTS(known_entry); n++) {
        g_autoptr(GBytes) entry = dq_hex_decode(known_entry[n - 1], NULL);
        g_autoptr(DqMerkleTree) tree = NULL;
        uint8_t *leaf = leaves + (n - 1) * DQ_HASH_SIZE;

        dq_merkle_leaf(g_bytes_get_data(entry, NULL), g_bytes_get_size(entry), leaf);
        g_assert_true(dq_merkle_root_add(&stream, leaf));
        dq_merkle_root_get(&stream, root);
        assert_hash(root, known_root[n - 1]);
        tree = dq_merkle_tree_new(leaves, n);
        assert_hash(dq_merkle_tree_root(tree), known_root[n - 1]);
    }
}

static gboolean proves(uint64_t leaf_number, uint64_t index, uint64_t size, const uint8_t *path,
                       gsize n, const uint8_t *want_root)
{
    uint8_t leaf[DQ_HASH_SIZE], root[DQ_HASH_SIZE];

    make_leaf(leaf_number, leaf);
    return dq_merkle_root_from_path(leaf, index, size, path, n, root) &&
           memcmp(root, want_root, DQ_HASH_SIZE) == 0;
}

static void test_each_leaf_proves(void)
{
    for (uint64_t size = 1; size <= 130; size++) {
        g_autofree uint8_t *leaves = make_leaves(size);
        g_autoptr(DqMerkleTree) tree = dq_merkle_tree_new(leaves, size);
        const uint8_t *root = dq_merkle_tree_root(tree);

        for (uint64_t i = 0; i < size; i++) {
            uint8_t path[DQ_MERKLE_PATH_MAX * DQ_HASH_SIZE];
            gsize n = dq_merkle_tree_path(tree, i, path);

            g_assert_true(proves(i, i, size, path, n, root));
        }
    }
}

/* Another leaf, place, size or length of path leads elsewhere or nowhere. */
static void test_wrong_proofs(void)
{
    for (uint64_t size = 1; size <= 40; size++) {
        g_autofree uint8_t *leaves = make_leaves(size);
        g_autoptr(DqMerkleTree) tree = dq_merkle_tree_new(leaves, size);
        const uint8_t *root = dq_merkle_tree_root(tree);

        for (uint64_t i = 0; i < size; i++) {
            uint8_t path[(DQ_MERKLE_PATH_MAX + 1) * DQ_HASH_SIZE] = { 0 };
            gsize n = dq_merkle_tree_path(tree, i, path);

            g_assert_false(proves(i + 1, i, size, path, n, root));
            g_assert_false(proves(i, i, size, path, n + 1, root));
            g_assert_false(proves(i, size, size, path, n, root));
            g_assert_false(proves(i, i, 0, path, n, root));
            if (n > 0) {
                g_assert_false(proves(i, i, size, path, n - 1, root));
                g_assert_false(proves(i, i ^ 1, size, path, n, root));
            }
            for (gsize bit = 0; bit < n * DQ_HASH_SIZE * 8; bit += 37) {
                path[bit / 8] ^= (uint8_t)(1 << bit % 8);
                g_assert_false(proves(i, i, size, path, n, root));
                path[bit / 8] ^= (uint8_t)(1 << bit % 8);
            }
        }
    }
}

static void test_stream_equals_tree(void)
{
    const uint64_t sizes[] = { 1, 2, 3, 255, 256, 257, 1000, 4096, 5000 };

    for (gsize k = 0; k < G_N_ELEMENTS(sizes); k++) {
        g_autofree uint8_t *leaves = make_leaves(sizes[k]);
        g_autoptr(DqMerkleTree) tree = dq_merkle_tree_new(leaves, sizes[k]);
        DqMerkleRoot stream = { 0 };
        uint8_t root[DQ_HASH_SIZE];

        for (uint64_t i = 0; i < sizes[k]; i++) {
            g_assert_true(dq_merkle_root_add(&stream, leaves + i * DQ_HASH_SIZE));
        }
        dq_merkle_root_get(&stream, root);
        g_assert_cmpmem(root, DQ_HASH_SIZE, dq_merkle_tree_root(tree), DQ_HASH_SIZE);
    }
}

/* The largest tree there can be has proofs of 32 nodes; nothing is computed over its leaves. */
static void test_largest_tree(void)
{
    uint8_t path[(DQ_MERKLE_PATH_MAX + 1) * DQ_HASH_SIZE] = { 0 };
    uint8_t leaf[DQ_HASH_SIZE] = { 0 }, root[DQ_HASH_SIZE];
    DqMerkleRoot stream = { .count = DQ_MERKLE_LEAVES_MAX };

    g_assert_true(dq_merkle_root_from_path(leaf, DQ_MERKLE_LEAVES_MAX - 1, DQ_MERKLE_LEAVES_MAX,
                                           path, DQ_MERKLE_PATH_MAX, root));
    g_assert_true(
        dq_merkle_root_from_path(leaf, 0, DQ_MERKLE_LEAVES_MAX, path, DQ_MERKLE_PATH_MAX, root));
    g_assert_false(dq_merkle_root_from_path(leaf, 0, DQ_MERKLE_LEAVES_MAX, path,
                                            DQ_MERKLE_PATH_MAX - 1, root));
    g_assert_false(dq_merkle_root_add(&stream, leaf));
    g_assert_true(stream.count == DQ_MERKLE_LEAVES_MAX);
}

/* SHA-256("DEEPQUOTE-ROOT-V2\0" || 00 00 00 00 00 00 03 e8 || 32 times 0xab), computed elsewhere.
 */
static void test_qualifying_data(void)
{
    uint8_t root[DQ_HASH_SIZE], data[DQ_HASH_SIZE];

    memset(root, 0xab, sizeof(root));
    dq_merkle_qualifying_data(1000, root, data);
    assert_hash(data, "80eddd0b492f89f2e09de0a0c0c41857d605d8af6b152f8d0039dd5b083eaf0a");
}

/* SHA-256("DEEPQUOTE-HOST-V2\0" || "sixteen bytes..."), computed elsewhere. */
static void test_host_qualifying_data(void)
{
    uint8_t data[DQ_HASH_SIZE];

    dq_host_qualifying_data((DqBytes){ (const uint8_t *)"sixteen bytes...", 16 }, data);
    assert_hash(data, "7cdb819f6165814d8aee65fb87cff729f3df0506d630bfa65970c98d98a348c7");
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/attest/merkle/roots-are-those-of-rfc-9162", test_known_roots);
    g_test_add_func("/attest/merkle/each-leaf-has-a-proof", test_each_leaf_proves);
    g_test_add_func("/attest/merkle/a-wrong-proof-proves-nothing", test_wrong_proofs);
    g_test_add_func("/attest/merkle/a-stream-has-the-root-of-the-tree", test_stream_equals_tree);
    g_test_add_func("/attest/merkle/a-tree-may-have-2-to-the-32-leaves", test_largest_tree);
    g_test_add_func("/attest/merkle/qualifying-data-is-as-specified", test_qualifying_data);
    g_test_add_func("/attest/merkle/host-only-data-is-as-specified", test_host_qualifying_data);
    return g_test_run();
}
