/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "case.h"

#include "attest/digest.h"
#include "maker_tpm12.h"
#include "wire/hash.h"

#include <openssl/x509.h>
#include <string.h>

const Case *const case_tables[] = { cases_trusted,   cases_host,  cases_vm, cases_record,
                                    cases_authentic, cases_tpm12, NULL };

CaseKeys *case_keys_new(void)
{
    const uint32_t ak = MAKER_AK_ATTRIBUTES;
    CaseKeys *k = g_new0(CaseKeys, 1);

    k->host = maker_key_new(TPM_ALG_ECDSA, TPM_ALG_SHA256, ak);
    k->host_rsa = maker_key_new(TPM_ALG_RSASSA, TPM_ALG_SHA256, ak);
    k->host_other = maker_key_new(TPM_ALG_ECDSA, TPM_ALG_SHA256, ak);
    k->host_free =
        maker_key_new(TPM_ALG_ECDSA, TPM_ALG_SHA256, ak & ~(uint32_t)TPMA_OBJECT_RESTRICTED);
    k->host_movable =
        maker_key_new(TPM_ALG_ECDSA, TPM_ALG_SHA256,
                      ak & ~(uint32_t)(TPMA_OBJECT_FIXEDTPM | TPMA_OBJECT_FIXEDPARENT));
    k->host_storage = maker_key_new(TPM_ALG_ECDSA, TPM_ALG_SHA256, ak | TPMA_OBJECT_DECRYPT);
    k->host_parent =
        maker_key_new(TPM_ALG_ECDSA, TPM_ALG_SHA256, ak & ~(uint32_t)TPMA_OBJECT_FIXEDPARENT);
    k->host_import = maker_key_new(TPM_ALG_ECDSA, TPM_ALG_SHA256,
                                   ak & ~(uint32_t)TPMA_OBJECT_SENSITIVEDATAORIGIN);
    k->ak_free =
        maker_key_new(TPM_ALG_ECDSA, TPM_ALG_SHA256, ak & ~(uint32_t)TPMA_OBJECT_RESTRICTED);
    k->ak_movable =
        maker_key_new(TPM_ALG_ECDSA, TPM_ALG_SHA256, ak & ~(uint32_t)TPMA_OBJECT_FIXEDTPM);
    k->ak = maker_key_new(TPM_ALG_ECDSA, TPM_ALG_SHA256, ak);
    k->ak_other = maker_key_new(TPM_ALG_ECDSA, TPM_ALG_SHA256, ak);
    k->ak_rsa = maker_key_new(TPM_ALG_RSASSA, TPM_ALG_SHA256, ak);
    k->ak_pss = maker_key_new(TPM_ALG_RSAPSS, TPM_ALG_SHA256, ak);
    k->ak_p384 = maker_key_new(TPM_ALG_ECDSA, TPM_ALG_SHA384, ak);
    k->aik = maker_tpm12_key_new();
    k->aik_other = maker_tpm12_key_new();
    return k;
}

void case_keys_free(CaseKeys *keys)
{
    MakerKey *const all[] = {
        keys->host,         keys->host_rsa,     keys->host_other, keys->host_free,
        keys->host_movable, keys->host_storage, keys->ak,         keys->ak_other,
        keys->ak_rsa,       keys->ak_pss,       keys->ak_p384,    keys->host_parent,
        keys->host_import,  keys->ak_free,      keys->ak_movable, keys->aik,
        keys->aik_other,
    };

    for (gsize i = 0; i < G_N_ELEMENTS(all); i++) {
        maker_key_free(all[i]);
    }
    g_free(keys);
}

char *case_expected(const Case *c)
{
    for (unsigned i = 0; i < DQ_CHECKS; i++) {
        if (g_str_has_prefix(c->name, dq_check_word((DqCheck)i))) {
            return g_strdup(dq_check_word((DqCheck)i));
        }
    }
    for (unsigned i = DQ_AUTHENTIC; i <= DQ_TRUSTED; i++) {
        if (g_str_has_prefix(c->name, dq_outcome_word((DqOutcome)i))) {
            return g_strdup(dq_outcome_word((DqOutcome)i));
        }
    }
    g_assert_not_reached();
}

void case_policy(CaseWork *w, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    g_string_append_vprintf(w->policy, format, args);
    va_end(args);
    g_string_append_c(w->policy, '\n');
}

void case_policy_pcrs(CaseWork *w, const char *whose, const WirePcrSelection *selection)
{
    for (WirePcrWalk walk = { 0 }; wire_pcr_next(selection, &walk);) {
        uint8_t value[DQ_DIGEST_MAX];
        g_autofree char *hex = dq_hex_encode(value, maker_pcr(whose, walk.hash, walk.pcr, value));

        case_policy(w, "%s-pcr %s:%u %s", whose, wire_hash_find(walk.hash)->name, walk.pcr, hex);
    }
}

void case_select(WirePcrSelection *s, const uint16_t *banks, const int *numbers)
{
    memset(s, 0, sizeof(*s));
    for (; *banks != 0; banks++) {
        for (const int *n = numbers; *n >= 0; n++) {
            g_assert_true(wire_pcr_select(s, *banks, (unsigned)*n));
        }
    }
}

char *case_name(const MakerKey *key)
{
    DqBytes name = dq_key_get_name(key->key);

    return dq_hex_encode(name.data, name.len);
}

void case_set_name(DqName *name, const MakerKey *key)
{
    const DqBytes bytes = dq_key_get_name(key->key);

    name->len = bytes.len;
    memcpy(name->data, bytes.data, bytes.len);
}

void case_recorded(CaseWork *w, uint64_t epoch, uint64_t generation, uint32_t reset,
                   uint32_t restart, uint64_t clock)
{
    DqStoreVm *v = &w->vm;

    w->host.counted = TRUE;
    w->host.reset_count = reset;
    w->host.restart_count = restart;
    v->first_seen = v->last_seen = CASE_NOW - 1000;
    case_set_name(&v->host, w->order.host);
    memcpy(v->lineage, w->order.lineage, DQ_LINEAGE_SIZE);
    v->epoch = epoch;
    v->generation = generation;
    v->has_clock = TRUE;
    v->reset_count = reset;
    v->restart_count = restart;
    v->clock = clock;
    v->clock_safe = TRUE;
}

GByteArray *case_channel_key(const MakerKey *key)
{
    uint8_t *der = NULL;
    int len = i2d_PUBKEY(key->pkey, &der);
    GByteArray *out = g_byte_array_new();

    g_assert_cmpint(len, >, 0);
    g_byte_array_append(out, der, (guint)len);
    OPENSSL_free(der);
    return out;
}

void case_bind(CaseWork *w, const MakerKey *key)
{
    g_autoptr(GByteArray) info = case_channel_key(key);

    g_assert_true(dq_bind_nonce(maker_bytes(w->nonce), maker_bytes(info), w->bound, NULL));
    w->order.nonce = (WireBytes){ w->bound, sizeof(w->bound) };
}

void case_vtpm_signs_with(CaseWork *w, const MakerKey *ak)
{
    w->order.ak = ak;
    w->vtpm_key = ak;
    w->guest_key = ak;
}

gsize case_find(const MakerDeed *d, WireBytes needle)
{
    const uint8_t *at = memmem(d->evidence->data, d->evidence->len, needle.p, needle.len);

    g_assert_nonnull(at);
    return (gsize)(at - d->evidence->data);
}

/* What depends on what the case has chosen. */
static void complete(CaseWork *w)
{
    const DqStoreHost host = w->host;
    MemoryChallenge *c = &w->challenge;

    if (!w->no_reference) {
        case_policy_pcrs(w, "host", &w->order.host_pcrs);
    }
    if (w->enrolled) {
        w->host = maker_host_record(w->enrolled);
        w->host.simulated = host.simulated;
        w->host.enrolment = host.enrolment;
        w->host.enrolled = host.enrolled;
        w->host.expires = host.expires;
        w->host.revoked = host.revoked;
        w->host.counted = host.counted;
        w->host.reset_count = host.reset_count;
        w->host.restart_count = host.restart_count;
    }
    memcpy(w->vm.uuid, w->order.uuid, DQ_UUID_SIZE);
    if (w->vtpm_key) {
        case_set_name(&w->vm.ak, w->vtpm_key);
    }
    c->len = w->nonce->len;
    memcpy(c->challenge, w->nonce->data, c->len);
}

void case_start(CaseWork *w, const CaseKeys *keys, const Case *c)
{
    memset(w, 0, sizeof(*w));
    w->keys = keys;
    w->order = maker_order(keys->host, keys->ak);
    w->enrolled = keys->host;
    w->host.enrolment = DQ_ENROLMENT_WORD;
    w->host.enrolled = CASE_NOW - 100000;
    w->vm.added = CASE_NOW - 100000;
    w->vtpm_key = keys->ak;
    w->guest_key = keys->ak;
    w->challenge.expires = CASE_NOW + 60;
    w->nonce = g_byte_array_new();
    w->vtpm_ek = g_byte_array_new();
    w->vtpm_ak = g_byte_array_new();
    w->policy = g_string_new(NULL);
    memcpy(w->uuid, w->order.uuid, DQ_UUID_SIZE);
    g_byte_array_append(w->nonce, w->order.nonce.p, (guint)w->order.nonce.len);
    if (c->before) {
        c->before(w);
    }
    complete(w);
    w->deed = maker_deed_new(&w->order);
    if (c->after) {
        c->after(w);
    }
}

void case_finish(CaseWork *w)
{
    maker_deed_free(w->deed);
    g_byte_array_unref(w->nonce);
    g_byte_array_unref(w->vtpm_ek);
    g_byte_array_unref(w->vtpm_ak);
    g_string_free(w->policy, TRUE);
}

static DqStore *make_store(const CaseWork *w, MemoryStore *store)
{
    if (w->enrolled) {
        memory_store_add_host(store, &w->host);
    }
    if (!w->no_vm) {
        memory_store_add_vm(store, &w->vm);
    }
    if (!w->not_issued) {
        memory_store_add_challenge(store, &w->challenge);
    }
    return memory_store_get(store);
}

static DqVerifier *make_verifier(const CaseWork *w)
{
    DqVerifier *verifier = dq_verifier_new();
    g_autoptr(DqPolicy) policy = NULL;
    g_autoptr(GError) error = NULL;

    if (w->given) {
        dq_verifier_add_host(verifier, w->given->key);
    }
    if (w->offered) {
        dq_verifier_offer_host_key(verifier, w->offered->key);
    }
    if (w->allowed) {
        dq_verifier_allow_key(verifier, dq_key_get_name(w->allowed->key));
    }
    if (w->policy->len > 0) {
        policy = dq_policy_new_from_text(w->policy->str, w->policy->len, "policy", &error);
        g_assert_no_error(error);
    }
    dq_verifier_set_policy(verifier, policy);
    dq_verifier_allow_simulated(verifier, w->allow_simulated);
    dq_verifier_set_time(verifier, CASE_NOW);
    return verifier;
}

DqVerdict *case_check(const CaseWork *w)
{
    g_autoptr(MemoryStore) memory = memory_store_new();
    g_autoptr(DqStore) store = make_store(w, memory);
    g_autoptr(DqVerifier) verifier = make_verifier(w);
    g_autoptr(GError) error = NULL;
    g_autoptr(GByteArray) channel = w->channel ? case_channel_key(w->channel) : g_byte_array_new();
    uint8_t bound[DQ_HASH_SIZE];
    DqQuote quote = maker_quote(w->deed);
    const DqExpected expected = {
        .challenge = w->any_challenge ? (DqBytes){ NULL, 0 } : maker_bytes(w->nonce),
        .bound_nonce = { bound, w->channel ? sizeof(bound) : 0 },
        .uuid = w->any_uuid ? NULL : w->uuid,
        .vtpm_key = w->expected ? w->expected->key : NULL,
        .vtpm_ak = maker_bytes(w->vtpm_ak),
        .vtpm_ek = maker_bytes(w->vtpm_ek),
    };
    DqVerdict *verdict;

    if (w->channel) {
        g_assert_true(dq_bind_nonce(maker_bytes(w->nonce), maker_bytes(channel), bound, NULL));
    }
    quote.vtpm_key = w->guest_key ? w->guest_key->key : NULL;
    dq_verifier_set_store(verifier, w->no_store ? NULL : store);
    verdict = dq_verifier_check(verifier, &quote, &expected, &error);
    g_assert_no_error(error);
    return verdict;
}
