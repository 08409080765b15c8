/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the programs take and write in the same way: arguments, nonces, PCR lists, passwords, files.
 */
#include "common/args.h"
#include "common/auth.h"
#include "common/escape.h"
#include "common/host-ask.h"
#include "common/input.h"
#include "common/output.h"
#include "common/pcr-list.h"
#include "wire/deepquote-constants.h"

#include <glib/gstdio.h>
#include <locale.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#define POISON "poison"

/** Writes @text, which may have zeros in it, to a file of the current folder. */
static void put(const char *path, const char *text, gssize len)
{
    g_assert_true(g_file_set_contents(path, text, len, NULL));
}

static void expect_content(const char *path, const char *text)
{
    g_autofree char *content = NULL;

    g_assert_true(g_file_get_contents(path, &content, NULL, NULL));
    g_assert_cmpstr(content, ==, text);
}

/** How many files there are in the current folder. */
static guint count_files(void)
{
    g_autoptr(GDir) dir = g_dir_open(".", 0, NULL);
    guint n = 0;

    while (g_dir_read_name(dir)) {
        n++;
    }
    return n;
}

/* ------------------------------------------------------------------------------- Arguments */

static char *key, *name;
static gboolean quiet;

static const GOptionEntry entries[] = {
    { "key", 'c', 0, G_OPTION_ARG_FILENAME, &key, "", "KEY" },
    { "name", 'n', 0, G_OPTION_ARG_STRING, &name, "", "NAME" },
    { "quiet", 'Q', 0, G_OPTION_ARG_NONE, &quiet, "", NULL },
    { NULL, 0, 0, G_OPTION_ARG_NONE, NULL, NULL, NULL },
};

static GStrv parse(const char *const *argv, GError **error)
{
    g_autoptr(GOptionContext) context = g_option_context_new(NULL);

    g_clear_pointer(&key, g_free);
    g_clear_pointer(&name, g_free);
    quiet = FALSE;
    return args_parse(context, entries, (char **)argv, error);
}

static void test_short_options_take_attached_values(void)
{
    static const char *const lines[][6] = {
        { "t", "-cak.ctx", "-Q", NULL },
        { "t", "-Qcak.ctx", NULL },
        { "t", "-Qc", "ak.ctx", NULL },
        { "t", "-c", "ak.ctx", "-Q", NULL },
        { "t", "--key=ak.ctx", "-Q", NULL },
        { "t", "--key", "ak.ctx", "--quiet", NULL },
        { "t", "-Q", "-c", "ak.ctx", "--", NULL },
    };

    for (gsize i = 0; i < G_N_ELEMENTS(lines); i++) {
        g_auto(GStrv) rest = parse(lines[i], NULL);

        g_assert_nonnull(rest);
        g_assert_cmpuint(g_strv_length(rest), ==, 1);
        g_assert_cmpstr(key, ==, "ak.ctx");
        g_assert_true(quiet);
    }
}

static void test_values_are_no_options(void)
{
    static const char *const line[] = { "t", "-n", "-cfoo", "--key", "-Q", "--", "-cbar", NULL };
    g_auto(GStrv) rest = parse(line, NULL);

    g_assert_nonnull(rest);
    g_assert_cmpstr(name, ==, "-cfoo");
    g_assert_cmpstr(key, ==, "-Q");
    g_assert_false(quiet);
    g_assert_cmpstr(rest[g_strv_length(rest) - 1], ==, "-cbar");
}

static void test_bytes_pass_in_each_locale(void)
{
    static const char *const line[] = { "t", "-n", "M\xc3\xbcller \xff", "-c\xe4.ctx", NULL };
    static const char *const locales[] = { "C", "C.UTF-8" };

    for (gsize i = 0; i < G_N_ELEMENTS(locales); i++) {
        g_auto(GStrv) rest = NULL;

        g_assert_nonnull(setlocale(LC_CTYPE, locales[i]));
        rest = parse(line, NULL);
        g_assert_nonnull(rest);
        g_assert_cmpstr(name, ==, "M\xc3\xbcller \xff");
        g_assert_cmpstr(key, ==, "\xe4.ctx");
    }
    setlocale(LC_CTYPE, "C");
}

static void test_refuses_unknown_options(void)
{
    static const char *const lines[][4] = {
        { "t", "-x", NULL },
        { "t", "-Qx", NULL },
        { "t", "--keys", "a", NULL },
        { "t", "-c", NULL },
    };

    for (gsize i = 0; i < G_N_ELEMENTS(lines); i++) {
        g_autoptr(GError) error = NULL;

        g_assert_null(parse(lines[i], &error));
        g_assert_true(error->domain == G_OPTION_ERROR);
    }
}

/* ------------------------------------------------------------------------ Numbers, nonces */

static void test_numbers_are_those_of_tpm2_tools(void)
{
    static const struct {
        const char *text;
        uint64_t n;
    } good[] = { { "0", 0 },
                 { "7", 7 },
                 { "0x1f", 31 },
                 { "0X1F", 31 },
                 { "2164391937", 0x81020001 },
                 { "07", 7 },
                 { "0x81010002", 0x81010002 } };
    static const char *const bad[] = { "",   "0x",  "x",  "-1",         "+1",    " 1",         "1 ",
                                       "1a", "010", "08", "4294967296", "0x0x1", "0x100000000" };
    uint64_t n;

    for (gsize i = 0; i < G_N_ELEMENTS(good); i++) {
        g_assert_true(input_number(good[i].text, G_MAXUINT32, &n));
        g_assert_cmpuint(n, ==, good[i].n);
    }
    for (gsize i = 0; i < G_N_ELEMENTS(bad); i++) {
        n = 4711;
        g_assert_false(input_number(bad[i], G_MAXUINT32, &n));
        g_assert_cmpuint(n, ==, 4711);
    }
}

static void test_nonces_in_each_form(void)
{
    static const char *const forms[] = { "5a00fF",     "0x5a00ff", "0X5A00FF",
                                         "hex:5a00ff", "nonce",    "./nonce" };

    put("nonce", "\x5a\x00\xff", 3);
    for (gsize i = 0; i < G_N_ELEMENTS(forms); i++) {
        g_autoptr(GBytes) nonce = input_nonce("-q", forms[i], 1, 64, NULL);

        g_assert_nonnull(nonce);
        g_assert_cmpmem(g_bytes_get_data(nonce, NULL), g_bytes_get_size(nonce), "\x5a\x00\xff", 3);
    }
    g_unlink("nonce");
}

static void test_refuses_other_nonces(void)
{
    static const char *const bad[] = { "",        "5",      "5a5",  "zz",     "5a 5a", "0x", "hex:",
                                       "nowhere", "5a5a5a", "5b5b", "0x5c5c", "long",  "." };

    put("5b5b", "a file", -1);
    put("0x5c5c", "a file", -1);
    put("long", "12345", -1);
    for (gsize i = 0; i < G_N_ELEMENTS(bad); i++) {
        g_autoptr(GError) error = NULL;

        g_assert_null(input_nonce("-q", bad[i], 1, 2, &error));
        g_assert_error(error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE);
        g_assert_true(g_str_has_prefix(error->message, "-q: "));
        g_assert_null(strstr(error->message, "5a5"));
    }
    g_unlink("5b5b");
    g_unlink("0x5c5c");
    g_unlink("long");
}

/* ------------------------------------------------------------------------------ PCR lists */

static void test_pcr_lists_as_tpm2_tools_writes_them(void)
{
    static const struct {
        const char *text;
        uint32_t banks;
        uint16_t first;
        uint8_t select[3];
    } good[] = {
        { "sha256:0,7,23", 1, 11, { 0x81, 0, 0x80 } },
        { "0x0b:0", 1, 11, { 1, 0, 0 } },
        { "0XB:0", 1, 11, { 1, 0, 0 } },
        { "11:0", 1, 11, { 1, 0, 0 } },
        { "SHA256:0", 1, 11, { 1, 0, 0 } },
        { "sha256:0x1,0X8", 1, 11, { 2, 1, 0 } },
        { "sha256:0, 1", 1, 11, { 3, 0, 0 } },
        { " sha256 : 0 ", 1, 11, { 1, 0, 0 } },
        { "sha1:all", 1, 4, { 0xff, 0xff, 0xff } },
        { "sha1:all+SHA384:1", 2, 4, { 0xff, 0xff, 0xff } },
        { "sha256:none+sha1:1", 2, 11, { 0, 0, 0 } },
        { "sha256:1,0,1", 1, 11, { 3, 0, 0 } },
        { "sha256:1+sha256:0", 2, 11, { 2, 0, 0 } },
        { "sha256:0+sha1:1+sha256:0", 3, 11, { 1, 0, 0 } },
    };

    for (gsize i = 0; i < G_N_ELEMENTS(good); i++) {
        WirePcrSelection s;

        g_assert_true(pcr_list_parse("-l", good[i].text, &s, NULL));
        g_assert_cmpuint(s.count, ==, good[i].banks);
        g_assert_cmphex(s.bank[0].hash, ==, good[i].first);
        g_assert_cmpmem(s.bank[0].select, 3, good[i].select, 3);
    }
}

static void test_refuses_other_pcr_lists(void)
{
    static const char *const bad[] = {
        "",          "sha256",     "sha256:",     "sha256:24", "sha256:-1",  "sha256:1,",  ":1",
        "md5:1",     "sha256:1++", "sha256:1+x",  "sha256:a",  "sha256:1 2", "sha256:010", "+",
        "sha256:,1", "0x99:1",     "sha256:none", "all",       "sha256:0-3"
    };

    for (gsize i = 0; i < G_N_ELEMENTS(bad); i++) {
        WirePcrSelection s, poison;
        g_autoptr(GError) error = NULL;

        memset(&s, 0xa5, sizeof(s));
        memset(&poison, 0xa5, sizeof(poison));
        g_assert_false(pcr_list_parse("-l", bad[i], &s, &error));
        g_assert_error(error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE);
        g_assert_cmpmem(&s, sizeof(s), &poison, sizeof(poison));
    }
}

static void test_seventeen_banks_are_too_many(void)
{
    GString *text = g_string_new("sha1:0");
    WirePcrSelection s;

    for (int i = 1; i < WIRE_PCR_BANKS_MAX; i++) {
        g_string_append(text, "+sha1:0");
    }
    g_assert_true(pcr_list_parse("-l", text->str, &s, NULL));
    g_assert_cmpuint(s.count, ==, WIRE_PCR_BANKS_MAX);
    g_string_append(text, "+sha1:0");
    g_assert_false(pcr_list_parse("-l", text->str, &s, NULL));
    g_string_free(text, TRUE);
}

static void test_merges_a_bank_that_is_named_twice(void)
{
    WirePcrSelection s;

    g_assert_true(pcr_list_parse("-l", "sha256:1+sha1:all+sha256:0", &s, NULL));
    pcr_list_merge(&s, &s);
    g_assert_cmpuint(s.count, ==, 2);
    g_assert_cmpmem(s.bank[0].select, 3, "\x03\x00\x00", 3);
    g_assert_cmpuint(wire_pcr_count(&s), ==, 26);
}

/* ------------------------------------------------------------------------------ Passwords */

static void expect_password(const char *text, const char *password)
{
    AuthValue auth;

    g_assert_true(auth_parse("-p", text, &auth, NULL));
    g_assert_cmpint(auth.kind, ==, AUTH_PASSWORD);
    g_assert_cmpmem(auth.value, auth.len, password, strlen(password));
    auth_clear(&auth);
    g_assert_cmpuint(auth.value[0], ==, 0);
}

static void test_passwords_in_each_form(void)
{
    expect_password("", "");
    expect_password("secret", "secret");
    expect_password("str:secret", "secret");
    expect_password("hex:736563726574", "secret");
    expect_password("STR:secret", "STR:secret"); /* prefixes are in lower case */
    expect_password("str:file:x", "file:x");
    expect_password("str:", "");
    expect_password("hex:", "");
    expect_password("p\xc3\xa4ss\xff", "p\xc3\xa4ss\xff");
    put("password", "secret", -1);
    expect_password("file:password", "secret");
    put("password", "hex:7365", -1);
    expect_password("file:password", "se");
    put("password", "str:hex:", -1);
    expect_password("file:password", "hex:");
    put("password", "session:x", -1);
    expect_password("file:password", "session:x");
    put("password", "", -1);
    expect_password("file:password", "");
    g_unlink("password");
}

static void expect_refused(const char *text, const char *word)
{
    AuthValue auth, poison;
    g_autoptr(GError) error = NULL;

    memset(&auth, 0xa5, sizeof(auth));
    memset(&poison, 0xa5, sizeof(poison));
    g_assert_false(auth_parse("-p", text, &auth, &error));
    g_assert_error(error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE);
    g_assert_true(g_str_has_prefix(error->message, "-p: "));
    g_assert_nonnull(strstr(error->message, word));
    g_assert_null(strstr(error->message, "secret"));
    g_assert_null(strstr(error->message, "xxx"));
    g_assert_cmpmem(&auth, sizeof(auth), &poison, sizeof(poison));
}

static void test_refuses_bad_passwords_without_showing_them(void)
{
    g_autofree char *longest = g_strnfill(AUTH_VALUE_MAX + 1, 'x');
    g_autofree char *digits = g_strnfill(2 * AUTH_VALUE_MAX + 2, '7');
    g_autofree char *hex = g_strconcat("hex:", digits, NULL);

    expect_refused("hex:7", "hex:");
    expect_refused("hex:secret", "hex:");
    expect_refused("hex:0x73", "hex:");
    expect_refused(longest, "64");
    expect_refused(hex, "64");
    expect_refused("file:nowhere", "nowhere");
    expect_refused("file:", "cannot read");
    expect_refused("session:", "session:FILE");
    expect_refused("session:+secret", "session:FILE");
    expect_refused("session:f+file:x", "5.4");
    expect_refused("session:f+hex:7", "hex:");
    expect_refused("pcr:", "sha256");
    expect_refused("pcr:sha256:24", "sha256");
    expect_refused("pcr:sha256:0=", "pcr:LIST=FILE");
    expect_refused("pcr:=f", "sha256");
}

static void test_refuses_files_that_can_be_read_in_two_ways(void)
{
    static const struct {
        const char *content;
        gssize len;
        const char *word;
    } cases[] = {
        { "secret\n", -1, "line end" }, { "secret\r\n", -1, "line end" },
        { "secret\r", -1, "line end" }, { "secret\n\n", -1, "line end" },
        { "se\0cret", 7, "hex:" },      { "file:secret", -1, "str:" },
    };

    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        put("password", cases[i].content, cases[i].len);
        expect_refused("file:password", cases[i].word);
    }
    g_unlink("password");
}

static void test_sessions_and_pcr_policies(void)
{
    AuthValue auth;

    g_assert_true(auth_parse("-p", "session:s.ctx", &auth, NULL));
    g_assert_cmpint(auth.kind, ==, AUTH_SESSION);
    g_assert_cmpstr(auth.file, ==, "s.ctx");
    g_assert_cmpuint(auth.len, ==, 0);
    auth_clear(&auth);
    g_assert_true(auth_parse("-p", "session:s.ctx+hex:6162", &auth, NULL));
    g_assert_cmpstr(auth.file, ==, "s.ctx");
    g_assert_cmpmem(auth.value, auth.len, "ab", 2);
    auth_clear(&auth);
    g_assert_true(auth_parse("-p", "pcr:sha256:0+sha1:1=values", &auth, NULL));
    g_assert_cmpint(auth.kind, ==, AUTH_PCR);
    g_assert_cmpstr(auth.file, ==, "values");
    g_assert_cmpuint(auth.pcrs.count, ==, 2);
    auth_clear(&auth);
    g_assert_true(auth_parse("-p", "pcr:sha256:0", &auth, NULL));
    g_assert_null(auth.file);
    auth_clear(&auth);
}

/* --------------------------------------------------------------------------------- Escape */

static void test_escapes_what_acts_on_a_terminal(void)
{
    static const struct {
        const char *text, *in_c, *in_utf8;
    } cases[] = {
        { "web 1", "web 1", "web 1" },
        { "a\nb\tc\x1b[2J\x7f", "a\\nb\\tc\\x1b[2J\\x7f", "a\\nb\\tc\\x1b[2J\\x7f" },
        { "back\\slash", "back\\\\slash", "back\\\\slash" },
        { "M\xc3\xbcller", "M\\u00fcller", "M\xc3\xbcller" },
        { "\xe2\x80\xaeright", "\\u202eright", "\\u202eright" }, /* turns the direction */
        { "\xc2\x9b"
          "2J",
          "\\u009b2J", "\\u009b2J" }, /* an escape of one character */
        { "\xff\xc3", "\\xff\\xc3", "\\xff\\xc3" },
        { "\xf0\x9f\x90\xa7", "\\U0001f427", "\xf0\x9f\x90\xa7" },
    };

    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autofree char *c = NULL, *utf8 = NULL;

        setlocale(LC_CTYPE, "C.UTF-8");
        utf8 = escape_text(cases[i].text, 100);
        setlocale(LC_CTYPE, "C");
        c = escape_text(cases[i].text, 100);
        g_assert_cmpstr(utf8, ==, cases[i].in_utf8);
        g_assert_cmpstr(c, ==, cases[i].in_c);
    }
}

static void test_long_text_is_cut(void)
{
    g_autofree char *text = g_strnfill(5000, 'x');
    g_autofree char *shown = escape_text(text, 32);
    g_autofree char *whole = escape_text("x\n", 2);

    g_assert_cmpuint(strlen(shown), ==, 35);
    g_assert_true(g_str_has_suffix(shown, "x..."));
    g_assert_cmpstr(whole, ==, "x\\n");
}

/* --------------------------------------------------------------------------------- Output */

static void add(Output *output, const char *path, const char *text)
{
    g_autoptr(GBytes) bytes = g_bytes_new(text, strlen(text));

    output_add(output, path, bytes);
}

static void test_writes_all_files(void)
{
    g_autoptr(Output) output = output_new();
    struct stat st;

    put("old", POISON POISON, -1);
    g_assert_cmpint(chmod("old", 0600), ==, 0);
    g_assert_cmpint(symlink("old", "link"), ==, 0);
    add(output, "new", "1");
    add(output, NULL, "nowhere");
    add(output, "link", "2");
    add(output, "/dev/null", "3");
    g_assert_true(output_write(output, NULL));
    expect_content("new", "1");
    expect_content("old", "2");
    g_assert_cmpint(stat("old", &st), ==, 0);
    g_assert_cmphex(st.st_mode & 0777, ==, 0600);
    g_assert_true(g_file_test("link", G_FILE_TEST_IS_SYMLINK));
    g_clear_pointer(&output, output_free);
    g_assert_cmpuint(count_files(), ==, 3);
    g_unlink("new");
    g_unlink("old");
    g_unlink("link");
}

/** @last cannot be written: the files before it are as they were. */
static void expect_nothing_written(const char *last)
{
    g_autoptr(Output) output = output_new();
    g_autoptr(GError) error = NULL;
    guint before;

    put("old", POISON, -1);
    before = count_files();
    add(output, "new", "1");
    add(output, "old", "2");
    add(output, "newer", "3");
    add(output, last, "0123456789");
    g_assert_false(output_write(output, &error));
    g_assert_true(error->domain == G_FILE_ERROR);
    g_assert_nonnull(strstr(error->message, last));
    g_clear_pointer(&output, output_free);
    g_assert_cmpuint(count_files(), ==, before);
    expect_content("old", POISON);
    g_unlink("old");
}

static void test_a_private_file_is_its_owners(void)
{
    g_autoptr(Output) output = output_new();
    g_autoptr(GBytes) bytes = g_bytes_new("1", 1);
    struct stat st;

    put("old", POISON, -1);
    g_assert_cmpint(chmod("old", 0644), ==, 0);
    output_add_private(output, "old", bytes);
    output_add_private(output, "new", bytes);
    g_assert_true(output_write(output, NULL));
    g_assert_cmpint(stat("old", &st), ==, 0);
    g_assert_cmphex(st.st_mode & 0777, ==, 0600);
    g_assert_cmpint(stat("new", &st), ==, 0);
    g_assert_cmphex(st.st_mode & 0777, ==, 0600);
    g_unlink("new");
    g_unlink("old");
}

static void test_host_credentials_have_names(void)
{
    static const char *const bad_files[] = { "ak", "=x", "akx=x", "a=x", "" };
    HostCredentialFile file = { 99, NULL };

    for (gsize i = 0; i < G_N_ELEMENTS(bad_files); i++) {
        g_assert_false(host_credential_parse(bad_files[i], FALSE, &file, NULL));
        g_assert_cmphex(file.what, ==, 99);
    }
    g_assert_true(host_credential_parse("ak-cert=a=b", FALSE, &file, NULL));
    g_assert_cmpuint(file.what, ==, DEEPQUOTE_HOST_AK_CERTIFICATE);
    g_assert_cmpstr(file.path, ==, "a=b");
    g_assert_true(host_credential_parse("ima-log", TRUE, &file, NULL));
    g_assert_cmpuint(file.what, ==, DEEPQUOTE_HOST_IMA_LOG);
    g_assert_null(file.path);
}

static void test_host_codes_have_advice(void)
{
    for (uint32_t code = 0x500; code < 0x508; code++) {
        const gboolean known = code >= DEEPQUOTE_RC_NO_MANAGER && code <= DEEPQUOTE_RC_NOT_SHARED &&
                               code != DEEPQUOTE_RC_BUSY;

        g_assert_cmpint(host_code_advice(code) != NULL, ==, known);
    }
}

static void test_a_failure_leaves_nothing(void)
{
    struct rlimit limit, small;

    g_assert_cmpint(g_mkdir("folder", 0700), ==, 0);
    expect_nothing_written("folder");
    expect_nothing_written("nowhere/file");
    expect_nothing_written("/dev/full"); /* fails when all others are in their places */
    g_rmdir("folder");

    g_assert_cmpint(getrlimit(RLIMIT_FSIZE, &limit), ==, 0);
    small = (struct rlimit){ 6, limit.rlim_max }; /* not less than POISON */
    signal(SIGXFSZ, SIG_IGN);
    g_assert_cmpint(setrlimit(RLIMIT_FSIZE, &small), ==, 0);
    expect_nothing_written("big");
    g_assert_cmpint(setrlimit(RLIMIT_FSIZE, &limit), ==, 0);
}

static void test_what_is_not_written_leaves_nothing(void)
{
    Output *output = output_new();

    add(output, "new", "1");
    output_free(output);
    g_assert_cmpuint(count_files(), ==, 0);
    output_free(NULL);
}

int main(int argc, char **argv)
{
    static const struct {
        const char *path;
        void (*run)(void);
    } tests[] = {
        { "args/short-options-take-attached-values", test_short_options_take_attached_values },
        { "args/values-are-no-options", test_values_are_no_options },
        { "args/bytes-pass-in-each-locale", test_bytes_pass_in_each_locale },
        { "args/refuses-unknown-options", test_refuses_unknown_options },
        { "number/as-tpm2-tools-reads-it", test_numbers_are_those_of_tpm2_tools },
        { "nonce/in-each-form", test_nonces_in_each_form },
        { "nonce/refuses-others", test_refuses_other_nonces },
        { "pcr-list/as-tpm2-tools-writes-it", test_pcr_lists_as_tpm2_tools_writes_them },
        { "pcr-list/refuses-others", test_refuses_other_pcr_lists },
        { "pcr-list/seventeen-banks-are-too-many", test_seventeen_banks_are_too_many },
        { "pcr-list/merges-a-bank-named-twice", test_merges_a_bank_that_is_named_twice },
        { "password/in-each-form", test_passwords_in_each_form },
        { "password/refuses-bad-ones-unseen", test_refuses_bad_passwords_without_showing_them },
        { "password/refuses-files-of-two-meanings",
          test_refuses_files_that_can_be_read_in_two_ways },
        { "password/sessions-and-pcr-policies", test_sessions_and_pcr_policies },
        { "escape/what-acts-on-a-terminal", test_escapes_what_acts_on_a_terminal },
        { "escape/long-text-is-cut", test_long_text_is_cut },
        { "output/writes-all-files", test_writes_all_files },
        { "output/a-private-file-is-its-owners", test_a_private_file_is_its_owners },
        { "host/credentials-have-names", test_host_credentials_have_names },
        { "host/codes-have-advice", test_host_codes_have_advice },
        { "output/a-failure-leaves-nothing", test_a_failure_leaves_nothing },
        { "output/what-is-not-written-leaves-nothing", test_what_is_not_written_leaves_nothing },
    };
    g_autofree char *folder = g_dir_make_tmp("tools-common-XXXXXX", NULL);
    int status;

    g_test_init(&argc, &argv, NULL);
    g_assert_cmpint(g_chdir(folder), ==, 0);
    for (gsize i = 0; i < G_N_ELEMENTS(tests); i++) {
        g_autofree char *path = g_strconcat("/tools-common/", tests[i].path, NULL);

        g_test_add_func(path, tests[i].run);
    }
    status = g_test_run();
    g_rmdir(folder);
    return status;
}
