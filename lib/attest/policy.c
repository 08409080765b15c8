/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "attest/policy.h"

#include "attest/bytes.h"

#include <string.h>

static void vm_free(gpointer data)
{
    DqPolicyVm *vm = data;

    dq_key_unref(vm->ak);
    g_clear_pointer(&vm->ak_name, g_bytes_unref);
    g_clear_pointer(&vm->ek_name, g_bytes_unref);
    g_free(vm);
}

static void pcr_clear(gpointer data)
{
    g_byte_array_unref(((DqPolicyPcr *)data)->values);
}

static void part_clear(gpointer data)
{
    DqPolicyPart *part = data;

    g_free(part->name);
    g_byte_array_unref(part->digests);
}

static GArray *new_pcrs(void)
{
    GArray *pcrs = g_array_new(FALSE, FALSE, sizeof(DqPolicyPcr));

    g_array_set_clear_func(pcrs, pcr_clear);
    return pcrs;
}

DqPolicy *dq_policy_new(void)
{
    DqPolicy *p = g_new0(DqPolicy, 1);

    p->refs = 1;
    p->urgency = DQ_URGENCY_LOW;
    p->keys = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, (GDestroyNotify)dq_key_unref);
    p->host_keys = g_ptr_array_new_with_free_func((GDestroyNotify)dq_key_unref);
    p->host_names = g_ptr_array_new_with_free_func((GDestroyNotify)g_bytes_unref);
    p->vms = g_hash_table_new_full(wire_uuid_hash, wire_uuid_equal, NULL, vm_free);
    p->allowed_keys = g_ptr_array_new_with_free_func((GDestroyNotify)g_bytes_unref);
    p->movers = g_hash_table_new_full(wire_uuid_hash, wire_uuid_equal, g_free, NULL);
    p->host_vouched = g_hash_table_new_full(wire_uuid_hash, wire_uuid_equal, g_free, NULL);
    p->lineages = g_array_new(FALSE, FALSE, sizeof(DqPolicyLineage));
    p->denied_firmware = g_array_new(FALSE, FALSE, sizeof(uint64_t));
    p->host_pcrs = new_pcrs();
    p->vtpm_pcrs = new_pcrs();
    p->launch_parts = g_array_new(FALSE, FALSE, sizeof(DqPolicyPart));
    g_array_set_clear_func(p->launch_parts, part_clear);
    for (gsize i = 0; i < DQ_POLICY_DIGESTS; i++) {
        p->digests[i] = g_byte_array_new();
    }
    return p;
}

GHashTable *dq_policy_get_keys(const DqPolicy *policy)
{
    return policy->keys;
}

DqUrgency dq_policy_get_urgency(const DqPolicy *policy)
{
    return policy->urgency;
}

DqPolicy *dq_policy_ref(DqPolicy *policy)
{
    g_atomic_int_inc(&policy->refs);
    return policy;
}

void dq_policy_unref(DqPolicy *policy)
{
    if (!policy || !g_atomic_int_dec_and_test(&policy->refs)) {
        return;
    }
    g_hash_table_unref(policy->keys);
    g_ptr_array_unref(policy->host_keys);
    g_ptr_array_unref(policy->host_names);
    g_ptr_array_unref(policy->allowed_keys);
    g_hash_table_unref(policy->movers);
    g_hash_table_unref(policy->host_vouched);
    g_array_unref(policy->lineages);
    g_array_unref(policy->denied_firmware);
    g_hash_table_unref(policy->vms);
    g_array_unref(policy->host_pcrs);
    g_array_unref(policy->vtpm_pcrs);
    g_array_unref(policy->launch_parts);
    for (gsize i = 0; i < DQ_POLICY_DIGESTS; i++) {
        g_byte_array_unref(policy->digests[i]);
    }
    g_free(policy);
}

void dq_policy_add_pcr(GArray *pcrs, const WireHash *bank, unsigned pcr, DqBytes value)
{
    DqPolicyPcr fresh = { .bank = bank, .pcr = pcr };

    for (guint i = 0; i < pcrs->len; i++) {
        DqPolicyPcr *p = &g_array_index(pcrs, DqPolicyPcr, i);

        if (p->bank == bank && p->pcr == pcr) {
            g_byte_array_append(p->values, value.data, (guint)value.len);
            return;
        }
    }
    fresh.values = g_byte_array_new();
    g_byte_array_append(fresh.values, value.data, (guint)value.len);
    g_array_append_val(pcrs, fresh);
}

DqPolicyVm *dq_policy_add_vm(DqPolicy *policy, const WireUuid *uuid)
{
    DqPolicyVm *vm = g_hash_table_lookup(policy->vms, uuid);

    if (!vm) {
        vm = g_new0(DqPolicyVm, 1);
        vm->uuid = *uuid;
        g_hash_table_insert(policy->vms, &vm->uuid, vm);
    }
    return vm;
}

const DqPolicyVm *dq_policy_find_vm(const DqPolicy *policy, const WireUuid *uuid)
{
    return g_hash_table_lookup(policy->vms, uuid);
}

gboolean dq_policy_restricts_vms(const DqPolicy *policy)
{
    return policy->any_vm || g_hash_table_size(policy->vms) > 0;
}

static gboolean has_name(const GPtrArray *names, DqBytes name)
{
    for (guint i = 0; i < names->len; i++) {
        if (dq_bytes_equal(dq_bytes_peek(names->pdata[i]), name)) {
            return TRUE;
        }
    }
    return FALSE;
}

gboolean dq_policy_has_host(const DqPolicy *policy, DqBytes name)
{
    return has_name(policy->host_names, name);
}

gboolean dq_policy_allows_key(const DqPolicy *policy, DqBytes name)
{
    return has_name(policy->allowed_keys, name);
}

gboolean dq_policy_allows_move(const DqPolicy *policy, const WireUuid *uuid)
{
    return policy->any_may_move || g_hash_table_contains(policy->movers, uuid);
}

gboolean dq_policy_allows_host_vouched(const DqPolicy *policy, const WireUuid *uuid)
{
    return policy->any_host_vouched || g_hash_table_contains(policy->host_vouched, uuid);
}

gboolean dq_policy_allows_lineage(const DqPolicy *policy, const WireUuid *uuid,
                                  const uint8_t lineage[DQ_LINEAGE_SIZE])
{
    for (guint i = 0; i < policy->lineages->len; i++) {
        const DqPolicyLineage *l = &g_array_index(policy->lineages, DqPolicyLineage, i);

        if (wire_uuid_equal(&l->uuid, uuid) &&
            (l->any || memcmp(l->lineage, lineage, DQ_LINEAGE_SIZE) == 0)) {
            return TRUE;
        }
    }
    return FALSE;
}

static gboolean has_other_bank(const GArray *pcrs, unsigned pcr)
{
    for (guint i = 0; i < pcrs->len; i++) {
        const DqPolicyPcr *p = &g_array_index(pcrs, DqPolicyPcr, i);

        if (p->pcr == pcr && p->bank->alg != TPM_ALG_SHA1) {
            return TRUE;
        }
    }
    return FALSE;
}

gboolean dq_policy_denies_firmware(const DqPolicy *policy, uint64_t version)
{
    for (guint i = 0; i < policy->denied_firmware->len; i++) {
        if (g_array_index(policy->denied_firmware, uint64_t, i) == version) {
            return TRUE;
        }
    }
    return FALSE;
}

const DqPolicyPcr *dq_policy_find_sha1_alone(const DqPolicy *policy, const GArray *pcrs)
{
    for (guint i = 0; i < pcrs->len && !policy->allow_sha1; i++) {
        const DqPolicyPcr *p = &g_array_index(pcrs, DqPolicyPcr, i);

        if (!has_other_bank(pcrs, p->pcr)) {
            return p;
        }
    }
    return NULL;
}

/* Whether @value is one of the values of its size that follow each other in @allowed. */
static gboolean is_among(const GByteArray *allowed, WireBytes value)
{
    if (value.len == 0) {
        return FALSE;
    }
    for (gsize at = 0; at + value.len <= allowed->len; at += value.len) {
        if (dq_bytes_equal((DqBytes){ allowed->data + at, value.len }, dq_unwire(value))) {
            return TRUE;
        }
    }
    return FALSE;
}

const DqPolicyPcr *dq_policy_find_uncovered(const GArray *pcrs, const WirePcrSelection *selection)
{
    for (guint i = 0; i < pcrs->len; i++) {
        const DqPolicyPcr *p = &g_array_index(pcrs, DqPolicyPcr, i);

        if (dq_pcr_find(selection, p->bank->alg, p->pcr) < 0) {
            return p;
        }
    }
    return NULL;
}

const DqPolicyPcr *dq_policy_find_wrong_pcr(const GArray *pcrs, const WirePcrSelection *selection,
                                            const WireBytes *values)
{
    for (guint i = 0; i < pcrs->len; i++) {
        const DqPolicyPcr *p = &g_array_index(pcrs, DqPolicyPcr, i);
        gssize at = dq_pcr_find(selection, p->bank->alg, p->pcr);

        if (at < 0 || values[at].len != p->bank->size || !is_among(p->values, values[at])) {
            return p;
        }
    }
    return NULL;
}

gboolean dq_policy_digest_allowed(const DqPolicy *policy, DqPolicyDigest which, WireBytes value)
{
    const GByteArray *expected = policy->digests[which];

    return expected->len == 0 || (value.len == DQ_HASH_SIZE && is_among(expected, value));
}

DqPolicyPart *dq_policy_add_part(DqPolicy *policy, WirePartKind kind, const char *name)
{
    DqPolicyPart fresh = { .kind = kind };

    for (guint i = 0; i < policy->launch_parts->len; i++) {
        DqPolicyPart *p = &g_array_index(policy->launch_parts, DqPolicyPart, i);

        if (p->kind == kind && g_strcmp0(p->name, name) == 0) {
            return p;
        }
    }
    fresh.name = g_strdup(name);
    fresh.digests = g_byte_array_new();
    g_array_append_val(policy->launch_parts, fresh);
    return &g_array_index(policy->launch_parts, DqPolicyPart, policy->launch_parts->len - 1);
}

static gboolean is_about(const DqPolicyPart *entry, const WirePart *part)
{
    return entry->kind == part->kind &&
           (!entry->name || (strlen(entry->name) == part->name.len &&
                             memcmp(entry->name, part->name.p, part->name.len) == 0));
}

static gboolean satisfies(WireParts parts, const DqPolicyPart *entry)
{
    gboolean found = FALSE;
    WirePart part;

    while (wire_next_part(&parts, &part)) {
        if (!is_about(entry, &part)) {
            continue;
        }
        if (!is_among(entry->digests, (WireBytes){ part.digest, sizeof(part.digest) })) {
            return FALSE;
        }
        found = TRUE;
    }
    return found || entry->may_miss;
}

const DqPolicyPart *dq_policy_find_wrong_part(const DqPolicy *policy, WireParts parts)
{
    for (guint i = 0; i < policy->launch_parts->len; i++) {
        const DqPolicyPart *entry = &g_array_index(policy->launch_parts, DqPolicyPart, i);

        if (!satisfies(parts, entry)) {
            return entry;
        }
    }
    return NULL;
}
