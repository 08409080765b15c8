/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <glib.h>
#include <string.h>

#include "wire/uuid.h"

#define TEXT "00112233-4455-6677-8899-aabbccddeeff"

static gboolean parse(const char *text, WireUuid *ret)
{
    return wire_uuid_parse(text, strlen(text), ret);
}

static void text_has_the_bytes_in_their_order(void)
{
    char text[WIRE_UUID_TEXT_SIZE];
    WireUuid uuid;

    memset(text, 0xA5, sizeof(text));
    g_assert_true(parse("00112233-4455-6677-8899-AABBCCDDeeff", &uuid));
    for (unsigned i = 0; i < WIRE_UUID_SIZE; i++) {
        g_assert_cmpuint(uuid.byte[i], ==, 0x11 * i);
    }
    wire_uuid_format(&uuid, text);
    g_assert_cmpstr(text, ==, TEXT);
}

static void needs_no_zero_at_the_end(void)
{
    g_autofree char *text = g_memdup2(TEXT, strlen(TEXT)); /* no more, for the sanitizer */
    WireUuid uuid;

    g_assert_true(wire_uuid_parse(text, strlen(TEXT), &uuid));
    for (size_t len = 0; len < strlen(TEXT); len++) {
        g_autofree char *shorter = g_memdup2(TEXT, len);

        g_assert_false(wire_uuid_parse(shorter, len, &uuid));
    }
    g_assert_false(wire_uuid_parse(TEXT "0", strlen(TEXT) + 1, &uuid));
}

/* Each character in each place, of which only digits and the hyphens at their places are right */
static void refuses_any_other_character(void)
{
    WireUuid poison, uuid;

    memset(&poison, 0xA5, sizeof(poison));
    for (size_t at = 0; at < strlen(TEXT); at++) {
        for (int c = 0; c <= 0xff; c++) {
            char text[] = TEXT;
            gboolean right = TEXT[at] == '-' ? c == '-' : g_ascii_isxdigit((char)c);

            text[at] = (char)c;
            uuid = poison;
            g_assert_true(wire_uuid_parse(text, strlen(TEXT), &uuid) == right);
            g_assert_true(right || wire_uuid_equal(&uuid, &poison));
        }
    }
}

static void travels_as_sixteen_bytes(void)
{
    uint8_t buf[WIRE_UUID_SIZE];
    WireWriter w = WIRE_WRITER(buf, sizeof(buf));
    WireUuid uuid, back;

    g_assert_true(parse(TEXT, &uuid));
    g_assert_true(wire_put_uuid(&w, &uuid));
    g_assert_cmpmem(buf, w.len, uuid.byte, WIRE_UUID_SIZE);
    g_assert_false(wire_put_uuid(&w, &uuid));
    for (size_t n = 0; n <= sizeof(buf); n++) {
        WireReader r = WIRE_READER(buf, n);

        g_assert_true(wire_get_uuid(&r, &back) == (n == sizeof(buf)));
        g_assert_cmpuint(r.left, ==, n == sizeof(buf) ? 0 : n);
    }
    g_assert_true(wire_uuid_equal(&uuid, &back));
}

/* VMs that are numbered differ in one byte; each must be found, and not all in one place. */
static void counted_ones_hash_apart(void)
{
    g_autoptr(GHashTable) hashes = g_hash_table_new(NULL, NULL);
    g_autoptr(GHashTable) set =
        g_hash_table_new_full(wire_uuid_hash, wire_uuid_equal, g_free, NULL);

    for (unsigned at = 0; at < WIRE_UUID_SIZE; at++) {
        for (unsigned value = 1; value <= 0xff; value++) {
            WireUuid uuid = { { 0 } };

            uuid.byte[at] = (uint8_t)value;
            g_assert_false(g_hash_table_contains(set, &uuid));
            g_hash_table_add(set, g_memdup2(&uuid, sizeof(uuid)));
            g_assert_true(g_hash_table_contains(set, &uuid));
            g_hash_table_add(hashes, GUINT_TO_POINTER(wire_uuid_hash(&uuid)));
        }
    }
    g_assert_cmpuint(g_hash_table_size(set), ==, WIRE_UUID_SIZE * 255);
    g_assert_cmpuint(g_hash_table_size(hashes), >, WIRE_UUID_SIZE * 255 - 8);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/wire/uuid/text-has-the-bytes-in-their-order",
                    text_has_the_bytes_in_their_order);
    g_test_add_func("/wire/uuid/needs-no-zero-at-the-end", needs_no_zero_at_the_end);
    g_test_add_func("/wire/uuid/refuses-any-other-character", refuses_any_other_character);
    g_test_add_func("/wire/uuid/travels-as-sixteen-bytes", travels_as_sixteen_bytes);
    g_test_add_func("/wire/uuid/counted-ones-hash-apart", counted_ones_hash_apart);
    return g_test_run();
}
