/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "attest/checks-vm.h"

#include "attest/bytes.h"
#include "attest/digest.h"
#include "attest/signature.h"

static gboolean fail_unequal(DqRun *r, const char *what, DqBytes got, DqBytes want)
{
    g_autofree char *got_hex = dq_hex_encode(got.data, got.len);
    g_autofree char *want_hex = dq_hex_encode(want.data, want.len);

    return dq_run_fail(r, "%s is %s, expected %s", what, got.len == 0 ? "empty" : got_hex,
                       want.len == 0 ? "none" : want_hex);
}

gboolean dq_check_nonce(DqRun *r)
{
    const DqBytes nonce = r->quote->nonce;

    if (nonce.len == 0) {
        return dq_run_fail(r, "no nonce was chosen");
    }
    if (!dq_bytes_equal(dq_unwire(r->evidence.binding.nonce), nonce)) {
        return dq_run_fail(r, "the host's quote answers another nonce");
    }
    if (!dq_bytes_equal(dq_unwire(r->vtpm.extra_data), nonce)) {
        return dq_run_fail(r, "the vTPM's quote answers another nonce");
    }
    if (r->verifier->state == NULL) {
        r->note = "without a recorded state nobody knows whether it was used before";
        return TRUE;
    }
    if (dq_state_nonce_used(r->verifier->state, nonce)) {
        return dq_run_fail(r, "the nonce was used before");
    }
    return TRUE;
}

/* The VM's UUID against what was asked for, else against the policy's list. */
static gboolean check_uuid(DqRun *r)
{
    const WireUuid *uuid = &r->evidence.binding.uuid;
    const DqPolicy *policy = r->verifier->policy;
    g_autofree char *text = NULL;

    if (r->quote->uuid != NULL && !wire_uuid_equal(r->quote->uuid, uuid)) {
        g_autofree char *want = dq_uuid_format(r->quote->uuid);

        text = dq_uuid_format(uuid->byte);
        return dq_run_fail(r, "the VM is %s, expected %s", text, want);
    }
    r->vm = policy == NULL ? NULL : dq_policy_find_vm(policy, uuid);
    if (r->vm == NULL && policy != NULL && dq_policy_restricts_vms(policy) && !policy->any_vm) {
        text = dq_uuid_format(uuid->byte);
        return dq_run_fail(r, "the policy does not list the VM %s", text);
    }
    if (r->quote->uuid == NULL && r->quote->vtpm_key == NULL &&
        (policy == NULL || !dq_policy_restricts_vms(policy))) {
        return dq_run_fail(r, "nothing says which VM is expected");
    }
    return TRUE;
}

static gboolean check_name(DqRun *r, const char *what, WireBytes got, DqBytes want)
{
    if (!dq_bytes_equal(dq_unwire(got), want)) {
        return fail_unequal(r, what, dq_unwire(got), want);
    }
    return TRUE;
}

gboolean dq_check_vm(DqRun *r)
{
    static const char ek[] = "the vTPM's EK";
    static const char signer[] = "the vTPM's signing key";
    const WireBinding *b = &r->evidence.binding;
    const DqQuote *q = r->quote;

    return check_uuid(r) && (q->vtpm_ek.len == 0 || check_name(r, ek, b->vtpm_ek, q->vtpm_ek)) &&
           (r->vm == NULL || r->vm->ek_name == NULL ||
            check_name(r, ek, b->vtpm_ek, dq_bytes_peek(r->vm->ek_name))) &&
           (q->vtpm_key == NULL ||
            check_name(r, signer, b->vtpm_signer, dq_key_get_name(q->vtpm_key))) &&
           (r->vm == NULL || r->vm->ak_name == NULL ||
            check_name(r, signer, b->vtpm_signer, dq_bytes_peek(r->vm->ak_name)));
}

gboolean dq_check_vtpm_quote(DqRun *r)
{
    guint8 digest[DQ_HASH_SIZE];

    dq_sha256(&r->quote->vtpm_quoted, 1, digest);
    if (!dq_bytes_equal((DqBytes){ digest, sizeof(digest) },
                        dq_unwire(r->evidence.binding.vtpm_quoted))) {
        return dq_run_fail(r, "the host vouched for another quote of the vTPM");
    }
    return TRUE;
}

/* The Names were compared by dq_check_vm() where there is a key. */
gboolean dq_check_vtpm_signature(DqRun *r)
{
    DqKey *key = r->quote->vtpm_key;

    if (r->evidence.binding.vtpm_signer.len == 0) {
        r->note = "not signed by the vTPM; the host vouches for it";
        return r->vtpm_signature.alg == TPM_ALG_NULL ||
               dq_run_fail(r, "there is a signature, but the binding names no key");
    }
    if (key == NULL && r->vm != NULL) {
        key = r->vm->ak;
    }
    if (key == NULL) {
        return dq_run_fail(r, "the vTPM's signing key was not given");
    }
    if (!dq_key_verify_signature(key, r->quote->vtpm_quoted, &r->vtpm_signature)) {
        return dq_run_fail(r, "the vTPM's key did not sign the vTPM's quote");
    }
    return TRUE;
}

/* A quote that no key signed may carry no digest: then it proves no PCR values. */
gboolean dq_check_vtpm_pcrs(DqRun *r)
{
    const WirePcrSelection *selection = &r->vtpm.pcr_select;

    if (r->vtpm.pcr_digest.len == 0 && r->vtpm_signature.alg == TPM_ALG_NULL &&
        r->quote->vtpm_pcrs.len == 0) {
        r->note = "no PCR values are quoted or given";
        r->vtpm.pcr_select.count = 0;
        return TRUE;
    }
    if (!dq_pcr_split(selection, r->quote->vtpm_pcrs, r->vtpm_pcr)) {
        return dq_run_fail(r,
                           "the vTPM PCR values given are not as many bytes as the quote selects");
    }
    if (!dq_pcr_digest_matches(r->vtpm_signature.alg == TPM_ALG_NULL ? TPM_ALG_NULL
                                                                     : r->vtpm_signature.hash,
                               r->vtpm_pcr, wire_pcr_count(selection), r->vtpm.pcr_digest)) {
        return dq_run_fail(r, "the vTPM PCR values do not hash to the quoted digest");
    }
    return TRUE;
}

gboolean dq_check_fresh(DqRun *r)
{
    const DqStateEntry entry = dq_run_state_entry(r);
    DqStateFault fault;

    if (r->verifier->state == NULL) {
        r->note = "without a recorded state there is nothing to compare with";
        return TRUE;
    }
    fault = dq_state_find_stale(r->verifier->state, &entry);
    return fault == DQ_STATE_FRESH || dq_run_fail(r, "%s", dq_state_fault_text(fault));
}

static gboolean fail_pcr(DqRun *r, const char *whose, const DqPolicyPcr *p)
{
    return dq_run_fail(r, "%s PCR %s:%u has none of the values that the policy allows", whose,
                       p->bank->name, p->pcr);
}

static gboolean check_policy_digests(DqRun *r, const DqPolicy *policy)
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
            return dq_run_fail(r, "%s is %s", digests[i].what,
                               digests[i].value.len == 0 ? "not in the evidence"
                                                         : "none of those that the policy allows");
        }
    }
    return TRUE;
}

gboolean dq_check_policy(DqRun *r)
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
