/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Deep quotes that are right. */
#include "case.h"

#include "attest/bytes.h"

#include <string.h>

static void in_tree(CaseWork *w, uint64_t size, uint64_t index)
{
    w->order.tree_size = size;
    w->order.leaf_index = index;
}

static void leaf_1_of_2(CaseWork *w)
{
    in_tree(w, 2, 0);
}

static void leaf_2_of_2(CaseWork *w)
{
    in_tree(w, 2, 1);
}

static void leaf_1_of_3(CaseWork *w)
{
    in_tree(w, 3, 0);
}

static void leaf_3_of_3(CaseWork *w)
{
    in_tree(w, 3, 2);
}

static void leaf_1_of_1000(CaseWork *w)
{
    in_tree(w, 1000, 0);
}

static void leaf_500_of_1000(CaseWork *w)
{
    in_tree(w, 1000, 499);
}

static void leaf_1000_of_1000(CaseWork *w)
{
    in_tree(w, 1000, 999);
}

static void rsa_host(CaseWork *w)
{
    w->order.host = w->keys->host_rsa;
    w->enrolled = w->keys->host_rsa;
}

static void rsa_vtpm(CaseWork *w)
{
    case_vtpm_signs_with(w, w->keys->ak_rsa);
}

static void rsapss_vtpm(CaseWork *w)
{
    case_vtpm_signs_with(w, w->keys->ak_pss);
}

static void p384_vtpm(CaseWork *w)
{
    case_vtpm_signs_with(w, w->keys->ak_p384);
}

static void rsa_both(CaseWork *w)
{
    rsa_host(w);
    rsa_vtpm(w);
}

static void host_banks(CaseWork *w)
{
    static const uint16_t banks[] = { TPM_ALG_SHA1, TPM_ALG_SHA256, TPM_ALG_SHA384, 0 };
    static const int numbers[] = { 0, 2, 7, -1 };

    case_select(&w->order.host_pcrs, banks, numbers);
    case_policy(w, "vm any");
}

static void vtpm_banks(CaseWork *w)
{
    static const uint16_t banks[] = { TPM_ALG_SHA1, TPM_ALG_SHA256, TPM_ALG_SHA512, 0 };
    static const int numbers[] = { 0, 10, 23, -1 };

    case_select(&w->order.vtpm_pcrs, banks, numbers);
    case_policy(w, "vm any");
    case_policy_pcrs(w, "vtpm", &w->order.vtpm_pcrs);
}

static void no_vtpm_pcrs(CaseWork *w)
{
    w->order.vtpm_pcrs.count = 0;
}

static void more_than_asked(CaseWork *w)
{
    static const uint16_t banks[] = { TPM_ALG_SHA256, 0 };
    static const int asked[] = { 0, 7, -1 };
    WirePcrSelection s;

    w->no_reference = TRUE;
    case_select(&s, banks, asked);
    case_policy_pcrs(w, "host", &s);
}

static void all_flags(CaseWork *w)
{
    static const struct {
        const char *keyword;
        const char *what;
    } digests[] = {
        { "measurement", "measurement" },
        { "group-info", "group info" },
        { "group-key", "group key" },
        { "launch", "launch" },
    };

    w->order.flags = DEEPQUOTE_FLAGS_ALL;
    for (gsize i = 0; i < G_N_ELEMENTS(digests); i++) {
        uint8_t value[DQ_HASH_SIZE];
        g_autofree char *hex = NULL;

        maker_digest(digests[i].what, value);
        hex = dq_hex_encode(value, sizeof(value));
        case_policy(w, "%s %064d %s", digests[i].keyword, 0, hex);
    }
}

static void flags_without_policy(CaseWork *w)
{
    w->order.flags = DEEPQUOTE_HASH_UUID | DEEPQUOTE_GROUP_INFO | DEEPQUOTE_VM_LAUNCH;
}

/* Everything that a policy can say. */
static void full_policy(CaseWork *w)
{
    g_autofree char *uuid = dq_uuid_format(w->order.uuid);
    g_autofree char *host = case_name(w->keys->host);
    g_autofree char *ak = case_name(w->keys->ak);
    g_autofree char *ek = case_name(w->keys->ak_other);

    w->any_uuid = TRUE;
    w->order.ek = dq_wire(dq_key_get_name(w->keys->ak_other->key));
    case_policy(w, "# a comment\n\nhost-ak name:%s", host);
    case_policy(w, "vm 00000000-0000-4000-8000-000000000001 # another one");
    case_policy(w, "vm %s ak=name:%s ek=name:%s", uuid, ak, ek);
    case_policy(w, "host-pcr sha256:0 %064d %064d", 1, 2); /* more values follow for PCR 0 */
    case_policy(w, "allow-move any\nallow-lineage %s any\nallow-sha1\nallow-key name:%s", uuid, ak);
    case_policy_pcrs(w, "vtpm", &w->order.vtpm_pcrs);
}

static void listed_vm(CaseWork *w)
{
    g_autofree char *uuid = dq_uuid_format(w->order.uuid);

    w->any_uuid = TRUE;
    case_policy(w, "vm %s", uuid);
}

static void known_ek(CaseWork *w)
{
    DqBytes ek = dq_key_get_name(w->keys->ak_other->key);

    w->order.ek = dq_wire(ek);
    g_byte_array_append(w->vtpm_ek, ek.data, (guint)ek.len);
}

static void nonce_of(CaseWork *w, gsize size)
{
    static uint8_t nonce[DQ_NONCE_MAX];

    memset(nonce, 0x5a, sizeof(nonce));
    w->order.nonce = (WireBytes){ nonce, size };
    g_byte_array_set_size(w->nonce, 0);
    g_byte_array_append(w->nonce, nonce, (guint)size);
}

static void nonce_of_16(CaseWork *w)
{
    nonce_of(w, DEEPQUOTE_NONCE_MIN);
}

static void nonce_of_64(CaseWork *w)
{
    nonce_of(w, DQ_NONCE_MAX);
}

static void same_counters(CaseWork *w)
{
    const MakerOrder *o = &w->order;

    case_recorded(w, o->epoch, o->generation, o->reset_count, o->restart_count, o->clock);
}

static void newer_counters(CaseWork *w)
{
    case_recorded(w, 2, 40, 7, 1, 86399999);
}

static void host_reset(CaseWork *w)
{
    case_recorded(w, 3, 41, 6, 9, 80000000);
}

static void any_challenge(CaseWork *w)
{
    w->any_challenge = TRUE;
}

static void challenge_for_vm(CaseWork *w)
{
    w->any_challenge = TRUE;
    w->any_uuid = TRUE;
    w->challenge.bound = TRUE;
    memcpy(w->challenge.uuid, w->order.uuid, DQ_UUID_SIZE);
}

static void last_second(CaseWork *w)
{
    w->challenge.expires = CASE_NOW;
    w->host.expires = CASE_NOW + 1;
}

static void bound_channel(CaseWork *w)
{
    w->channel = w->keys->host_other;
    case_bind(w, w->channel);
}

static void bound_rsa_channel(CaseWork *w)
{
    w->channel = w->keys->host_rsa;
    case_bind(w, w->channel);
}

static void by_proof(CaseWork *w)
{
    w->host.enrolment = DQ_ENROLMENT_PROOF;
}

static void stand_in(CaseWork *w)
{
    w->host.simulated = TRUE;
    w->allow_simulated = TRUE;
}

static void allowed_key(CaseWork *w)
{
    case_vtpm_signs_with(w, w->keys->ak_free);
    w->allowed = w->keys->ak_free;
}

static void allowed_movable_key(CaseWork *w)
{
    case_vtpm_signs_with(w, w->keys->ak_movable);
    w->allowed = w->keys->ak_movable;
}

static void policy_key(CaseWork *w)
{
    g_autofree char *name = case_name(w->keys->ak_free);

    case_vtpm_signs_with(w, w->keys->ak_free);
    case_policy(w, "allow-key name:%s", name);
}

/* The guest hands over no key: the expected one is at hand. */
static void expected_key(CaseWork *w)
{
    w->vtpm_key = NULL;
    w->guest_key = NULL;
    w->expected = w->keys->ak;
}

static void expected_name(CaseWork *w)
{
    const DqBytes name = dq_key_get_name(w->keys->ak->key);

    w->vtpm_key = NULL;
    g_byte_array_append(w->vtpm_ak, name.data, (guint)name.len);
}

static void recorded_ek(CaseWork *w)
{
    w->order.ek = dq_wire(dq_key_get_name(w->keys->ak_other->key));
    case_set_name(&w->vm.ek, w->keys->ak_other);
}

static void given_too(CaseWork *w)
{
    w->given = w->keys->host;
}

static void only_store(CaseWork *w)
{
    w->any_uuid = TRUE;
    w->any_challenge = TRUE;
}

static void host_vouched(CaseWork *w)
{
    g_autofree char *uuid = dq_uuid_format(w->order.uuid);

    case_vtpm_signs_with(w, NULL);
    w->order.digest_unsigned = TRUE;
    case_policy(w, "allow-host-vouched %s", uuid);
}

static void any_host_vouched(CaseWork *w)
{
    case_vtpm_signs_with(w, NULL);
    case_policy(w, "allow-host-vouched any");
}

static void signed_although_host_vouched(CaseWork *w)
{
    case_policy(w, "allow-host-vouched any");
}

const Case cases_trusted[] = {
    { "trusted-one-leaf", "a batch of one; ECC keys on both sides", NULL, NULL },
    { "trusted-leaf-1-of-2", "first of two leaves", leaf_1_of_2, NULL },
    { "trusted-leaf-2-of-2", "last of two leaves", leaf_2_of_2, NULL },
    { "trusted-leaf-1-of-3", "first of three leaves", leaf_1_of_3, NULL },
    { "trusted-leaf-3-of-3", "a leaf without a sibling: one node proves it", leaf_3_of_3, NULL },
    { "trusted-leaf-1-of-1000", "first of a thousand leaves", leaf_1_of_1000, NULL },
    { "trusted-leaf-500-of-1000", "in the middle of a thousand", leaf_500_of_1000, NULL },
    { "trusted-leaf-1000-of-1000", "last of a thousand leaves", leaf_1000_of_1000, NULL },
    { "trusted-rsa-host", "the host signs with RSASSA", rsa_host, NULL },
    { "trusted-rsa-vtpm", "the vTPM signs with RSASSA", rsa_vtpm, NULL },
    { "trusted-rsapss-vtpm", "the vTPM signs with RSAPSS", rsapss_vtpm, NULL },
    { "trusted-p384-vtpm", "the vTPM signs with P-384 and SHA-384", p384_vtpm, NULL },
    { "trusted-rsa-both", "RSA on both sides", rsa_both, NULL },
    { "trusted-host-banks", "host PCRs of three banks", host_banks, NULL },
    { "trusted-vtpm-banks", "vTPM PCRs of three banks", vtpm_banks, NULL },
    { "trusted-no-vtpm-pcrs", "the vTPM quotes no PCR at all", no_vtpm_pcrs, NULL },
    { "trusted-more-than-asked", "the host quotes more PCRs than the policy asks for",
      more_than_asked, NULL },
    { "trusted-all-flags", "all four digests, each among two allowed values", all_flags, NULL },
    { "trusted-flags-no-policy", "two of the digests, which nobody compares", flags_without_policy,
      NULL },
    { "trusted-full-policy", "everything that a policy can say", full_policy, NULL },
    { "trusted-listed-vm", "the UUID comes from the policy's list", listed_vm, NULL },
    { "trusted-known-ek", "the verifier holds the EK's Name", known_ek, NULL },
    { "trusted-nonce-of-16", "the shortest nonce", nonce_of_16, NULL },
    { "trusted-nonce-of-64", "the longest nonce", nonce_of_64, NULL },
    { "trusted-same-counters", "another quote from the same batch of counters", same_counters,
      NULL },
    { "trusted-newer-counters", "every counter has moved on", newer_counters, NULL },
    { "trusted-host-reset", "the host was reset: its restart count begins anew", host_reset, NULL },
    { "trusted-any-challenge", "the verifier names no challenge: its store knows it", any_challenge,
      NULL },
    { "trusted-challenge-for-vm", "the challenge says which VM is expected", challenge_for_vm,
      NULL },
    { "trusted-last-second", "the last second of challenge and enrolment", last_second, NULL },
    { "trusted-bound-channel", "the nonce is bound to a channel's key", bound_channel, NULL },
    { "trusted-bound-rsa-channel", "the nonce is bound to a channel's RSA key", bound_rsa_channel,
      NULL },
    { "trusted-by-proof", "a host that was enrolled by proof", by_proof, NULL },
    { "trusted-stand-in", "a stand-in TPM, which the verifier allows", stand_in, NULL },
    { "trusted-allowed-key", "an unrestricted key that is allowed by Name", allowed_key, NULL },
    { "trusted-allowed-movable-key", "a key that can leave its TPM, allowed by Name",
      allowed_movable_key, NULL },
    { "trusted-policy-key", "an unrestricted key that the policy allows by Name", policy_key,
      NULL },
    { "trusted-expected-key", "the signing key comes from an option", expected_key, NULL },
    { "trusted-expected-name", "the signing key's Name comes from an option", expected_name, NULL },
    { "trusted-recorded-ek", "the store holds the EK's Name", recorded_ek, NULL },
    { "trusted-host-given-too", "an enrolled host that an option names as well", given_too, NULL },
    { "trusted-host-vouched", "TPM_RH_NULL, with a digest; the policy allows it for this VM",
      host_vouched, NULL },
    { "trusted-host-vouched-any", "TPM_RH_NULL, without PCRs; the policy allows it for any VM",
      any_host_vouched, NULL },
    { "trusted-signed-where-allowed", "a key signed, although the policy does without",
      signed_although_host_vouched, NULL },
    { "trusted-only-store", "challenge, host and VM all come from the store", only_store, NULL },
    { NULL, NULL, NULL, NULL },
};
