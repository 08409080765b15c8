/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "wire/parts.h"

#include <glib.h>
#include <json-glib/json-glib.h>
#include <string.h>

#define NAME(text)                                                                                 \
    {                                                                                              \
        (const uint8_t *)(text), sizeof(text) - 1                                                  \
    }

static const WirePart some[] = {
    { WIRE_PART_EXECUTABLE, NAME("swtpm"), { 9 } },
    { WIRE_PART_LIBRARY, NAME("liba.so"), { 1 } },
    { WIRE_PART_LIBRARY, NAME("liba.so"), { 2 } },
    { WIRE_PART_LIBRARY, NAME("liba.so.1"), { 0 } },
};

typedef struct Encoded {
    uint8_t buf[WIRE_PARTS_SIZE_MAX];
    WireWriter w;
} Encoded;

static bool encode(Encoded *ret, const WirePart *parts, size_t count)
{
    memset(ret->buf, 0xA5, sizeof(ret->buf));
    ret->w = WIRE_WRITER(ret->buf, sizeof(ret->buf));
    return wire_put_parts(&ret->w, &wire_parts_vtpm, parts, count);
}

static void comes_back_as_it_was(void)
{
    Encoded e;
    WireParts parts;
    WirePart part;

    g_assert_true(encode(&e, some, G_N_ELEMENTS(some)));
    g_assert_true(wire_decode_parts(wire_written(&e.w), &wire_parts_vtpm, &parts));
    for (size_t i = 0; i < G_N_ELEMENTS(some); i++) {
        g_assert_true(wire_next_part(&parts, &part));
        g_assert_cmpint(wire_part_compare(&part, &some[i]), ==, 0);
    }
    g_assert_false(wire_next_part(&parts, &part));
}

static void refuses_each_truncation(void)
{
    Encoded e;
    WireParts parts;

    g_assert_true(encode(&e, some, G_N_ELEMENTS(some)));
    for (size_t len = 0; len < e.w.len; len++) {
        g_autofree uint8_t *cut = g_memdup2(e.buf, len); /* no more, for the sanitizer */

        g_assert_false(wire_decode_parts((WireBytes){ cut, len }, &wire_parts_vtpm, &parts));
    }
    g_assert_false(wire_decode_parts((WireBytes){ e.buf, e.w.len + 1 }, &wire_parts_vtpm, &parts));
}

static void refuses_another_order(void)
{
    Encoded e;

    for (size_t i = 0; i + 1 < G_N_ELEMENTS(some); i++) {
        WirePart swapped[G_N_ELEMENTS(some)];

        memcpy(swapped, some, sizeof(some));
        swapped[i] = some[i + 1];
        swapped[i + 1] = some[i];
        g_assert_false(encode(&e, swapped, G_N_ELEMENTS(some)));
        swapped[i + 1] = some[i + 1]; /* and one that is there twice */
        g_assert_false(encode(&e, swapped, G_N_ELEMENTS(some)));
        g_assert_cmpuint(e.w.len, ==, 0);
    }
    g_assert_false(encode(&e, some, 0));
    g_assert_false(encode(&e, some + 1, 2)); /* without an executable */
}

static void refuses_what_is_no_name(void)
{
    static const WireBytes wrong[] = { NAME(""), NAME("a/b"), NAME("a\0b") };
    uint8_t longest[WIRE_PART_NAME_MAX + 1];
    WirePart part = some[0];
    Encoded e;

    for (size_t i = 0; i < G_N_ELEMENTS(wrong); i++) {
        part.name = wrong[i];
        g_assert_false(encode(&e, &part, 1));
    }
    memset(longest, 'a', sizeof(longest));
    part.name = (WireBytes){ longest, sizeof(longest) };
    g_assert_false(encode(&e, &part, 1));
    part.name.len--;
    g_assert_true(encode(&e, &part, 1));
}

static void takes_so_many_and_no_more(void)
{
    static WirePart part[WIRE_PARTS_MAX + 1];
    Encoded e;
    WireParts parts;

    for (size_t i = 0; i < G_N_ELEMENTS(part); i++) {
        part[i] = some[i > 0];
        part[i].digest[0] = (uint8_t)(i >> 8);
        part[i].digest[1] = (uint8_t)i;
    }
    g_assert_false(encode(&e, part, WIRE_PARTS_MAX + 1));
    g_assert_true(encode(&e, part, WIRE_PARTS_MAX));
    g_assert_true(wire_decode_parts(wire_written(&e.w), &wire_parts_vtpm, &parts));
}

static void any_changed_byte_is_another_list_or_none(void)
{
    Encoded e;
    WireParts parts;
    WirePart part;

    g_assert_true(encode(&e, some, G_N_ELEMENTS(some)));
    for (size_t i = 0; i < e.w.len; i++) {
        bool same = true;

        e.buf[i] ^= 0x01;
        if (wire_decode_parts(wire_written(&e.w), &wire_parts_vtpm, &parts)) {
            for (size_t k = 0; wire_next_part(&parts, &part); k++) {
                same = same && wire_part_compare(&part, &some[k]) == 0;
            }
            g_assert_false(same);
        }
        e.buf[i] ^= 0x01;
    }
}

static char *hex(const uint8_t *data, size_t len)
{
    GString *text = g_string_new(NULL);

    for (size_t i = 0; i < len; i++) {
        g_string_append_printf(text, "%02x", data[i]);
    }
    return g_string_free(text, FALSE);
}

static void lists_have_kinds_of_their_own(void)
{
    WirePart parts[] = { some[0], some[1] };
    Encoded e = { 0 };
    WireParts read;

    for (WirePartKind kind = WIRE_PART_LIBRARY; kind <= WIRE_PART_ARGUMENTS + 1; kind++) {
        parts[1].kind = kind;
        g_assert_true(encode(&e, parts, 2) == (kind == WIRE_PART_LIBRARY));
        e.w = WIRE_WRITER(e.buf, sizeof(e.buf));
        g_assert_true(wire_put_parts(&e.w, &wire_parts_launch, parts, 2) ==
                      (kind <= WIRE_PART_ARGUMENTS));
        g_assert_false(wire_decode_parts(wire_written(&e.w), &wire_parts_vtpm, &read));
        g_assert_true(wire_decode_parts(wire_written(&e.w), &wire_parts_launch, &read) ==
                      (kind <= WIRE_PART_ARGUMENTS));
    }
}

static void kinds_have_words(void)
{
    WirePartKind kind = WIRE_PART_MACHINE;

    for (WirePartKind k = WIRE_PART_EXECUTABLE; k <= WIRE_PART_ARGUMENTS; k++) {
        const char *word = wire_part_kind_word(k);

        g_assert_true(wire_part_kind_find(word, strlen(word), &kind));
        g_assert_cmpint(kind, ==, k);
        g_assert_false(wire_part_kind_find(word, strlen(word) - 1, &kind));
    }
    g_assert_null(wire_part_kind_word(0));
    g_assert_null(wire_part_kind_word(WIRE_PART_ARGUMENTS + 1));
    g_assert_false(wire_part_kind_find("", 0, &kind));
}

/* Python makes the same of it, in tests/vectors/check.py. */
static void has_the_bytes_of_its_vector(gconstpointer name)
{
    g_autofree char *path =
        g_build_filename(g_getenv("SOURCE_ROOT"), "tests", "vectors", "parts", name, NULL);
    g_autoptr(JsonParser) parser = json_parser_new();
    g_autoptr(GError) error = NULL;
    JsonObject *vector;
    JsonArray *list;
    WirePart parts[16];
    g_autofree char *text = NULL;
    Encoded e;

    json_parser_load_from_file(parser, path, &error);
    g_assert_no_error(error);
    vector = json_node_get_object(json_parser_get_root(parser));
    list = json_object_get_array_member(vector, "parts");
    for (guint i = 0; i < json_array_get_length(list); i++) {
        JsonObject *o = json_array_get_object_element(list, i);
        const char *called = json_object_get_string_member(o, "name");
        const char *digest = json_object_get_string_member(o, "digest");

        const char *kind = json_object_get_string_member(o, "kind");

        g_assert_true(wire_part_kind_find(kind, strlen(kind), &parts[i].kind));
        parts[i].name = (WireBytes){ (const uint8_t *)called, strlen(called) };
        for (size_t k = 0; k < sizeof(parts[i].digest); k++) {
            parts[i].digest[k] = (uint8_t)(g_ascii_xdigit_value(digest[2 * k]) * 16 +
                                           g_ascii_xdigit_value(digest[2 * k + 1]));
        }
    }
    e.w = WIRE_WRITER(e.buf, sizeof(e.buf));
    g_assert_true(wire_put_parts(
        &e.w, json_object_has_member(vector, "launch") ? &wire_parts_launch : &wire_parts_vtpm,
        parts, json_array_get_length(list)));
    text = hex(e.buf, e.w.len);
    g_assert_cmpstr(text, ==, json_object_get_string_member(vector, "list"));
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/wire/parts/comes-back-as-it-was", comes_back_as_it_was);
    g_test_add_func("/wire/parts/refuses-each-truncation", refuses_each_truncation);
    g_test_add_func("/wire/parts/refuses-another-order", refuses_another_order);
    g_test_add_func("/wire/parts/refuses-what-is-no-name", refuses_what_is_no_name);
    g_test_add_func("/wire/parts/takes-so-many-and-no-more", takes_so_many_and_no_more);
    g_test_add_func("/wire/parts/any-changed-byte-is-another-list-or-none",
                    any_changed_byte_is_another_list_or_none);
    g_test_add_func("/wire/parts/lists-have-kinds-of-their-own", lists_have_kinds_of_their_own);
    g_test_add_func("/wire/parts/kinds-have-words", kinds_have_words);
    g_test_add_data_func("/wire/parts/has-the-bytes-of-its-vector", "two-of-one-name.json",
                         has_the_bytes_of_its_vector);
    g_test_add_data_func("/wire/parts/has-the-bytes-of-the-launch-vector", "launch.json",
                         has_the_bytes_of_its_vector);
    return g_test_run();
}
