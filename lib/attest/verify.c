/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The checks of the wire format's section 4, in their order. Each builds what it expects and
 * compares; the first that fails ends the run.
 */
#include "attest/deepquote.h"

#include "attest/digest.h"
#include "attest/key.h"
#include "attest/pcr.h"
#include "attest/policy.h"
#include "attest/state.h"
#include "attest/verdict.h"
#include "attest/verifier.h"
#include "wire/deepquote.h"

#include <string.h>

/* One verification. A check may use what those before it have established. */
typedef struct Run {
    DqVerifier *verifier;
    const DqQuote *quote;
    WireEvidence evidence;
    WireAttest host;
    WireAttest vtpm;
    WireSignature vtpm_signature; /* TPM_ALG_NULL where there is none */
    DqKey *host_key;              /* borrowed */
    const DqPolicyVm *vm;         /* the policy's entry for this VM, or NULL */
    WireBytes vtpm_pcr[DQ_PCRS_MAX];
    const char *note; /* static text: how the check passed, or NULL */
    char *why;        /* how it failed */
} Run;

static gboolean G_GNUC_PRINTF(2, 3) fail(Run *r, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    r->why = g_strdup_vprintf(format, args);
    va_end(args);
    return FALSE;
}

static gboolean fail_unequal(Run *r, const char *what, DqBytes got, DqBytes want)
{
    g_autofree char *got_hex = dq_hex_encode(got.data, got.len);
    g_autofree char *want_hex = dq_hex_encode(want.data, want.len);

    return fail(r, "%s is %s, expected %s", what, got.len == 0 ? "empty" : got_hex,
                want.len == 0 ? "none" : want_hex);
}

static gboolean check_decodes(Run *r)
{
    const DqQuote *q = r->quote;

    if (!wire_decode_evidence(dq_wire(q->evidence), &r->evidence)) {
        return fail(r, "the evidence does not decode");
    }
    if (!wire_decode_attest(r->evidence.host_quoted, &r->host)) {
        return fail(r, "the host's TPMS_ATTEST does not decode");
    }
    if (!wire_decode_attest(dq_wire(q->vtpm_quoted), &r->vtpm)) {
        return fail(r, "the vTPM's TPMS_ATTEST does not decode");
    }
    if (q->vtpm_signature.len == 0) {
        r->vtpm_signature = (WireSignature){ .alg = TPM_ALG_NULL };
    } else if (!wire_decode_signature(dq_wire(q->vtpm_signature), &r->vtpm_signature)) {
        return fail(r, "the vTPM's TPMT_SIGNATURE does not decode");
    }
    return TRUE;
}

static gboolean check_host_is_known(Run *r)
{
    DqBytes name = dq_unwire(r->evidence.host_signer);
    g_autofree char *hex = NULL;

    if (!dq_verifier_trusts_host(r->verifier, name)) {
        hex = dq_hex_encode(name.data, name.len);
        return fail(r, "no host with the key %s is enrolled", hex);
    }
    r->host_key = dq_verifier_find_host_key(r->verifier, name);
    if (r->host_key == NULL) {
        hex = dq_hex_encode(name.data, name.len);
        return fail(r, "the key %s is enrolled by Name, but its public area was not given", hex);
    }
    if (!dq_key_is_attestation_key(r->host_key)) {
        return fail(r, "the enrolled key is no restricted, fixedTPM signing key");
    }
    return TRUE;
}

/*
 * Identifies attest, signature and signer as they lie in the evidence one after the other, each
 * with its size.
 */
static void host_signature_digest(const Run *r, guint8 ret_digest[DQ_HASH_SIZE])
{
    const WireBytes last = r->evidence.host_signer;
    const DqBytes span = { r->quote->evidence.data,
                           (gsize)(last.p + last.len - r->quote->evidence.data) };

    dq_sha256(&span, 1, ret_digest);
}

static gboolean check_host_signature(Run *r)
{
    guint8 digest[DQ_HASH_SIZE];

    host_signature_digest(r, digest);
    if (dq_verifier_recall(r->verifier, digest)) {
        return TRUE;
    }
    if (!dq_key_verify_signature(r->host_key, dq_unwire(r->evidence.host_quoted),
                                 &r->evidence.host_signature)) {
        return fail(r, "the host key did not sign the host's quote");
    }
    dq_verifier_remember(r->verifier, digest);
    return TRUE;
}

static gboolean is_quote(const WireAttest *a)
{
    return a->magic == TPM_GENERATED_VALUE && a->type == TPM_ST_ATTEST_QUOTE;
}

static gboolean check_quotes(Run *r)
{
    if (!is_quote(&r->host)) {
        return fail(r, "the host's attest is no quote made by a TPM (magic 0x%08x, type 0x%04x)",
                    r->host.magic, r->host.type);
    }
    if (!is_quote(&r->vtpm)) {
        return fail(r, "the vTPM's attest is no quote made by a TPM (magic 0x%08x, type 0x%04x)",
                    r->vtpm.magic, r->vtpm.type);
    }
    return TRUE;
}

static gboolean check_proof(Run *r)
{
    const WireEvidence *e = &r->evidence;
    guint8 leaf[DQ_HASH_SIZE], root[DQ_HASH_SIZE], data[DQ_HASH_SIZE];

    dq_merkle_leaf(e->binding_bytes.p, e->binding_bytes.len, leaf);
    if (!dq_merkle_root_from_path(leaf, e->leaf_index, e->tree_size, e->path, e->path_length,
                                  root)) {
        return fail(r, "%u nodes prove nothing for leaf %" G_GUINT64_FORMAT " of %" G_GUINT64_FORMAT,
                    e->path_length, e->leaf_index, e->tree_size);
    }
    dq_merkle_qualifying_data(e->tree_size, root, data);
    if (!dq_bytes_equal((DqBytes){ data, sizeof(data) }, dq_unwire(r->host.extra_data))) {
        return fail(r, "the host's quote is not over the tree that the proof leads to");
    }
    return TRUE;
}

static gboolean check_host_pcrs(Run *r)
{
    const WireEvidence *e = &r->evidence;
    const DqPolicy *policy = r->verifier->policy;
    const DqPolicyPcr *missing = NULL;

    if (!dq_pcr_selection_equal(&e->host_pcrs, &r->host.pcr_select)) {
        return fail(r, "the evidence and the host's quote select different PCRs");
    }
    if (!dq_pcr_digest_matches(e->host_signature.hash, e->pcr, e->pcr_count, r->host.pcr_digest)) {
        return fail(r, "the host PCR values do not hash to the quoted digest");
    }
    if (policy != NULL) {
        missing = dq_policy_find_uncovered(policy->host_pcrs, &e->host_pcrs);
    }
    if (missing != NULL) {
        return fail(r, "the policy asks for host PCR %s:%u, which was not quoted",
                    dq_pcr_bank_name(missing->alg), missing->pcr);
    }
    return TRUE;
}

static gboolean check_nonce(Run *r)
{
    const DqBytes nonce = r->quote->nonce;

    if (nonce.len == 0) {
        return fail(r, "no nonce was chosen");
    }
    if (!dq_bytes_equal(dq_unwire(r->evidence.binding.nonce), nonce)) {
        return fail(r, "the host's quote answers another nonce");
    }
    if (!dq_bytes_equal(dq_unwire(r->vtpm.extra_data), nonce)) {
        return fail(r, "the vTPM's quote answers another nonce");
    }
    if (r->verifier->state == NULL) {
        r->note = "without a recorded state nobody knows whether it was used before";
        return TRUE;
    }
    if (dq_state_nonce_used(r->verifier->state, nonce)) {
        return fail(r, "the nonce was used before");
    }
    return TRUE;
}

/* The VM's UUID against what was asked for, else against the policy's list. */
static gboolean check_uuid(Run *r)
{
    const guint8 *uuid = r->evidence.binding.uuid;
    const DqPolicy *policy = r->verifier->policy;
    g_autofree char *text = NULL;

    if (r->quote->uuid != NULL && !dq_uuid_equal(r->quote->uuid, uuid)) {
        g_autofree char *want = dq_uuid_format(r->quote->uuid);

        text = dq_uuid_format(uuid);
        return fail(r, "the VM is %s, expected %s", text, want);
    }
    r->vm = policy == NULL ? NULL : dq_policy_find_vm(policy, uuid);
    if (r->vm == NULL && policy != NULL && dq_policy_restricts_vms(policy) && !policy->any_vm) {
        text = dq_uuid_format(uuid);
        return fail(r, "the policy does not list the VM %s", text);
    }
    if (r->quote->uuid == NULL && r->quote->vtpm_key == NULL &&
        (policy == NULL || !dq_policy_restricts_vms(policy))) {
        return fail(r, "nothing says which VM is expected");
    }
    return TRUE;
}

static gboolean check_name(Run *r, const char *what, WireBytes got, DqBytes want)
{
    if (!dq_bytes_equal(dq_unwire(got), want)) {
        return fail_unequal(r, what, dq_unwire(got), want);
    }
    return TRUE;
}

static DqBytes peek(GBytes *bytes)
{
    DqBytes b;

    b.data = g_bytes_get_data(bytes, &b.len);
    return b;
}

static gboolean check_vm(Run *r)
{
    static const char ek[] = "the vTPM's EK";
    static const char signer[] = "the vTPM's signing key";
    const WireBinding *b = &r->evidence.binding;
    const DqQuote *q = r->quote;

    return check_uuid(r) &&
           (q->vtpm_ek.len == 0 || check_name(r, ek, b->vtpm_ek, q->vtpm_ek)) &&
           (r->vm == NULL || r->vm->ek_name == NULL ||
            check_name(r, ek, b->vtpm_ek, peek(r->vm->ek_name))) &&
           (q->vtpm_key == NULL ||
            check_name(r, signer, b->vtpm_signer, dq_key_get_name(q->vtpm_key))) &&
           (r->vm == NULL || r->vm->ak_name == NULL ||
            check_name(r, signer, b->vtpm_signer, peek(r->vm->ak_name)));
}

static gboolean check_vtpm_quote(Run *r)
{
    guint8 digest[DQ_HASH_SIZE];

    dq_sha256(&r->quote->vtpm_quoted, 1, digest);
    if (!dq_bytes_equal((DqBytes){ digest, sizeof(digest) },
                        dq_unwire(r->evidence.binding.vtpm_quoted))) {
        return fail(r, "the host vouched for another quote of the vTPM");
    }
    return TRUE;
}

/* The Names were compared by check_vm() where there is a key. */
static gboolean check_vtpm_signature(Run *r)
{
    DqKey *key = r->quote->vtpm_key;

    if (r->evidence.binding.vtpm_signer.len == 0) {
        r->note = "not signed by the vTPM; the host vouches for it";
        return r->vtpm_signature.alg == TPM_ALG_NULL ||
               fail(r, "there is a signature, but the binding names no key");
    }
    if (key == NULL && r->vm != NULL) {
        key = r->vm->ak;
    }
    if (key == NULL) {
        return fail(r, "the vTPM's signing key was not given");
    }
    if (!dq_key_verify_signature(key, r->quote->vtpm_quoted, &r->vtpm_signature)) {
        return fail(r, "the vTPM's key did not sign the vTPM's quote");
    }
    return TRUE;
}

/* A quote that no key signed may carry no digest: then it proves no PCR values. */
static gboolean check_vtpm_pcrs(Run *r)
{
    const WirePcrSelection *selection = &r->vtpm.pcr_select;

    if (r->vtpm.pcr_digest.len == 0 && r->vtpm_signature.alg == TPM_ALG_NULL &&
        r->quote->vtpm_pcrs.len == 0) {
        r->note = "no PCR values are quoted or given";
        r->vtpm.pcr_select.count = 0;
        return TRUE;
    }
    if (!dq_pcr_split(selection, r->quote->vtpm_pcrs, r->vtpm_pcr)) {
        return fail(r, "the vTPM PCR values given are not as many bytes as the quote selects");
    }
    if (!dq_pcr_digest_matches(r->vtpm_signature.alg == TPM_ALG_NULL ? TPM_ALG_NULL
                                                                     : r->vtpm_signature.hash,
                               r->vtpm_pcr, wire_pcr_count(selection), r->vtpm.pcr_digest)) {
        return fail(r, "the vTPM PCR values do not hash to the quoted digest");
    }
    return TRUE;
}

static DqStateEntry state_entry(const Run *r)
{
    return (DqStateEntry){
        .nonce = r->quote->nonce,
        .uuid = r->evidence.binding.uuid,
        .host_name = dq_unwire(r->evidence.host_signer),
        .epoch = r->evidence.binding.epoch,
        .generation = r->evidence.binding.generation,
        .reset_count = r->host.reset_count,
        .restart_count = r->host.restart_count,
        .clock = r->host.clock,
    };
}

static const char *const stale_texts[] = {
    [DQ_STATE_EPOCH_BACK] = "the VM's epoch went back: its vTPM is a copy of an earlier one",
    [DQ_STATE_GENERATION_BACK] = "the VM's generation went back: its vTPM has an older state",
    [DQ_STATE_RESET_COUNT_BACK] = "the host's reset count went back",
    [DQ_STATE_RESTART_COUNT_BACK] = "the host's restart count went back",
    [DQ_STATE_CLOCK_BACK] = "the host's clock went back",
};

static gboolean check_fresh(Run *r)
{
    const DqStateEntry entry = state_entry(r);
    DqStateFault fault;

    if (r->verifier->state == NULL) {
        r->note = "without a recorded state there is nothing to compare with";
        return TRUE;
    }
    fault = dq_state_find_stale(r->verifier->state, &entry);
    return fault == DQ_STATE_FRESH || fail(r, "%s", stale_texts[fault]);
}

static gboolean fail_pcr(Run *r, const char *whose, const DqPolicyPcr *p)
{
    return fail(r, "%s PCR %s:%u has none of the values that the policy allows", whose,
                dq_pcr_bank_name(p->alg), p->pcr);
}

static gboolean check_policy_digests(Run *r, const DqPolicy *policy)
{
    const WireBinding *b = &r->evidence.binding;
    const struct {
        const char *what;
        WireBytes value;
    } digests[DQ_POLICY_DIGESTS] = {
        [DQ_POLICY_MEASUREMENT] = { "measurement", b->measurement },
        [DQ_POLICY_GROUP_INFO] = { "group-info", b->group_info },
        [DQ_POLICY_GROUP_KEY] = { "group-key", b->group_key },
        [DQ_POLICY_LAUNCH] = { "launch", b->launch },
    };

    for (unsigned i = 0; i < DQ_POLICY_DIGESTS; i++) {
        if (!dq_policy_digest_allowed(policy, (DqPolicyDigest)i, digests[i].value)) {
            return fail(r, "%s is %s", digests[i].what,
                        digests[i].value.len == 0 ? "not in the evidence"
                                                  : "none of those that the policy allows");
        }
    }
    return TRUE;
}

static gboolean check_policy(Run *r)
{
    const DqPolicy *policy = r->verifier->policy;
    const DqPolicyPcr *wrong;

    if (policy == NULL) {
        r->note = "no policy was given: nothing to compare with";
        return TRUE;
    }
    wrong = dq_policy_find_wrong_pcr(policy->host_pcrs, &r->evidence.host_pcrs, r->evidence.pcr);
    if (wrong != NULL) {
        return fail_pcr(r, "host", wrong);
    }
    wrong = dq_policy_find_wrong_pcr(policy->vtpm_pcrs, &r->vtpm.pcr_select, r->vtpm_pcr);
    if (wrong != NULL) {
        return fail_pcr(r, "vTPM", wrong);
    }
    return check_policy_digests(r, policy);
}

static gboolean (*const checks[DQ_CHECKS])(Run *r) = {
    [DQ_CHECK_MALFORMED] = check_decodes,
    [DQ_CHECK_UNKNOWN_HOST] = check_host_is_known,
    [DQ_CHECK_BAD_HOST_SIGNATURE] = check_host_signature,
    [DQ_CHECK_NOT_A_QUOTE] = check_quotes,
    [DQ_CHECK_BAD_PROOF] = check_proof,
    [DQ_CHECK_HOST_PCR_MISMATCH] = check_host_pcrs,
    [DQ_CHECK_WRONG_NONCE] = check_nonce,
    [DQ_CHECK_WRONG_VM] = check_vm,
    [DQ_CHECK_BAD_VTPM_QUOTE] = check_vtpm_quote,
    [DQ_CHECK_BAD_VTPM_SIGNATURE] = check_vtpm_signature,
    [DQ_CHECK_VTPM_PCR_MISMATCH] = check_vtpm_pcrs,
    [DQ_CHECK_STALE] = check_fresh,
    [DQ_CHECK_POLICY] = check_policy,
};

static gsize copy_name(WireBytes name, guint8 ret_name[DQ_NAME_MAX])
{
    gsize n = MIN(name.len, DQ_NAME_MAX);

    if (n > 0) {
        memcpy(ret_name, name.p, n);
    }
    return n;
}

static void set_facts(DqVerdict *verdict, const Run *r)
{
    const WireBinding *b = &r->evidence.binding;
    DqFacts *f = &verdict->facts;

    f->host_name_len = copy_name(r->evidence.host_signer, f->host_name);
    f->host_reset_count = r->host.reset_count;
    f->host_restart_count = r->host.restart_count;
    f->host_clock = r->host.clock;
    f->host_clock_safe = r->host.safe != 0;
    f->host_firmware = r->host.firmware_version;
    memcpy(f->uuid, b->uuid, DQ_UUID_SIZE);
    f->epoch = b->epoch;
    f->generation = b->generation;
    f->vtpm_signer_len = copy_name(b->vtpm_signer, f->vtpm_signer);
    f->vtpm_ek_len = copy_name(b->vtpm_ek, f->vtpm_ek);
    f->tree_size = r->evidence.tree_size;
    f->leaf_index = r->evidence.leaf_index;
    verdict->has_facts = TRUE;
}

/* Runs one check and writes down its result. */
static gboolean run_check(Run *r, DqVerdict *verdict, DqCheck check)
{
    r->note = NULL;
    if (!checks[check](r)) {
        dq_verdict_fail(verdict, check, g_steal_pointer(&r->why));
        return FALSE;
    }
    dq_verdict_pass(verdict, check, r->note);
    return TRUE;
}

/* Another thread may have used the nonce, or recorded newer counters, since they were checked. */
static void record(const Run *r, DqVerdict *verdict)
{
    const DqStateEntry entry = state_entry(r);
    DqStateFault fault;

    if (r->verifier->state == NULL) {
        return;
    }
    fault = dq_state_record(r->verifier->state, &entry);
    if (fault == DQ_STATE_NONCE_USED) {
        dq_verdict_fail(verdict, DQ_CHECK_WRONG_NONCE, g_strdup("the nonce was used meanwhile"));
    } else if (fault != DQ_STATE_FRESH) {
        dq_verdict_fail(verdict, DQ_CHECK_STALE, g_strdup(stale_texts[fault]));
    }
}

DqVerdict *dq_verifier_check(DqVerifier *verifier, const DqQuote *quote)
{
    DqVerdict *verdict = dq_verdict_new();
    Run run;

    run.verifier = verifier;
    run.quote = quote;
    run.host_key = NULL;
    run.vm = NULL;
    run.why = NULL;
    for (unsigned i = 0; i < DQ_CHECKS; i++) {
        if (!run_check(&run, verdict, (DqCheck)i)) {
            return verdict;
        }
        if (i == DQ_CHECK_MALFORMED) {
            set_facts(verdict, &run);
        }
    }
    record(&run, verdict);
    return verdict;
}
