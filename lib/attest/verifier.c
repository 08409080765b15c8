/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "attest/verifier.h"

#include "attest/bytes.h"
#include "attest/policy.h"

#include <string.h>

DqVerifier *dq_verifier_new(void)
{
    DqVerifier *v = g_new0(DqVerifier, 1);

    v->host_keys = g_hash_table_new_full(g_bytes_hash, g_bytes_equal, (GDestroyNotify)g_bytes_unref,
                                         (GDestroyNotify)dq_key_unref);
    v->enrolled =
        g_hash_table_new_full(g_bytes_hash, g_bytes_equal, (GDestroyNotify)g_bytes_unref, NULL);
    g_mutex_init(&v->cache_lock);
    return v;
}

void dq_verifier_free(DqVerifier *verifier)
{
    if (verifier == NULL) {
        return;
    }
    g_hash_table_unref(verifier->host_keys);
    g_hash_table_unref(verifier->enrolled);
    dq_policy_unref(verifier->policy);
    dq_state_unref(verifier->state);
    g_mutex_clear(&verifier->cache_lock);
    g_free(verifier);
}

void dq_verifier_offer_host_key(DqVerifier *verifier, DqKey *key)
{
    g_hash_table_replace(verifier->host_keys, dq_bytes_copy(dq_key_get_name(key)), dq_key_ref(key));
}

void dq_verifier_enrol_host(DqVerifier *verifier, DqKey *key)
{
    dq_verifier_offer_host_key(verifier, key);
    g_hash_table_add(verifier->enrolled, dq_bytes_copy(dq_key_get_name(key)));
}

void dq_verifier_set_policy(DqVerifier *verifier, DqPolicy *policy)
{
    DqPolicy *old = verifier->policy;

    verifier->policy = policy == NULL ? NULL : dq_policy_ref(policy);
    dq_policy_unref(old);
    for (guint i = 0; policy != NULL && i < policy->host_keys->len; i++) {
        dq_verifier_offer_host_key(verifier, policy->host_keys->pdata[i]);
    }
}

void dq_verifier_set_state(DqVerifier *verifier, DqState *state)
{
    DqState *old = verifier->state;

    verifier->state = state == NULL ? NULL : dq_state_ref(state);
    dq_state_unref(old);
}

DqKey *dq_verifier_find_host_key(const DqVerifier *verifier, DqBytes name)
{
    g_autoptr(GBytes) key = dq_bytes_borrow(name);

    return g_hash_table_lookup(verifier->host_keys, key);
}

gboolean dq_verifier_trusts_host(const DqVerifier *verifier, DqBytes name)
{
    g_autoptr(GBytes) key = dq_bytes_borrow(name);

    return g_hash_table_contains(verifier->enrolled, key) ||
           (verifier->policy != NULL && dq_policy_has_host(verifier->policy, name));
}

static DqCacheSlot *slot_of(DqVerifier *verifier, const guint8 digest[DQ_HASH_SIZE])
{
    guint slot;

    memcpy(&slot, digest, sizeof(slot));
    return &verifier->cache[slot % DQ_CACHE_SLOTS];
}

gboolean dq_verifier_recall(DqVerifier *verifier, const guint8 digest[DQ_HASH_SIZE])
{
    const DqCacheSlot *slot = slot_of(verifier, digest);
    gboolean known;

    g_mutex_lock(&verifier->cache_lock);
    known = slot->used && memcmp(slot->digest, digest, DQ_HASH_SIZE) == 0;
    g_mutex_unlock(&verifier->cache_lock);
    return known;
}

void dq_verifier_remember(DqVerifier *verifier, const guint8 digest[DQ_HASH_SIZE])
{
    DqCacheSlot *slot = slot_of(verifier, digest);

    g_mutex_lock(&verifier->cache_lock);
    slot->used = TRUE;
    memcpy(slot->digest, digest, DQ_HASH_SIZE);
    g_mutex_unlock(&verifier->cache_lock);
}
