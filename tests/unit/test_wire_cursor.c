/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <glib.h>
#include <string.h>

#include "wire/cursor.h"

static void reads_big_endian(void)
{
    const uint8_t bytes[] = { 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15 };
    WireReader r = WIRE_READER(bytes, sizeof(bytes));
    uint8_t u8;
    uint16_t u16;
    uint32_t u32;
    uint64_t u64;

    g_assert_true(wire_get_u8(&r, &u8));
    g_assert_true(wire_get_u16(&r, &u16));
    g_assert_true(wire_get_u32(&r, &u32));
    g_assert_true(wire_get_u64(&r, &u64));
    g_assert_cmphex(u8, ==, 0x01);
    g_assert_cmphex(u16, ==, 0x0203);
    g_assert_cmphex(u32, ==, 0x04050607);
    g_assert_cmphex(u64, ==, 0x08090a0b0c0d0e0f);
    g_assert_cmpuint(r.left, ==, 0);
}

static void reads_little_endian_where_it_says_so(void)
{
    const uint8_t bytes[] = { 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 0xff };
    WireReader r = WIRE_READER(bytes, 1);
    uint16_t u16 = 0xa5a5;
    uint32_t u32 = 0xa5a5a5a5;
    uint64_t u64 = 0xa5a5a5a5a5a5a5a5;

    g_assert_false(wire_get_le16(&r, &u16));
    r = WIRE_READER(bytes, 3);
    g_assert_false(wire_get_le32(&r, &u32));
    r = WIRE_READER(bytes, 7);
    g_assert_false(wire_get_le64(&r, &u64));
    g_assert_true(r.p == bytes && r.left == 7);
    g_assert_cmphex(u16, ==, 0xa5a5);
    g_assert_cmphex(u32, ==, 0xa5a5a5a5);
    g_assert_cmphex(u64, ==, 0xa5a5a5a5a5a5a5a5);
    r = WIRE_READER(bytes, sizeof(bytes));
    g_assert_true(wire_get_le16(&r, &u16));
    g_assert_true(wire_get_le32(&r, &u32));
    g_assert_true(wire_get_le64(&r, &u64));
    g_assert_cmphex(u16, ==, 0x0302);
    g_assert_cmphex(u32, ==, 0x07060504);
    g_assert_cmphex(u64, ==, 0xff0e0d0c0b0a0908);
    g_assert_cmpuint(r.left, ==, 0);
}

static void failed_read_moves_nothing(void)
{
    const uint8_t bytes[] = { 1, 2, 3, 4, 5, 6, 7 };
    WireReader r = WIRE_READER(bytes, 0);
    uint8_t u8 = 0xa5;
    uint16_t u16 = 0xa5a5;
    uint32_t u32 = 0xa5a5a5a5;
    uint64_t u64 = 0xa5a5a5a5a5a5a5a5;
    WireBytes b = { bytes + 1, 1 };

    g_assert_false(wire_get_u8(&r, &u8));
    r = WIRE_READER(bytes, 1);
    g_assert_false(wire_get_u16(&r, &u16));
    r = WIRE_READER(bytes, 3);
    g_assert_false(wire_get_u32(&r, &u32));
    r = WIRE_READER(bytes, 7);
    g_assert_false(wire_get_u64(&r, &u64));
    g_assert_false(wire_get_bytes(&r, 8, &b));
    g_assert_false(wire_get_bytes(&r, SIZE_MAX, &b));
    g_assert_false(wire_get_tpm2b(&r, SIZE_MAX, &b)); /* its size says 0x0102 */
    g_assert_true(r.p == bytes && r.left == 7);
    g_assert_cmphex(u8, ==, 0xa5);
    g_assert_cmphex(u16, ==, 0xa5a5);
    g_assert_cmphex(u32, ==, 0xa5a5a5a5);
    g_assert_cmphex(u64, ==, 0xa5a5a5a5a5a5a5a5);
    g_assert_true(b.p == bytes + 1 && b.len == 1);
}

static void tpm2b_keeps_to_its_maximum(void)
{
    const uint8_t bytes[] = { 0, 3, 7, 8, 9 };
    WireReader r = WIRE_READER(bytes, sizeof(bytes));
    WireBytes b;

    g_assert_false(wire_get_tpm2b(&r, 2, &b));
    g_assert_cmpuint(r.left, ==, sizeof(bytes));
    g_assert_true(wire_get_tpm2b(&r, 3, &b));
    g_assert_cmpmem(b.p, b.len, bytes + 2, 3);
    g_assert_cmpuint(r.left, ==, 0);
}

static void writes_until_full_and_no_further(void)
{
    uint8_t buf[16];
    WireBytes three = { (const uint8_t *)"abc", 3 };

    memset(buf, 0xa5, sizeof(buf));
    for (size_t cap = 0; cap < 5; cap++) {
        WireWriter w = WIRE_WRITER(buf, cap);

        g_assert_false(wire_put_tpm2b(&w, three));
        g_assert_cmpuint(w.len, ==, 0);
        g_assert_false(wire_put_u64(&w, 1));
        g_assert_cmpuint(w.len, ==, 0);
    }
    g_assert_cmphex(buf[5], ==, 0xa5);
    WireWriter w = WIRE_WRITER(buf, 5);
    g_assert_true(wire_put_tpm2b(&w, three));
    g_assert_false(wire_put_u8(&w, 1));
    g_assert_cmpmem(buf, 6, "\0\3abc\xa5", 6);
}

static void size_fields_count_what_follows(void)
{
    uint8_t buf[32];
    WireWriter w = WIRE_WRITER(buf, sizeof(buf));
    size_t outer, inner;

    g_assert_true(wire_open_u32(&w, &outer));
    g_assert_true(wire_open_u16(&w, &inner));
    g_assert_true(wire_put_u8(&w, 9));
    g_assert_true(wire_close_u16(&w, inner));
    g_assert_true(wire_close_u32(&w, outer));
    g_assert_cmpmem(buf, w.len, "\0\0\0\3\0\1\x09", 7);
    g_assert_true(wire_set_u32(&w, 3, 0x01020304));
    g_assert_cmpmem(buf, w.len, "\0\0\0\1\2\3\4", 7);
}

static void size_field_refuses_what_it_cannot_say(void)
{
    g_autofree uint8_t *big = g_malloc0(70000);
    WireWriter w = WIRE_WRITER(big, 70000);
    size_t mark;

    g_assert_false(wire_close_u16(&w, 0));
    g_assert_true(wire_open_u16(&w, &mark));
    w.len += 65536;
    g_assert_false(wire_close_u16(&w, mark));
    g_assert_false(wire_close_u16(&w, w.len));
    g_assert_false(wire_close_u32(&w, SIZE_MAX));
    g_assert_false(wire_set_u32(&w, w.len - 3, 1));
    g_assert_false(wire_set_u32(&w, SIZE_MAX, 1));
    g_assert_false(wire_put_tpm2b(&w, (WireBytes){ big, 65536 }));
    g_assert_cmpuint(w.len, ==, 65538);
}

static void empty_bytes_may_be_null(void)
{
    uint8_t buf[4];
    WireWriter w = WIRE_WRITER(buf, sizeof(buf));
    WireReader r = WIRE_READER(NULL, 0);
    WireBytes b = { buf, 1 };

    g_assert_true(wire_put_bytes(&w, (WireBytes){ NULL, 0 }));
    g_assert_true(wire_get_bytes(&r, 0, &b));
    g_assert_cmpuint(b.len, ==, 0);
    g_assert_true(wire_bytes_equal(b, (WireBytes){ buf, 0 }));
    g_assert_false(wire_bytes_equal(b, (WireBytes){ buf, 1 }));
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/wire/cursor/reads-big-endian", reads_big_endian);
    g_test_add_func("/wire/cursor/reads-little-endian-where-it-says-so",
                    reads_little_endian_where_it_says_so);
    g_test_add_func("/wire/cursor/failed-read-moves-nothing", failed_read_moves_nothing);
    g_test_add_func("/wire/cursor/tpm2b-keeps-to-its-maximum", tpm2b_keeps_to_its_maximum);
    g_test_add_func("/wire/cursor/writes-until-full-and-no-further",
                    writes_until_full_and_no_further);
    g_test_add_func("/wire/cursor/size-fields-count-what-follows", size_fields_count_what_follows);
    g_test_add_func("/wire/cursor/size-field-refuses-what-it-cannot-say",
                    size_field_refuses_what_it_cannot_say);
    g_test_add_func("/wire/cursor/empty-bytes-may-be-null", empty_bytes_may_be_null);
    return g_test_run();
}
