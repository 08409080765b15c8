/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The checks in their order up to the first that fails; then what else came is appraised. */
#include "attest/appraise.h"
#include "attest/bytes.h"
#include "attest/checks-host.h"
#include "attest/checks-policy.h"
#include "attest/checks-record.h"
#include "attest/checks-vm.h"
#include "attest/store-ops.h"
#include "attest/verdict.h"

#include <string.h>

#define RECORD_TRIES 1000 /* each one means that somebody else recorded something */

static gboolean (*const checks[DQ_CHECKS])(DqRun *r) = {
    [DQ_CHECK_MALFORMED] = dq_check_decodes,
    [DQ_CHECK_UNKNOWN_HOST] = dq_check_host_is_known,
    [DQ_CHECK_BAD_HOST_SIGNATURE] = dq_check_host_signature,
    [DQ_CHECK_NOT_A_QUOTE] = dq_check_quotes,
    [DQ_CHECK_BAD_PROOF] = dq_check_proof,
    [DQ_CHECK_HOST_PCR_MISMATCH] = dq_check_host_pcrs,
    [DQ_CHECK_WRONG_NONCE] = dq_check_nonce,
    [DQ_CHECK_WRONG_VM] = dq_check_vm,
    [DQ_CHECK_BAD_VTPM_QUOTE] = dq_check_vtpm_quote,
    [DQ_CHECK_BAD_VTPM_SIGNATURE] = dq_check_vtpm_signature,
    [DQ_CHECK_VTPM_PCR_MISMATCH] = dq_check_vtpm_pcrs,
    [DQ_CHECK_STALE] = dq_check_fresh,
    [DQ_CHECK_LINEAGE] = dq_check_lineage,
    [DQ_CHECK_MOVED] = dq_check_moved,
    [DQ_CHECK_POLICY] = dq_check_policy,
};

static gsize copy_name(WireBytes name, uint8_t ret_name[DQ_NAME_MAX])
{
    gsize n = MIN(name.len, DQ_NAME_MAX);

    if (n > 0) {
        memcpy(ret_name, name.p, n);
    }
    return n;
}

/* Verification may start over with other records: the last ones count. */
static void set_ek_facts(DqVerdict *verdict, const DqRun *r)
{
    g_clear_pointer(&verdict->host_ek, g_free);
    if (r->has_host && r->host_record.ek.serial[0] != '\0') {
        verdict->host_ek = g_new(DqEkFacts, 1);
        *verdict->host_ek = r->host_record.ek;
    }
    verdict->facts.host_ek = verdict->host_ek;
}

static void set_facts(DqVerdict *verdict, const DqRun *r)
{
    const WireBinding *b = &r->evidence.binding;
    DqFacts *f = &verdict->facts;

    f->host_name_len = copy_name(r->evidence.host_signer, f->host_name);
    f->host_reset_count = r->host.reset_count;
    f->host_restart_count = r->host.restart_count;
    f->host_clock = r->host.clock;
    f->host_clock_safe = r->host.safe != 0;
    f->host_firmware = r->host.firmware_version;
    memcpy(f->uuid, b->uuid.byte, DQ_UUID_SIZE);
    f->epoch = b->epoch;
    f->generation = b->generation;
    memcpy(f->lineage, b->lineage, sizeof(f->lineage));
    f->vtpm_signer_len = copy_name(b->vtpm_signer, f->vtpm_signer);
    f->vtpm_ek_len = copy_name(b->vtpm_ek, f->vtpm_ek);
    f->tree_size = r->evidence.tree_size;
    f->leaf_index = r->evidence.leaf_index;
    f->host_enrolled = r->has_host ? MAX(r->host_record.enrolled, 1) : 0;
    f->host_by_proof = r->has_host && r->host_record.enrolment == DQ_ENROLMENT_PROOF;
    set_ek_facts(verdict, r);
    f->host_simulated = r->has_host && r->host_record.simulated;
    f->first_seen = r->has_vm && r->vm_record.first_seen == 0;
    f->channel_bound = r->expected->bound_nonce.len > 0;
    f->vtpm_is_tpm12 = r->tpm12;
    verdict->has_facts = TRUE;
}

/* Runs one check and writes down its result. */
static gboolean run_check(DqRun *r, DqVerdict *verdict, DqCheck check)
{
    gboolean good;

    r->skipped = FALSE;
    good = checks[check](r);
    dq_verdict_set(verdict, check,
                   !good        ? DQ_RESULT_FAIL
                   : r->skipped ? DQ_RESULT_NOT_COMPARED
                                : DQ_RESULT_PASS,
                   g_steal_pointer(&r->text));
    return good;
}

/* -------------------------------------------------------------------------- What the store says */

/* Whatever comes of it, the challenge is used up. @decoded: the evidence can be looked at. */
static gboolean use_challenge(DqRun *r, gboolean decoded, GError **error)
{
    const DqStore *store = r->verifier->store;
    DqBytes challenge = r->expected->challenge;

    if (challenge.len == 0 && decoded) {
        challenge = dq_unwire(r->evidence.binding.nonce);
    }
    return !store || challenge.len == 0 ||
           store->ops->use_challenge(store->self, challenge, r->now, &r->use, &r->challenge_bound,
                                     r->challenge_uuid, error);
}

static gboolean load_records(DqRun *r, GError **error)
{
    const DqStore *store = r->verifier->store;
    const DqPolicy *policy = r->verifier->policy;
    const WireUuid *uuid = &r->evidence.binding.uuid;

    r->policy_vm = policy ? dq_policy_find_vm(policy, uuid) : NULL;
    return !store ||
           (store->ops->find_host(store->self, dq_unwire(r->evidence.host_signer), &r->has_host,
                                  &r->host_record, error) &&
            store->ops->find_vm(store->self, uuid->byte, &r->has_vm, &r->vm_record, error));
}

/* Only what is trusted. @ret_done is FALSE where the records are no longer those that were
 * compared: another thread or program has recorded something meanwhile. */
static gboolean record(const DqRun *r, const DqVerdict *verdict, gboolean *ret_done, GError **error)
{
    const DqStore *store = r->verifier->store;
    DqStoreHost host;
    DqStoreVm vm;

    if (!dq_verdict_is_trusted(verdict)) {
        *ret_done = TRUE;
        return TRUE;
    }
    dq_record_next(r, &host, &vm);
    return store->ops->record(store->self, &host, &vm, ret_done, error);
}

/* The checks after the first, against the records as they are now. */
static gboolean run_checks(DqRun *r, DqVerdict *verdict, gboolean *ret_done, GError **error)
{
    g_clear_pointer(&r->host_key, dq_key_unref);
    if (!load_records(r, error)) {
        return FALSE;
    }
    set_facts(verdict, r);
    for (unsigned i = DQ_CHECK_MALFORMED + 1; i < DQ_CHECKS; i++) {
        dq_verdict_set(verdict, (DqCheck)i, DQ_RESULT_NOT_RUN, NULL);
    }
    for (unsigned i = DQ_CHECK_MALFORMED + 1; i < DQ_CHECKS; i++) {
        if (!run_check(r, verdict, (DqCheck)i)) {
            *ret_done = TRUE;
            return TRUE;
        }
    }
    dq_run_appraise(r, verdict);
    return record(r, verdict, ret_done, error);
}

static gboolean verify(DqRun *r, DqVerdict *verdict, GError **error)
{
    gboolean decoded = run_check(r, verdict, DQ_CHECK_MALFORMED);
    gboolean done = !decoded;

    if (!use_challenge(r, decoded, error)) {
        return FALSE;
    }
    for (unsigned i = 0; i < RECORD_TRIES && !done; i++) {
        if (!run_checks(r, verdict, &done, error)) {
            return FALSE;
        }
    }
    if (!done) {
        g_set_error(error, DQ_ERROR, DQ_ERROR_STORE,
                    "the store's records change all the time: try again");
    }
    return done;
}

/* (transfer full) */
static DqStoreAnswers *answers_of(const DqRun *r)
{
    DqStoreAnswers *a = g_new0(DqStoreAnswers, 1);

    a->now = r->now;
    a->use = r->use;
    a->bound = r->challenge_bound;
    memcpy(a->uuid, r->challenge_uuid, sizeof(a->uuid));
    a->has_host = r->has_host;
    a->host = r->host_record;
    a->has_vm = r->has_vm;
    a->vm = r->vm_record;
    return a;
}

DqVerdict *dq_verifier_check(DqVerifier *verifier, const DqQuote *quote, const DqExpected *expected,
                             GError **error)
{
    g_autoptr(DqVerdict) verdict = dq_verdict_new();
    /* On the heap: the record of a host and the values of PCRs are large. */
    g_autofree DqRun *run = g_new0(DqRun, 1);
    gboolean done;

    run->verifier = verifier;
    run->quote = quote;
    run->expected = expected;
    run->now = dq_verifier_now(verifier);
    run->use = DQ_CHALLENGE_UNKNOWN;
    done = verify(run, verdict, error);
    verdict->answers = verifier->keep_answers ? answers_of(run) : NULL;
    dq_run_clear(run);
    return done ? g_steal_pointer(&verdict) : NULL;
}
