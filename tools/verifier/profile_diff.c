/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "profile_diff.h"

#include "attest/bytes.h"
#include "common/escape.h"
#include "wire/hash.h"

#include <limits.h>
#include <stdio.h>

/* PCRs that @a has and @b has not, or with another value. */
static guint print_pcrs(char mark, const DqProfileBoot *a, const DqProfileBoot *b)
{
    g_autoptr(GList) keys = dq_profile_boot_keys(a);
    guint lines = 0;

    for (GList *k = keys; k; k = k->next) {
        GBytes *value = g_hash_table_lookup(a->pcrs, k->data);
        GBytes *other = b ? g_hash_table_lookup(b->pcrs, k->data) : NULL;

        if (!other || !g_bytes_equal(value, other)) {
            g_autofree char *hex =
                dq_hex_encode(g_bytes_get_data(value, NULL), g_bytes_get_size(value));

            printf("%c boot '%s' %s:%u %s\n", mark, a->name,
                   wire_hash_find(dq_profile_key_alg(k->data))->name, dq_profile_key_pcr(k->data),
                   hex);
            lines++;
        }
    }
    return lines;
}

static guint print_boots(char mark, const DqProfile *a, const DqProfile *b)
{
    guint lines = 0;

    for (guint i = 0; i < a->boots->len; i++) {
        const DqProfileBoot *boot = g_ptr_array_index(a->boots, i);

        lines += print_pcrs(mark, boot, dq_profile_find_boot(b, boot->name));
    }
    return lines;
}

static guint print_digests(char mark, GBytes *name, const GByteArray *digests, const DqProfile *b)
{
    const WireBytes bytes = dq_wire(dq_bytes_peek(name));
    WireReader rest = dq_profile_digests(digests);
    guint lines = 0;
    uint16_t alg;
    WireBytes digest;

    while (dq_profile_next_digest(&rest, &alg, &digest)) {
        if (dq_profile_match(b, bytes, alg, digest) != DQ_PROFILE_SAME) {
            g_autofree char *text = g_strndup((const char *)bytes.p, bytes.len);
            g_autofree char *shown = escape_text(text, PATH_MAX);
            g_autofree char *hex = dq_hex_encode(digest.p, digest.len);

            printf("%c file %s %s:%s\n", mark, shown, wire_hash_find(alg)->name, hex);
            lines++;
        }
    }
    return lines;
}

static gint compare_names(gconstpointer a, gconstpointer b)
{
    return g_bytes_compare(a, b);
}

static guint print_files(char mark, const DqProfile *a, const DqProfile *b)
{
    g_autoptr(GList) names = g_list_sort(g_hash_table_get_keys(a->files), compare_names);
    guint lines = 0;

    for (GList *n = names; n; n = n->next) {
        lines += print_digests(mark, n->data, g_hash_table_lookup(a->files, n->data), b);
    }
    return lines;
}

static gboolean has_package(const DqProfile *profile, const DqProfilePackage *wanted)
{
    for (guint i = 0; i < profile->packages->len; i++) {
        const DqProfilePackage *package = profile->packages->pdata[i];

        if (g_str_equal(package->name, wanted->name) &&
            g_str_equal(package->version, wanted->version)) {
            return TRUE;
        }
    }
    return FALSE;
}

static guint print_packages(char mark, const DqProfile *a, const DqProfile *b)
{
    guint lines = 0;

    for (guint i = 0; i < a->packages->len; i++) {
        const DqProfilePackage *package = a->packages->pdata[i];

        if (!has_package(b, package)) {
            g_autofree char *name = escape_text(package->name, PATH_MAX);
            g_autofree char *version = escape_text(package->version, PATH_MAX);

            printf("%c package %s %s\n", mark, name, version);
            lines++;
        }
    }
    return lines;
}

static guint print_patterns(char mark, const DqProfile *a, const DqProfile *b)
{
    guint lines = 0;

    for (guint i = 0; i < a->exclude->len; i++) {
        const char *pattern = g_ptr_array_index(a->exclude, i);

        if (!g_ptr_array_find_with_equal_func(b->exclude, pattern, g_str_equal, NULL)) {
            printf("%c exclude %s\n", mark, pattern);
            lines++;
        }
    }
    return lines;
}

static guint print_keys(char mark, const DqProfile *a, const DqProfile *b)
{
    guint lines = 0;

    for (guint i = 0; i < a->keys->len; i++) {
        const DqBytes key = dq_bytes_peek(a->keys->pdata[i]);

        if (!g_ptr_array_find_with_equal_func(b->keys, a->keys->pdata[i], g_bytes_equal, NULL)) {
            g_autofree char *text = g_base64_encode(key.data, key.len);

            printf("%c key %s\n", mark, text);
            lines++;
        }
    }
    if (a->learning && !b->learning) {
        printf("%c learning\n", mark);
        lines++;
    }
    return lines;
}

guint profile_diff(const DqProfile *old, const DqProfile *new)
{
    static guint (*const parts[])(char mark, const DqProfile *a,
                                  const DqProfile *b) = { print_boots, print_files, print_packages,
                                                          print_keys, print_patterns };
    guint lines = 0;

    for (gsize i = 0; i < G_N_ELEMENTS(parts); i++) {
        lines += parts[i]('-', old, new);
        lines += parts[i]('+', new, old);
    }
    return lines;
}
