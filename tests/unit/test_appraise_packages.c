/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A security tracker's file, and what it makes of the packages that a machine runs. */
#include "appraise/appraise-packages.h"

#include "attest/bytes.h"
#include "attest/verdict.h"
#include "log_fixture.h"
#include "wire/tpm-constants.h"

#include <string.h>

#define STATE(status, fixed, urgency)                                                              \
    "{\"releases\": {\"bookworm\": {\"status\": \"" status "\", \"fixed_version\": \"" fixed       \
    "\", \"urgency\": \"" urgency "\", \"repositories\": {\"bookworm\": \"1\"}}}}"

static const char whole[] =
    "{\"swtpm\": {\"CVE-1\": " STATE("resolved", "2-1", "low") ", \"CVE-2\": " STATE(
        "resolved", "1-1",
        "high") ", \"CVE-3\": " STATE("resolved", "0",
                                      "high") "},"
                                              " \"linux\": {\"CVE-4\": {\"releases\": "
                                              "{\"bookworm\": {\"status\": \"open\", \"urgency\": "
                                              "\"medium**\"}, \"trixie\": {\"status\": "
                                              "\"resolved\", \"fixed_version\": \"9\"}}},"
                                              " \"CVE-5\": " STATE("resolved", "6.2", "not yet assigned") ", \"CVE-6\": " STATE(
                                                  "open", "",
                                                  "unimportant") ", \"CVE-7\": " STATE("undetermine"
                                                                                       "d",
                                                                                       "",
                                                                                       "high") "},"
                                                                                               " \""
                                                                                               "non"
                                                                                               "e\""
                                                                                               ": "
                                                                                               "{}"
                                                                                               "}";

static DqTracker *read_tracker(const char *text)
{
    g_autoptr(GError) error = NULL;
    DqTracker *tracker = dq_tracker_new((DqBytes){ (const uint8_t *)text, strlen(text) }, &error);

    g_assert_no_error(error);
    return tracker;
}

/* What is found, in words, one after the other. */
static void expect_found(const DqTracker *tracker, const char *release, const char *source,
                         const char *version, const char *wanted)
{
    g_autoptr(GArray) found = dq_tracker_find(tracker, release, source, version);
    g_autoptr(GString) all = g_string_new(NULL);

    for (guint i = 0; i < found->len; i++) {
        const DqVulnerability *v = &g_array_index(found, DqVulnerability, i);
        g_autofree char *said = dq_vulnerability_say(v);

        g_string_append_printf(all, "%s%s (%d)", i > 0 ? "; " : "", said, v->urgency);
    }
    g_assert_cmpstr(all->str, ==, wanted);
}

static void a_version_has_what_was_fixed_later_or_not_at_all(void)
{
    g_autoptr(DqTracker) t = read_tracker(whole);

    expect_found(t, "bookworm", "swtpm", "0.9-1",
                 "CVE-1, fixed in 2-1 (1); CVE-2, fixed in 1-1 (3)");
    expect_found(t, "bookworm", "swtpm", "1-1", "CVE-1, fixed in 2-1 (1)");
    expect_found(t, "bookworm", "swtpm", "2-1~rc1", "CVE-1, fixed in 2-1 (1)");
    expect_found(t, "bookworm", "swtpm", "2-1", "");
    expect_found(t, "bookworm", "linux", "6.1",
                 "CVE-4, not fixed yet (2); CVE-5, fixed in 6.2 (3)");
    expect_found(t, "bookworm", "linux", "7", "CVE-4, not fixed yet (2)");
    expect_found(t, "trixie", "linux", "8", "CVE-4, fixed in 9 (3)");
    expect_found(t, "trixie", "swtpm", "0", "");
    expect_found(t, "bookworm", "other", "0", "");
    g_assert_true(dq_tracker_knows(t, "trixie"));
    g_assert_false(dq_tracker_knows(t, "sid"));
}

static void no_shorter_text_is_a_tracker(void)
{
    for (gsize n = 0; n < strlen(whole); n++) {
        g_autofree uint8_t *text = g_memdup2(whole, n);
        g_autoptr(GError) error = NULL;

        g_assert_null(dq_tracker_new((DqBytes){ text, n }, &error));
        g_assert_error(error, DQ_ERROR, DQ_ERROR_VALUE);
    }
}

static void what_is_no_tracker_is_refused_or_has_nothing(void)
{
    static const char *const refused[] = {
        "[]", "1", "{\"a\": 1}", "{\"a\": []}", "{\"a\": {}} {}", "/**/{}", "{\"a\": null}"
    };
    static const char *const releases[] = {
        "1",
        "{}",
        "{\"releases\": []}",
        "{\"releases\": {\"bookworm\": \"resolved\"}}",
        "{\"releases\": {\"bookworm\": {}}}",
        "{\"releases\": {\"bookworm\": {\"status\": 1}}}",
        "{\"releases\": {\"bookworm\": {\"status\": \"resolved\"}}}",
        "{\"releases\": {\"bookworm\": {\"status\": \"resolved\", \"fixed_version\": 9}}}",
    };

    for (gsize i = 0; i < G_N_ELEMENTS(refused); i++) {
        g_autoptr(GError) error = NULL;
        const DqBytes text = { (const uint8_t *)refused[i], strlen(refused[i]) };

        g_assert_null(dq_tracker_new(text, &error));
        g_assert_error(error, DQ_ERROR, DQ_ERROR_VALUE);
    }
    for (gsize i = 0; i < G_N_ELEMENTS(releases); i++) {
        g_autofree char *text = g_strdup_printf("{\"swtpm\": {\"CVE-1\": %s}}", releases[i]);
        g_autoptr(DqTracker) t = read_tracker(text);

        expect_found(t, "bookworm", "swtpm", "0", "");
    }
}

static void a_reduced_file_says_the_same_of_what_it_keeps(void)
{
    g_autoptr(DqTracker) t = read_tracker(whole), again = NULL;
    g_autoptr(GPtrArray) sources = g_ptr_array_new();
    g_autoptr(GBytes) reduced = NULL;

    g_ptr_array_add(sources, (char *)"swtpm");
    g_ptr_array_add(sources, (char *)"missing");
    reduced = dq_tracker_reduce(t, sources);
    again = dq_tracker_new(dq_bytes_peek(reduced), NULL);
    g_assert_nonnull(again);
    expect_found(again, "bookworm", "swtpm", "1-1", "CVE-1, fixed in 2-1 (1)");
    expect_found(again, "bookworm", "linux", "6.1", "");
}

/* ------------------------------------------------------------------------------------- Packages */

/** A file's digest is 32 times its byte. */
static void own(DqProfile *p, const char *source, const char *version, const char *release,
                uint8_t byte)
{
    const DqProfilePackage package = { (char *)source, (char *)version, (char *)source,
                                       (char *)version, (char *)release };
    uint8_t digest[32];

    memset(digest, byte, sizeof(digest));
    dq_profile_add_owner(p, TPM_ALG_SHA256, (WireBytes){ digest, sizeof(digest) },
                         dq_profile_add_package(p, &package));
}

static void take(DqPackages *packages, const char *name, uint8_t byte)
{
    uint8_t digest[32];

    memset(digest, byte, sizeof(digest));
    dq_packages_take_file(packages, log_text(name), TPM_ALG_SHA256,
                          (WireBytes){ digest, sizeof(digest) });
}

static void expect_told(const DqPackages *packages, DqResult result, const char *words)
{
    g_autoptr(DqVerdict) verdict = dq_verdict_new();
    DqFinding f;

    dq_packages_tell(packages, "vm-packages", verdict);
    g_assert_cmpuint(dq_verdict_get_findings(verdict), ==, 1);
    f = dq_verdict_get_finding(verdict, 0);
    g_assert_cmpstr(f.word, ==, "vm-packages");
    if (f.result != result || !strstr(f.detail, words)) {
        g_error("%d: '%s', not %d with '%s'", f.result, f.detail, result, words);
    }
}

static DqProfile *some_packages(void)
{
    DqProfile *p = dq_profile_new("p");

    own(p, "swtpm", "1-1", "bookworm", 1);
    own(p, "swtpm", "2-1", "bookworm", 2);
    own(p, "swtpm", "1-1", "bookworm", 3);
    own(p, "swtpm", "2-1", "bookworm", 3); /* the same file in both */
    own(p, "linux", "6.3", "bookworm", 4);
    own(p, "swtpm", "1-1", NULL, 5);
    own(p, "swtpm", "1-1", "sid", 6);
    own(p, "a\n\xc3\xa9", "1", "bookworm", 7);
    return p;
}

/* How a file of each byte is told, by the urgency that refuses. */
static void each_package_is_told_with_its_file(void)
{
    static const struct {
        uint8_t byte;
        DqUrgency refused;
        DqResult result;
        const char *words;
    } table[] = {
        { 1, DQ_URGENCY_LOW, DQ_RESULT_FAIL,
          "\"/a\" of swtpm 1-1: CVE-1, fixed in 2-1; in all 1 files are of 1 packages, 0 of none" },
        { 1, DQ_URGENCY_MEDIUM, DQ_RESULT_WARNING, "\"/a\" of swtpm 1-1: CVE-1, fixed in 2-1" },
        { 1, DQ_URGENCY_NEVER, DQ_RESULT_WARNING, "CVE-1" },
        { 2, DQ_URGENCY_LOW, DQ_RESULT_PASS,
          "nothing is known against them: 1 files are of 1 packages, 0 of none" },
        { 3, DQ_URGENCY_LOW, DQ_RESULT_PASS, "1 files are of 1 packages" },
        { 4, DQ_URGENCY_LOW, DQ_RESULT_WARNING, "\"/a\" of linux 6.3: CVE-4, not fixed yet" },
        { 5, DQ_URGENCY_LOW, DQ_RESULT_NOT_COMPARED, "does not say of which release it is" },
        { 6, DQ_URGENCY_LOW, DQ_RESULT_NOT_COMPARED, "does not speak of its release" },
        { 7, DQ_URGENCY_LOW, DQ_RESULT_PASS, "nothing is known against them" },
        { 8, DQ_URGENCY_LOW, DQ_RESULT_PASS, "0 files are of 0 packages, 1 of none" },
    };
    g_autoptr(DqTracker) t = read_tracker(whole);
    g_autoptr(DqProfile) p = some_packages();

    for (gsize i = 0; i < G_N_ELEMENTS(table); i++) {
        const DqVulnerable known = { t, table[i].refused };
        g_autoptr(DqPackages) packages = dq_packages_new(p, &known);

        take(packages, "/a", table[i].byte);
        expect_told(packages, table[i].result, table[i].words);
    }
}

static void the_worst_decides_and_all_are_told(void)
{
    g_autoptr(DqTracker) t = read_tracker(whole);
    g_autoptr(DqProfile) p = some_packages();
    const DqVulnerable known = { t, DQ_URGENCY_LOW };
    g_autoptr(DqPackages) packages = dq_packages_new(p, &known);

    take(packages, "/boot/vmlinuz", 4);
    take(packages, "/bin/\"swtpm\"", 1);
    take(packages, "/lib/swtpm", 1);
    take(packages, "/other", 9);
    expect_told(packages, DQ_RESULT_FAIL,
                "\"/bin/\\\"swtpm\\\"\" and 1 more of swtpm 1-1: CVE-1, fixed in 2-1; "
                "\"/boot/vmlinuz\" of linux 6.3: CVE-4, not fixed yet; "
                "in all 3 files are of 2 packages, 1 of none");
}

static void many_are_counted(void)
{
    g_autoptr(DqTracker) t =
        read_tracker("{\"s\": {\"CVE-1\": " STATE("open", "", "low") ", \"CVE-2\": " STATE(
            "open", "", "high") ", \"CVE-3\": " STATE("resolved", "9",
                                                      "low") ", \"CVE-4\": " STATE("open", "",
                                                                                   "low") "}}");
    g_autoptr(DqProfile) p = dq_profile_new("p");
    const DqVulnerable known = { t, DQ_URGENCY_NEVER };
    g_autoptr(DqPackages) packages = NULL;

    for (guint i = 0; i < 10; i++) {
        g_autofree char *version = g_strdup_printf("1.%u", i);

        own(p, "s", version, "bookworm", (uint8_t)i);
    }
    packages = dq_packages_new(p, &known);
    for (guint i = 0; i < 10; i++) {
        take(packages, "/f", (uint8_t)i);
    }
    expect_told(packages, DQ_RESULT_WARNING,
                "of s 1.0: CVE-3, fixed in 9; CVE-2, not fixed yet; CVE-1, not fixed yet and 1 "
                "more; \"/f\" of s 1.1");
    expect_told(packages, DQ_RESULT_WARNING, "; and 2 packages more; in all 10 files");
}

static void what_tells_nothing_is_not_compared(void)
{
    g_autoptr(DqTracker) t = read_tracker(whole);
    g_autoptr(DqProfile) p = some_packages(), none = dq_profile_new("none");
    const DqVulnerable known = { t, DQ_URGENCY_LOW };
    g_autoptr(DqPackages) quiet = dq_packages_new(p, &known);
    g_autoptr(DqPackages) unlisted = dq_packages_new(none, &known);
    g_autoptr(DqPackages) unknown = dq_packages_new(NULL, &known);

    expect_told(quiet, DQ_RESULT_NOT_COMPARED, "no list of IMA and no event log");
    take(unlisted, "/a", 1);
    expect_told(unlisted, DQ_RESULT_NOT_COMPARED, "profile from-packages makes one");
    take(unknown, "/a", 1);
    expect_told(unknown, DQ_RESULT_NOT_COMPARED, "profile from-packages makes one");
    dq_packages_take_ima(NULL, log_text(""), 1);
}

/* A kernel that a boot loader measured as it is, beside events that are of no file. */
static void events_count_where_they_are_a_file(void)
{
    g_autoptr(DqTracker) t = read_tracker(whole);
    g_autoptr(DqProfile) p = dq_profile_new("p");
    const DqVulnerable known = { t, DQ_URGENCY_LOW };
    const DqProfilePackage kernel = { (char *)"linux-image", (char *)"6.1", (char *)"linux",
                                      (char *)"6.1", (char *)"bookworm" };
    g_autoptr(DqPackages) packages = dq_packages_new(p, &known), owned = NULL;
    g_autoptr(GByteArray) bytes = g_byte_array_new();
    DqEventLog log;
    DqEventWalk walk;
    DqEvent event;

    log_put_header(bytes);
    log_put_event(bytes, 4, 4, log_text("separator"), log_text("separator"));
    log_put_event(bytes, 9, 13, log_text("/vmlinuz"), log_text("the kernel"));
    g_assert_true(dq_event_log_open((WireBytes){ bytes->data, bytes->len }, &log, NULL));
    dq_packages_take_events(packages, &log);
    expect_told(packages, DQ_RESULT_NOT_COMPARED, "profile from-packages");
    walk = dq_event_walk(&log);
    while (dq_event_next(&walk, &event, NULL)) {
    }
    g_assert_cmpuint(event.number, ==, 2);
    dq_profile_add_owner(p, TPM_ALG_SHA256, dq_event_digest(&event, TPM_ALG_SHA256)->bytes,
                         dq_profile_add_package(p, &kernel));
    owned = dq_packages_new(p, &known);
    dq_packages_take_events(owned, &log);
    expect_told(owned, DQ_RESULT_FAIL,
                "\"event 2\" of linux-image 6.1: CVE-5, fixed in 6.2; CVE-4, not fixed yet; in all "
                "1 files are of 1 packages, 0 of none");
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/appraise/tracker/a-version-has-what-was-fixed-later",
                    a_version_has_what_was_fixed_later_or_not_at_all);
    g_test_add_func("/appraise/tracker/no-shorter-text", no_shorter_text_is_a_tracker);
    g_test_add_func("/appraise/tracker/other-forms", what_is_no_tracker_is_refused_or_has_nothing);
    g_test_add_func("/appraise/tracker/reduced", a_reduced_file_says_the_same_of_what_it_keeps);
    g_test_add_func("/appraise/packages/each-is-told", each_package_is_told_with_its_file);
    g_test_add_func("/appraise/packages/the-worst-decides", the_worst_decides_and_all_are_told);
    g_test_add_func("/appraise/packages/many-are-counted", many_are_counted);
    g_test_add_func("/appraise/packages/nothing-to-tell", what_tells_nothing_is_not_compared);
    g_test_add_func("/appraise/packages/events", events_count_where_they_are_a_file);
    return g_test_run();
}
