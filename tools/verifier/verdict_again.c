/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "verdict_again.h"

#include "check_expected.h"
#include "check_input.h"

#include "appraise/profile-json.h"
#include "attest/bytes.h"

#include <string.h>

static GBytes *reference(GBytes *bytes)
{
    return bytes ? g_bytes_ref(bytes) : NULL;
}

/* NULL for no @bytes, without an error. */
static gboolean make_key(GBytes *bytes, const char *what, DqKey **ret_key, GError **error)
{
    const DqBytes data = bytes ? dq_bytes_peek(bytes) : (DqBytes){ NULL, 0 };

    if (!bytes) {
        return TRUE;
    }
    *ret_key = dq_key_new(data.data, data.len, error);
    g_prefix_error(error, "%s: ", what);
    return *ret_key != NULL;
}

static gboolean make_profile(GBytes *bytes, const char *what, DqProfile **ret, GError **error)
{
    const DqBytes data = bytes ? dq_bytes_peek(bytes) : (DqBytes){ NULL, 0 };

    if (!bytes) {
        return TRUE;
    }
    *ret = dq_profile_from_json((const char *)data.data, data.len, error);
    g_prefix_error(error, "%s: ", what);
    return *ret != NULL;
}

/* A part of exactly @size bytes. */
static gboolean copy_exactly(GBytes *bytes, const char *what, uint8_t *ret, gsize size,
                             gboolean *ret_there, GError **error)
{
    *ret_there = bytes != NULL;
    if (bytes && g_bytes_get_size(bytes) != size) {
        g_set_error(error, DQ_ERROR, DQ_ERROR_VALUE, "%s: it has another size", what);
        return FALSE;
    }
    if (bytes) {
        memcpy(ret, g_bytes_get_data(bytes, NULL), size);
    }
    return TRUE;
}

static gboolean copy_name(GBytes *bytes, const char *what, DqName *ret, GError **error)
{
    ret->len = bytes ? g_bytes_get_size(bytes) : 0;
    if (ret->len > sizeof(ret->data)) {
        g_set_error(error, DQ_ERROR, DQ_ERROR_VALUE, "%s: it is no Name", what);
        return FALSE;
    }
    if (ret->len > 0) {
        memcpy(ret->data, g_bytes_get_data(bytes, NULL), ret->len);
    }
    return TRUE;
}

static CheckInput *make_input(const VerdictCase *c, GError **error)
{
    g_autoptr(CheckInput) in = g_new0(CheckInput, 1);
    const struct {
        GBytes **to;
        CasePart part;
    } parts[] = {
        { &in->message, CASE_QUOTE },
        { &in->signature, CASE_SIGNATURE },
        { &in->pcrs, CASE_PCRS },
        { &in->evidence, CASE_EVIDENCE },
        { &in->event_log, CASE_VM_EVENT_LOG },
        { &in->ima, CASE_VM_IMA },
        { &in->host_ima, CASE_HOST_IMA },
        { &in->host_event_log, CASE_HOST_EVENT_LOG },
        { &in->vtpm_parts, CASE_VTPM_PARTS },
        { &in->vm_launch, CASE_VM_LAUNCH },
        { &in->vtpm_ek, CASE_VTPM_EK },
        { &in->ek_chain, CASE_EK_CHAIN },
        { &in->host_systemd, CASE_HOST_SYSTEMD },
        { &in->systemd, CASE_VM_SYSTEMD },
    };

    for (gsize i = 0; i < G_N_ELEMENTS(parts); i++) {
        *parts[i].to = reference(c->part[parts[i].part]);
    }
    if (!in->message || !in->evidence) {
        g_set_error(error, DQ_ERROR, DQ_ERROR_VALUE, "there is no quote or no evidence");
        return NULL;
    }
    if (!make_key(c->part[CASE_GUEST_KEY], "guest-public", &in->key, error)) {
        return NULL;
    }
    check_input_settle(in);
    return g_steal_pointer(&in);
}

static gboolean make_tracker(GBytes *bytes, DqTracker **ret, GError **error)
{
    *ret = bytes ? dq_tracker_new(dq_bytes_peek(bytes), error) : NULL;
    g_prefix_error(error, "vulnerabilities: ");
    return *ret || !bytes;
}

static CheckExpected *make_expected(const VerdictCase *c, GError **error)
{
    g_autoptr(CheckExpected) x = g_new0(CheckExpected, 1);

    x->challenge = reference(c->part[CASE_CHALLENGE]);
    x->spki = reference(c->part[CASE_SPKI]);
    if (!copy_exactly(c->part[CASE_BOUND_NONCE], "bound-nonce", x->bound_nonce,
                      sizeof(x->bound_nonce), &x->bound, error) ||
        !copy_exactly(c->part[CASE_UUID], "uuid", x->uuid, sizeof(x->uuid), &x->has_uuid, error) ||
        !copy_name(c->part[CASE_AK], "ak", &x->ak, error) ||
        !copy_name(c->part[CASE_EK], "ek", &x->ek, error) ||
        !make_key(c->part[CASE_KEY], "public", &x->key, error) ||
        !make_profile(c->part[CASE_HOST_PROFILE], "host-profile", &x->host_profile, error) ||
        !make_profile(c->part[CASE_VM_PROFILE], "vm-profile", &x->vm_profile, error) ||
        !make_tracker(c->part[CASE_VULNERABILITIES], &x->tracker, error)) {
        return NULL;
    }
    return g_steal_pointer(&x);
}

static gboolean give_keys(DqVerifier *verifier, const GPtrArray *publics, const char *what,
                          void (*give)(DqVerifier *, DqKey *), GError **error)
{
    for (guint i = 0; i < publics->len; i++) {
        g_autoptr(DqKey) key = NULL;

        if (!make_key(publics->pdata[i], what, &key, error)) {
            return FALSE;
        }
        give(verifier, key);
    }
    return TRUE;
}

static void unref_key(gpointer key)
{
    dq_key_unref(key);
}

/* (transfer full): path -> DqKey; NULL with the error set. */
static GHashTable *make_policy_keys(const VerdictCase *c, GError **error)
{
    g_autoptr(GHashTable) keys = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, unref_key);
    GHashTableIter i;
    gpointer path, public;

    g_hash_table_iter_init(&i, c->policy_keys);
    while (g_hash_table_iter_next(&i, &path, &public)) {
        DqKey *key = NULL;

        if (!make_key(public, "policy-keys", &key, error)) {
            return NULL;
        }
        g_hash_table_insert(keys, g_strdup(path), key);
    }
    return g_steal_pointer(&keys);
}

static gboolean give_policy(DqVerifier *verifier, const VerdictCase *c, DqUrgency *ret_urgency,
                            GError **error)
{
    g_autoptr(GHashTable) keys = NULL;
    g_autoptr(DqPolicy) policy = NULL;
    DqBytes text;

    if (!c->part[CASE_POLICY]) {
        return TRUE;
    }
    keys = make_policy_keys(c, error);
    if (!keys) {
        return FALSE;
    }
    text = dq_bytes_peek(c->part[CASE_POLICY]);
    policy = dq_policy_new_with_keys((const char *)text.data, text.len, "policy", keys, error);
    if (policy) {
        dq_verifier_set_policy(verifier, policy);
        *ret_urgency = dq_policy_get_urgency(policy);
    }
    return policy != NULL;
}

/* @ret_urgency: stays as it is where there is no policy */
static DqVerifier *make_verifier(const VerdictCase *c, DqUrgency *ret_urgency, GError **error)
{
    g_autoptr(DqVerifier) verifier = dq_verifier_new();
    g_autoptr(DqStore) store = dq_store_new_replay(&c->answers);

    if (!give_keys(verifier, c->list[CASE_HOSTS], "host", dq_verifier_add_host, error) ||
        !give_keys(verifier, c->list[CASE_HOST_PUBLICS], "host-public", dq_verifier_offer_host_key,
                   error) ||
        !give_policy(verifier, c, ret_urgency, error)) {
        return NULL;
    }
    for (guint i = 0; i < c->list[CASE_ALLOWED_KEYS]->len; i++) {
        dq_verifier_allow_key(verifier, dq_bytes_peek(c->list[CASE_ALLOWED_KEYS]->pdata[i]));
    }
    dq_verifier_allow_simulated(verifier, c->allow_simulated);
    dq_verifier_allow_host_vouched(verifier, c->allow_host_vouched);
    dq_verifier_set_store(verifier, store);
    dq_verifier_set_time(verifier, c->answers.now);
    return g_steal_pointer(&verifier);
}

DqVerdict *verdict_again(const VerdictCase *c, GError **error)
{
    g_autoptr(CheckInput) input = make_input(c, error);
    g_autoptr(CheckExpected) expected = input ? make_expected(c, error) : NULL;
    DqVulnerable known = { expected ? expected->tracker : NULL, DQ_URGENCY_LOW };
    g_autoptr(DqVerifier) verifier = expected ? make_verifier(c, &known.refused, error) : NULL;
    DqExpected x;
    DqQuote quote;

    if (!verifier) {
        return NULL;
    }
    x = check_expected_get(expected, expected->host_profile);
    quote = check_input_quote(input, expected->host_profile, expected->vm_profile, &known);
    return dq_verifier_check(verifier, &quote, &x, error);
}
