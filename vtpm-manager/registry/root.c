/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "registry/root.h"

#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <string.h>

/* What is hashed begins with what it is, so that one cannot stand for the other. */
static const char row_label[] = "DEEPQUOTE-REGISTRY-ROW-V1";
static const char root_label[] = "DEEPQUOTE-REGISTRY-ROOT-V1";

static void store_u64(uint64_t value, uint8_t ret[8])
{
    for (int i = 0; i < 8; i++) {
        ret[i] = (uint8_t)(value >> (56 - 8 * i));
    }
}

RootValue root_value(sqlite3_value *value)
{
    RootValue v = { .type = sqlite3_value_type(value) };

    if (v.type == SQLITE_INTEGER) {
        v.number = sqlite3_value_int64(value);
    } else if (v.type != SQLITE_NULL) {
        v.data = sqlite3_value_blob(value); /* text too, as it is stored */
        v.len = (gsize)sqlite3_value_bytes(value);
    }
    return v;
}

RootValue root_column(sqlite3_stmt *s, int column)
{
    RootValue v = { .type = sqlite3_column_type(s, column) };

    if (v.type == SQLITE_INTEGER) {
        v.number = sqlite3_column_int64(s, column);
    } else if (v.type != SQLITE_NULL) {
        v.data = sqlite3_column_blob(s, column);
        v.len = (gsize)sqlite3_column_bytes(s, column);
    }
    return v;
}

static gboolean hash_value(EVP_MD_CTX *hash, const RootValue *v)
{
    uint8_t head[9] = { (uint8_t)v->type };

    store_u64(v->type == SQLITE_INTEGER ? (uint64_t)v->number : v->len, head + 1);
    return EVP_DigestUpdate(hash, head, sizeof(head)) == 1 &&
           (v->len == 0 || (v->data && EVP_DigestUpdate(hash, v->data, v->len) == 1));
}

gboolean root_digest_row(const char *table, const RootValue *values, guint count,
                         uint8_t ret[ROOT_HASH_SIZE])
{
    EVP_MD_CTX *hash = EVP_MD_CTX_new();
    gboolean ok = hash && EVP_DigestInit_ex(hash, EVP_sha256(), NULL) == 1 &&
                  EVP_DigestUpdate(hash, row_label, sizeof(row_label)) == 1 &&
                  EVP_DigestUpdate(hash, table, strlen(table) + 1) == 1;

    for (guint i = 0; ok && i < count; i++) {
        ok = hash_value(hash, &values[i]);
    }
    ok = ok && EVP_DigestFinal_ex(hash, ret, NULL) == 1;
    EVP_MD_CTX_free(hash);
    return ok;
}

static gboolean keyed_hash(const uint8_t key[ROOT_HASH_SIZE], const uint8_t *data, gsize len,
                           uint8_t ret[ROOT_HASH_SIZE])
{
    return HMAC(EVP_sha256(), key, ROOT_HASH_SIZE, data, len, ret, NULL) != NULL;
}

static gboolean add_without_carries(Root *root, const uint8_t key[ROOT_HASH_SIZE],
                                    const uint8_t digest[ROOT_HASH_SIZE])
{
    uint8_t hash[ROOT_HASH_SIZE];

    if (!keyed_hash(key, digest, ROOT_HASH_SIZE, hash)) {
        return FALSE;
    }
    for (gsize i = 0; i < sizeof(hash); i++) {
        root->sum[i] ^= hash[i];
    }
    return TRUE;
}

gboolean root_add(Root *root, const uint8_t key[ROOT_HASH_SIZE],
                  const uint8_t digest[ROOT_HASH_SIZE])
{
    root->rows++;
    return add_without_carries(root, key, digest);
}

gboolean root_remove(Root *root, const uint8_t key[ROOT_HASH_SIZE],
                     const uint8_t digest[ROOT_HASH_SIZE])
{
    root->rows--;
    return add_without_carries(root, key, digest);
}

gboolean root_mac(const Root *root, const uint8_t key[ROOT_HASH_SIZE], const void *more, gsize len,
                  uint8_t ret[ROOT_HASH_SIZE])
{
    g_autoptr(GByteArray) all = g_byte_array_new();
    uint8_t rows[8];
    gboolean ok;

    store_u64(root->rows, rows);
    g_byte_array_append(all, (const uint8_t *)root_label, sizeof(root_label));
    g_byte_array_append(all, root->sum, sizeof(root->sum));
    g_byte_array_append(all, rows, sizeof(rows));
    g_byte_array_append(all, more, (guint)len);
    ok = keyed_hash(key, all->data, all->len, ret);
    explicit_bzero(all->data, all->len);
    return ok;
}
