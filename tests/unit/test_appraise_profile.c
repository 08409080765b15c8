/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Profiles: what they say of files, and their file form. */
#include "appraise/profile-json.h"

#include "log_fixture.h"
#include "wire/tpm-constants.h"

#include <string.h>

#define DIGITS "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff"

/* A public key on P-256: its generator */
#define KEY                                                                                        \
    "MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEaxfR8uEsQkf4vOblY6RA8ncDfYEt6zOg9KE5RdiYwpZP40Li/hp/"     \
    "m47n60"                                                                                       \
    "p8D54WK84zV2sxXs7LtkBoN79R9Q=="

static const char whole[] =
    "{\"type\": \"deepquote-profile\", \"version\": 1, \"name\": \"host\", \"boots\": ["
    "{\"name\": \"6.1\", \"pcrs\": {\"sha256\": {\"0\": \"" DIGITS "\", \"7\": \"" DIGITS "\"}}}], "
    "\"files\": {\"/bin/sh\": [\"sha256:" DIGITS "\"], \"/a\\\\x5cb\\\\xff\": [\"sha256:" DIGITS
    "\", \"sha1:0011223344556677889900112233445566778899\"]}, \"packages\": [{\"name\": \"a\", "
    "\"version\": \"1\", \"source\": \"s\", \"source-version\": \"2\", \"release\": \"r\", "
    "\"digests\": "
    "[\"sha256:" DIGITS "\"]}, {\"name\": \"b\", \"version\": \"1\", \"source\": \"b\", "
    "\"source-version\": \"1\", \"digests\": [\"sha256:" DIGITS "\"]}], \"keys\": [\"" KEY "\"], "
    "\"learning\": true, \"exclude\": [\"/tmp/*\"]}";

static DqProfile *read_profile(const char *text)
{
    g_autoptr(GError) error = NULL;
    DqProfile *profile = dq_profile_from_json(text, strlen(text), &error);

    g_assert_no_error(error);
    return profile;
}

static void expect_refused(const char *text, const char *words)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(DqProfile) profile = dq_profile_from_json(text, strlen(text), &error);

    g_assert_null(profile);
    g_assert_error(error, DQ_PROFILE_ERROR, DQ_PROFILE_ERROR_MALFORMED);
    if (!strstr(error->message, words)) {
        g_error("'%s' does not say '%s'", error->message, words);
    }
}

static DqProfileMatch match(const DqProfile *p, const char *name, uint16_t alg, const char *digest)
{
    g_autoptr(GBytes) bytes = dq_hex_decode(digest, NULL);

    return dq_profile_match(p, log_text(name), alg, log_bytes(bytes));
}

static void files_match_by_name_and_digest(void)
{
    g_autoptr(DqProfile) p = read_profile(whole);
    char other[] = DIGITS;

    other[0] = '1';
    g_assert_cmpint(match(p, "/bin/sh", TPM_ALG_SHA256, DIGITS), ==, DQ_PROFILE_SAME);
    g_assert_cmpint(match(p, "/bin/sh", TPM_ALG_SHA256, other), ==, DQ_PROFILE_OTHER);
    g_assert_cmpint(match(p, "/bin/sh", TPM_ALG_SHA384, DIGITS), ==, DQ_PROFILE_OTHER);
    g_assert_cmpint(match(p, "/bin/s", TPM_ALG_SHA256, DIGITS), ==, DQ_PROFILE_UNKNOWN);
    g_assert_cmpint(match(p, "/tmp/s", TPM_ALG_SHA256, DIGITS), ==, DQ_PROFILE_EXCLUDED);
    g_assert_cmpint(match(p, "/tmp\xff/s", TPM_ALG_SHA256, DIGITS), ==, DQ_PROFILE_UNKNOWN);
    g_assert_cmpint(match(p, "/a\\b\xff", TPM_ALG_SHA256, DIGITS), ==, DQ_PROFILE_SAME);
    g_assert_cmpint(match(p, "/a\\b\xff", TPM_ALG_SHA1, "0011223344556677889900112233445566778899"),
                    ==, DQ_PROFILE_SAME);
}

static void a_listed_file_is_compared_though_excluded(void)
{
    g_autoptr(DqProfile) p = read_profile(whole);
    char other[] = DIGITS;

    other[0] = '1';
    dq_profile_exclude(p, "/bin/*");
    g_assert_cmpint(match(p, "/bin/sh", TPM_ALG_SHA256, other), ==, DQ_PROFILE_OTHER);
    g_assert_cmpint(match(p, "/bin/ls", TPM_ALG_SHA256, other), ==, DQ_PROFILE_EXCLUDED);
}

static void a_digest_of_another_size_is_not_added(void)
{
    g_autoptr(DqProfile) p = dq_profile_new("empty");
    const uint8_t digest[32] = { 0 };

    g_assert_false(
        dq_profile_add_file(p, log_text("/a"), TPM_ALG_SHA256, (WireBytes){ digest, 31 }));
    g_assert_false(dq_profile_add_file(p, log_text("/a"), TPM_ALG_SHA1, (WireBytes){ digest, 32 }));
    g_assert_false(dq_profile_add_file(p, log_text("/a"), 0, (WireBytes){ digest, 0 }));
    g_assert_cmpuint(g_hash_table_size(p->files), ==, 0);
    g_assert_true(
        dq_profile_add_file(p, log_text("/a"), TPM_ALG_SHA256, (WireBytes){ digest, 32 }));
}

static void what_is_written_reads_the_same(void)
{
    g_autoptr(DqProfile) p = read_profile(whole);
    g_autofree char *once = dq_profile_to_json(p);
    g_autoptr(DqProfile) again = read_profile(once);
    g_autofree char *twice = dq_profile_to_json(again);
    GHashTable *pcrs;

    g_assert_cmpstr(once, ==, twice);
    g_assert_cmpuint(again->keys->len, ==, 1);
    g_assert_true(again->learning);
    g_assert_cmpuint(again->boots->len, ==, 1);
    pcrs = dq_profile_find_boot(again, "6.1")->pcrs;
    g_assert_nonnull(g_hash_table_lookup(pcrs, dq_profile_key(TPM_ALG_SHA256, 7)));
    g_assert_null(g_hash_table_lookup(pcrs, dq_profile_key(TPM_ALG_SHA256, 1)));
    g_assert_cmpint(match(again, "/a\\b\xff", TPM_ALG_SHA256, DIGITS), ==, DQ_PROFILE_SAME);
}

static void no_shorter_text_is_a_profile(void)
{
    for (gsize n = 0; n < strlen(whole); n++) {
        g_autofree char *text = g_strndup(whole, n);
        g_autoptr(GError) error = NULL;

        g_assert_null(dq_profile_from_json(text, n, &error));
        g_assert_error(error, DQ_PROFILE_ERROR, DQ_PROFILE_ERROR_MALFORMED);
    }
}

#define START "{\"type\": \"deepquote-profile\", \"version\": 1, \"name\": \"n\""

#define PACKAGE "{\"name\": \"a\", \"version\": \"1\", \"source\": \"a\", \"source-version\": \"1\""

static void what_is_wrong_is_named(void)
{
    static const char *const table[][2] = {
        { "[]", "no JSON object" },
        { "{}", "it is no profile" },
        { "{\"type\": \"deepquote-profile\", \"version\": 1}", "no 'name'" },
        { "{\"type\": \"deepquote-profile\", \"version\": 2, \"name\": \"n\"}", "another version" },
        { START ", \"bots\": []}", "'bots' is not known" },
        { START ", \"boots\": {}}", "'boots' is not what" },
        { START ", \"boots\": [{\"name\": \"a\"}]}", "'name' and 'pcrs'" },
        { START ", \"boots\": [{\"name\": \"a\", \"pcrs\": {}}]}", "has no PCR" },
        { START ", \"boots\": [{\"name\": \"a\", \"pcrs\": {\"sha256\": {}}, \"x\": 1}]}",
          "'x' is not known" },
        { START ", \"boots\": [{\"name\": \"a\", \"pcrs\": {\"md5\": {}}}]}",
          "'md5' is not a bank" },
        { START ", \"boots\": [{\"name\": \"a\", \"pcrs\": {\"sha256\": {\"24\": \"" DIGITS
                "\"}}}]}",
          "'24' is not the number" },
        { START ", \"boots\": [{\"name\": \"a\", \"pcrs\": {\"sha256\": {\"0\": \"00\"}}}]}",
          "PCR 0: '00'" },
        { START ", \"boots\": [{\"name\": \"a\", \"pcrs\": {\"sha256\": {\"0\": \"" DIGITS
                "\"}}}, {\"name\": \"a\", \"pcrs\": {\"sha256\": {\"0\": \"" DIGITS "\"}}}]}",
          "there twice" },
        { START ", \"files\": {\"/a\": []}}", "list of digests" },
        { START ", \"files\": {\"\": [\"sha256:" DIGITS "\"]}}", "a name has no zero" },
        { START ", \"files\": {\"/\\\\x00\": [\"sha256:" DIGITS "\"]}}", "a name has no zero" },
        { START ", \"files\": {\"/\\\\n\": [\"sha256:" DIGITS "\"]}}", "a backslash is" },
        { START ", \"files\": {\"/a\": [\"" DIGITS "\"]}}", "not a digest such as" },
        { START ", \"files\": {\"/a\": [\"sha256:00\"]}}", "file '/a': '00'" },
        { START ", \"files\": {\"/a\": [3]}}", "not a digest such as" },
        { START ", \"exclude\": [\"\"]}", "list of patterns" },
        { START ", \"exclude\": [{}]}", "list of patterns" },
        { START ", \"packages\": {}}", "'packages' is not what" },
        { START ", \"packages\": [1]}", "a package has to have" },
        { START ", \"packages\": [{\"name\": \"a\", \"version\": \"1\", \"source\": \"a\", "
                "\"digests\": []}]}",
          "a package has to have" },
        { START ", \"packages\": [" PACKAGE ", \"release\": 1, \"digests\": []}]}",
          "a package has to have" },
        { START ", \"packages\": [" PACKAGE ", \"digests\": {}}]}", "a package has to have" },
        { START ", \"packages\": [" PACKAGE ", \"digests\": [\"sha256:00\"]}]}",
          "package 'a': '00'" },
        { START ", \"packages\": [" PACKAGE ", \"digests\": [], \"x\": 1}]}", "'x' is not known" },
        { START ", \"keys\": [\"no key\"]}", "'keys' is a list" },
        { START ", \"keys\": [1]}", "'keys' is a list" },
        { START ", \"learning\": 1}", "'learning' is true or false" },
        { START ", \"issued\": 5}", "'issued' is not a time" },
        { START ", \"issued\": \"2026-11-25\"}", "'issued' is not a time" },
        { START ", \"issued\": \"2026-11-25T18:00:00+00:00\"}", "'issued' is not a time" },
        { START ", \"issued\": \"1970-01-01T00:00:00Z\"}", "'issued' is not a time" },
    };

    for (gsize i = 0; i < G_N_ELEMENTS(table); i++) {
        expect_refused(table[i][0], table[i][1]);
    }
}

static void the_date_of_the_signature_is_kept(void)
{
    g_autoptr(DqProfile) p = read_profile(START ", \"issued\": \"2026-11-25T18:00:00Z\"}");
    g_autoptr(DqProfile) without = read_profile(whole);
    g_autofree char *json = dq_profile_to_json(p);

    g_assert_cmpint(p->issued, ==, 1795629600);
    g_assert_cmpint(without->issued, ==, 0);
    g_assert_nonnull(strstr(json, "\"issued\" : \"2026-11-25T18:00:00Z\""));
}

static void deep_nesting_is_refused(void)
{
    g_autofree char *text = g_strnfill(1000000, '[');

    expect_refused(text, "too long or deep");
}

static void a_digest_leads_to_its_packages(void)
{
    g_autoptr(DqProfile) first = read_profile(whole);
    g_autofree char *json = dq_profile_to_json(first);
    g_autoptr(DqProfile) p = read_profile(json);
    g_autoptr(GBytes) digest = dq_hex_decode(DIGITS, NULL);
    const GArray *owners = dq_profile_find_owners(p, TPM_ALG_SHA256, log_bytes(digest));
    const DqProfilePackage *a, *b;

    g_assert_cmpuint(p->packages->len, ==, 2);
    g_assert_cmpuint(owners->len, ==, 2);
    a = p->packages->pdata[g_array_index(owners, guint, 0)];
    b = p->packages->pdata[g_array_index(owners, guint, 1)];
    g_assert_cmpstr(a->name, ==, "a");
    g_assert_cmpstr(a->source, ==, "s");
    g_assert_cmpstr(a->source_version, ==, "2");
    g_assert_cmpstr(a->release, ==, "r");
    g_assert_cmpstr(b->name, ==, "b");
    g_assert_null(b->release);
    g_assert_null(dq_profile_find_owners(p, TPM_ALG_SHA3_256, log_bytes(digest)));
    g_assert_cmpuint(dq_profile_add_package(p, b), ==, 1);
    dq_profile_add_owner(p, TPM_ALG_SHA256, log_bytes(digest), 1);
    g_assert_cmpuint(owners->len, ==, 2);
}

static void a_digest_is_taken_back(void)
{
    g_autoptr(DqProfile) p = read_profile(whole);
    g_autoptr(GBytes) first = dq_hex_decode(DIGITS, NULL);
    const WireBytes name = log_text("/a\\b\xff"), sh = log_text("/bin/sh");

    g_assert_false(dq_profile_remove_file(p, sh, TPM_ALG_SHA384, log_bytes(first)));
    g_assert_false(dq_profile_remove_file(p, log_text("/b"), TPM_ALG_SHA256, log_bytes(first)));
    g_assert_true(dq_profile_remove_file(p, name, TPM_ALG_SHA256, log_bytes(first)));
    g_assert_cmpint(match(p, "/a\\b\xff", TPM_ALG_SHA256, DIGITS), ==, DQ_PROFILE_OTHER);
    g_assert_cmpint(match(p, "/a\\b\xff", TPM_ALG_SHA1, "0011223344556677889900112233445566778899"),
                    ==, DQ_PROFILE_SAME);
    g_assert_true(dq_profile_remove_file(p, sh, TPM_ALG_SHA256, log_bytes(first)));
    g_assert_false(dq_profile_remove_file(p, sh, TPM_ALG_SHA256, log_bytes(first)));
    g_assert_cmpint(match(p, "/bin/sh", TPM_ALG_SHA256, DIGITS), ==, DQ_PROFILE_UNKNOWN);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/appraise/profile/files", files_match_by_name_and_digest);
    g_test_add_func("/appraise/profile/a-digest-is-taken-back", a_digest_is_taken_back);
    g_test_add_func("/appraise/profile/listed-and-excluded",
                    a_listed_file_is_compared_though_excluded);
    g_test_add_func("/appraise/profile/other-size", a_digest_of_another_size_is_not_added);
    g_test_add_func("/appraise/profile/written-and-read", what_is_written_reads_the_same);
    g_test_add_func("/appraise/profile/no-shorter-text", no_shorter_text_is_a_profile);
    g_test_add_func("/appraise/profile/what-is-wrong", what_is_wrong_is_named);
    g_test_add_func("/appraise/profile/issued", the_date_of_the_signature_is_kept);
    g_test_add_func("/appraise/profile/deep-nesting", deep_nesting_is_refused);
    g_test_add_func("/appraise/profile/a-digest-leads-to-its-packages",
                    a_digest_leads_to_its_packages);
    return g_test_run();
}
