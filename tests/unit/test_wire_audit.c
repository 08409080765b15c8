/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The bytes that the hash of an entry of the audit log is over. */
#include <glib.h>
#include <string.h>

#include "wire/audit.h"

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

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/wire/audit/layout", test_layout);
    g_test_add_func("/wire/audit/refuses-each-lack-of-room", test_refuses_each_lack_of_room);
    g_test_add_func("/wire/audit/longest-texts-fit", test_longest_texts_fit);
    return g_test_run();
}
