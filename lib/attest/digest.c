/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A thread keeps one context per algorithm: setting up a context costs more than hashing the
 * hundred bytes or so that a node, a leaf or an attestation is.
 */
#include "attest/digest.h"
#include "attest/crypto.h"

#include "wire/hash.h"

typedef struct ThreadContexts {
    EVP_MD_CTX *ctx[WIRE_HASHES];
} ThreadContexts;

static void thread_contexts_free(gpointer data)
{
    ThreadContexts *t = data;

    for (gsize i = 0; i < WIRE_HASHES; i++) {
        EVP_MD_CTX_free(t->ctx[i]);
    }
    g_free(t);
}

static GPrivate thread_contexts = G_PRIVATE_INIT(thread_contexts_free);

/* Fetched once and kept for the life of the process. */
static EVP_MD *const *fetched(void)
{
    static EVP_MD *md[WIRE_HASHES];
    static gsize once;

    if (g_once_init_enter(&once)) {
        for (gsize i = 0; i < WIRE_HASHES; i++) {
            md[i] = EVP_MD_fetch(NULL, wire_hashes[i].standard_name, NULL);
        }
        dq_crypto_failed();
        g_once_init_leave(&once, 1);
    }
    return md;
}

/* The place of an algorithm in the table; -1 for one that is not known. */
static gssize place_of(uint16_t alg)
{
    const WireHash *h = wire_hash_find(alg);

    return h ? h - wire_hashes : -1;
}

const EVP_MD *dq_digest_md(uint16_t alg)
{
    gssize at = place_of(alg);

    return at < 0 ? NULL : fetched()[at];
}

/* A context that is ready to be updated; NULL where there can be none. */
static EVP_MD_CTX *begin(gsize at)
{
    ThreadContexts *t = g_private_get(&thread_contexts);
    const EVP_MD *md = fetched()[at];
    EVP_MD_CTX *ctx;

    if (!md) {
        return NULL;
    }
    if (!t) {
        t = g_new0(ThreadContexts, 1);
        g_private_set(&thread_contexts, t);
    }
    ctx = t->ctx[at];
    if (ctx) {
        return EVP_DigestInit_ex2(ctx, NULL, NULL) == 1 ? ctx : NULL;
    }
    ctx = EVP_MD_CTX_new();
    if (!ctx || EVP_DigestInit_ex2(ctx, md, NULL) != 1) {
        EVP_MD_CTX_free(ctx);
        dq_crypto_failed();
        return NULL;
    }
    t->ctx[at] = ctx;
    return ctx;
}

gsize dq_digest(uint16_t alg, const DqBytes *parts, gsize count, uint8_t *ret_digest)
{
    gssize at = place_of(alg);
    EVP_MD_CTX *ctx = at < 0 ? NULL : begin((gsize)at);
    uint8_t digest[EVP_MAX_MD_SIZE];
    unsigned len;

    G_STATIC_ASSERT(DQ_DIGEST_MAX >= EVP_MAX_MD_SIZE);
    if (!ctx) {
        return 0;
    }
    for (gsize i = 0; i < count; i++) {
        if (parts[i].len > 0 && EVP_DigestUpdate(ctx, parts[i].data, parts[i].len) != 1) {
            return 0;
        }
    }
    if (EVP_DigestFinal_ex(ctx, digest, &len) != 1) {
        return 0;
    }
    memcpy(ret_digest, digest, len);
    return len;
}

void dq_sha256(const DqBytes *parts, gsize count, uint8_t ret_digest[DQ_HASH_SIZE])
{
    uint8_t digest[DQ_DIGEST_MAX];

    if (dq_digest(TPM_ALG_SHA256, parts, count, digest) != DQ_HASH_SIZE) {
        g_error("OpenSSL offers no SHA-256: check its configuration file and providers");
    }
    memcpy(ret_digest, digest, DQ_HASH_SIZE);
}
