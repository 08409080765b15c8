/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "attest/checks-tpm12.h"

#include "attest/bytes.h"
#include "attest/digest.h"
#include "attest/key.h"
#include "attest/tpm12.h"
#include "wire/tpm12-quote.h"

gboolean dq_tpm12_decode(DqRun *r)
{
    WireQuoteInfo2 info;

    if (!wire_decode_quote_info2(dq_wire(r->quote->vtpm_quoted), &info)) {
        return FALSE;
    }
    r->tpm12 = TRUE;
    r->vtpm = (WireAttest){
        .magic = TPM_GENERATED_VALUE,
        .type = TPM_ST_ATTEST_QUOTE,
        .extra_data = info.external_data,
        .pcr_select = info.pcrs,
        .pcr_digest = info.pcr_digest,
    };
    return TRUE;
}

gboolean dq_tpm12_shorten(DqBytes *nonce)
{
    if (nonce->len < TPM12_DIGEST_SIZE) {
        return FALSE;
    }
    nonce->len = TPM12_DIGEST_SIZE;
    return TRUE;
}

gboolean dq_tpm12_check_signature(DqRun *r, DqKey *key, gboolean key_is_expected)
{
    const DqPolicy *policy = r->verifier->policy;

    if (!policy || !policy->allow_tpm12) {
        return dq_run_fail(r, "the vTPM is a TPM 1.2, which signs with SHA-1: the policy does not "
                              "say allow-tpm12");
    }
    if (!key || !key->tpm12) {
        return dq_run_fail(r, "no key of a TPM 1.2 with the signer's Name was given: -u, or the "
                              "guest's ak.pub, with its TPM_PUBKEY");
    }
    if (!dq_tpm12_verify(key, r->quote->vtpm_quoted, &r->vtpm_signature)) {
        return dq_run_fail(r, "the vTPM's key did not sign the vTPM's quote with RSASSA and SHA-1");
    }
    if (!key_is_expected &&
        !dq_verifier_allows_key(r->verifier, dq_unwire(r->evidence.binding.vtpm_signer))) {
        return dq_run_skip(r, "nothing says that the key is an attestation identity of this "
                              "vTPM, and a TPM 1.2's key does not tell: vm add --ak");
    }
    return dq_run_note(r, "a TPM 1.2 signed, with SHA-1, as the policy allows");
}

/* TPM_COMPOSITE_HASH: SHA-1 over the selection, the size of the values, the values. */
gboolean dq_tpm12_pcrs_match(const DqRun *r)
{
    const gsize count = wire_pcr_count(&r->vtpm.pcr_select);
    uint8_t head[sizeof(uint16_t) + WIRE_PCR_SELECT_MAX + sizeof(uint32_t)];
    uint8_t digest[DQ_DIGEST_MAX];
    WireWriter w = WIRE_WRITER(head, sizeof(head));
    DqBytes parts[2];
    gsize n;

    if (!wire_put_tpm12_pcrs(&w, &r->vtpm.pcr_select) ||
        !wire_put_u32(&w, (uint32_t)(count * TPM12_DIGEST_SIZE))) {
        return FALSE;
    }
    parts[0] = (DqBytes){ head, w.len };
    parts[1] = r->quote->vtpm_pcrs;
    n = dq_digest(TPM_ALG_SHA1, parts, G_N_ELEMENTS(parts), digest);
    return n > 0 && dq_bytes_equal((DqBytes){ digest, n }, dq_unwire(r->vtpm.pcr_digest));
}
