/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "appraise/error.h"
#include "appraise/ima-fields.h"
#include "appraise/ima-list.h"
#include "appraise/ima-text.h"
#include "attest/deepquote.h"
#include "log_fixture.h"
#include "wire/tpm-constants.h"

#include <string.h>

/* The number of entries; -1 where the list is refused, with the message in @ret_why. */
static int count_entries(WireBytes bytes, char **ret_why)
{
    g_autofree uint8_t *exact = g_memdup2(bytes.p, bytes.len); /* so that no byte follows it */
    g_autoptr(GError) error = NULL;
    DqImaWalk walk = dq_ima_walk((WireBytes){ exact, bytes.len }, 0, 0);
    DqImaEntry entry;
    int count = 0;

    while (dq_ima_next(&walk, &entry, &error)) {
        g_autoptr(GArray) fields = dq_ima_text(&entry);

        g_assert_cmpuint(entry.number, ==, count);
        g_assert_cmpuint(fields->len, >, 0);
        count++;
    }
    if (!error) {
        return count;
    }
    g_assert_true(error->domain == DQ_LOG_ERROR);
    if (ret_why) {
        *ret_why = g_strdup(error->message);
    }
    return -1;
}

/* An entry without its template's data. */
static void put_head(GByteArray *out, uint32_t pcr, const char *template)
{
    static const uint8_t digest[DQ_IMA_SHA1_SIZE] = { 1 };

    log_put_le(out, pcr, 4);
    g_byte_array_append(out, digest, sizeof(digest));
    log_put_le(out, strlen(template), 4);
    log_put_text(out, template);
}

static void put_field(GByteArray *out, const char *bytes, gsize size)
{
    log_put_le(out, size, 4);
    g_byte_array_append(out, (const uint8_t *)bytes, (guint)size);
}

static GByteArray *entry_of(const char *template, const GByteArray *data)
{
    GByteArray *out = g_byte_array_new();

    put_head(out, DQ_IMA_PCR, template);
    put_field(out, (const char *)data->data, data->len);
    return out;
}

/* The words of the only entry: name=text of each field, with : for text of the list's. */
static char *line_of(const GByteArray *list)
{
    DqImaWalk walk = dq_ima_walk((WireBytes){ list->data, list->len }, 0, 0);
    g_autoptr(GArray) fields = NULL;
    g_autoptr(GError) error = NULL;
    GString *out = g_string_new(NULL);
    DqImaEntry entry;

    g_assert_true(dq_ima_next(&walk, &entry, &error));
    g_assert_no_error(error);
    fields = dq_ima_text(&entry);
    for (guint i = 0; i < fields->len; i++) {
        const DqEventField *f = &g_array_index(fields, DqEventField, i);

        g_string_append_printf(out, "%s%s%s%s", i > 0 ? "|" : "", f->name, f->ours ? "=" : ":",
                               f->text);
    }
    return g_string_free(out, FALSE);
}

static void expect(const char *template, const GByteArray *data, const char *line)
{
    g_autoptr(GByteArray) list = entry_of(template, data);
    g_autofree char *got = line_of(list);

    g_assert_cmpstr(got, ==, line);
}

static void each_template_says_its_fields(void)
{
    static const uint8_t signature[] = { 3, 2, 4, 0xde, 0xad, 0xbe, 0xef, 0, 1, 0x55 };
    g_autoptr(GByteArray) data = g_byte_array_new();
    g_autoptr(GByteArray) versioned = g_byte_array_new();
    g_autoptr(GByteArray) other = g_byte_array_new();

    put_field(data, "sha1:\0\xaa\xbb", 8);
    put_field(data, "/bin/sh", 8);
    expect("ima-ng", data, "file:/bin/sh|digest=sha1:aabb");
    expect("d-ng|n-ng", data, "file:/bin/sh|digest=sha1:aabb");
    put_field(data, (const char *)signature, sizeof(signature));
    expect("ima-sig", data, "file:/bin/sh|digest=sha1:aabb|signature=by key deadbeef, 1 bytes");
    expect("ima-buf", data, "file:/bin/sh|digest=sha1:aabb|buffer=030204deadbeef000155|size=10");
    put_field(data, "sha256:\0\xcc", 9);
    put_field(data, "signed", 6);
    expect("ima-modsig", data,
           "file:/bin/sh|digest=sha1:aabb|signature=by key deadbeef, 1 bytes|unsigned=sha256:cc"
           "|appended=signature of 6 bytes");
    put_field(versioned, "verity:sha256:\0\xaa", 16);
    put_field(versioned, "f", 2);
    expect("ima-ngv2", versioned, "file:f|kind:verity|digest=sha256:aa");
    put_field(other, "new\x1b:\0\xaa", 7);
    put_field(other, "a\nb", 4);
    expect("ima-ng", other, "file:a\nb|algorithm:new\x1b|digest=aa");
    expect("ima-new", other,
           "problem=the template is not known|data="
           "070000006e65771b3a00aa04000000610a6200|size=19");
}

static void data_that_does_not_decode_is_shown(void)
{
    static const char *const bad[] = { "sha1\0\xaa", "\0a:\0\0\0", "sha1:a", "::::::" };

    for (gsize i = 0; i < G_N_ELEMENTS(bad); i++) {
        g_autoptr(GByteArray) data = g_byte_array_new();
        g_autoptr(GByteArray) list = NULL;
        g_autofree char *got = NULL;

        put_field(data, bad[i], 6);
        put_field(data, "name", 5);
        list = entry_of("ima-ng", data);
        got = line_of(list);
        g_assert_true(g_str_has_prefix(got, "problem=the data does not decode|data=06000000"));
    }
}

static void refuses_each_truncation_of_real_lists(void)
{
    for (guint i = 0; log_names[i]; i++) {
        g_autoptr(GBytes) file = log_read(log_names[i], "ima.bin");
        const WireBytes bytes = log_bytes(file);
        g_autoptr(GHashTable) ends = g_hash_table_new(NULL, NULL);
        DqImaWalk walk = dq_ima_walk(bytes, 0, 0);
        g_autoptr(GError) error = NULL;
        DqImaEntry entry;

        g_hash_table_add(ends, GSIZE_TO_POINTER(0));
        while (dq_ima_next(&walk, &entry, &error)) {
            g_hash_table_add(ends, GSIZE_TO_POINTER(bytes.len - walk.rest.left));
        }
        g_assert_no_error(error);
        for (gsize n = 0; n < bytes.len; n++) {
            const int got = count_entries((WireBytes){ bytes.p, n }, NULL);

            g_assert_cmpint(got >= 0, ==, g_hash_table_contains(ends, GSIZE_TO_POINTER(n)));
        }
    }
}

/* All prefixes of the data of each real entry, with lengths around it that fit. */
static void each_truncation_of_data_has_words(void)
{
    g_autoptr(GBytes) file = log_read("secureboot", "ima.bin");
    DqImaWalk walk = dq_ima_walk(log_bytes(file), 0, 0);
    g_autoptr(GError) error = NULL;
    DqImaEntry entry;

    while (dq_ima_next(&walk, &entry, &error)) {
        for (gsize n = 0; !entry.oldest && n < entry.data.len; n += n < 200 ? 1 : 37) {
            DqImaEntry cut = entry;
            g_autofree uint8_t *exact = g_memdup2(entry.data.p, n);
            g_autoptr(GArray) fields = NULL;

            cut.data = (WireBytes){ exact, n };
            fields = dq_ima_text(&cut);
            g_assert_cmpstr(g_array_index(fields, DqEventField, 0).name, ==, "problem");
        }
    }
    g_assert_no_error(error);
}

static void lengths_beyond_the_list_are_refused(void)
{
    static const struct {
        gsize at;
        const char *words;
    } fields[] = {
        { 0, "entry 0 at offset 0: it is for a PCR that there is not" },
        { 24, "entry 0 at offset 0: its template has no name" },
        { 28, "entry 0 at offset 0: its template has no name" },
        { 34, "entry 0 at offset 0: its data is longer than the list" },
    };

    for (gsize i = 0; i < G_N_ELEMENTS(fields); i++) {
        g_autoptr(GByteArray) data = g_byte_array_new();
        g_autoptr(GByteArray) list = entry_of("ima-ng", data);
        g_autofree char *why = NULL;

        memset(list->data + fields[i].at, 0xff, 4);
        g_assert_cmpint(count_entries((WireBytes){ list->data, list->len }, &why), ==, -1);
        g_assert_cmpstr(why, ==, fields[i].words);
    }
}

static void the_oldest_template_has_no_names_longer_than_its_hash(void)
{
    g_autoptr(GByteArray) list = g_byte_array_new();
    static const uint8_t digest[DQ_IMA_SHA1_SIZE];
    static const char name[DQ_IMA_FILE_MAX + 2] = { 'a' };
    g_autofree char *why = NULL;

    put_head(list, DQ_IMA_PCR, "ima");
    g_byte_array_append(list, digest, sizeof(digest));
    put_field(list, name, DQ_IMA_FILE_MAX);
    g_assert_cmpint(count_entries((WireBytes){ list->data, list->len }, &why), ==, 1);
    g_byte_array_set_size(list, 0);
    put_head(list, DQ_IMA_PCR, "ima");
    g_byte_array_append(list, digest, sizeof(digest));
    put_field(list, name, DQ_IMA_FILE_MAX + 1);
    g_assert_cmpint(count_entries((WireBytes){ list->data, list->len }, &why), ==, -1);
}

static void recorded_digests_are_those_of_the_data(void)
{
    for (guint i = 0; log_names[i]; i++) {
        g_autoptr(GBytes) file = log_read(log_names[i], "ima.bin");
        DqImaWalk walk = dq_ima_walk(log_bytes(file), 0, 0);
        g_autoptr(GError) error = NULL;
        guint violations = 0;
        DqImaEntry entry;

        while (dq_ima_next(&walk, &entry, &error)) {
            uint8_t digest[64];

            g_assert_cmpuint(dq_ima_hash(&entry, TPM_ALG_SHA1, digest), ==, DQ_IMA_SHA1_SIZE);
            violations += entry.violation ? 1 : 0;
            g_assert_true(entry.violation || memcmp(digest, entry.digest.p, DQ_IMA_SHA1_SIZE) == 0);
        }
        g_assert_no_error(error);
        g_assert_cmpuint(walk.number, >=, 14);
        g_assert_cmpuint(violations, ==, 1);
    }
}

static void the_first_entry_has_the_digest_of_the_boot_s_pcrs(void)
{
    for (guint i = 0; log_names[i]; i++) {
        g_autoptr(GBytes) file = log_read(log_names[i], "ima.bin");
        g_autoptr(GArray) values = log_pcrs(log_names[i]);
        DqImaWalk walk = dq_ima_walk(log_bytes(file), 0, 0);
        WireBytes pcrs[DQ_IMA_PCR];
        DqImaEntry entry;
        uint16_t alg;

        g_assert_true(dq_ima_next(&walk, &entry, NULL));
        alg = dq_ima_aggregate(&entry);
        g_assert_cmphex(alg, ==, i == 0 ? TPM_ALG_SHA1 : TPM_ALG_SHA256);
        for (guint pcr = 0; pcr < DQ_IMA_PCR; pcr++) {
            pcrs[pcr] = log_quoted(values, alg, pcr);
        }
        g_assert_true(dq_ima_aggregate_is(&entry, pcrs));
        pcrs[7] = pcrs[4];
        g_assert_false(dq_ima_aggregate_is(&entry, pcrs));
        g_assert_true(dq_ima_next(&walk, &entry, NULL));
        g_assert_cmphex(dq_ima_aggregate(&entry), ==, 0);
    }
}

int main(int argc, char **argv)
{
    static const struct {
        const char *name;
        void (*run)(void);
    } tests[] = {
        { "each-template-says-its-fields", each_template_says_its_fields },
        { "data-that-does-not-decode-is-shown", data_that_does_not_decode_is_shown },
        { "refuses-each-truncation-of-real-lists", refuses_each_truncation_of_real_lists },
        { "each-truncation-of-data-has-words", each_truncation_of_data_has_words },
        { "lengths-beyond-the-list-are-refused", lengths_beyond_the_list_are_refused },
        { "the-oldest-template-has-no-names-longer-than-its-hash",
          the_oldest_template_has_no_names_longer_than_its_hash },
        { "recorded-digests-are-those-of-the-data", recorded_digests_are_those_of_the_data },
        { "the-first-entry-has-the-digest-of-the-boot-s-pcrs",
          the_first_entry_has_the_digest_of_the_boot_s_pcrs },
    };

    g_test_init(&argc, &argv, NULL);
    for (gsize i = 0; i < G_N_ELEMENTS(tests); i++) {
        g_autofree char *path = g_strdup_printf("/appraise/ima/%s", tests[i].name);

        g_test_add_func(path, tests[i].run);
    }
    return g_test_run();
}
