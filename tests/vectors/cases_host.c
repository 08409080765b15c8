/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What is refused about the evidence and the host. */
#include "case.h"

#include "attest/bytes.h"

#include <string.h>

/* ------------------------------------------------------------------------------ malformed */

static void truncated(CaseWork *w)
{
    g_byte_array_set_size(w->deed->evidence, w->deed->evidence->len - 1);
}

static void trailing(CaseWork *w)
{
    g_byte_array_append(w->deed->evidence, (const uint8_t *)"", 1);
}

static void empty(CaseWork *w)
{
    g_byte_array_set_size(w->deed->evidence, 0);
}

static void evidence_magic(CaseWork *w)
{
    w->deed->evidence->data[3] ^= 0x01;
}

static void evidence_version(CaseWork *w)
{
    w->deed->evidence->data[5] = 1;
}

/* Where the binding begins in the evidence. */
static uint8_t *binding_in_evidence(CaseWork *w)
{
    return w->deed->evidence->data + case_find(w->deed, dq_wire(maker_bytes(w->deed->binding)));
}

static void binding_magic(CaseWork *w)
{
    binding_in_evidence(w)[0] = 0;
}

static void binding_version(CaseWork *w)
{
    binding_in_evidence(w)[5] = 1;
}

static void unknown_flag(CaseWork *w)
{
    binding_in_evidence(w)[9] |= 0x20;
}

static void flag_without_digest(CaseWork *w)
{
    binding_in_evidence(w)[9] |= DEEPQUOTE_GROUP_INFO;
}

/* Length of the path: after binding, tree size and leaf index. */
static void long_path(CaseWork *w)
{
    uint8_t nodes[(DEEPQUOTE_PATH_MAX + 1) * DQ_HASH_SIZE] = { 0 };
    gsize at =
        (gsize)(binding_in_evidence(w) - w->deed->evidence->data) + w->deed->binding->len + 16;
    g_autoptr(GByteArray) tail = g_byte_array_new();

    g_byte_array_append(tail, w->deed->evidence->data + at + 2,
                        (guint)(w->deed->evidence->len - at - 2));
    g_byte_array_set_size(w->deed->evidence, (guint)at + 2);
    w->deed->evidence->data[at + 1] = DEEPQUOTE_PATH_MAX + 1;
    g_byte_array_append(w->deed->evidence, nodes, sizeof(nodes));
    g_byte_array_append(w->deed->evidence, tail->data, tail->len);
}

/* The count stands before the first value and its size: eight values of 34 bytes with it. */
static uint8_t *pcr_count(CaseWork *w)
{
    return w->deed->evidence->data + w->deed->evidence->len - 8 * (2 + DQ_HASH_SIZE) - 4;
}

static void wrong_pcr_count(CaseWork *w)
{
    pcr_count(w)[3] = 7;
}

static void wrong_pcr_size(CaseWork *w)
{
    pcr_count(w)[5] = 31;
}

static void vtpm_quote_truncated(CaseWork *w)
{
    g_byte_array_set_size(w->deed->vtpm_quoted, w->deed->vtpm_quoted->len - 1);
}

static void vtpm_signature_trailing(CaseWork *w)
{
    g_byte_array_append(w->deed->vtpm_signature, (const uint8_t *)"", 1);
}

static void huge_host_quote(CaseWork *w)
{
    memset(w->deed->evidence->data + 6, 0xff, 2);
}

/* --------------------------------------------------------------------------- unknown-host */

static void other_host(CaseWork *w)
{
    w->order.host = w->keys->host_other;
}

static void host_with_key(CaseWork *w, const MakerKey *key)
{
    w->order.host = key;
    w->enrolled = key;
}

static void unrestricted_host(CaseWork *w)
{
    host_with_key(w, w->keys->host_free);
}

static void movable_host(CaseWork *w)
{
    host_with_key(w, w->keys->host_movable);
}

static void storage_host(CaseWork *w)
{
    host_with_key(w, w->keys->host_storage);
}

static void only_offered(CaseWork *w)
{
    w->enrolled = NULL;
    w->offered = w->keys->host;
}

static void revoked(CaseWork *w)
{
    w->host.revoked = CASE_NOW - 1;
}

/* What the store says comes before what an option gives. */
static void revoked_and_given(CaseWork *w)
{
    g_autofree char *name = case_name(w->keys->host);

    revoked(w);
    w->given = w->keys->host;
    case_policy(w, "host-ak name:%s", name);
}

static void expired(CaseWork *w)
{
    w->host.expires = CASE_NOW;
}

static void other_parent_host(CaseWork *w)
{
    host_with_key(w, w->keys->host_parent);
}

static void imported_host(CaseWork *w)
{
    host_with_key(w, w->keys->host_import);
}

static void given_unrestricted(CaseWork *w)
{
    unrestricted_host(w);
    w->enrolled = NULL;
    w->given = w->keys->host_free;
}

static void no_host_no_store(CaseWork *w)
{
    w->no_store = TRUE;
}

static void named_without_key(CaseWork *w)
{
    g_autofree char *name = case_name(w->keys->host);

    w->enrolled = NULL;
    case_policy(w, "host-ak name:%s", name);
}

/* --------------------------------------------------------------------- bad-host-signature */

static void flip_signature(CaseWork *w)
{
    GByteArray *sig = w->deed->host_signature;
    gsize at = case_find(w->deed, dq_wire(maker_bytes(sig)));

    w->deed->evidence->data[at + sig->len - 1] ^= 0x01;
}

/* In the clock: it still decodes, and no other check looks at it before. */
static void flip_host_quote(CaseWork *w)
{
    WireAttest a;
    gsize at = case_find(w->deed, dq_wire(maker_bytes(w->deed->host_quoted)));

    g_assert_true(wire_decode_attest(dq_wire(maker_bytes(w->deed->host_quoted)), &a));
    at += (gsize)(a.extra_data.p + a.extra_data.len - w->deed->host_quoted->data);
    w->deed->evidence->data[at + 7] ^= 0x01;
}

static void rsa_host(CaseWork *w)
{
    host_with_key(w, w->keys->host_rsa);
}

/* A key that nobody enrolled signs; the evidence names the enrolled one. */
static void name_of_enrolled(MakerDeed *d, WireEvidence *e)
{
    e->host_signer = dq_wire(dq_key_get_name(d->order.other->key));
}

static void other_signs(CaseWork *w)
{
    w->order.host = w->keys->host_other;
    w->order.other = w->keys->host;
    w->order.evidence = name_of_enrolled;
}

static void say_sha1(MakerDeed *d, WireEvidence *e)
{
    (void)d;
    e->host_signature.hash = TPM_ALG_SHA1;
}

static void sha1_host(CaseWork *w)
{
    w->order.evidence = say_sha1;
}

static void say_null(MakerDeed *d, WireEvidence *e)
{
    (void)d;
    e->host_signature = (WireSignature){ .alg = TPM_ALG_NULL };
}

static void null_host_signature(CaseWork *w)
{
    w->order.evidence = say_null;
}

static void swap_r_and_s(MakerDeed *d, WireEvidence *e)
{
    WireBytes r = e->host_signature.r;

    (void)d;
    e->host_signature.r = e->host_signature.s;
    e->host_signature.s = r;
}

static void swapped_host_signature(CaseWork *w)
{
    w->order.evidence = swap_r_and_s;
}

static void zero_numbers(MakerDeed *d, WireEvidence *e)
{
    memset(d->scratch, 0, DQ_HASH_SIZE);
    e->host_signature.r = (WireBytes){ d->scratch, DQ_HASH_SIZE };
    e->host_signature.s = e->host_signature.r;
}

static void zero_host_signature(CaseWork *w)
{
    w->order.evidence = zero_numbers;
}

/* ---------------------------------------------------------------------------- not-a-quote */

static void wrong_magic(MakerDeed *d, WireAttest *a)
{
    (void)d;
    a->magic = 0x00544347;
}

/* TPM_ST_ATTEST_CERTIFY of nothing: two empty Names. */
static void certify(MakerDeed *d, WireAttest *a)
{
    memset(d->scratch, 0, 4);
    a->type = 0x8017;
    a->other = (WireBytes){ d->scratch, 4 };
}

static void host_magic(CaseWork *w)
{
    w->order.host_attest = wrong_magic;
}

static void host_type(CaseWork *w)
{
    w->order.host_attest = certify;
}

static void vtpm_magic(CaseWork *w)
{
    w->order.vtpm_attest = wrong_magic;
}

static void vtpm_type(CaseWork *w)
{
    w->order.vtpm_attest = certify;
}

/* ------------------------------------------------------------------------------ bad-proof */

static void leaf_2_of_5(CaseWork *w)
{
    w->order.tree_size = 5;
    w->order.leaf_index = 1;
}

static void flip_path(MakerDeed *d, WireEvidence *e)
{
    memcpy(d->scratch, e->path, e->path_length * DQ_HASH_SIZE);
    d->scratch[DQ_HASH_SIZE] ^= 0x80;
    e->path = d->scratch;
}

static void path_flipped(CaseWork *w)
{
    leaf_2_of_5(w);
    w->order.evidence = flip_path;
}

static void shift_index(MakerDeed *d, WireEvidence *e)
{
    (void)d;
    e->leaf_index ^= 1;
}

static void other_index(CaseWork *w)
{
    leaf_2_of_5(w);
    w->order.evidence = shift_index;
}

static void grow_tree(MakerDeed *d, WireEvidence *e)
{
    (void)d;
    e->tree_size += 1;
}

/* Leaf 2 of 5 and of 6 have proofs of the same length: only the signed size tells. */
static void other_size(CaseWork *w)
{
    leaf_2_of_5(w);
    w->order.evidence = grow_tree;
}

static void no_tree(MakerDeed *d, WireEvidence *e)
{
    (void)d;
    e->tree_size = 0;
}

static void size_0(CaseWork *w)
{
    w->order.evidence = no_tree;
}

static void drop_node(MakerDeed *d, WireEvidence *e)
{
    (void)d;
    e->path_length--;
}

static void short_path(CaseWork *w)
{
    leaf_2_of_5(w);
    w->order.evidence = drop_node;
}

static void index_beyond(MakerDeed *d, WireEvidence *e)
{
    (void)d;
    e->leaf_index = e->tree_size;
}

static void index_out_of_range(CaseWork *w)
{
    w->order.evidence = index_beyond;
}

/* The host signed the bare root, as older designs did. */
static void bare_root(MakerDeed *d, WireAttest *a)
{
    memcpy(d->scratch, dq_merkle_tree_root(d->tree), DQ_HASH_SIZE);
    a->extra_data = (WireBytes){ d->scratch, DQ_HASH_SIZE };
}

static void root_only(CaseWork *w)
{
    w->order.host_attest = bare_root;
}

/* The host signed the verifier's nonce: a plain quote of the host for somebody else. */
static void sign_nonce(MakerDeed *d, WireAttest *a)
{
    a->extra_data = d->order.nonce;
}

static void plain_host_quote(CaseWork *w)
{
    w->order.host_attest = sign_nonce;
}

/* The epoch inside the binding, after the host signed. */
static void binding_changed(CaseWork *w)
{
    WireBinding b;
    uint8_t *at = binding_in_evidence(w);

    g_assert_true(wire_decode_binding(dq_wire(maker_bytes(w->deed->binding)), &b));
    at[b.measurement.p - w->deed->binding->data - 2 - 16 + 7] ^= 0x01;
}

/* ---------------------------------------------------------------------- host-pcr-mismatch */

static void pcr_value(CaseWork *w)
{
    w->deed->evidence->data[w->deed->evidence->len - 1] ^= 0x01;
}

static void swap_values(MakerDeed *d, WireEvidence *e)
{
    WireBytes first = e->pcr[0];

    (void)d;
    e->pcr[0] = e->pcr[1];
    e->pcr[1] = first;
}

static void pcr_order(CaseWork *w)
{
    w->order.evidence = swap_values;
}

/* The same values, said to be those of PCRs 8 to 15. */
static void move_selection(MakerDeed *d, WireEvidence *e)
{
    (void)d;
    e->host_pcrs.bank[0].select[0] = 0;
    e->host_pcrs.bank[0].select[1] = 0xff;
}

static void pcr_selection(CaseWork *w)
{
    w->order.evidence = move_selection;
}

static void pcr_not_quoted(CaseWork *w)
{
    case_policy(w, "host-pcr sha256:14 %064d", 0);
}

static void bank_not_quoted(CaseWork *w)
{
    case_policy(w, "host-pcr sha384:0 %096d", 0);
}

static void digest_of_others(MakerDeed *d, WireAttest *a)
{
    maker_digest("other PCRs", d->scratch);
    a->pcr_digest = (WireBytes){ d->scratch, DQ_HASH_SIZE };
}

static void pcr_digest(CaseWork *w)
{
    w->order.host_attest = digest_of_others;
}

const Case cases_host[] = {
    { "malformed-truncated", "the last byte of the evidence is missing", NULL, truncated },
    { "malformed-trailing-byte", "a byte follows the evidence", NULL, trailing },
    { "malformed-empty", "no evidence at all", NULL, empty },
    { "malformed-evidence-magic", "another magic number", NULL, evidence_magic },
    { "malformed-evidence-version", "evidence of version 1", NULL, evidence_version },
    { "malformed-binding-magic", "another magic number in the binding", NULL, binding_magic },
    { "malformed-binding-version", "a binding of version 1", NULL, binding_version },
    { "malformed-unknown-flag", "a flag that does not exist", NULL, unknown_flag },
    { "malformed-flag-no-digest", "a flag is set, its digest is empty", NULL, flag_without_digest },
    { "malformed-long-path", "a proof of 33 nodes", NULL, long_path },
    { "malformed-pcr-count", "fewer values are announced than selected", NULL, wrong_pcr_count },
    { "malformed-pcr-size", "a SHA-256 PCR of 31 bytes", NULL, wrong_pcr_size },
    { "malformed-huge-size", "a size that goes beyond the evidence", NULL, huge_host_quote },
    { "malformed-vtpm-quote", "the last byte of the vTPM's attest is missing", NULL,
      vtpm_quote_truncated },
    { "malformed-vtpm-signature", "a byte follows the vTPM's signature", NULL,
      vtpm_signature_trailing },
    { "unknown-host-other-key", "a host that is not enrolled", other_host, NULL },
    { "unknown-host-not-restricted", "an enrolled key that signs anything", unrestricted_host,
      NULL },
    { "unknown-host-not-fixed", "an enrolled key that can leave its TPM", movable_host, NULL },
    { "unknown-host-storage-key", "an enrolled key that decrypts", storage_host, NULL },
    { "unknown-host-offered-key", "a key that is known but not accepted", only_offered, NULL },
    { "unknown-host-no-public", "a Name is enrolled, its key is nowhere", named_without_key, NULL },
    { "unknown-host-other-parent", "an enrolled key that can get another parent", other_parent_host,
      NULL },
    { "unknown-host-imported", "an enrolled key that was made outside of its TPM", imported_host,
      NULL },
    { "unknown-host-revoked", "the host's enrolment was revoked", revoked, NULL },
    { "unknown-host-revoked-and-given", "revoked, but an option and the policy have it",
      revoked_and_given, NULL },
    { "unknown-host-expired", "the host's enrolment ends this second", expired, NULL },
    { "unknown-host-given-unrestricted", "a key from an option that signs anything",
      given_unrestricted, NULL },
    { "unknown-host-no-store", "neither store nor option has a host", no_host_no_store, NULL },
    { "bad-host-signature-flipped", "a bit of the signature", NULL, flip_signature },
    { "bad-host-signature-quote", "a bit of the host's attest: its clock", NULL, flip_host_quote },
    { "bad-host-signature-rsa", "a bit of an RSA signature", rsa_host, flip_signature },
    { "bad-host-signature-other-key", "another key signed, the enrolled one is named", other_signs,
      NULL },
    { "bad-host-signature-sha1", "the signature says SHA-1", sha1_host, NULL },
    { "bad-host-signature-null", "a signature of TPM_ALG_NULL", null_host_signature, NULL },
    { "bad-host-signature-swapped", "r and s change places", swapped_host_signature, NULL },
    { "bad-host-signature-zero", "r and s are zero", zero_host_signature, NULL },
    { "not-a-quote-host-magic", "not TPM_GENERATED_VALUE in the host's attest", host_magic, NULL },
    { "not-a-quote-host-type", "the host certified a key", host_type, NULL },
    { "not-a-quote-vtpm-magic", "not TPM_GENERATED_VALUE in the vTPM's attest", vtpm_magic, NULL },
    { "not-a-quote-vtpm-type", "the vTPM certified a key", vtpm_type, NULL },
    { "bad-proof-node", "a bit of a node in the proof", path_flipped, NULL },
    { "bad-proof-index", "the neighbour's index", other_index, NULL },
    { "bad-proof-tree-size", "one leaf more than was signed", other_size, NULL },
    { "bad-proof-no-tree", "a tree of no leaves", size_0, NULL },
    { "bad-proof-short", "the proof ends below the root", short_path, NULL },
    { "bad-proof-index-range", "an index beyond the tree", index_out_of_range, NULL },
    { "bad-proof-bare-root", "the host signed the root without its label", root_only, NULL },
    { "bad-proof-plain-quote", "a plain quote of the host for this nonce", plain_host_quote, NULL },
    { "bad-proof-binding", "the epoch in the binding was changed", NULL, binding_changed },
    { "host-pcr-mismatch-value", "a bit of a PCR value", NULL, pcr_value },
    { "host-pcr-mismatch-order", "two values change places", pcr_order, NULL },
    { "host-pcr-mismatch-selection", "other PCRs are said to have these values", pcr_selection,
      NULL },
    { "host-pcr-mismatch-digest", "the host quoted other values", pcr_digest, NULL },
    { "host-pcr-mismatch-not-quoted", "a PCR that the policy asks for", pcr_not_quoted, NULL },
    { "host-pcr-mismatch-no-bank", "a bank that the policy asks for", bank_not_quoted, NULL },
    { NULL, NULL, NULL, NULL },
};
