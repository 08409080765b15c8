/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "appraise/profile.h"

#include "attest/bytes.h"
#include "attest/digest.h"
#include "wire/hash.h"

#include <string.h>

G_DEFINE_QUARK(dq_profile_error, dq_profile_error)

static void boot_free(gpointer data)
{
    DqProfileBoot *boot = data;

    g_free(boot->name);
    g_hash_table_unref(boot->pcrs);
    g_free(boot);
}

static void digests_free(gpointer data)
{
    g_byte_array_unref(data);
}

static void package_free(gpointer data)
{
    DqProfilePackage *package = data;

    g_free(package->name);
    g_free(package->version);
    g_free(package->source);
    g_free(package->source_version);
    g_free(package->release);
    g_free(package);
}

static void owners_free(gpointer data)
{
    g_array_unref(data);
}

static void pattern_free(gpointer data)
{
    g_pattern_spec_free(data);
}

DqProfile *dq_profile_new(const char *name)
{
    DqProfile *profile = g_new0(DqProfile, 1);

    profile->name = g_strdup(name);
    profile->boots = g_ptr_array_new_with_free_func(boot_free);
    profile->files = g_hash_table_new_full(g_bytes_hash, g_bytes_equal,
                                           (GDestroyNotify)g_bytes_unref, digests_free);
    profile->packages = g_ptr_array_new_with_free_func(package_free);
    profile->owners = g_hash_table_new_full(g_bytes_hash, g_bytes_equal,
                                            (GDestroyNotify)g_bytes_unref, owners_free);
    profile->keys = g_ptr_array_new_with_free_func((GDestroyNotify)g_bytes_unref);
    profile->exclude = g_ptr_array_new_with_free_func(g_free);
    profile->patterns = g_ptr_array_new_with_free_func(pattern_free);
    return profile;
}

void dq_profile_free(DqProfile *profile)
{
    if (!profile) {
        return;
    }
    g_free(profile->name);
    g_ptr_array_unref(profile->boots);
    g_hash_table_unref(profile->files);
    g_ptr_array_unref(profile->keys);
    g_ptr_array_unref(profile->packages);
    g_hash_table_unref(profile->owners);
    g_ptr_array_unref(profile->exclude);
    g_ptr_array_unref(profile->patterns);
    g_free(profile);
}

DqProfileBoot *dq_profile_add_boot(DqProfile *profile, const char *name)
{
    DqProfileBoot *boot = g_new0(DqProfileBoot, 1);

    boot->name = g_strdup(name);
    boot->pcrs = g_hash_table_new_full(NULL, NULL, NULL, (GDestroyNotify)g_bytes_unref);
    g_ptr_array_add(profile->boots, boot);
    return boot;
}

DqProfileBoot *dq_profile_find_boot(const DqProfile *profile, const char *name)
{
    for (guint i = 0; i < profile->boots->len; i++) {
        DqProfileBoot *boot = g_ptr_array_index(profile->boots, i);

        if (g_str_equal(boot->name, name)) {
            return boot;
        }
    }
    return NULL;
}

void dq_profile_boot_set(DqProfileBoot *boot, uint16_t alg, unsigned pcr, WireBytes value)
{
    g_hash_table_insert(boot->pcrs, dq_profile_key(alg, pcr), g_bytes_new(value.p, value.len));
}

static gint compare_keys(gconstpointer a, gconstpointer b)
{
    const guint x = GPOINTER_TO_UINT(a), y = GPOINTER_TO_UINT(b);

    return x < y ? -1 : x > y;
}

GList *dq_profile_boot_keys(const DqProfileBoot *boot)
{
    return g_list_sort(g_hash_table_get_keys(boot->pcrs), compare_keys);
}

WireReader dq_profile_digests(const GByteArray *digests)
{
    return WIRE_READER(digests->data, digests->len);
}

gboolean dq_profile_next_digest(WireReader *rest, uint16_t *ret_alg, WireBytes *ret_digest)
{
    return wire_get_u16(rest, ret_alg) &&
           wire_get_bytes(rest, wire_hash_size(*ret_alg), ret_digest);
}

static gboolean has_digest(const GByteArray *digests, uint16_t alg, WireBytes digest)
{
    WireReader rest = dq_profile_digests(digests);
    uint16_t listed;
    WireBytes value;

    while (dq_profile_next_digest(&rest, &listed, &value)) {
        if (listed == alg && wire_bytes_equal(value, digest)) {
            return TRUE;
        }
    }
    return FALSE;
}

static GByteArray *find_file(const DqProfile *profile, WireBytes name)
{
    g_autoptr(GBytes) key = dq_bytes_borrow(dq_unwire(name));

    return g_hash_table_lookup(profile->files, key);
}

gboolean dq_profile_add_file(DqProfile *profile, WireBytes name, uint16_t alg, WireBytes digest)
{
    GByteArray *digests = find_file(profile, name);
    uint8_t entry[sizeof(alg) + DQ_DIGEST_MAX];
    WireWriter w = WIRE_WRITER(entry, sizeof(entry));

    if (digest.len == 0 || digest.len != wire_hash_size(alg) || !wire_put_u16(&w, alg) ||
        !wire_put_bytes(&w, digest)) {
        return FALSE;
    }
    if (!digests) {
        digests = g_byte_array_new();
        g_hash_table_insert(profile->files, dq_bytes_copy(dq_unwire(name)), digests);
    }
    if (!has_digest(digests, alg, digest)) {
        g_byte_array_append(digests, entry, (guint)w.len);
    }
    return TRUE;
}

gboolean dq_profile_remove_file(DqProfile *profile, WireBytes name, uint16_t alg, WireBytes digest)
{
    GByteArray *digests = find_file(profile, name);
    WireReader rest, here;
    uint16_t listed;
    WireBytes value;

    if (!digests) {
        return FALSE;
    }
    rest = here = dq_profile_digests(digests);
    while (dq_profile_next_digest(&rest, &listed, &value)) {
        if (listed == alg && wire_bytes_equal(value, digest)) {
            g_byte_array_remove_range(digests, (guint)(digests->len - here.left),
                                      (guint)(here.left - rest.left));
            if (digests->len == 0) {
                g_autoptr(GBytes) key = dq_bytes_borrow(dq_unwire(name));

                g_hash_table_remove(profile->files, key);
            }
            return TRUE;
        }
        here = rest;
    }
    return FALSE;
}

static gboolean is_same_package(gconstpointer a, gconstpointer b)
{
    const DqProfilePackage *x = a, *y = b;

    return g_str_equal(x->name, y->name) && g_str_equal(x->version, y->version) &&
           g_str_equal(x->source, y->source) && g_str_equal(x->source_version, y->source_version) &&
           g_strcmp0(x->release, y->release) == 0;
}

guint dq_profile_add_package(DqProfile *profile, const DqProfilePackage *package)
{
    DqProfilePackage *copy;
    guint number;

    if (g_ptr_array_find_with_equal_func(profile->packages, package, is_same_package, &number)) {
        return number;
    }
    copy = g_new0(DqProfilePackage, 1);
    copy->name = g_strdup(package->name);
    copy->version = g_strdup(package->version);
    copy->source = g_strdup(package->source);
    copy->source_version = g_strdup(package->source_version);
    copy->release = g_strdup(package->release);
    g_ptr_array_add(profile->packages, copy);
    return profile->packages->len - 1;
}

/* (transfer full) */
static GBytes *owner_key(uint16_t alg, WireBytes digest)
{
    uint8_t key[sizeof(alg) + DQ_DIGEST_MAX];
    WireWriter w = WIRE_WRITER(key, sizeof(key));

    return wire_put_u16(&w, alg) && wire_put_bytes(&w, digest) ? g_bytes_new(key, w.len)
                                                               : g_bytes_new(NULL, 0);
}

gboolean dq_profile_owner_digest(GBytes *key, uint16_t *ret_alg, WireBytes *ret_digest)
{
    WireReader rest = WIRE_READER(g_bytes_get_data(key, NULL), g_bytes_get_size(key));

    return dq_profile_next_digest(&rest, ret_alg, ret_digest);
}

const GArray *dq_profile_find_owners(const DqProfile *profile, uint16_t alg, WireBytes digest)
{
    g_autoptr(GBytes) key = owner_key(alg, digest);

    return g_hash_table_lookup(profile->owners, key);
}

void dq_profile_add_owner(DqProfile *profile, uint16_t alg, WireBytes digest, guint package)
{
    g_autoptr(GBytes) key = owner_key(alg, digest);
    GArray *owners = g_hash_table_lookup(profile->owners, key);

    if (!owners) {
        owners = g_array_new(FALSE, FALSE, sizeof(guint));
        g_hash_table_insert(profile->owners, g_steal_pointer(&key), owners);
    }
    for (guint i = 0; i < owners->len; i++) {
        if (g_array_index(owners, guint, i) == package) {
            return;
        }
    }
    g_array_append_val(owners, package);
}

void dq_profile_add_key(DqProfile *profile, GBytes *spki)
{
    if (!g_ptr_array_find_with_equal_func(profile->keys, spki, g_bytes_equal, NULL)) {
        g_ptr_array_add(profile->keys, g_bytes_ref(spki));
    }
}

void dq_profile_exclude(DqProfile *profile, const char *pattern)
{
    g_ptr_array_add(profile->exclude, g_strdup(pattern));
    g_ptr_array_add(profile->patterns, g_pattern_spec_new(pattern));
}

/* A name that is no UTF-8 is matched as it is: GLib asks for UTF-8, so bytes above 0x7f that are
 * none match no pattern. */
static gboolean is_excluded(const DqProfile *profile, WireBytes name)
{
    g_autofree char *text = g_strndup((const char *)name.p, name.len);

    if (!g_utf8_validate(text, -1, NULL)) {
        return FALSE;
    }
    for (guint i = 0; i < profile->patterns->len; i++) {
        if (g_pattern_spec_match_string(g_ptr_array_index(profile->patterns, i), text)) {
            return TRUE;
        }
    }
    return FALSE;
}

DqProfileMatch dq_profile_match(const DqProfile *profile, WireBytes name, uint16_t alg,
                                WireBytes digest)
{
    const GByteArray *digests = find_file(profile, name);

    if (digests) {
        return has_digest(digests, alg, digest) ? DQ_PROFILE_SAME : DQ_PROFILE_OTHER;
    }
    return is_excluded(profile, name) ? DQ_PROFILE_EXCLUDED : DQ_PROFILE_UNKNOWN;
}
