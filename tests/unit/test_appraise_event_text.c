/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "appraise/error.h"
#include "appraise/event-text.h"
#include "appraise/event-type.h"
#include "appraise/uefi-path.h"
#include "appraise/utf16.h"
#include "log_fixture.h"

#include <string.h>

/* All of it in one line: what, then name=text of each field. */
static char *line_of(uint32_t type, WireBytes data)
{
    const DqEvent event = { .type = type, .data = data };
    g_auto(DqEventText) text = dq_event_text(&event);
    GString *out = g_string_new(text.what);

    for (guint i = 0; i < text.fields->len; i++) {
        const DqEventField *f = &g_array_index(text.fields, DqEventField, i);

        g_assert_true(g_utf8_validate(f->text, -1, NULL));
        g_string_append_printf(out, "|%s%s%s", f->name, f->ours ? "=" : ":", f->text);
    }
    return g_string_free(out, FALSE);
}

static void expect(uint32_t type, const GByteArray *data, const char *line)
{
    g_autofree char *got = line_of(type, (WireBytes){ data->data, data->len });

    g_assert_cmpstr(got, ==, line);
}

static void put_utf16(GByteArray *out, const char *text)
{
    for (; *text; text++) {
        log_put_le(out, (uint8_t)*text, 2);
    }
}

static void put_guid(GByteArray *out, uint8_t first)
{
    log_put_le(out, first, 4);
    log_put_le(out, 0, 8);
    log_put_le(out, 0, 4);
}

static GByteArray *variable(const char *name, const void *content, gsize size)
{
    GByteArray *out = g_byte_array_new();

    put_guid(out, 1);
    log_put_le(out, strlen(name), 8);
    log_put_le(out, size, 8);
    put_utf16(out, name);
    g_byte_array_append(out, content, (guint)size);
    return out;
}

#define GUID1 "00000001-0000-0000-0000-000000000000"

static void variables_say_what_they_hold(void)
{
    static const struct {
        const char *name, *content, *line;
        gsize size;
    } cases[] = {
        { "SecureBoot", "\1", "|value=on", 1 },
        { "SecureBoot", "\0", "|value=off", 1 },
        { "SecureBoot", "", "|value=not set", 0 },
        { "BootOrder", "\1\0\x1f\0", "|value=0001 001F", 4 },
        { "dbx", "", "|holds=nothing", 0 },
        { "Lang", "eng", "|size=3", 3 },
        { "BootOrders", "\1\0", "|size=2", 2 },
        { "Boot00", "\1\0", "|size=2", 2 },
        { "SbatLevel", "sbat,1\n", "|value:sbat,1\n", 7 },
    };

    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(GByteArray) data = variable(cases[i].name, cases[i].content, cases[i].size);
        g_autofree char *line =
            g_strdup_printf("variable|name:%s|vendor=" GUID1 "%s", cases[i].name, cases[i].line);

        expect(DQ_EV_EFI_VARIABLE_DRIVER_CONFIG, data, line);
    }
}

static void what_does_not_decode_is_shown_as_digits(void)
{
    static const struct {
        const char *name, *content;
        gsize size;
    } bad[] = { { "SecureBoot", "\2", 1 },
                { "BootOrder", "\1\0\2", 3 },
                { "db", "x", 1 },
                { "Boot0001", "\1\0\0\0\0\0a\0", 8 } };

    for (gsize i = 0; i < G_N_ELEMENTS(bad); i++) {
        g_autoptr(GByteArray) data = variable(bad[i].name, bad[i].content, bad[i].size);
        g_autofree char *got =
            line_of(DQ_EV_EFI_VARIABLE_BOOT, (WireBytes){ data->data, data->len });

        g_assert_true(
            g_str_has_prefix(got, "boot variable|problem=the data does not decode|data=01"));
    }
}

static void boot_entries_say_what_they_start(void)
{
    g_autoptr(GByteArray) option = g_byte_array_new();
    g_autoptr(GByteArray) data = NULL;

    log_put_le(option, 1, 4);
    log_put_le(option, 12 + 6 + 6 + 4, 2);
    put_utf16(option, "Disk");
    log_put_le(option, 0, 2);
    log_put_le(option, 0x000C0102, 4); /* ACPI, 12 bytes */
    log_put_le(option, 0x0A0341D0, 4);
    log_put_le(option, 0, 4);
    log_put_le(option, 0x00060101, 4); /* PCI, 6 bytes */
    log_put_le(option, 0x0300, 2);     /* function 0 of device 3 */
    log_put_le(option, 0x00060404, 4); /* file, 6 bytes */
    put_utf16(option, "\\");
    log_put_le(option, 0x0004FF7F, 4); /* end */
    log_put_text(option, "quiet");
    data = variable("Boot00aF", option->data, option->len);
    expect(DQ_EV_EFI_VARIABLE_BOOT, data,
           "boot variable|name:Boot00aF|vendor=" GUID1 "|description:Disk|active=yes"
           "|path:PciRoot(0x0)/Pci(0x3,0x0)/\\|options:quiet");
}

static void keys_are_counted_by_kind(void)
{
    g_autoptr(GByteArray) lists = g_byte_array_new();
    g_autoptr(GByteArray) data = NULL;
    static const uint8_t sha256[] = { 0x26, 0x16, 0xc4, 0xc1, 0x4c, 0x50, 0x92, 0x40,
                                      0xac, 0xa9, 0x41, 0xf9, 0x36, 0x93, 0x43, 0x28 };

    for (int i = 0; i < 2; i++) {
        g_byte_array_append(lists, sha256, sizeof(sha256));
        log_put_le(lists, 28 + 3 * 48, 4);
        log_put_le(lists, 0, 4);
        log_put_le(lists, 48, 4);
        g_byte_array_set_size(lists, lists->len + 3 * 48);
    }
    put_guid(lists, 2);
    log_put_le(lists, 28 + 1 + 17, 4);
    log_put_le(lists, 1, 4);
    log_put_le(lists, 17, 4);
    g_byte_array_set_size(lists, lists->len + 1 + 17);
    data = variable("db", lists->data, lists->len);
    expect(DQ_EV_EFI_VARIABLE_DRIVER_CONFIG, data,
           "variable|name:db|vendor=" GUID1 "|holds=6 x SHA-256 digest"
           "|holds=1 x 00000002-0000-0000-0000-000000000000");
}

static void separators_and_notes_say_what_they_mean(void)
{
    static const struct {
        uint32_t type;
        const char *data, *line;
        gsize size;
    } cases[] = {
        { DQ_EV_SEPARATOR, "\0\0\0\0", "separator|means=the firmware is done with this PCR", 4 },
        { DQ_EV_SEPARATOR, "\xff\xff\xff\xff", "separator|means=the firmware is done with this PCR",
          4 },
        { DQ_EV_SEPARATOR, "\1\0\0\0", "separator|means=error 0x1", 4 },
        { DQ_EV_SEPARATOR, "no disk", "separator|text:no disk", 7 },
        { DQ_EV_NO_ACTION, "StartupLocality\0\3",
          "note, extends no PCR|means=how the TPM was started|locality=3", 17 },
        { DQ_EV_NO_ACTION, "StartupLocality\0",
          "note, extends no PCR|problem=the data does not decode"
          "|data=537461727475704c6f63616c69747900|size=16",
          16 },
        { DQ_EV_NO_ACTION, "SP800-155 Event\0\x57\1\0\0\1\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0",
          "note, extends no PCR|means=platform|vendor=343|manifest=" GUID1, 36 },
        { DQ_EV_NO_ACTION,
          "SP800-155 Event3\x57\1\0\0\1\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0"
          "\2me\1m\1v\2fw\x58\1\0\0\1\x39\1\0\0\0\3\0\0\0a:b\0\0\0\0\0\0\0\0",
          "note, extends no PCR|means=platform|vendor=343|manifest=" GUID1
          "|manufacturer:me|model:m|version:v|firmwareManufacturer:fw|firmwareVendor=344"
          "|firmwareVersion:9|manifestAt:a:b",
          36 + 3 + 2 + 2 + 3 + 4 + 2 + 8 + 3 + 8 },
        { DQ_EV_NO_ACTION, "something", "note, extends no PCR|text:something", 9 },
        { DQ_EV_EVENT_TAG, "\xec\x22\x3b\x8f\5\0\0\0Linux",
          "tagged|tag=0x8f3b22ec (Linux: initrd)|text:Linux", 13 },
        { DQ_EV_EVENT_TAG, "\1\0\0\0\2\0\0\0\xff\0",
          "tagged|tag=0x00000001 (of another kind)|text=ff00|size=2", 10 },
        { DQ_EV_EVENT_TAG, "\1\0\0\0\3\0\0\0ab",
          "tagged|problem=the data does not decode|data=01000000030000006162|size=10", 10 },
        { DQ_EV_IPL, "q\0u\0\0", "boot loader|text=7100750000|size=5", 5 },
        { DQ_EV_IPL, "q\0u\0\0\0", "boot loader|text:qu", 6 },
        { DQ_EV_IPL, "MokList", "boot loader|text:MokList", 8 },
        { DQ_EV_S_CRTM_VERSION, "1\0.\0", "root of trust's version|version:1.", 4 },
        { DQ_EV_POST_CODE, "ACPI DATA", "firmware code|text:ACPI DATA", 9 },
        { DQ_EV_POST_CODE2, "\1x\0\1\0\0\0\0\0\0\2\0\0\0\0\0\0\0",
          "firmware code|description:x|address=0x100|size=2", 18 },
        { DQ_EV_EFI_HANDOFF_TABLES,
          "\1\0\0\0\0\0\0\0\1\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0",
          "tables for the system|table=" GUID1, 32 },
        { 0x14, "abc", "of another type|text:abc", 3 },
        { 0xffffffff, "", "of another type|text=|size=0", 0 },
    };

    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autofree char *got =
            line_of(cases[i].type, (WireBytes){ (const uint8_t *)cases[i].data, cases[i].size });

        g_assert_cmpstr(got, ==, cases[i].line);
    }
}

static void utf16_becomes_valid_utf8(void)
{
    static const struct {
        const char *bytes, *text;
        gsize size;
    } cases[] = {
        { "", "", 0 },
        { "a\0\0\0\0\0", "a", 6 },
        { "a\0\0\0b\0",
          "a\uFFFD"
          "b",
          6 },
        { "\x3d\xd8\0\xde", "\U0001F600", 4 },
        { "\x3d\xd8", "\uFFFD", 2 },
        { "\x3d\xd8"
          "a\0",
          "\uFFFD"
          "a",
          4 },
        { "\0\xde"
          "a\0",
          "\uFFFD"
          "a",
          4 },
        { "a\0b", "a\uFFFD", 3 },
    };

    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autofree char *got =
            dq_utf16_text((WireBytes){ (const uint8_t *)cases[i].bytes, cases[i].size });

        g_assert_cmpstr(got, ==, cases[i].text);
    }
}

static void paths_of_other_nodes_show_their_bytes(void)
{
    static const uint8_t path[] = { 0x01, 0x05, 0x05, 0, 0xaa, 0x7f, 0x01, 4, 0, 0x03,
                                    0x05, 0x06, 0,    1, 2,    0x7f, 0xff, 4, 0 };
    g_autofree char *text = dq_uefi_path_text((WireBytes){ path, sizeof(path) });

    g_assert_cmpstr(text, ==, "Path(1,5,aa),USB(0x1,0x2)");
    for (gsize n = 1; n < sizeof(path) - 4; n++) {
        g_autofree char *cut = dq_uefi_path_text((WireBytes){ path, n });

        g_assert_true((cut != NULL) == (n == 5 || n == 9));
    }
}

/* Each prefix of each event's data of real logs is some words, and no byte after it is read. */
static void each_truncation_of_real_events_has_words(void)
{
    for (guint i = 0; log_names[i]; i++) {
        g_autoptr(GBytes) file = log_read(log_names[i], "boot.bin");
        g_autoptr(GError) error = NULL;
        DqEventLog log;
        DqEventWalk walk;
        DqEvent event;

        g_assert_true(dq_event_log_open(log_bytes(file), &log, &error));
        walk = dq_event_walk(&log);
        while (dq_event_next(&walk, &event, &error)) {
            g_autofree char *whole = line_of(event.type, event.data);

            g_assert_null(strstr(whole, "problem="));
            for (gsize n = 0; n < event.data.len; n += n < 300 ? 1 : 41) {
                g_autofree uint8_t *exact = g_memdup2(event.data.p, n);
                g_autofree char *line = line_of(event.type, (WireBytes){ exact, n });

                g_assert_nonnull(line);
            }
        }
    }
}

static void expect_in_log(const char *name, const char *line)
{
    g_autoptr(GBytes) file = log_read(name, "boot.bin");
    g_autoptr(GError) error = NULL;
    DqEventLog log;
    DqEventWalk walk;
    DqEvent event;

    g_assert_true(dq_event_log_open(log_bytes(file), &log, &error));
    walk = dq_event_walk(&log);
    while (dq_event_next(&walk, &event, &error)) {
        g_autofree char *got = line_of(event.type, event.data);

        if (strcmp(got, line) == 0) {
            return;
        }
    }
    g_error("%s has no event '%s'", name, line);
}

static void real_logs_say_what_was_started(void)
{
    expect_in_log("secureboot", "variable|name:SecureBoot|vendor=8be4df61-93ca-11d2-aa0d-"
                                "00e098032b8c (UEFI)|value=on");
    expect_in_log("ovmf", "variable|name:SecureBoot|vendor=8be4df61-93ca-11d2-aa0d-"
                          "00e098032b8c (UEFI)|value=off");
    expect_in_log("secureboot",
                  "vouches for an image|name:MokListRT|vendor=605dab50-e046-4300-abb6-"
                  "3dd810dd8b23 (shim)|certificate:CN=Debian Secure Boot CA"
                  "|owner=605dab50-e046-4300-abb6-3dd810dd8b23 (shim)");
    expect_in_log("secureboot",
                  "partition table|disk=6d1f2d0c-3f55-4b36-9d6a-6f2f6f2d7a01|partition:EFI System"
                  "|type=c12a7328-f81f-11d2-ba4b-00a0c93ec93b (EFI system partition)"
                  "|guid=6d1f2d0c-3f55-4b36-9d6a-6f2f6f2d7a02|blocks=2048 to 206847");
    expect_in_log("secureboot",
                  "program started|path:PciRoot(0x0)/Pci(0x1,0x0)/HD(1,GPT,6d1f2d0c-3f55-4b36-"
                  "9d6a-6f2f6f2d7a02,0x800,0x32000)/\\EFI\\BOOT\\BOOTX64.EFI|size=1048504");
    expect_in_log("systemd-boot", "boot loader|text:.cmdline");
}

int main(int argc, char **argv)
{
    static const struct {
        const char *name;
        void (*run)(void);
    } tests[] = {
        { "variables-say-what-they-hold", variables_say_what_they_hold },
        { "what-does-not-decode-is-shown-as-digits", what_does_not_decode_is_shown_as_digits },
        { "boot-entries-say-what-they-start", boot_entries_say_what_they_start },
        { "keys-are-counted-by-kind", keys_are_counted_by_kind },
        { "separators-and-notes-say-what-they-mean", separators_and_notes_say_what_they_mean },
        { "utf16-becomes-valid-utf8", utf16_becomes_valid_utf8 },
        { "paths-of-other-nodes-show-their-bytes", paths_of_other_nodes_show_their_bytes },
        { "each-truncation-of-real-events-has-words", each_truncation_of_real_events_has_words },
        { "real-logs-say-what-was-started", real_logs_say_what_was_started },
    };

    g_test_init(&argc, &argv, NULL);
    for (gsize i = 0; i < G_N_ELEMENTS(tests); i++) {
        g_autofree char *path = g_strdup_printf("/appraise/event-text/%s", tests[i].name);

        g_test_add_func(path, tests[i].run);
    }
    return g_test_run();
}
