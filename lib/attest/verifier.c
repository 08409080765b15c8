/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "attest/verifier.h"

#include "attest/bytes.h"
#include "attest/policy.h"

#include <string.h>

static GHashTable *new_names(GDestroyNotify free_value)
{
    return g_hash_table_new_full(g_bytes_hash, g_bytes_equal, (GDestroyNotify)g_bytes_unref,
                                 free_value);
}

DqVerifier *dq_verifier_new(void)
{
    DqVerifier *v = g_new0(DqVerifier, 1);

    v->accepted = new_names(NULL);
    v->allowed_keys = new_names(NULL);
    v->host_keys = new_names((GDestroyNotify)dq_key_unref);
    g_mutex_init(&v->lock);
    return v;
}

void dq_verifier_free(DqVerifier *verifier)
{
    if (!verifier) {
        return;
    }
    g_hash_table_unref(verifier->accepted);
    g_hash_table_unref(verifier->allowed_keys);
    g_hash_table_unref(verifier->host_keys);
    dq_policy_unref(verifier->policy);
    dq_store_unref(verifier->store);
    g_mutex_clear(&verifier->lock);
    g_free(verifier);
}

void dq_verifier_offer_host_key(DqVerifier *verifier, DqKey *key)
{
    g_mutex_lock(&verifier->lock);
    g_hash_table_replace(verifier->host_keys, dq_bytes_copy(dq_key_get_name(key)), dq_key_ref(key));
    g_mutex_unlock(&verifier->lock);
}

void dq_verifier_add_host(DqVerifier *verifier, DqKey *key)
{
    dq_verifier_offer_host_key(verifier, key);
    g_hash_table_add(verifier->accepted, dq_bytes_copy(dq_key_get_name(key)));
}

void dq_verifier_allow_key(DqVerifier *verifier, DqBytes name)
{
    g_hash_table_add(verifier->allowed_keys, dq_bytes_copy(name));
}

void dq_verifier_allow_simulated(DqVerifier *verifier, gboolean allow)
{
    verifier->allow_simulated = allow;
}

void dq_verifier_keep_answers(DqVerifier *verifier, gboolean keep)
{
    verifier->keep_answers = keep;
}

void dq_verifier_allow_host_vouched(DqVerifier *verifier, gboolean allow)
{
    verifier->allow_host_vouched = allow;
}

void dq_verifier_set_time(DqVerifier *verifier, int64_t now)
{
    verifier->time = now;
}

void dq_verifier_set_policy(DqVerifier *verifier, DqPolicy *policy)
{
    DqPolicy *old = verifier->policy;

    verifier->policy = policy ? dq_policy_ref(policy) : NULL;
    dq_policy_unref(old);
    for (guint i = 0; policy && i < policy->host_keys->len; i++) {
        dq_verifier_offer_host_key(verifier, policy->host_keys->pdata[i]);
    }
}

void dq_verifier_set_store(DqVerifier *verifier, DqStore *store)
{
    DqStore *old = verifier->store;

    verifier->store = store ? dq_store_ref(store) : NULL;
    dq_store_unref(old);
}

/* (transfer full): of a key that was given, or read before. */
static DqKey *look_up_key(DqVerifier *verifier, DqBytes name)
{
    g_autoptr(GBytes) borrowed = dq_bytes_borrow(name);
    DqKey *key;

    g_mutex_lock(&verifier->lock);
    key = g_hash_table_lookup(verifier->host_keys, borrowed);
    if (key) {
        dq_key_ref(key);
    }
    g_mutex_unlock(&verifier->lock);
    return key;
}

DqKey *dq_verifier_find_host_key(DqVerifier *verifier, DqBytes name, const DqStoreHost *record)
{
    g_autoptr(DqKey) key = look_up_key(verifier, name);

    if (!key && record) {
        key = dq_key_new(record->public_area, record->public_len, NULL);
        if (!key || !dq_bytes_equal(dq_key_get_name(key), name)) {
            return NULL;
        }
        dq_verifier_offer_host_key(verifier, key);
    }
    return g_steal_pointer(&key);
}

static gboolean has_name(GHashTable *names, DqBytes name)
{
    g_autoptr(GBytes) borrowed = dq_bytes_borrow(name);

    return g_hash_table_contains(names, borrowed);
}

gboolean dq_verifier_accepts_host(const DqVerifier *verifier, DqBytes name)
{
    return has_name(verifier->accepted, name) ||
           (verifier->policy && dq_policy_has_host(verifier->policy, name));
}

gboolean dq_verifier_allows_key(const DqVerifier *verifier, DqBytes name)
{
    return has_name(verifier->allowed_keys, name) ||
           (verifier->policy && dq_policy_allows_key(verifier->policy, name));
}

int64_t dq_verifier_now(const DqVerifier *verifier)
{
    return verifier->time != 0 ? verifier->time : g_get_real_time() / G_USEC_PER_SEC;
}

static DqCacheSlot *slot_of(DqVerifier *verifier, const uint8_t digest[DQ_HASH_SIZE])
{
    guint slot;

    memcpy(&slot, digest, sizeof(slot));
    return &verifier->cache[slot % DQ_CACHE_SLOTS];
}

gboolean dq_verifier_recall(DqVerifier *verifier, const uint8_t digest[DQ_HASH_SIZE])
{
    const DqCacheSlot *slot = slot_of(verifier, digest);
    gboolean known;

    g_mutex_lock(&verifier->lock);
    known = slot->used && memcmp(slot->digest, digest, DQ_HASH_SIZE) == 0;
    g_mutex_unlock(&verifier->lock);
    return known;
}

void dq_verifier_remember(DqVerifier *verifier, const uint8_t digest[DQ_HASH_SIZE])
{
    DqCacheSlot *slot = slot_of(verifier, digest);

    g_mutex_lock(&verifier->lock);
    slot->used = TRUE;
    memcpy(slot->digest, digest, DQ_HASH_SIZE);
    g_mutex_unlock(&verifier->lock);
}
