/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Deep quotes in which nothing is wrong, and something was not compared. */
#include "case.h"

#include "attest/bytes.h"

static void no_store(CaseWork *w)
{
    w->no_store = TRUE;
    w->given = w->keys->host;
}

static void no_store_expected_key(CaseWork *w)
{
    no_store(w);
    w->expected = w->keys->ak;
}

static void no_store_any_vm(CaseWork *w)
{
    no_store(w);
    w->any_uuid = TRUE;
}

static void no_store_no_policy(CaseWork *w)
{
    no_store(w);
    w->no_reference = TRUE;
}

static void no_policy(CaseWork *w)
{
    w->no_reference = TRUE;
}

static void no_host_values(CaseWork *w)
{
    w->no_reference = TRUE;
    case_policy_pcrs(w, "vtpm", &w->order.vtpm_pcrs);
}

static void host_given(CaseWork *w)
{
    w->enrolled = NULL;
    w->given = w->keys->host;
}

static void host_in_policy(CaseWork *w)
{
    g_autofree char *name = case_name(w->keys->host);

    w->enrolled = NULL;
    w->offered = w->keys->host;
    case_policy(w, "host-ak name:%s", name);
}

static void host_given_seen(CaseWork *w)
{
    case_recorded(w, 3, 41, 7, 2, 86400000);
    host_given(w);
}

static void stand_in(CaseWork *w)
{
    w->host.simulated = TRUE;
}

static void stand_in_by_proof(CaseWork *w)
{
    stand_in(w);
    w->host.enrolment = DQ_ENROLMENT_PROOF;
}

static void own_nonce(CaseWork *w)
{
    w->not_issued = TRUE;
}

static void vm_not_added(CaseWork *w)
{
    w->no_vm = TRUE;
    w->expected = w->keys->ak;
}

static void vm_in_policy(CaseWork *w)
{
    g_autofree char *uuid = dq_uuid_format(w->order.uuid);
    g_autofree char *ak = case_name(w->keys->ak);

    w->no_vm = TRUE;
    w->any_uuid = TRUE;
    case_policy(w, "vm %s ak=name:%s", uuid, ak);
}

static void nothing_expected(CaseWork *w)
{
    w->no_vm = TRUE;
    w->any_uuid = TRUE;
}

static void any_vm(CaseWork *w)
{
    nothing_expected(w);
    case_policy(w, "vm any");
}

static void any_key(CaseWork *w)
{
    w->vtpm_key = NULL;
}

static void any_key_seen(CaseWork *w)
{
    case_recorded(w, 3, 41, 7, 2, 86400000);
    any_key(w);
}

static void unsigned_vtpm(CaseWork *w)
{
    case_vtpm_signs_with(w, NULL);
}

static void unsigned_with_digest(CaseWork *w)
{
    case_vtpm_signs_with(w, NULL);
    w->order.digest_unsigned = TRUE;
}

static void other_is_host_vouched(CaseWork *w)
{
    unsigned_with_digest(w);
    case_policy(w, "allow-host-vouched 00000000-0000-4000-8000-000000000001");
}

static void unsigned_without_signature(CaseWork *w)
{
    g_byte_array_set_size(w->deed->vtpm_signature, 0);
}

static void unsigned_not_added(CaseWork *w)
{
    unsigned_vtpm(w);
    w->no_vm = TRUE;
}

const Case cases_authentic[] = {
    { "authentic-no-store", "no store: host, nonce and VM from options", no_store, NULL },
    { "authentic-no-store-key", "no store: the signing key from an option too",
      no_store_expected_key, NULL },
    { "authentic-no-store-any-vm", "no store, and nothing says which VM is expected",
      no_store_any_vm, NULL },
    { "authentic-no-store-no-policy", "neither store nor policy", no_store_no_policy, NULL },
    { "authentic-no-policy", "no reference values", no_policy, NULL },
    { "authentic-no-host-values", "reference values for the vTPM alone", no_host_values, NULL },
    { "authentic-host-given", "the host's key came from an option", host_given, NULL },
    { "authentic-host-in-policy", "the host's key is named by the policy", host_in_policy, NULL },
    { "authentic-host-given-seen", "the host's key came from an option, its VM was seen before",
      host_given_seen, NULL },
    { "authentic-stand-in", "the host's TPM is a stand-in", stand_in, NULL },
    { "authentic-stand-in-by-proof", "a stand-in, whatever it proved", stand_in_by_proof, NULL },
    { "authentic-own-nonce", "a nonce that the store did not issue", own_nonce, NULL },
    { "authentic-vm-not-added", "UUID and key from options, the VM is not in the store",
      vm_not_added, NULL },
    { "authentic-vm-in-policy", "the policy lists the VM, it is not in the store", vm_in_policy,
      NULL },
    { "authentic-nothing-expected", "nothing says which VM is expected", nothing_expected, NULL },
    { "authentic-any-vm", "the policy allows any VM, nobody added this one", any_vm, NULL },
    { "authentic-any-key", "nothing says which key the vTPM signs with", any_key, NULL },
    { "authentic-any-key-seen", "the same for a VM that was seen before", any_key_seen, NULL },
    { "authentic-unsigned", "TPM_RH_NULL: a quote without digest and signature", unsigned_vtpm,
      NULL },
    { "authentic-unsigned-with-digest", "TPM_RH_NULL, with a SHA-256 digest of PCR values",
      unsigned_with_digest, NULL },
    { "authentic-unsigned-no-bytes", "TPM_RH_NULL; the signature is left out", unsigned_vtpm,
      unsigned_without_signature },
    { "authentic-unsigned-not-added", "TPM_RH_NULL, of a VM that is not in the store",
      unsigned_not_added, NULL },
    { "authentic-unsigned-other-allowed", "TPM_RH_NULL, which the policy allows for another VM",
      other_is_host_vouched, NULL },
    { NULL, NULL, NULL, NULL },
};
