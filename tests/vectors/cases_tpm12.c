/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Deep quotes of a TPM 1.2. Spec: docs/specs/deepquote-tpm12.md. */
#include "case.h"

#include "attest/bytes.h"
#include "maker_tpm12.h"

/* The order, the store and the guest have this key; the policy says nothing yet. */
static void not_allowed(CaseWork *w)
{
    maker_tpm12_order(&w->order, w->keys->aik);
    w->vtpm_key = w->keys->aik;
    w->guest_key = w->keys->aik;
}

static void allowed(CaseWork *w)
{
    not_allowed(w);
    case_policy(w, "allow-tpm12");
}

static void with_version(CaseWork *w)
{
    allowed(w);
    w->order.version_info = TRUE;
}

static void with_pcrs(CaseWork *w)
{
    allowed(w);
    case_policy_pcrs(w, "vtpm", &w->order.vtpm_pcrs);
}

static void bound(CaseWork *w)
{
    w->channel = w->keys->host_other;
    case_bind(w, w->channel);
    allowed(w);
}

static void with_ek(CaseWork *w)
{
    allowed(w);
    w->order.ek = dq_wire(dq_key_get_name(w->keys->aik_other->key));
    case_set_name(&w->vm.ek, w->keys->aik_other);
}

static void any_key(CaseWork *w)
{
    allowed(w);
    w->vtpm_key = NULL;
}

static void any_key_allowed(CaseWork *w)
{
    any_key(w);
    w->allowed = w->keys->aik;
}

static void other_aik(CaseWork *w)
{
    allowed(w);
    w->vtpm_key = w->keys->aik_other;
}

/* A key of a TPM 2.0 that signs what looks like a quote of a TPM 1.2 */
static void key_of_tpm2(CaseWork *w)
{
    allowed(w);
    case_vtpm_signs_with(w, w->keys->ak_rsa);
}

/* and the other way round. */
static void quote_of_tpm2(CaseWork *w)
{
    allowed(w);
    w->order.tpm12 = FALSE;
    w->order.nonce.len = w->nonce->len;
}

static void short_challenge(CaseWork *w)
{
    g_byte_array_set_size(w->nonce, 19);
    w->order.nonce.len = 19;
    allowed(w);
    w->order.nonce = (WireBytes){ (const uint8_t *)"a challenge of thirt", 20 };
}

static void not_said(CaseWork *w)
{
    allowed(w);
    w->any_challenge = TRUE;
}

static void other_challenge(CaseWork *w)
{
    w->nonce->data[0] ^= 0x01;
}

static void quote_flipped(CaseWork *w)
{
    w->deed->vtpm_quoted->data[31] ^= 0x02; /* locality */
}

static void cut_version(CaseWork *w)
{
    g_byte_array_set_size(w->deed->vtpm_quoted, w->deed->vtpm_quoted->len - 1);
}

static void signature_flipped(CaseWork *w)
{
    w->deed->vtpm_signature->data[w->deed->vtpm_signature->len - 1] ^= 0x01;
}

static void say_sha256(CaseWork *w)
{
    w->deed->vtpm_signature->data[3] = TPM_ALG_SHA256;
}

static void pcr_value(CaseWork *w)
{
    w->deed->vtpm_pcrs->data[0] ^= 0x01;
}

const Case cases_tpm12[] = {
    { "trusted-tpm12", "a TPM 1.2 signs, and the policy allows that", allowed, NULL },
    { "trusted-tpm12-version", "version information is signed too", with_version, NULL },
    { "trusted-tpm12-pcrs", "values for the vTPM's PCRs, of SHA-1 alone", with_pcrs, NULL },
    { "trusted-tpm12-bound", "the nonce is the beginning of what binds a channel", bound, NULL },
    { "trusted-tpm12-ek", "the store has the endorsement key", with_ek, NULL },
    { "authentic-tpm12-any-key", "nothing says which key signs", any_key, NULL },
    { "authentic-tpm12-any-key-allowed", "the same, and the key is allowed by Name",
      any_key_allowed, NULL },
    { "malformed-tpm12-version", "the last byte of the version information is missing",
      with_version, cut_version },
    { "wrong-nonce-tpm12", "another challenge", allowed, other_challenge },
    { "wrong-nonce-tpm12-short", "a challenge of 19 bytes", short_challenge, NULL },
    { "wrong-nonce-tpm12-not-said", "20 bytes do not tell which of the store's challenges it is",
      not_said, NULL },
    { "wrong-vm-tpm12-other-aik", "the store has another signing key", other_aik, NULL },
    { "bad-vtpm-quote-tpm12", "a bit of what was signed", allowed, quote_flipped },
    { "bad-vtpm-signature-tpm12-not-allowed", "the policy does not allow a TPM 1.2", not_allowed,
      NULL },
    { "bad-vtpm-signature-tpm12-flipped", "a bit of the signature", allowed, signature_flipped },
    { "bad-vtpm-signature-tpm12-sha256", "the signature says SHA-256", allowed, say_sha256 },
    { "bad-vtpm-signature-tpm12-key-of-tpm2", "a key of a TPM 2.0 signed it", key_of_tpm2, NULL },
    { "bad-vtpm-signature-tpm12-quote-of-tpm2", "a key of a TPM 1.2 signed a TPMS_ATTEST",
      quote_of_tpm2, NULL },
    { "vtpm-pcr-mismatch-tpm12", "a bit of a PCR value", allowed, pcr_value },
    { NULL, NULL, NULL, NULL },
};
