/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "profile_bound.h"

#include "appraise/profile-json.h"
#include "attest/bytes.h"
#include "store/store-profile.h"
#include "wire/evidence.h"

#include <string.h>

struct ProfileBound {
    const CheckExpected *expected;
    DqStoreFile *store; /* or NULL */
    GHashTable *read;   /* name -> DqProfile */
};

static void free_profile(gpointer data)
{
    dq_profile_free(data);
}

ProfileBound *profile_bound_new(const CheckExpected *expected, DqStoreFile *store)
{
    ProfileBound *bound = g_new0(ProfileBound, 1);

    bound->expected = expected;
    bound->store = store;
    bound->read = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, free_profile);
    return bound;
}

void profile_bound_free(ProfileBound *bound)
{
    if (bound) {
        g_hash_table_unref(bound->read);
        g_free(bound);
    }
}

static gboolean check_key(const ProfileBound *bound, const DqStoreProfile *record, GError **error)
{
    uint8_t digest[DQ_HASH_SIZE];

    if (!bound->expected->profile_key) {
        return TRUE;
    }
    dq_jws_public_digest(bound->expected->profile_key, digest);
    if (record->issued == 0 || memcmp(digest, record->key, sizeof(digest)) != 0) {
        g_set_error(error, DQ_JWS_ERROR, DQ_JWS_ERROR_SIGNATURE,
                    "it is not signed with the key of --profile-key");
        return FALSE;
    }
    return TRUE;
}

static DqProfile *read_profile(const ProfileBound *bound, const char *name, GError **error)
{
    g_autoptr(GBytes) json = NULL;
    DqProfile *profile = NULL;
    DqStoreProfile record;

    if (!dq_store_file_get_profile(bound->store, name, &record, &json, error)) {
        return NULL;
    }
    if (check_key(bound, &record, error)) {
        const DqBytes text = dq_bytes_peek(json);

        profile = dq_profile_from_json((const char *)text.data, text.len, error);
    }
    if (!profile) {
        g_prefix_error(error, "profile '%s' of the store: ", name);
    }
    return profile;
}

static gboolean find(ProfileBound *bound, DqSubject subject, WireBytes key,
                     const DqProfile **ret_profile, GError **error)
{
    g_autofree char *name = NULL;
    DqProfile *profile;

    if (!dq_store_file_find_bound(bound->store, subject, key.p, key.len, &name, error)) {
        return FALSE;
    }
    if (!name) {
        return TRUE;
    }
    profile = g_hash_table_lookup(bound->read, name);
    if (!profile) {
        profile = read_profile(bound, name, error);
        if (profile) {
            g_hash_table_insert(bound->read, g_steal_pointer(&name), profile);
        }
    }
    *ret_profile = profile;
    return profile != NULL;
}

gboolean profile_bound_find(ProfileBound *bound, GBytes *evidence, const DqProfile **ret_host,
                            const DqProfile **ret_vm, GError **error)
{
    const WireBytes bytes = dq_wire(dq_bytes_peek(evidence));
    const DqProfile *host = bound->expected->host_profile, *vm = bound->expected->vm_profile;
    g_autofree WireEvidence *e = g_new0(WireEvidence, 1);

    if (bound->store && wire_decode_evidence(bytes, e)) {
        const WireBytes uuid = { e->binding.uuid.byte, sizeof(e->binding.uuid.byte) };

        if ((!host && !find(bound, DQ_SUBJECT_HOST, e->host_signer, &host, error)) ||
            (!vm && !find(bound, DQ_SUBJECT_VM, uuid, &vm, error))) {
            return FALSE;
        }
    }
    *ret_host = host;
    *ret_vm = vm;
    return TRUE;
}
