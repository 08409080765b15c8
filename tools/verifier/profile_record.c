/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "profile_record.h"

#include "appraise/ima-signature.h"
#include "attest/bytes.h"
#include "common/input.h"
#include "common/pcr-list.h"
#include "pcr_values.h"
#include "wire/hash.h"

#define BOOT_PCRS "sha256:0,1,2,3,4,5,6,7,8,9,12,14"

enum {
    VALUES_MAX = 65536, /* bytes of a file of values */
    KEY_MAX = 65536,    /* bytes of a file with a key */
};

static GArray *read_values(const char *path, GError **error)
{
    g_autoptr(GBytes) bytes = input_read(path, VALUES_MAX, error);
    g_autofree char *name = g_filename_display_name(path);

    return bytes ? pcr_values_parse(g_bytes_get_data(bytes, NULL), g_bytes_get_size(bytes), name,
                                    error)
                 : NULL;
}

gboolean profile_record_boot(DqProfile *profile, const char *name, const char *path,
                             const char *list, GError **error)
{
    g_autoptr(GArray) values = NULL;
    WirePcrSelection selection;
    WirePcrWalk walk = { 0 };
    DqProfileBoot *boot;

    if (dq_profile_find_boot(profile, name)) {
        g_set_error(error, DQ_ERROR, DQ_ERROR_VALUE,
                    "the profile has a boot '%s' already: give another --boot", name);
        return FALSE;
    }
    if (!pcr_list_parse("--pcr-list", list ? list : BOOT_PCRS, &selection, error)) {
        return FALSE;
    }
    values = read_values(path, error);
    if (!values) {
        return FALSE;
    }
    boot = dq_profile_add_boot(profile, name);
    while (wire_pcr_next(&selection, &walk)) {
        const PcrValue *v = pcr_values_find(values, walk.hash, walk.pcr);

        if (!v || v->size == 0) {
            g_set_error(error, DQ_ERROR, DQ_ERROR_VALUE,
                        "%s has no value of PCR %s:%u: read it too, or leave it out of --pcr-list",
                        path, wire_hash_find(walk.hash)->name, walk.pcr);
            return FALSE;
        }
        dq_profile_boot_set(boot, v->alg, v->pcr, (WireBytes){ v->value, v->size });
    }
    return TRUE;
}

gboolean profile_record_keys(DqProfile *profile, char **paths, GError **error)
{
    for (; paths && *paths; paths++) {
        g_autoptr(GBytes) bytes = input_read(*paths, KEY_MAX, error);
        g_autoptr(GBytes) spki = bytes ? dq_spki_new(dq_bytes_peek(bytes), error) : NULL;

        if (!spki) {
            g_prefix_error(error, "--ima-key %s: ", *paths);
            return FALSE;
        }
        dq_profile_add_key(profile, spki);
    }
    return TRUE;
}

static gboolean record_entry(DqProfile *profile, const DqImaEntry *entry, GError **error)
{
    DqImaFields f;
    uint16_t alg;

    if (!dq_ima_is_file(entry)) {
        return TRUE;
    }
    if (!dq_ima_fields(entry, &f) || !f.known) {
        g_set_error(error, DQ_ERROR, DQ_ERROR_VALUE,
                    "entry %" G_GUINT64_FORMAT " has a template that cannot be read",
                    entry->number);
        return FALSE;
    }
    alg = dq_ima_digest_alg(&f.digest);
    if (!dq_ima_is_signed(&f, profile->keys) &&
        dq_profile_match(profile, f.name, alg, f.digest.bytes) != DQ_PROFILE_EXCLUDED &&
        !dq_profile_add_file(profile, f.name, alg, f.digest.bytes)) {
        g_set_error(error, DQ_ERROR, DQ_ERROR_VALUE,
                    "entry %" G_GUINT64_FORMAT " has a digest of an algorithm that is not known",
                    entry->number);
        return FALSE;
    }
    return TRUE;
}

gboolean profile_record_files(DqProfile *profile, const char *path, GError **error)
{
    g_autoptr(GBytes) bytes = input_read(path, DQ_IMA_LIST_MAX, error);
    g_autoptr(GError) problem = NULL;
    DqImaWalk walk;
    DqImaEntry entry;

    if (!bytes) {
        return FALSE;
    }
    walk = dq_ima_walk((WireBytes){ g_bytes_get_data(bytes, NULL), g_bytes_get_size(bytes) }, 0, 0);
    while (dq_ima_next(&walk, &entry, &problem)) {
        if (!record_entry(profile, &entry, &problem)) {
            break;
        }
    }
    if (problem) {
        g_set_error(error, DQ_ERROR, DQ_ERROR_VALUE, "%s: %s", path, problem->message);
    }
    return !problem;
}
