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
    g_byte_array_append(w->nonce, (const guint8 *)"", 1);
}

static void shorter_nonce(CaseWork *w)
{
    g_byte_array_set_size(w->nonce, w->nonce->len - 1);
}

static const WireBytes elsewhere = { (const guint8 *)"somebody else's nonce", 21 };

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

static void used_nonce(CaseWork *w)
{
    g_autofree char *hex = dq_hex_encode(w->nonce->data, w->nonce->len);

    w->state = g_strdup_printf("deepquote-state 1\nnonce %s\nend\n", hex);
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

static void nothing_expected(CaseWork *w)
{
    w->any_uuid = TRUE;
    w->vtpm_key = NULL;
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
    w->order.ak = w->keys->ak_rsa;
    w->vtpm_key = w->keys->ak_rsa;
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
    w->vtpm_key = NULL;
}

static void no_key(CaseWork *w)
{
    w->vtpm_key = NULL;
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
    w->order.ak = NULL;
    w->vtpm_key = NULL;
}

/* Values, but no digest that they could hash to. */
static void values_unproven(CaseWork *w)
{
    for (unsigned i = 0; i < 3; i++) {
        g_byte_array_append(w->deed->vtpm_pcrs, w->deed->binding->data, DQ_HASH_SIZE);
    }
}

/* ---------------------------------------------------------------------------------- stale */

static void epoch_back(CaseWork *w)
{
    case_state(w, 4, 41, 7, 2, 86400000);
}

static void generation_back(CaseWork *w)
{
    case_state(w, 3, 42, 7, 2, 86400000);
}

/* A new epoch does not excuse an older state. */
static void rolled_back(CaseWork *w)
{
    case_state(w, 2, 42, 7, 2, 86400000);
}

static void reset_back(CaseWork *w)
{
    case_state(w, 3, 41, 8, 0, 86400000);
}

static void restart_back(CaseWork *w)
{
    case_state(w, 3, 41, 7, 3, 86400000);
}

static void clock_back(CaseWork *w)
{
    case_state(w, 3, 41, 7, 2, 86400001);
}

/* --------------------------------------------------------------------------------- policy */

static void host_pcr(CaseWork *w)
{
    case_policy(w, "host-pcr sha256:7 %064d %064d", 1, 2);
}

static void vtpm_pcr(CaseWork *w)
{
    case_policy(w, "vtpm-pcr sha256:10 %064d", 1);
}

static void vtpm_pcr_not_quoted(CaseWork *w)
{
    case_policy(w, "vtpm-pcr sha256:11 %064d", 0);
}

/* The values are right, but an unsigned quote without digest proves none. */
static void vtpm_pcr_unproven(CaseWork *w)
{
    unsigned_vtpm(w);
    case_policy_pcrs(w, "vtpm", &w->order.vtpm_pcrs);
}

static void all_flags(CaseWork *w)
{
    w->order.flags = DEEPQUOTE_FLAGS_ALL;
}

static void measurement(CaseWork *w)
{
    all_flags(w);
    case_policy(w, "measurement %064d", 1);
}

static void group_info_missing(CaseWork *w)
{
    guint8 value[DQ_HASH_SIZE];
    g_autofree char *hex = NULL;

    maker_digest("group info", value);
    hex = dq_hex_encode(value, sizeof(value));
    case_policy(w, "group-info %s", hex);
}

static void group_key(CaseWork *w)
{
    all_flags(w);
    case_policy(w, "group-key %064d", 1);
}

static void launch(CaseWork *w)
{
    all_flags(w);
    case_policy(w, "launch %064d\nlaunch %064d", 1, 2);
}

const Case cases_vm[] = {
    { "wrong-nonce-other", "the verifier chose another nonce", NULL, other_nonce },
    { "wrong-nonce-longer", "the verifier's nonce has one byte more", NULL, longer_nonce },
    { "wrong-nonce-shorter", "the verifier's nonce has one byte less", NULL, shorter_nonce },
    { "wrong-nonce-host", "the binding has another nonce than the vTPM's quote", nonce_of_host,
      NULL },
    { "wrong-nonce-vtpm", "the vTPM's quote has another nonce than the binding", nonce_of_vtpm,
      NULL },
    { "wrong-nonce-used", "the nonce was used before", NULL, used_nonce },
    { "wrong-vm-uuid", "another UUID is expected", NULL, other_uuid },
    { "wrong-vm-unlisted", "the policy lists another VM only", unlisted_uuid, NULL },
    { "wrong-vm-nothing-expected", "the verifier says nothing about the VM", nothing_expected,
      NULL },
    { "wrong-vm-ek", "another EK is expected", other_ek, NULL },
    { "wrong-vm-no-ek", "an EK is expected, the vTPM has none", no_ek, NULL },
    { "wrong-vm-signer", "another signing key is expected", other_signer, NULL },
    { "wrong-vm-no-signer", "a signing key is expected, nothing is signed", no_signer, NULL },
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
    { "bad-vtpm-signature-no-key", "the verifier has no key to check with", no_key, NULL },
    { "bad-vtpm-signature-missing", "the binding names a key, but nothing is signed", NULL,
      take_signature },
    { "vtpm-pcr-mismatch-value", "a bit of a PCR value", NULL, pcr_value },
    { "vtpm-pcr-mismatch-none", "no values are given", NULL, no_values },
    { "vtpm-pcr-mismatch-short", "the last value is missing", NULL, value_missing },
    { "vtpm-pcr-mismatch-long", "a value too many", NULL, value_too_many },
    { "vtpm-pcr-mismatch-unproven", "values for an unsigned quote without digest", unsigned_vtpm,
      values_unproven },
    { "stale-epoch", "the epoch went back", epoch_back, NULL },
    { "stale-generation", "the generation went back", generation_back, NULL },
    { "stale-generation-new-epoch", "a new epoch with an older state", rolled_back, NULL },
    { "stale-reset-count", "the host's reset count went back", reset_back, NULL },
    { "stale-restart-count", "the host's restart count went back", restart_back, NULL },
    { "stale-clock", "the host's clock went back by a millisecond", clock_back, NULL },
    { "policy-host-pcr", "a host PCR has none of the allowed values", host_pcr, NULL },
    { "policy-vtpm-pcr", "a vTPM PCR has another value", vtpm_pcr, NULL },
    { "policy-vtpm-pcr-not-quoted", "a vTPM PCR that was not quoted", vtpm_pcr_not_quoted, NULL },
    { "policy-vtpm-pcr-unproven", "vTPM PCRs of an unsigned quote without digest",
      vtpm_pcr_unproven, NULL },
    { "policy-measurement", "another measurement", measurement, NULL },
    { "policy-group-info-missing", "group-info is asked for, the flag is not set",
      group_info_missing, NULL },
    { "policy-group-key", "another group key", group_key, NULL },
    { "policy-launch", "another launch digest than the two allowed", launch, NULL },
    { NULL, NULL, NULL, NULL },
};
