/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What is refused about the VM, its vTPM, and what the verifier knows about both. */
#include "case.h"

#include "attest/bytes.h"

#include <string.h>

/* ---------------------------------------------------------------------------- wrong-nonce */

static void other_nonce(CaseWork *w)
{
    w->nonce->data[0] ^= 0x01;
}

static void longer_nonce(CaseWork *w)
{
    g_byte_array_append(w->nonce, (const uint8_t *)"", 1);
}

static void shorter_nonce(CaseWork *w)
{
    g_byte_array_set_size(w->nonce, w->nonce->len - 1);
}

static const WireBytes elsewhere = { (const uint8_t *)"somebody else's nonce", 21 };

static void bind_other_nonce(MakerDeed *d, WireBinding *b)
{
    (void)d;
    b->nonce = elsewhere;
}

static void quote_other_nonce(MakerDeed *d, WireAttest *a)
{
    (void)d;
    a->extra_data = elsewhere;
}

static void nonce_of_host(CaseWork *w)
{
    w->order.binding = bind_other_nonce;
}

static void nonce_of_vtpm(CaseWork *w)
{
    w->order.vtpm_attest = quote_other_nonce;
}

static void used_challenge(CaseWork *w)
{
    w->challenge.used = TRUE;
}

static void used_and_not_said(CaseWork *w)
{
    w->challenge.used = TRUE;
    w->any_challenge = TRUE;
}

static void expired_challenge(CaseWork *w)
{
    w->challenge.expires = CASE_NOW - 1;
}

/* Nobody said which challenge it was, and the store knows of none. */
static void not_issued(CaseWork *w)
{
    w->not_issued = TRUE;
    w->any_challenge = TRUE;
}

static void nothing_said(CaseWork *w)
{
    w->no_store = TRUE;
    w->given = w->keys->host;
    w->any_challenge = TRUE;
}

/* The guest relays the challenge as it is. */
static void channel_not_bound(CaseWork *w)
{
    w->channel = w->keys->host_other;
}

static void other_channel(CaseWork *w)
{
    w->channel = w->keys->host_other;
    case_bind(w, w->keys->host_rsa);
}

static void channel_not_expected(CaseWork *w)
{
    case_bind(w, w->keys->host_other);
}

/* ------------------------------------------------------------------------------- wrong-vm */

static void other_uuid(CaseWork *w)
{
    w->uuid[15] ^= 0x01;
}

static void unlisted_uuid(CaseWork *w)
{
    case_policy(w, "vm 00000000-0000-4000-8000-000000000001");
}

static void challenge_of_other(CaseWork *w)
{
    w->challenge.bound = TRUE;
    w->challenge.uuid[0] = 0x77;
}

static void expected_key(CaseWork *w)
{
    w->expected = w->keys->ak_other;
}

static void expected_name(CaseWork *w)
{
    const DqBytes name = dq_key_get_name(w->keys->ak_other->key);

    g_byte_array_append(w->vtpm_ak, name.data, (guint)name.len);
}

static void recorded_ek(CaseWork *w)
{
    w->order.ek = dq_wire(dq_key_get_name(w->keys->ak_rsa->key));
    case_set_name(&w->vm.ek, w->keys->ak_other);
}

static void other_ek(CaseWork *w)
{
    DqBytes expected = dq_key_get_name(w->keys->ak_other->key);

    w->order.ek = dq_wire(dq_key_get_name(w->keys->ak_rsa->key));
    g_byte_array_append(w->vtpm_ek, expected.data, (guint)expected.len);
}

static void no_ek(CaseWork *w)
{
    other_ek(w);
    w->order.ek = (WireBytes){ 0 };
}

static void other_signer(CaseWork *w)
{
    w->vtpm_key = w->keys->ak_other;
}

static void no_signer(CaseWork *w)
{
    w->order.ak = NULL;
}

/* What a policy allows does not replace a key that is expected. */
static void no_signer_allowed(CaseWork *w)
{
    w->order.ak = NULL;
    case_policy(w, "allow-host-vouched any");
}

static void policy_ek(CaseWork *w)
{
    g_autofree char *uuid = dq_uuid_format(w->order.uuid);
    g_autofree char *name = case_name(w->keys->ak_other);

    w->order.ek = dq_wire(dq_key_get_name(w->keys->ak_rsa->key));
    case_policy(w, "vm %s ek=name:%s", uuid, name);
}

static void policy_signer(CaseWork *w)
{
    g_autofree char *uuid = dq_uuid_format(w->order.uuid);
    g_autofree char *name = case_name(w->keys->ak_other);

    case_policy(w, "vm %s ak=name:%s", uuid, name);
}

/* ------------------------------------------------------------------------- bad-vtpm-quote */

/* Two quotes of one vTPM for one nonce: the signed PCRs of the one, the host's word for the other.
 */
static void mix_and_match(CaseWork *w)
{
    MakerOrder other = w->order;
    MakerDeed *d;

    g_assert_true(wire_pcr_select(&other.vtpm_pcrs, TPM_ALG_SHA256, 14));
    d = maker_deed_new(&other);
    g_byte_array_set_size(w->deed->vtpm_quoted, 0);
    g_byte_array_append(w->deed->vtpm_quoted, d->vtpm_quoted->data, d->vtpm_quoted->len);
    g_byte_array_set_size(w->deed->vtpm_signature, 0);
    g_byte_array_append(w->deed->vtpm_signature, d->vtpm_signature->data, d->vtpm_signature->len);
    g_byte_array_set_size(w->deed->vtpm_pcrs, 0);
    g_byte_array_append(w->deed->vtpm_pcrs, d->vtpm_pcrs->data, d->vtpm_pcrs->len);
    maker_deed_free(d);
}

/* The last bit of the digest of PCRs. */
static void quote_flipped(CaseWork *w)
{
    w->deed->vtpm_quoted->data[w->deed->vtpm_quoted->len - 1] ^= 0x01;
}

static void bind_other_quote(MakerDeed *d, WireBinding *b)
{
    maker_digest("another quote", d->scratch);
    b->vtpm_quoted = (WireBytes){ d->scratch, DQ_HASH_SIZE };
}

static void other_quote_bound(CaseWork *w)
{
    w->order.binding = bind_other_quote;
}

/* --------------------------------------------------------------------- bad-vtpm-signature */

static void signature_flipped(CaseWork *w)
{
    w->deed->vtpm_signature->data[w->deed->vtpm_signature->len - 1] ^= 0x01;
}

static void rsa_vtpm(CaseWork *w)
{
    case_vtpm_signs_with(w, w->keys->ak_rsa);
}

static void bind_signer(MakerDeed *d, WireBinding *b)
{
    b->vtpm_signer = dq_wire(dq_key_get_name(d->order.other->key));
}

static void signed_by_other(CaseWork *w)
{
    w->order.ak = w->keys->ak_other;
    w->order.other = w->keys->ak;
    w->order.binding = bind_signer;
}

static void bind_nobody(MakerDeed *d, WireBinding *b)
{
    (void)d;
    b->vtpm_signer = (WireBytes){ 0 };
}

static void signed_by_nobody(CaseWork *w)
{
    w->order.binding = bind_nobody;
    w->vtpm_key = NULL; /* and nobody expects one */
}

static void no_key(CaseWork *w)
{
    w->guest_key = NULL;
}

static void other_guest_key(CaseWork *w)
{
    w->guest_key = w->keys->ak_other;
}

static void unrestricted(CaseWork *w)
{
    case_vtpm_signs_with(w, w->keys->ak_free);
}

static void movable(CaseWork *w)
{
    case_vtpm_signs_with(w, w->keys->ak_movable);
}

/* Another key of this kind is allowed. */
static void other_allowed(CaseWork *w)
{
    g_autofree char *name = case_name(w->keys->ak_movable);

    unrestricted(w);
    w->allowed = w->keys->ak_other;
    case_policy(w, "allow-key name:%s", name);
}

/* The second field of the signature: its hash. */
static void say_sha1(CaseWork *w)
{
    w->deed->vtpm_signature->data[3] = TPM_ALG_SHA1;
}

static void take_signature(CaseWork *w)
{
    g_byte_array_set_size(w->deed->vtpm_signature, 0);
}

/* -------------------------------------------------------------------------- vtpm-pcr-mismatch */

static void pcr_value(CaseWork *w)
{
    w->deed->vtpm_pcrs->data[0] ^= 0x01;
}

static void no_values(CaseWork *w)
{
    g_byte_array_set_size(w->deed->vtpm_pcrs, 0);
}

static void value_missing(CaseWork *w)
{
    g_byte_array_set_size(w->deed->vtpm_pcrs, w->deed->vtpm_pcrs->len - DQ_HASH_SIZE);
}

static void value_too_many(CaseWork *w)
{
    g_byte_array_append(w->deed->vtpm_pcrs, w->deed->binding->data, DQ_HASH_SIZE);
}

static void unsigned_vtpm(CaseWork *w)
{
    case_vtpm_signs_with(w, NULL);
}

/* Values, but no digest that they could hash to. */
static void values_unproven(CaseWork *w)
{
    for (unsigned i = 0; i < 3; i++) {
        g_byte_array_append(w->deed->vtpm_pcrs, w->deed->binding->data, DQ_HASH_SIZE);
    }
}

const Case cases_vm[] = {
    { "wrong-nonce-other", "the verifier chose another nonce", NULL, other_nonce },
    { "wrong-nonce-longer", "the verifier's nonce has one byte more", NULL, longer_nonce },
    { "wrong-nonce-shorter", "the verifier's nonce has one byte less", NULL, shorter_nonce },
    { "wrong-nonce-host", "the binding has another nonce than the vTPM's quote", nonce_of_host,
      NULL },
    { "wrong-nonce-vtpm", "the vTPM's quote has another nonce than the binding", nonce_of_vtpm,
      NULL },
    { "wrong-nonce-used", "the challenge was used before", used_challenge, NULL },
    { "wrong-nonce-used-not-said", "used before, and the verifier names none", used_and_not_said,
      NULL },
    { "wrong-nonce-expired", "the challenge expired a second ago", expired_challenge, NULL },
    { "wrong-nonce-not-issued", "the verifier names none, and its store issued none", not_issued,
      NULL },
    { "wrong-nonce-nothing-said", "neither a challenge nor a store", nothing_said, NULL },
    { "wrong-nonce-channel-not-bound", "a channel is expected, the nonce is the bare challenge",
      channel_not_bound, NULL },
    { "wrong-nonce-other-channel", "bound to the key of another channel", other_channel, NULL },
    { "wrong-nonce-channel-not-expected", "bound to a channel that the verifier does not know of",
      channel_not_expected, NULL },
    { "wrong-vm-uuid", "another UUID is expected", NULL, other_uuid },
    { "wrong-vm-unlisted", "the policy lists another VM only", unlisted_uuid, NULL },
    { "wrong-vm-challenge", "the challenge was issued for another VM", challenge_of_other, NULL },
    { "wrong-vm-expected-key", "an option has another signing key", expected_key, NULL },
    { "wrong-vm-expected-name", "an option has the Name of another signing key", expected_name,
      NULL },
    { "wrong-vm-recorded-ek", "the store has another EK for this VM", recorded_ek, NULL },
    { "wrong-vm-ek", "another EK is expected", other_ek, NULL },
    { "wrong-vm-no-ek", "an EK is expected, the vTPM has none", no_ek, NULL },
    { "wrong-vm-signer", "the store has another signing key for this VM", other_signer, NULL },
    { "wrong-vm-no-signer", "a signing key is expected, nothing is signed", no_signer, NULL },
    { "wrong-vm-no-signer-allowed", "the same, and the policy allows quotes that no key signed",
      no_signer_allowed, NULL },
    { "wrong-vm-policy-ek", "the policy has another EK for this VM", policy_ek, NULL },
    { "wrong-vm-policy-signer", "the policy has another signing key for this VM", policy_signer,
      NULL },
    { "bad-vtpm-quote-other", "another quote of the same vTPM for the same nonce", NULL,
      mix_and_match },
    { "bad-vtpm-quote-flipped", "a bit of the vTPM's attest", NULL, quote_flipped },
    { "bad-vtpm-quote-bound", "the host vouched for something else", other_quote_bound, NULL },
    { "bad-vtpm-signature-flipped", "a bit of the signature", NULL, signature_flipped },
    { "bad-vtpm-signature-rsa", "a bit of an RSA signature", rsa_vtpm, signature_flipped },
    { "bad-vtpm-signature-other", "another key signed than the binding names", signed_by_other,
      NULL },
    { "bad-vtpm-signature-unnamed", "a signature, but the binding names no key", signed_by_nobody,
      NULL },
    { "bad-vtpm-signature-no-key", "nobody has the key to check with", no_key, NULL },
    { "bad-vtpm-signature-guest-key", "the guest hands over another key", other_guest_key, NULL },
    { "bad-vtpm-signature-unrestricted", "the vTPM's key signs anything", unrestricted, NULL },
    { "bad-vtpm-signature-movable", "the vTPM's key can leave its TPM", movable, NULL },
    { "bad-vtpm-signature-other-allowed", "other keys are allowed to be unrestricted",
      other_allowed, NULL },
    { "bad-vtpm-signature-sha1", "the signature says SHA-1", NULL, say_sha1 },
    { "bad-vtpm-signature-missing", "the binding names a key, but nothing is signed", NULL,
      take_signature },
    { "vtpm-pcr-mismatch-value", "a bit of a PCR value", NULL, pcr_value },
    { "vtpm-pcr-mismatch-none", "no values are given", NULL, no_values },
    { "vtpm-pcr-mismatch-short", "the last value is missing", NULL, value_missing },
    { "vtpm-pcr-mismatch-long", "a value too many", NULL, value_too_many },
    { "vtpm-pcr-mismatch-unproven", "values for an unsigned quote without digest", unsigned_vtpm,
      values_unproven },
    { NULL, NULL, NULL, NULL },
};
