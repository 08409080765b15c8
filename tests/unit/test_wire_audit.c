/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The bytes that the hash of an entry of the audit log is over. */
#include <glib.h>
#include <string.h>

#include "wire/audit.h"
#include "wire/binding.h"

static const uint8_t before[AUDIT_HASH_SIZE] = { [0] = 0xAA, [31] = 0xBB };

static AuditEntry sample(void)
{
    return (AuditEntry){
        .before = before,
        .number = 258,
        .time = 3,
        .uid = -1,
        .subject = { (const uint8_t *)"s", 1 },
        .what = { (const uint8_t *)"what", 4 },
    };
}

static void test_layout(void)
{
    static const uint8_t rest[] = { 0,   0,   0,   0,   0,   0,   1,   2,   /* number */
                                    0,   0,   0,   0,   0,   0,   0,   3,   /* time */
                                    255, 255, 255, 255, 255, 255, 255, 255, /* uid */
                                    0,   1,   's', 0,   4,   'w', 'h', 'a', 't', 0, 0 };
    const AuditEntry entry = sample();
    uint8_t buf[AUDIT_MAX];
    WireWriter w = WIRE_WRITER(buf, sizeof(buf));

    g_assert_true(wire_put_audit(&w, &entry));
    g_assert_cmpuint(w.len, ==, 19 + AUDIT_HASH_SIZE + sizeof(rest));
    g_assert_cmpmem(buf, 19, "DEEPQUOTE-AUDIT-V1", 19);
    g_assert_cmpmem(buf + 19, AUDIT_HASH_SIZE, before, AUDIT_HASH_SIZE);
    g_assert_cmpmem(buf + 19 + AUDIT_HASH_SIZE, sizeof(rest), rest, sizeof(rest));
}

static void test_refuses_each_lack_of_room(void)
{
    const AuditEntry entry = sample();
    WireWriter whole = WIRE_COUNTER;
    uint8_t buf[AUDIT_MAX];

    g_assert_true(wire_put_audit(&whole, &entry));
    for (size_t room = 0; room < whole.len; room++) {
        WireWriter w = WIRE_WRITER(buf, room);

        g_assert_false(wire_put_audit(&w, &entry));
        g_assert_cmpuint(w.len, ==, 0);
    }
}

static void test_longest_texts_fit(void)
{
    static uint8_t text[AUDIT_TEXT_MAX + 1];
    AuditEntry entry = sample();
    uint8_t buf[AUDIT_MAX];
    WireWriter w = WIRE_WRITER(buf, sizeof(buf));

    memset(text, 'x', sizeof(text));
    entry.subject = entry.what = entry.why = (WireBytes){ text, AUDIT_TEXT_MAX };
    g_assert_true(wire_put_audit(&w, &entry));
    entry.why.len++;
    w.len = 0;
    g_assert_false(wire_put_audit(&w, &entry));
    g_assert_cmpuint(w.len, ==, 0);
}

/* ----------------------------------------------------------------------------- what is signed of
 * it
 */

static const AuditHead head = { .number = 258, .time = -1, .hash = { [0] = 0xAA, [31] = 0xBB } };

static WireBytes put_head(uint8_t buf[AUDIT_HEAD_SIZE])
{
    WireWriter w = WIRE_WRITER(buf, AUDIT_HEAD_SIZE);

    g_assert_true(wire_put_audit_head(&w, &head));
    g_assert_cmpuint(w.len, ==, AUDIT_HEAD_SIZE);
    return wire_written(&w);
}

static void test_head_layout(void)
{
    static const uint8_t first[] = { 'D', 'Q', 'T', 'A', 0,   1,   0,   0,   0,   0,   0,
                                     0,   1,   2,   255, 255, 255, 255, 255, 255, 255, 255 };
    uint8_t buf[AUDIT_HEAD_SIZE];
    AuditHead back;

    g_assert_true(wire_decode_audit_head(put_head(buf), &back));
    g_assert_cmpmem(buf, sizeof(first), first, sizeof(first));
    g_assert_cmpmem(buf + sizeof(first), AUDIT_HASH_SIZE, head.hash, AUDIT_HASH_SIZE);
    g_assert_cmpuint(back.number, ==, head.number);
    g_assert_cmpint(back.time, ==, head.time);
    g_assert_cmpmem(back.hash, AUDIT_HASH_SIZE, head.hash, AUDIT_HASH_SIZE);
}

static void test_head_refuses_each_truncation(void)
{
    uint8_t buf[AUDIT_HEAD_SIZE + 1] = { 0 };
    AuditHead back;

    put_head(buf);
    for (size_t len = 0; len <= AUDIT_HEAD_SIZE + 1; len++) {
        g_autofree uint8_t *cut = g_memdup2(buf, len); /* no more, for the sanitizer */
        WireWriter w = WIRE_WRITER(buf, len);

        g_assert_cmpint(wire_decode_audit_head((WireBytes){ cut, len }, &back), ==,
                        len == AUDIT_HEAD_SIZE);
        g_assert_cmpint(wire_put_audit_head(&w, &head), ==, len >= AUDIT_HEAD_SIZE);
    }
}

static void test_head_is_of_an_entry(void)
{
    uint8_t buf[AUDIT_HEAD_SIZE];
    WireWriter w = WIRE_WRITER(buf, sizeof(buf));
    AuditHead other = head;

    put_head(buf);
    memset(buf + 6, 0, 8);
    g_assert_false(wire_decode_audit_head((WireBytes){ buf, sizeof(buf) }, &other));
    other.number = 0;
    g_assert_false(wire_put_audit_head(&w, &other));
}

/* One that a TPM signs for a VM can never pass for the other. */
static void test_head_is_no_binding(void)
{
    uint8_t buf[AUDIT_HEAD_SIZE];
    WireBinding binding;

    g_assert_false(wire_decode_binding(put_head(buf), &binding));
    for (size_t i = 0; i < 6; i++) {
        AuditHead back;

        put_head(buf);
        buf[i] ^= 1;
        g_assert_false(wire_decode_audit_head((WireBytes){ buf, sizeof(buf) }, &back));
    }
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/wire/audit/layout", test_layout);
    g_test_add_func("/wire/audit/refuses-each-lack-of-room", test_refuses_each_lack_of_room);
    g_test_add_func("/wire/audit/longest-texts-fit", test_longest_texts_fit);
    g_test_add_func("/wire/audit/head/layout", test_head_layout);
    g_test_add_func("/wire/audit/head/refuses-each-truncation", test_head_refuses_each_truncation);
    g_test_add_func("/wire/audit/head/is-of-an-entry", test_head_is_of_an_entry);
    g_test_add_func("/wire/audit/head/is-no-binding", test_head_is_no_binding);
    return g_test_run();
}
