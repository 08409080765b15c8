/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <glib.h>
#include <string.h>

#include "wire/manager.h"
#include "wire_samples.h"

/* Where the fields of a message's header and the first of its body begin */
enum { AT_MAGIC = 0, AT_VERSION = 4, AT_TYPE = 6, AT_BODY = 12 };

static gboolean decodes_with(const char *name, size_t at, uint8_t value)
{
    WireBytes sample = wire_sample(name);
    g_autofree uint8_t *copy = g_memdup2(sample.p, sample.len);
    ManagerMessage m = { .id = 0xa5a5a5a5 };
    gboolean ok;

    copy[at] = value;
    ok = wire_decode_manager_message((WireBytes){ copy, sample.len }, &m);
    if (!ok) {
        g_assert_cmphex(m.id, ==, 0xa5a5a5a5);
    }
    return ok;
}

static void header_is_checked(void)
{
    g_assert_true(decodes_with("hello", AT_MAGIC, 0x44));
    g_assert_false(decodes_with("hello", AT_MAGIC, 0x45));
    g_assert_false(decodes_with("hello", AT_VERSION + 1, 1));
    g_assert_false(decodes_with("hello", AT_TYPE + 1, 0));
    g_assert_false(decodes_with("hello", AT_TYPE + 1, 99));
    g_assert_false(decodes_with("hello", AT_TYPE, 1)); /* a reply's type, a request's body */
}

static void another_version_is_told(void)
{
    WireBytes sample = wire_sample("hello");
    g_autofree uint8_t *copy = g_memdup2(sample.p, sample.len);
    uint32_t id = 99;

    g_assert_false(wire_is_other_manager_version(sample, &id));
    copy[AT_VERSION + 1] = 1;
    for (size_t n = 0; n < 12; n++) {
        g_assert_false(wire_is_other_manager_version((WireBytes){ copy, n }, &id));
    }
    g_assert_cmpuint(id, ==, 99);
    g_assert_true(wire_is_other_manager_version((WireBytes){ copy, 12 }, &id));
    g_assert_cmpuint(id, ==, 1);
}

static void reasons_have_words(void)
{
    for (unsigned i = 0; i < MANAGER_REASON_COUNT; i++) {
        g_assert_nonnull(manager_reason_text((ManagerReason)i));
        g_assert_cmpint(manager_reason_status((ManagerReason)i) == MANAGER_OK, ==, i == 0);
    }
}

static void unknown_status_is_refused(void)
{
    g_assert_false(decodes_with("hello-denied", AT_BODY + 3, MANAGER_BUSY)); /* not its reason's */
    g_assert_true(decodes_with("hello-denied", AT_BODY + 5, MANAGER_REASON_DISABLED));
    g_assert_false(decodes_with("hello-denied", AT_BODY + 5, MANAGER_REASON_TPM_BUSY));
    g_assert_false(decodes_with("hello-denied", AT_BODY + 5, MANAGER_REASON_COUNT));
    g_assert_false(decodes_with("hello-denied", AT_BODY + 3, MANAGER_STATUS_COUNT));
    g_assert_false(decodes_with("hello-denied", AT_BODY + 3, MANAGER_OK)); /* its body is missing */
    g_assert_false(decodes_with("hello-reply", AT_BODY + 3, MANAGER_DENIED)); /* a body too many */
}

static void unknown_values_are_refused(void)
{
    g_assert_false(decodes_with("quote", AT_BODY + 3, 0x20)); /* flags */
    g_assert_false(decodes_with("credential", AT_BODY + 3, DEEPQUOTE_CREDENTIALS));
    g_assert_false(decodes_with("pcr-read", AT_BODY + 3, 5)); /* banks */
}

/* Where the states of a HELLO, and of an ANNOUNCE, begin */
enum { AT_LOADED = AT_BODY + 16 + 16 + 8, AT_KEYS = AT_LOADED + 2 * (2 + MANAGER_STATE_SIZE) + 2 };

static void states_have_one_size(void)
{
    static const uint8_t sizes[] = { 0, 1, MANAGER_STATE_SIZE - 1, MANAGER_STATE_SIZE + 1 };

    g_assert_true(decodes_with("hello-early", AT_LOADED + 1, MANAGER_STATE_SIZE));
    g_assert_true(decodes_with("announce", AT_BODY + 1, MANAGER_STATE_SIZE));
    for (size_t i = 0; i < sizeof(sizes); i++) {
        g_assert_false(decodes_with("hello-early", AT_LOADED + 1, sizes[i]));
        g_assert_false(decodes_with("announce", AT_BODY + 1, sizes[i]));
    }
}

static void keys_are_two_or_unknown(void)
{
    g_assert_true(decodes_with("hello-early", AT_KEYS, MANAGER_EKS_UNKNOWN));
    g_assert_true(decodes_with("hello-early", AT_KEYS, 0));
    for (unsigned n = 1; n < MANAGER_EKS_UNKNOWN; n++) {
        g_assert_false(decodes_with("hello-early", AT_KEYS, (uint8_t)n));
    }
}

static void nothing_is_announced_by_nothing(void)
{
    ManagerMessage m;
    uint8_t buf[MANAGER_MESSAGE_MAX];
    WireWriter w = WIRE_WRITER(buf, sizeof(buf));

    g_assert_true(wire_decode_manager_message(wire_sample("announce"), &m));
    m.announce.next.known = false;
    g_assert_false(wire_put_manager_message(&w, &m));
    g_assert_cmpuint(w.len, ==, 0);
}

static void a_vtpm_is_suspended_in_what_is_stored(void)
{
    const size_t at_next = AT_BODY + 2 + MANAGER_STATE_SIZE + 2;
    ManagerMessage m;
    uint8_t buf[MANAGER_MESSAGE_MAX];
    WireWriter w = WIRE_WRITER(buf, sizeof(buf));

    g_assert_true(wire_decode_manager_message(wire_sample("announce-saved"), &m));
    g_assert_true(m.announce.saved.known);
    g_assert_cmpuint(m.announce.saved.hash[0], ==, 0x30);
    g_assert_false(decodes_with("announce-saved", at_next, 0x21));
    g_assert_false(decodes_with("announce-saved", AT_BODY + 2, 0x21));
    m.announce.stored.known = false;
    g_assert_false(wire_put_manager_message(&w, &m));
}

static void quote_without_host_pcrs_is_refused(void)
{
    ManagerMessage m;
    uint8_t buf[MANAGER_MESSAGE_MAX];
    WireWriter w = WIRE_WRITER(buf, sizeof(buf));

    g_assert_true(wire_decode_manager_message(wire_sample("quote"), &m));
    memset(m.quote.host_pcrs.bank[0].select, 0, WIRE_PCR_SELECT_MAX);
    g_assert_false(wire_put_manager_message(&w, &m));
    g_assert_cmpuint(w.len, ==, 0);
}

static void fields_survive(void)
{
    ManagerMessage m;

    g_assert_true(wire_decode_manager_message(wire_sample("quote"), &m));
    g_assert_cmpint(m.type, ==, MANAGER_QUOTE);
    g_assert_cmpuint(m.id, ==, 2);
    g_assert_cmpuint(m.quote.stores, ==, 3);
    g_assert_cmpuint(m.quote.room, ==, 2048);
    g_assert_cmpuint(m.quote.timeout_ms, ==, 19000);
    g_assert_cmpuint(m.quote.signer.len, ==, 34);
    g_assert_true(wire_decode_manager_message(wire_sample("hello-reply"), &m));
    g_assert_cmpuint(m.reply.epoch, ==, 9);
    g_assert_cmpuint(m.reply.generation, ==, 4);
    g_assert_cmpuint(m.reply.lineage[1], ==, 7);
    g_assert_cmpuint(m.reply.rivals, ==, 3);
    g_assert_true(wire_decode_manager_message(wire_sample("announce-reply"), &m));
    g_assert_cmpuint(m.reply.rivals, ==, 2);
    g_assert_true(wire_decode_manager_message(wire_sample("hello-eks"), &m));
    g_assert_cmpuint(m.hello.stores, ==, 7);
    g_assert_true(m.hello.loaded.known && m.hello.stored.known);
    g_assert_cmpuint(m.hello.loaded.hash[0], ==, 0x10);
    g_assert_cmpuint(m.hello.stored.hash[0], ==, 0x20);
    g_assert_cmpuint(m.hello.saved.hash[0], ==, 0x30);
    g_assert_cmpuint(m.hello.ek_count, ==, 2);
    g_assert_cmpuint(m.hello.ek[1].public.len, ==, 90);
    g_assert_cmpuint(m.hello.ek[1].qualified_name.len, ==, 34);
    g_assert_true(wire_decode_manager_message(wire_sample("announce-first"), &m));
    g_assert_false(m.announce.stored.known);
    g_assert_true(m.announce.next.known);
    g_assert_cmpuint(m.announce.next.hash[0], ==, 0x20);
    g_assert_true(wire_decode_manager_message(wire_sample("hello-denied"), &m));
    g_assert_cmpint(m.reply.reason, ==, MANAGER_REASON_UNREGISTERED);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/wire/manager/header-is-checked", header_is_checked);
    g_test_add_func("/wire/manager/another-version-is-told", another_version_is_told);
    g_test_add_func("/wire/manager/reasons-have-words", reasons_have_words);
    g_test_add_func("/wire/manager/unknown-status-is-refused", unknown_status_is_refused);
    g_test_add_func("/wire/manager/unknown-values-are-refused", unknown_values_are_refused);
    g_test_add_func("/wire/manager/states-have-one-size", states_have_one_size);
    g_test_add_func("/wire/manager/keys-are-two-or-unknown", keys_are_two_or_unknown);
    g_test_add_func("/wire/manager/nothing-is-announced-by-nothing",
                    nothing_is_announced_by_nothing);
    g_test_add_func("/wire/manager/a-vtpm-is-suspended-in-what-is-stored",
                    a_vtpm_is_suspended_in_what_is_stored);
    g_test_add_func("/wire/manager/quote-without-host-pcrs-is-refused",
                    quote_without_host_pcrs_is_refused);
    g_test_add_func("/wire/manager/fields-survive", fields_survive);
    return g_test_run();
}
