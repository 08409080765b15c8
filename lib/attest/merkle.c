/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The Merkle tree of RFC 9162 section 2.1 with SHA-256.
 *
 * The RFC splits n leaves at the largest power of two below n. Pairing neighbours level by level
 * and lifting a last odd one unchanged gives the same tree, and needs no recursion.
 */
#include "attest/deepquote.h"

#include "attest/digest.h"

#include <string.h>

#define LEVELS_MAX (DQ_MERKLE_PATH_MAX + 1)

void dq_merkle_leaf(const uint8_t *binding, gsize len, uint8_t ret_leaf[DQ_HASH_SIZE])
{
    static const uint8_t tag[1] = { 0x00 };
    const DqBytes parts[] = { { tag, 1 }, { binding, len } };

    dq_sha256(parts, G_N_ELEMENTS(parts), ret_leaf);
}

/* SHA-256(0x01 || left || right); @ret_node may be one of the two. */
static void hash_node(const uint8_t left[DQ_HASH_SIZE], const uint8_t right[DQ_HASH_SIZE],
                      uint8_t ret_node[DQ_HASH_SIZE])
{
    uint8_t input[1 + 2 * DQ_HASH_SIZE];
    const DqBytes whole = { input, sizeof(input) };

    input[0] = 0x01;
    memcpy(input + 1, left, DQ_HASH_SIZE);
    memcpy(input + 1 + DQ_HASH_SIZE, right, DQ_HASH_SIZE);
    dq_sha256(&whole, 1, ret_node);
}

void dq_merkle_qualifying_data(uint64_t size, const uint8_t root[DQ_HASH_SIZE],
                               uint8_t ret_data[DQ_HASH_SIZE])
{
    static const char label[] = "DEEPQUOTE-ROOT-V2"; /* its final 0x00 is hashed too */
    const uint64_t size_be = GUINT64_TO_BE(size);
    const DqBytes parts[] = {
        { (const uint8_t *)label, sizeof(label) },
        { (const uint8_t *)&size_be, sizeof(size_be) },
        { root, DQ_HASH_SIZE },
    };

    dq_sha256(parts, G_N_ELEMENTS(parts), ret_data);
}

/*
 * Root of a stream. Bit k of the count set means that peak[k] holds the root of a complete
 * subtree of 2^k leaves; adding a leaf is adding one to a binary number.
 */
gboolean dq_merkle_root_add(DqMerkleRoot *r, const uint8_t leaf[DQ_HASH_SIZE])
{
    uint8_t carry[DQ_HASH_SIZE];
    unsigned k = 0;

    if (r->count >= DQ_MERKLE_LEAVES_MAX) {
        return FALSE;
    }
    memcpy(carry, leaf, DQ_HASH_SIZE);
    while (r->count >> k & 1) {
        hash_node(r->peak[k], carry, carry);
        k++;
    }
    memcpy(r->peak[k], carry, DQ_HASH_SIZE);
    r->count++;
    return TRUE;
}

void dq_merkle_root_get(const DqMerkleRoot *r, uint8_t ret_root[DQ_HASH_SIZE])
{
    uint8_t root[DQ_HASH_SIZE];
    gboolean have = FALSE;

    for (unsigned k = 0; k < LEVELS_MAX; k++) {
        if ((r->count >> k & 1) == 0) {
            continue;
        }
        if (have) {
            hash_node(r->peak[k], root, root);
        } else {
            memcpy(root, r->peak[k], DQ_HASH_SIZE);
            have = TRUE;
        }
    }
    if (!have) {
        dq_sha256(NULL, 0, root);
    }
    memcpy(ret_root, root, DQ_HASH_SIZE);
}

/* A whole tree: level 0 are the leaves, the last level is the root. */
struct DqMerkleTree {
    unsigned levels;
    uint64_t count[LEVELS_MAX];
    uint8_t *level[LEVELS_MAX]; /* count[k] nodes each */
};

static void build_level(DqMerkleTree *t, unsigned above)
{
    const uint8_t *below = t->level[above - 1];
    uint64_t n = t->count[above - 1];
    uint8_t *out;

    t->count[above] = n / 2 + n % 2;
    out = g_malloc_n(t->count[above], DQ_HASH_SIZE);
    for (uint64_t i = 0; i < n / 2; i++) {
        const uint8_t *pair = below + 2 * i * DQ_HASH_SIZE;

        hash_node(pair, pair + DQ_HASH_SIZE, out + i * DQ_HASH_SIZE);
    }
    if (n % 2 != 0) {
        memcpy(out + n / 2 * DQ_HASH_SIZE, below + (n - 1) * DQ_HASH_SIZE, DQ_HASH_SIZE);
    }
    t->level[above] = out;
}

DqMerkleTree *dq_merkle_tree_new(const uint8_t *leaves, uint64_t count)
{
    DqMerkleTree *t;

    g_return_val_if_fail(leaves != NULL, NULL);
    g_return_val_if_fail(count >= 1 && count <= DQ_MERKLE_LEAVES_MAX, NULL);
    g_return_val_if_fail(count <= G_MAXSIZE / DQ_HASH_SIZE, NULL);

    t = g_new0(DqMerkleTree, 1);
    t->count[0] = count;
    t->level[0] = g_malloc_n(count, DQ_HASH_SIZE);
    memcpy(t->level[0], leaves, count * DQ_HASH_SIZE);
    t->levels = 1;
    while (t->count[t->levels - 1] > 1) {
        build_level(t, t->levels);
        t->levels++;
    }
    return t;
}

void dq_merkle_tree_free(DqMerkleTree *tree)
{
    if (!tree) {
        return;
    }
    for (unsigned k = 0; k < tree->levels; k++) {
        g_free(tree->level[k]);
    }
    g_free(tree);
}

const uint8_t *dq_merkle_tree_root(const DqMerkleTree *tree)
{
    return tree->level[tree->levels - 1];
}

gsize dq_merkle_tree_path(const DqMerkleTree *tree, uint64_t index, uint8_t *ret_path)
{
    gsize n = 0;

    g_return_val_if_fail(index < tree->count[0], 0);

    for (unsigned k = 0; k + 1 < tree->levels; k++, index /= 2) {
        uint64_t sibling = index ^ 1;

        if (sibling < tree->count[k]) { /* else it was lifted: no node at this level */
            memcpy(ret_path + n * DQ_HASH_SIZE, tree->level[k] + sibling * DQ_HASH_SIZE,
                   DQ_HASH_SIZE);
            n++;
        }
    }
    return n;
}

/*
 * @index and @last walk up from the leaf and from the tree's last leaf. Where the two meet on an
 * even place, the node was lifted until it is a right child.
 */
gboolean dq_merkle_root_from_path(const uint8_t leaf[DQ_HASH_SIZE], uint64_t index, uint64_t size,
                                  const uint8_t *path, gsize path_length,
                                  uint8_t ret_root[DQ_HASH_SIZE])
{
    uint64_t last = size - 1;
    uint8_t node[DQ_HASH_SIZE];

    if (size == 0 || index >= size) {
        return FALSE;
    }
    memcpy(node, leaf, DQ_HASH_SIZE);
    for (gsize i = 0; i < path_length; i++) {
        const uint8_t *sibling = path + i * DQ_HASH_SIZE;

        if (last == 0) {
            return FALSE; /* already at the root */
        }
        if (index % 2 == 0 && index < last) {
            hash_node(node, sibling, node);
        } else {
            while (index % 2 == 0) { /* index == last, which is not 0 */
                index /= 2;
                last /= 2;
            }
            hash_node(sibling, node, node);
        }
        index /= 2;
        last /= 2;
    }
    if (last != 0) {
        return FALSE; /* not yet at the root */
    }
    memcpy(ret_root, node, DQ_HASH_SIZE);
    return TRUE;
}

void dq_host_qualifying_data(DqBytes nonce, uint8_t ret_data[DQ_HASH_SIZE])
{
    static const char label[] = "DEEPQUOTE-HOST-V2"; /* its final 0x00 is hashed too */
    const DqBytes parts[] = { { (const uint8_t *)label, sizeof(label) }, nonce };

    dq_sha256(parts, G_N_ELEMENTS(parts), ret_data);
}
