/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Check 15: values against the reference values. */
#include "attest/checks-policy.h"

#include "attest/bytes.h"
#include "attest/digest.h"

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

/* Parts of what the VM was started with, by the list that the host signed for. */
static gboolean check_launch_parts(DqRun *r, const DqPolicy *policy)
{
    const DqBytes list = r->quote->launch_parts;
    const DqPolicyPart *wrong;
    uint8_t digest[DQ_HASH_SIZE];
    WireParts parts;

    if (policy->launch_parts->len == 0) {
        return TRUE;
    }
    if (list.len == 0) {
        return dq_run_fail(r, "the policy compares parts of what the VM was started with, and no "
                              "list of them came");
    }
    dq_sha256(&list, 1, digest);
    if (!dq_bytes_equal(dq_unwire(r->evidence.binding.launch), (DqBytes){ digest, DQ_HASH_SIZE }) ||
        !wire_decode_parts(dq_wire(list), &wire_parts_launch, &parts)) {
        return dq_run_fail(r, "the list of what the VM was started with is none that the host "
                              "signed for");
    }
    wrong = dq_policy_find_wrong_part(policy, parts);
    return !wrong ||
           dq_run_fail(r, "what the VM was started with has no %s%s%s that the policy allows",
                       wire_part_kind_word(wrong->kind), wrong->name ? " " : "",
                       wrong->name ? wrong->name : "");
}

/*
 * Collisions of SHA-1 can be made: a value that only SHA-1 vouches for was chosen by anybody. A TPM
 * 1.2 has no other bank, and was allowed before.
 */
static gboolean check_sha1(DqRun *r, const DqPolicy *policy)
{
    static const char *const names[] = { "host", "vTPM" };
    const GArray *const pcrs[] = { policy->host_pcrs, policy->vtpm_pcrs };
    const gsize count = r->tpm12 ? 1 : G_N_ELEMENTS(pcrs);

    for (gsize i = 0; i < count; i++) {
        const DqPolicyPcr *alone = dq_policy_find_sha1_alone(policy, pcrs[i]);

        if (alone) {
            return dq_run_fail(
                r,
                "the policy compares %s PCR %u in the SHA-1 bank alone, which proves "
                "little: add a value of another bank, or allow-sha1",
                names[i], alone->pcr);
        }
    }
    return TRUE;
}

/* Without values in the policy it is left to an appraisal, or not compared. */
static gboolean leave(DqRun *r, const char *what)
{
    return r->expected->host_finding
               ? dq_run_note(r, "the host's values: see %s", r->expected->host_finding)
               : dq_run_skip(r, "%s: --policy with host-pcr, or --host-profile", what);
}

/* It is the TPM's own word, signed; a key of the endorsement hierarchy does not blur it. */
static gboolean check_firmware(DqRun *r, const DqPolicy *policy)
{
    const uint64_t v = r->host.firmware_version;

    return !dq_policy_denies_firmware(policy, v) ||
           dq_run_fail(r,
                       "the host's TPM has firmware %u.%u.%u.%u, which the policy denies: update "
                       "it, and enrol its key again where that changed",
                       (unsigned)(v >> 48), (unsigned)(v >> 32 & 0xffff),
                       (unsigned)(v >> 16 & 0xffff), (unsigned)(v & 0xffff));
}

gboolean dq_check_policy(DqRun *r)
{
    const DqPolicy *policy = r->verifier->policy;
    const DqPolicyPcr *wrong;

    if (!policy) {
        return leave(r, "there are no reference values for the host");
    }
    if (!check_sha1(r, policy) || !check_firmware(r, policy)) {
        return FALSE;
    }
    wrong = dq_policy_find_wrong_pcr(policy->host_pcrs, &r->evidence.host_pcrs, r->evidence.pcr);
    if (wrong) {
        return fail_pcr(r, "host", wrong);
    }
    wrong = dq_policy_find_wrong_pcr(policy->vtpm_pcrs, &r->vtpm.pcr_select, r->vtpm_pcr);
    if (wrong) {
        return fail_pcr(r, "vTPM", wrong);
    }
    if (policy->require_vtpm_ek && r->quote->vtpm_ek.len == 0) {
        return dq_run_fail(r,
                           "the policy asks for a certificate of the vTPM's endorsement key, and "
                           "none came");
    }
    if (!check_policy_digests(r, policy) || !check_launch_parts(r, policy)) {
        return FALSE;
    }
    return policy->host_pcrs->len > 0 ||
           leave(r, "the policy has no reference values for the host");
}
