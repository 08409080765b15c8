/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "attest/checks-host.h"

#include "attest/bytes.h"
#include "attest/checks-tpm12.h"
#include "attest/digest.h"
#include "attest/signature.h"

gboolean dq_check_decodes(DqRun *r)
{
    const DqQuote *q = r->quote;

    if (!wire_decode_evidence(dq_wire(q->evidence), &r->evidence)) {
        return dq_run_fail(r, "the evidence does not decode");
    }
    if (!wire_decode_attest(r->evidence.host_quoted, &r->host)) {
        return dq_run_fail(r, "the host's TPMS_ATTEST does not decode");
    }
    if (!wire_decode_attest(dq_wire(q->vtpm_quoted), &r->vtpm) && !dq_tpm12_decode(r)) {
        return dq_run_fail(r, "the vTPM's TPMS_ATTEST, or TPM_QUOTE_INFO2, does not decode");
    }
    if (q->vtpm_signature.len == 0) {
        r->vtpm_signature = (WireSignature){ .alg = TPM_ALG_NULL };
    } else if (!wire_decode_signature(dq_wire(q->vtpm_signature), &r->vtpm_signature)) {
        return dq_run_fail(r, "the vTPM's TPMT_SIGNATURE does not decode");
    }
    return TRUE;
}

/* What the store holds against the host. */
static gboolean check_enrolment(DqRun *r)
{
    const DqStoreHost *h = &r->host_record;

    if (r->has_host && h->revoked != 0) {
        return dq_run_fail(r, "the host's enrolment was revoked");
    }
    if (r->has_host && h->expires != 0 && h->expires <= r->now) {
        return dq_run_fail(r, "the host's enrolment has expired: host renew");
    }
    if (!r->has_host &&
        !dq_verifier_accepts_host(r->verifier, dq_unwire(r->evidence.host_signer))) {
        g_autofree char *hex =
            dq_hex_encode(r->evidence.host_signer.p, r->evidence.host_signer.len);

        return dq_run_fail(r, "no host with the key %s is enrolled: host add", hex);
    }
    return TRUE;
}

static gboolean find_key(DqRun *r)
{
    r->host_key = dq_verifier_find_host_key(r->verifier, dq_unwire(r->evidence.host_signer),
                                            r->has_host ? &r->host_record : NULL);
    if (!r->host_key) {
        g_autofree char *hex =
            dq_hex_encode(r->evidence.host_signer.p, r->evidence.host_signer.len);

        return dq_run_fail(r, "the key %s is known by Name, but its public area was not given",
                           hex);
    }
    if (!dq_key_is_attestation_key(r->host_key)) {
        return dq_run_fail(r, "the host's key is no attestation key: fixedTPM, fixedParent, "
                              "sensitiveDataOrigin, restricted, signing and not decrypting");
    }
    return TRUE;
}

gboolean dq_check_host_is_known(DqRun *r)
{
    if (!check_enrolment(r) || !find_key(r)) {
        return FALSE;
    }
    if (!r->has_host) {
        return dq_run_skip(r, "nobody enrolled the host, its key was only given: host add");
    }
    if (r->host_record.simulated) {
        return r->verifier->allow_simulated
                   ? dq_run_note(r, "stand-in TPM")
                   : dq_run_skip(r,
                                 "its TPM is a stand-in, which proves nothing: --allow-simulated");
    }
    return dq_run_note(r, r->host_record.enrolment == DQ_ENROLMENT_PROOF
                              ? "enrolled by proof"
                              : "enrolled on the operator's word");
}

/*
 * Identifies attest, signature and signer as they lie in the evidence one after the other, each
 * with its size.
 */
static void host_signature_digest(const DqRun *r, uint8_t ret_digest[DQ_HASH_SIZE])
{
    const WireBytes last = r->evidence.host_signer;
    const DqBytes span = { r->quote->evidence.data,
                           (gsize)(last.p + last.len - r->quote->evidence.data) };

    dq_sha256(&span, 1, ret_digest);
}

gboolean dq_check_host_signature(DqRun *r)
{
    uint8_t digest[DQ_HASH_SIZE];

    host_signature_digest(r, digest);
    if (dq_verifier_recall(r->verifier, digest)) {
        return TRUE;
    }
    if (!dq_key_verify_signature(r->host_key, dq_unwire(r->evidence.host_quoted),
                                 &r->evidence.host_signature)) {
        return dq_run_fail(r, "the host key did not sign the host's quote");
    }
    dq_verifier_remember(r->verifier, digest);
    return TRUE;
}

static gboolean is_quote(const WireAttest *a)
{
    return a->magic == TPM_GENERATED_VALUE && a->type == TPM_ST_ATTEST_QUOTE;
}

gboolean dq_check_quotes(DqRun *r)
{
    if (!is_quote(&r->host)) {
        return dq_run_fail(
            r, "the host's attest is no quote made by a TPM (magic 0x%08x, type 0x%04x)",
            r->host.magic, r->host.type);
    }
    if (!is_quote(&r->vtpm)) {
        return dq_run_fail(
            r, "the vTPM's attest is no quote made by a TPM (magic 0x%08x, type 0x%04x)",
            r->vtpm.magic, r->vtpm.type);
    }
    return TRUE;
}

gboolean dq_check_proof(DqRun *r)
{
    const WireEvidence *e = &r->evidence;
    uint8_t leaf[DQ_HASH_SIZE], root[DQ_HASH_SIZE], data[DQ_HASH_SIZE];

    dq_merkle_leaf(e->binding_bytes.p, e->binding_bytes.len, leaf);
    if (!dq_merkle_root_from_path(leaf, e->leaf_index, e->tree_size, e->path, e->path_length,
                                  root)) {
        return dq_run_fail(
            r, "%u nodes prove nothing for leaf %" G_GUINT64_FORMAT " of %" G_GUINT64_FORMAT,
            e->path_length, e->leaf_index, e->tree_size);
    }
    dq_merkle_qualifying_data(e->tree_size, root, data);
    if (!dq_bytes_equal((DqBytes){ data, sizeof(data) }, dq_unwire(r->host.extra_data))) {
        return dq_run_fail(r, "the host's quote is not over the tree that the proof leads to");
    }
    return TRUE;
}

gboolean dq_check_host_pcrs(DqRun *r)
{
    const WireEvidence *e = &r->evidence;
    const DqPolicy *policy = r->verifier->policy;
    const DqPolicyPcr *missing = NULL;

    if (!dq_pcr_selection_equal(&e->host_pcrs, &r->host.pcr_select)) {
        return dq_run_fail(r, "the evidence and the host's quote select different PCRs");
    }
    if (!dq_pcr_digest_matches(e->host_signature.hash, e->pcr, e->pcr_count, r->host.pcr_digest)) {
        return dq_run_fail(r, "the host PCR values do not hash to the quoted digest");
    }
    if (policy) {
        missing = dq_policy_find_uncovered(policy->host_pcrs, &e->host_pcrs);
    }
    if (missing) {
        return dq_run_fail(r, "the policy asks for host PCR %s:%u, which was not quoted",
                           missing->bank->name, missing->pcr);
    }
    return TRUE;
}
