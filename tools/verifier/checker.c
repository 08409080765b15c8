/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "checker.h"

#include "command.h"
#include "key_name.h"
#include "profile_bound.h"
#include "verdict_recorder.h"

#include "attest/bytes.h"
#include "common/input.h"

#define POLICY_MAX (16 << 20) /* bytes */

struct Checker {
    DqStoreFile *store; /* or NULL */
    CheckExpected *expected;
    DqVerifier *verifier;
    ProfileBound *bound;
    DqVulnerable known;
    VerdictCase *setup;        /* what the verifier was given */
    VerdictRecorder *recorder; /* or NULL */
};

/* @list: of the case, gets the public areas. */
static gboolean give_keys(Checker *c, char **paths, CaseList list,
                          void (*give)(DqVerifier *, DqKey *), GError **error)
{
    for (; paths && *paths; paths++) {
        g_autoptr(DqKey) key = dq_key_new_from_file(*paths, error);

        if (!key) {
            return FALSE;
        }
        give(c->verifier, key);
        g_ptr_array_add(c->setup->list[list], dq_bytes_copy(dq_key_get_public(key)));
    }
    return TRUE;
}

static gboolean allow_keys(Checker *c, char **keys, GError **error)
{
    for (; keys && *keys; keys++) {
        DqName name;

        if (!key_name_read("--allow-key", *keys, &name, error)) {
            return FALSE;
        }
        dq_verifier_allow_key(c->verifier, (DqBytes){ name.data, name.len });
        g_ptr_array_add(c->setup->list[CASE_ALLOWED_KEYS], g_bytes_new(name.data, name.len));
    }
    return TRUE;
}

static void note_policy(VerdictCase *setup, GBytes *text, const DqPolicy *policy)
{
    GHashTableIter i;
    gpointer path, key;

    verdict_case_take(setup, CASE_POLICY, g_bytes_ref(text));
    g_hash_table_iter_init(&i, dq_policy_get_keys(policy));
    while (g_hash_table_iter_next(&i, &path, &key)) {
        g_hash_table_insert(setup->policy_keys, g_strdup(path),
                            dq_bytes_copy(dq_key_get_public(key)));
    }
}

static gboolean give_policy(Checker *c, const char *path, GError **error)
{
    g_autoptr(GBytes) text = NULL;
    g_autoptr(DqPolicy) policy = NULL;
    DqBytes bytes;

    if (!path) {
        return TRUE;
    }
    text = input_read(path, POLICY_MAX, error);
    if (!text) {
        return FALSE;
    }
    bytes = dq_bytes_peek(text);
    policy = dq_policy_new_from_text((const char *)bytes.data, bytes.len, path, error);
    if (!policy) {
        return FALSE;
    }
    dq_verifier_set_policy(c->verifier, policy);
    note_policy(c->setup, text, policy);
    c->known.refused = dq_policy_get_urgency(policy);
    return TRUE;
}

static void give_store(Checker *c)
{
    g_autoptr(DqStore) store = c->store ? dq_store_file_get_store(c->store) : NULL;

    if (store) {
        dq_verifier_set_store(c->verifier, store);
    }
}

static gboolean set_up(Checker *c, const CheckOptions *o, GError **error)
{
    if (!o->hosts && !o->policy && !o->store) {
        g_set_error(error, DQ_ERROR, DQ_ERROR_VALUE,
                    "no host is known: enrol one in a --store, or name one with --host FILE or in "
                    "a --policy");
        return FALSE;
    }
    if (o->record && !o->store) {
        g_set_error(error, DQ_ERROR, DQ_ERROR_VALUE,
                    "--record: name the store that is to keep the verdicts with --store");
        return FALSE;
    }
    c->verifier = dq_verifier_new();
    c->setup = verdict_case_new();
    c->known = (DqVulnerable){ c->expected->tracker, DQ_URGENCY_LOW };
    if (!give_keys(c, o->hosts, CASE_HOSTS, dq_verifier_add_host, error) ||
        !give_keys(c, o->host_publics, CASE_HOST_PUBLICS, dq_verifier_offer_host_key, error) ||
        !allow_keys(c, o->allowed_keys, error) || !give_policy(c, o->policy, error)) {
        return FALSE;
    }
    give_store(c);
    dq_verifier_allow_simulated(c->verifier, o->allow_simulated);
    dq_verifier_allow_host_vouched(c->verifier, o->allow_host_vouched);
    dq_verifier_keep_answers(c->verifier, o->record);
    c->setup->allow_simulated = o->allow_simulated;
    c->setup->allow_host_vouched = o->allow_host_vouched;
    return TRUE;
}

Checker *checker_new(const CheckOptions *options, GError **error)
{
    g_autoptr(Checker) c = g_new0(Checker, 1);

    if (options->store) {
        c->store = dq_store_file_open(options->store, error);
        if (!c->store) {
            return NULL;
        }
    }
    c->expected = check_expected_read(&options->expected, c->store, error);
    if (!c->expected || !set_up(c, options, error)) {
        return NULL;
    }
    c->bound = profile_bound_new(c->expected, c->store);
    c->recorder = options->record ? verdict_recorder_new(c->store, c->setup) : NULL;
    return g_steal_pointer(&c);
}

void checker_free(Checker *c)
{
    if (!c) {
        return;
    }
    verdict_recorder_free(c->recorder);
    profile_bound_free(c->bound);
    verdict_case_free(c->setup);
    dq_verifier_free(c->verifier);
    g_clear_pointer(&c->expected, check_expected_free);
    dq_store_file_unref(c->store);
    g_free(c);
}

DqVerifier *checker_get_verifier(Checker *checker)
{
    return checker->verifier;
}

DqBytes checker_get_challenge(const Checker *checker)
{
    GBytes *challenge = checker->expected->challenge;

    return challenge ? dq_bytes_peek(challenge) : (DqBytes){ NULL, 0 };
}

gboolean checker_issue(Checker *checker, int64_t expires_s, GError **error)
{
    CheckExpected *x = checker->expected;
    const int64_t now = command_now();
    uint8_t challenge[DQ_CHALLENGE_SIZE];

    if (!dq_store_file_issue(checker->store, 1, now, now + expires_s, x->has_uuid ? x->uuid : NULL,
                             challenge, error)) {
        return FALSE;
    }
    g_clear_pointer(&x->challenge, g_bytes_unref);
    x->challenge = g_bytes_new(challenge, sizeof(challenge));
    return TRUE;
}

gboolean checker_prepare(Checker *checker, CheckInput *input, DqQuote *ret_quote,
                         DqExpected *ret_expected, GError **error)
{
    const DqProfile *host, *vm;

    if (!profile_bound_find(checker->bound, input->evidence, &host, &vm, error)) {
        return FALSE;
    }
    *ret_quote = check_input_quote(input, host, vm, &checker->known);
    *ret_expected = check_expected_get(checker->expected, host);
    return TRUE;
}

gboolean checker_record(Checker *checker, const CheckInput *input, const DqVerdict *verdict,
                        GError **error)
{
    return !checker->recorder ||
           verdict_recorder_record(checker->recorder, input, checker->expected, verdict, error);
}

DqVerdict *checker_check(Checker *checker, CheckInput *input, GError **error)
{
    g_autoptr(DqVerdict) verdict = NULL;
    DqExpected expected;
    DqQuote quote;

    if (!checker_prepare(checker, input, &quote, &expected, error)) {
        return NULL;
    }
    verdict = dq_verifier_check(checker->verifier, &quote, &expected, error);
    return verdict && checker_record(checker, input, verdict, error) ? g_steal_pointer(&verdict)
                                                                     : NULL;
}
