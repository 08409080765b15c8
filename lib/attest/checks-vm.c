/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "attest/checks-vm.h"

#include "attest/bytes.h"
#include "attest/checks-tpm12.h"
#include "attest/digest.h"
#include "attest/signature.h"
#include "wire/hash.h"

static gboolean fail_unequal(DqRun *r, const char *what, DqBytes got, DqBytes want)
{
    g_autofree char *got_hex = dq_hex_encode(got.data, got.len);
    g_autofree char *want_hex = dq_hex_encode(want.data, want.len);

    return dq_run_fail(r, "%s is %s, expected %s", what, got.len == 0 ? "empty" : got_hex,
                       want.len == 0 ? "none" : want_hex);
}

/* The nonce that both quotes must carry. */
static gboolean expected_nonce(DqRun *r, DqBytes *ret_nonce)
{
    const DqExpected *x = r->expected;

    if (x->challenge.len > 0) {
        *ret_nonce = x->bound_nonce.len > 0 ? x->bound_nonce : x->challenge;
        return !r->tpm12 || dq_tpm12_shorten(ret_nonce) ||
               dq_run_fail(r, "a TPM 1.2 needs a challenge of 20 bytes or more");
    }
    if (x->bound_nonce.len > 0) {
        return dq_run_fail(r, "a channel is bound to one challenge, and none was given");
    }
    *ret_nonce = dq_unwire(r->evidence.binding.nonce); /* any of the store's */
    return r->verifier->store || dq_run_fail(r, "no challenge was given out");
}

static gboolean check_challenge(DqRun *r)
{
    if (!r->verifier->store) {
        return dq_run_skip(r, "without a store nobody knows whether it was used before: challenge "
                              "--store, then --store here");
    }
    switch (r->use) {
    case DQ_CHALLENGE_FRESH:
        return TRUE;
    case DQ_CHALLENGE_USED:
        return dq_run_fail(r, "the challenge was used before: issue a new one");
    case DQ_CHALLENGE_EXPIRED:
        return dq_run_fail(r, "the challenge has expired: issue a new one");
    default:
        return r->expected->challenge.len == 0
                   ? dq_run_fail(r, "it answers no challenge that was issued from this store")
                   : dq_run_skip(r, "the nonce is no challenge that was issued from this store: "
                                    "challenge --store");
    }
}

gboolean dq_check_nonce(DqRun *r)
{
    DqBytes nonce = { NULL, 0 };

    if (!expected_nonce(r, &nonce)) {
        return FALSE;
    }
    if (!dq_bytes_equal(dq_unwire(r->evidence.binding.nonce), nonce)) {
        return dq_run_fail(r,
                           r->expected->bound_nonce.len > 0
                               ? "the host's quote answers another nonce, or was made for another "
                                 "channel"
                               : "the host's quote answers another nonce");
    }
    if (!dq_bytes_equal(dq_unwire(r->vtpm.extra_data), nonce)) {
        return dq_run_fail(r, "the vTPM's quote answers another nonce");
    }
    return check_challenge(r);
}

static gboolean fail_uuid(DqRun *r, const char *who, const uint8_t *want)
{
    g_autofree char *got = dq_uuid_format(r->evidence.binding.uuid.byte);
    g_autofree char *text = dq_uuid_format(want);

    return dq_run_fail(r, "the VM is %s, %s %s", got, who, text);
}

/* The VM's UUID against what was asked for, the challenge's, and the policy's list. */
static gboolean check_uuid(DqRun *r)
{
    const WireUuid *uuid = &r->evidence.binding.uuid;
    const DqPolicy *policy = r->verifier->policy;

    if (r->expected->uuid && !wire_uuid_equal(r->expected->uuid, uuid)) {
        return fail_uuid(r, "expected", r->expected->uuid);
    }
    if (r->challenge_bound && !wire_uuid_equal(r->challenge_uuid, uuid)) {
        return fail_uuid(r, "the challenge is for", r->challenge_uuid);
    }
    if (policy && dq_policy_restricts_vms(policy) && !policy->any_vm && !r->policy_vm) {
        g_autofree char *text = dq_uuid_format(uuid->byte);

        return dq_run_fail(r, "the policy does not list the VM %s", text);
    }
    return TRUE;
}

/** A Name that must be there, if it is known; @empty ones are not. */
typedef struct Wanted {
    DqBytes name[4];
    gsize count;
} Wanted;

static void want(Wanted *w, DqBytes name)
{
    if (name.len > 0) {
        w->name[w->count++] = name;
    }
}

static gboolean check_names(DqRun *r, const char *what, WireBytes got, const Wanted *w)
{
    for (gsize i = 0; i < w->count; i++) {
        if (!dq_bytes_equal(dq_unwire(got), w->name[i])) {
            return fail_unequal(r, what, dq_unwire(got), w->name[i]);
        }
    }
    return TRUE;
}

static Wanted wanted_eks(const DqRun *r)
{
    Wanted w = { .count = 0 };

    want(&w, r->expected->vtpm_ek);
    if (r->policy_vm && r->policy_vm->ek_name) {
        want(&w, dq_bytes_peek(r->policy_vm->ek_name));
    }
    if (r->has_vm) {
        want(&w, (DqBytes){ r->vm_record.ek.data, r->vm_record.ek.len });
    }
    return w;
}

static Wanted wanted_signers(const DqRun *r)
{
    Wanted w = { .count = 0 };

    want(&w, r->expected->vtpm_ak);
    if (r->expected->vtpm_key) {
        want(&w, dq_key_get_name(r->expected->vtpm_key));
    }
    if (r->policy_vm && r->policy_vm->ak_name) {
        want(&w, dq_bytes_peek(r->policy_vm->ak_name));
    }
    if (r->has_vm) {
        want(&w, (DqBytes){ r->vm_record.ak.data, r->vm_record.ak.len });
    }
    return w;
}

/* The key with the Name that the host vouches for, whoever gave it; borrowed, or NULL. */
static DqKey *find_signer(const DqRun *r)
{
    DqKey *const keys[] = { r->expected->vtpm_key, r->policy_vm ? r->policy_vm->ak : NULL,
                            r->quote->vtpm_key };

    for (gsize i = 0; i < G_N_ELEMENTS(keys); i++) {
        if (keys[i] &&
            dq_bytes_equal(dq_key_get_name(keys[i]), dq_unwire(r->evidence.binding.vtpm_signer))) {
            return keys[i];
        }
    }
    return NULL;
}

/* A key without a Name is compared with the one that has the evidence's Name. */
static gboolean check_spki(DqRun *r)
{
    const DqBytes spki = r->expected->vtpm_spki;
    const DqKey *key = find_signer(r);

    if (spki.len == 0 || (r->evidence.binding.vtpm_signer.len > 0 && !key)) {
        return TRUE; /* or without a key that could verify the signature */
    }
    if (!key) {
        return dq_run_fail(r, "the vTPM signed with no key, and one is expected");
    }
    return dq_key_has_spki(key, spki)
               ? dq_run_note(r, "the signing key is the one expected; its attributes and Name are "
                                "the evidence's")
               : dq_run_fail(r, "the vTPM's signing key is another than the one expected");
}

static gboolean key_is_known(const DqRun *r)
{
    return wanted_signers(r).count > 0 || r->expected->vtpm_spki.len > 0;
}

gboolean dq_check_vm(DqRun *r)
{
    const WireBinding *b = &r->evidence.binding;
    const Wanted eks = wanted_eks(r), signers = wanted_signers(r);
    const gboolean knows_key = key_is_known(r);

    if (!check_uuid(r) || !check_names(r, "the vTPM's EK", b->vtpm_ek, &eks) ||
        !check_names(r, "the vTPM's signing key", b->vtpm_signer, &signers) || !check_spki(r)) {
        return FALSE;
    }
    if (!r->expected->uuid && !r->challenge_bound && !r->policy_vm && !r->has_vm && !knows_key) {
        return dq_run_skip(r, "nothing says which VM is expected: vm add, or --uuid");
    }
    return b->vtpm_signer.len == 0 || knows_key ||
           dq_run_skip(r, "nothing says which key the vTPM signs with: vm add --ak, or -u or --ak");
}

gboolean dq_check_vtpm_quote(DqRun *r)
{
    uint8_t digest[DQ_HASH_SIZE];

    dq_sha256(&r->quote->vtpm_quoted, 1, digest);
    if (!dq_bytes_equal((DqBytes){ digest, sizeof(digest) },
                        dq_unwire(r->evidence.binding.vtpm_quoted))) {
        return dq_run_fail(r, "the host vouched for another quote of the vTPM");
    }
    return TRUE;
}

static gboolean allows_host_vouched(const DqRun *r)
{
    const DqVerifier *v = r->verifier;

    return v->allow_host_vouched ||
           (v->policy && dq_policy_allows_host_vouched(v->policy, &r->evidence.binding.uuid));
}

/* Who asked for such a quote, host or guest, shows nowhere; whose PCRs they are the host says. */
static gboolean check_no_signature(DqRun *r)
{
    if (r->vtpm_signature.alg != TPM_ALG_NULL) {
        return dq_run_fail(r, "there is a signature, but the binding names no key");
    }
    if (allows_host_vouched(r)) {
        return dq_run_note(r, "no key of the vTPM signed: the host alone vouches for the guest's "
                              "PCRs, as is allowed");
    }
    return dq_run_skip(r, "no key of the vTPM signed, the host alone vouches for it: have the "
                          "guest sign with a key, and expect that with vm add --ak; or "
                          "--allow-host-vouched");
}

gboolean dq_check_vtpm_signature(DqRun *r)
{
    const WireBytes signer = r->evidence.binding.vtpm_signer;
    DqKey *key;

    if (signer.len == 0 && !r->tpm12) {
        return check_no_signature(r);
    }
    key = find_signer(r);
    if (r->tpm12) {
        return dq_tpm12_check_signature(r, key, key_is_known(r));
    }
    if (!key) {
        return dq_run_fail(r, "no key with the signer's Name was given: -u, or the guest's ak.pub");
    }
    if (!dq_key_is_restricted(key) && !dq_verifier_allows_key(r->verifier, dq_unwire(signer))) {
        return dq_run_fail(r,
                           "the vTPM's key is not restricted, or can leave its TPM: whoever has it "
                           "signs what he likes; --allow-key takes it all the same");
    }
    if (!dq_signature_hash_is_sound(&r->vtpm_signature)) {
        return dq_run_fail(r, "the vTPM's quote is signed with SHA-1 or another hash that proves "
                              "nothing: use a key with SHA-256");
    }
    if (!dq_key_makes_signature(key, &r->vtpm_signature)) {
        return dq_run_fail(r,
                           "the signature's scheme 0x%04x is not the key's, or none of RSASSA, "
                           "RSAPSS and ECDSA: sign with one of these",
                           r->vtpm_signature.alg);
    }
    if (!dq_key_verify_signature(key, r->quote->vtpm_quoted, &r->vtpm_signature)) {
        return dq_run_fail(r, "the vTPM's key did not sign the vTPM's quote");
    }
    return TRUE;
}

static gboolean fail_size(DqRun *r, const WirePcrSelection *selection)
{
    const gsize got = r->quote->vtpm_pcrs.len;
    gsize want = 0;

    for (WirePcrWalk w = { 0 }; wire_pcr_next(selection, &w);) {
        want += wire_hash_size(w.hash);
    }
    return got == 0 ? dq_run_fail(r, "no vTPM PCR values were given: -f, or pcrs.bin")
                    : dq_run_fail(r,
                                  "the vTPM PCR values given are %" G_GSIZE_FORMAT
                                  " bytes, those that the quote selects are %" G_GSIZE_FORMAT
                                  ": give what tpm2_deepquote -o or tpm2_quote -o wrote with it",
                                  got, want);
}

static gboolean digest_matches(const DqRun *r)
{
    if (r->tpm12) {
        return dq_tpm12_pcrs_match(r);
    }
    return dq_pcr_digest_matches(
        r->vtpm_signature.alg == TPM_ALG_NULL ? TPM_ALG_NULL : r->vtpm_signature.hash, r->vtpm_pcr,
        wire_pcr_count(&r->vtpm.pcr_select), r->vtpm.pcr_digest);
}

/* A quote that no key signed may carry no digest: then it proves no PCR values. */
gboolean dq_check_vtpm_pcrs(DqRun *r)
{
    const WirePcrSelection *selection = &r->vtpm.pcr_select;

    if (r->vtpm.pcr_digest.len == 0 && r->vtpm_signature.alg == TPM_ALG_NULL &&
        r->quote->vtpm_pcrs.len == 0) {
        r->vtpm.pcr_select.count = 0;
        return dq_run_note(r, "no PCR values are quoted or given");
    }
    if (!dq_pcr_split(selection, r->quote->vtpm_pcrs, r->vtpm_pcr)) {
        return fail_size(r, selection);
    }
    if (!digest_matches(r)) {
        return dq_run_fail(r, "the vTPM PCR values do not hash to the quoted digest");
    }
    return TRUE;
}
