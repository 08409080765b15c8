/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Commands of the host to a vTPM: between the guest's commands, unseen by it, or refused
 */
#include "qemu/osdep.h"
#include "backends/tpm/tpm_ioctl.h"
#include "hw/acpi/tpm.h"
#include "qemu/bswap.h"
#include "vtpm-swtpm.h"
#include "vtpm-util.h"

#define DEEP_QUOTE 0x20000d01
#define LONG 1000000 /* milliseconds */
#define ROOM 8       /* commands of the host that a back end knows of */
#define CANCELLED 0x909

static const uint8_t startup_clear[] = { 0x80, 1, 0, 0, 0, 12, 0, 0, 1, 0x44, 0, 0 };

/* TPM2_DeepQuote as the specification has it, for what ask() asks. */
static const uint8_t wanted[] = {
    0x80, 2,    0, 0, 0,    71, 0x20, 0,    0x0d, 1,             /* tag, size, code */
    0x40, 0,    0, 7,                                            /* TPM_RH_NULL */
    0,    0,    0, 9, 0x40, 0,  0,    9,    0,    0,    0, 0, 0, /* the empty password */
    0,    16,   0, 1, 2,    3,  4,    5,    6,    7,    8, 9, 10, 11, 12, 13, 14, 15, /* nonce */
    0,    0x10,                                         /* the key's scheme */
    0,    0,    0, 1, 0,    11, 3,    0x11, 0,    0x80, /* PCRs of the vTPM */
    0,    0,    0, 1, 0,    12, 3,    2,    0,    0,    /* PCRs of the host */
    0,    0,    0, 3,                                   /* flags */
};

/* --- QMP --- */

static QDict *send_ask(Vtpm *v, unsigned wait)
{
    return qtest_qmp(v->qts,
                     "{ 'execute': 'tpm-deep-quote', 'arguments': { 'id': 'tpm0',"
                     "  'nonce': 'AAECAwQFBgcICQoLDA0ODw==', 'flags': 3, 'wait': %u,"
                     "  'pcrs': [ { 'hash': 11, 'pcrs': [ 0, 4, 23 ] } ],"
                     "  'host-pcrs': [ { 'hash': 12, 'pcrs': [ 1 ] } ] } }",
                     wait);
}

/* Returns: the number of a new deep quote. */
static unsigned ask(Vtpm *v, unsigned wait)
{
    QDict *rsp = send_ask(v, wait);
    unsigned number;

    g_assert_true(qdict_haskey(rsp, "return"));
    number = qdict_get_int(qdict_get_qdict(rsp, "return"), "number");
    qobject_unref(rsp);
    return number;
}

static void assert_error(QDict *rsp, const char *text)
{
    g_assert_true(qdict_haskey(rsp, "error"));
    g_assert_nonnull(strstr(qdict_get_str(qdict_get_qdict(rsp, "error"), "desc"), text));
    qobject_unref(rsp);
}

static void assert_refused(Vtpm *v, const char *text)
{
    assert_error(send_ask(v, LONG), text);
}

/* (transfer full): the deep quote as QMP has it. */
static QDict *query(Vtpm *v, unsigned number)
{
    QDict *rsp = qtest_qmp(v->qts,
                           "{ 'execute': 'query-tpm-host-command',"
                           "  'arguments': { 'id': 'tpm0', 'number': %u } }",
                           number);
    QDict *quote = qdict_get_qdict(rsp, "return");

    g_assert_nonnull(quote);
    qobject_ref(quote);
    qobject_unref(rsp);
    return quote;
}

static bool is(Vtpm *v, unsigned number, const char *state)
{
    QDict *quote = query(v, number);
    bool same = g_str_equal(qdict_get_str(quote, "state"), state);

    qobject_unref(quote);
    return same;
}

static QDict *wait_for_end(Vtpm *v, unsigned number)
{
    vtpm_wait_until(is(v, number, "completed") || is(v, number, "failed"));
    return query(v, number);
}

static void assert_failed(Vtpm *v, unsigned number, const char *why)
{
    QDict *quote = wait_for_end(v, number);

    g_assert_cmpstr(qdict_get_str(quote, "state"), ==, "failed");
    g_assert_nonnull(strstr(qdict_get_str(quote, "error"), why));
    g_assert_false(qdict_haskey(quote, "response"));
    qobject_unref(quote);
}

/* The response is the fake's to this command. */
static void assert_response(Vtpm *v, unsigned number, const uint8_t *command, size_t command_size)
{
    QDict *quote = wait_for_end(v, number);
    g_autofree uint8_t *response = NULL;
    gsize size = 0;

    g_assert_cmpstr(qdict_get_str(quote, "state"), ==, "completed");
    response = g_base64_decode(qdict_get_str(quote, "response"), &size);
    vtpm_assert_answer(command, command_size, response, size);
    g_assert_false(qdict_haskey(quote, "error"));
    qobject_unref(quote);
}

static void assert_completed(Vtpm *v, unsigned number)
{
    assert_response(v, number, wanted, sizeof(wanted));
}

static unsigned quotes_sent(Vtpm *v)
{
    return vtpm_fake_commands(v->fake, DEEP_QUOTE);
}

/* --- a guest that has started its TPM --- */

static void start_up(Vtpm *v)
{
    uint8_t response[4096];

    vtpm_crb_run(v, startup_clear, sizeof(startup_clear), response);
    g_assert_cmphex(ldl_be_p(response + 6), ==, 0);
}

static Vtpm guest(const char *options)
{
    Vtpm v = vtpm_start(TPM_VERSION_2_0, "tpm-crb", options, "");

    start_up(&v);
    return v;
}

/* A deep quote whose answer the fake holds back. */
static unsigned hold_quote(Vtpm *v)
{
    unsigned number;

    vtpm_fake_hold(v->fake);
    number = ask(v, LONG);
    vtpm_wait_until(quotes_sent(v) == 1);
    g_assert_true(is(v, number, "running"));
    return number;
}

static void start_command(Vtpm *v, uint8_t *ret_command, size_t size)
{
    vtpm_command(ret_command, size, VTPM_PCR_READ);
    vtpm_crb_start(v, 0, ret_command, size);
}

static void assert_answered(Vtpm *v, const uint8_t *command, size_t size)
{
    uint8_t response[4096];

    vtpm_wait_until(!vtpm_crb_running(v));
    vtpm_assert_answer(command, size, response, vtpm_crb_response(v, response));
}

static void test_command(void)
{
    Vtpm v = guest("");

    assert_completed(&v, ask(&v, LONG));
    vtpm_crb_assert_works(&v);
    vtpm_stop(&v);
}

static void test_pcr_read(void)
{
    static const uint8_t pcr_read[] = { 0x80, 1, 0,  0, 0, 26, 0, 0, 1,  0x7e, 0, 0, 0,
                                        2,    0, 11, 3, 1, 0,  0, 0, 12, 3,    0, 2, 0 };
    Vtpm v = guest("");
    QDict *rsp = qtest_qmp(v.qts, "{ 'execute': 'tpm-pcr-read', 'arguments': { 'id': 'tpm0',"
                                  "  'pcrs': [ { 'hash': 11, 'pcrs': [ 0 ] },"
                                  "            { 'hash': 12, 'pcrs': [ 9 ] } ] } }");
    unsigned number = qdict_get_int(qdict_get_qdict(rsp, "return"), "number");

    qobject_unref(rsp);
    assert_response(&v, number, pcr_read, sizeof(pcr_read));
    vtpm_stop(&v);
}

/* Neither in what the guest gets nor in the figures of its commands, nor by another locality. */
static void test_unseen(void)
{
    Vtpm v = guest("");
    uint8_t command[40], before[4096], after[4096];
    unsigned localities;
    QDict *status;
    size_t size;

    vtpm_command(command, sizeof(command), VTPM_PCR_READ);
    size = vtpm_crb_run(&v, command, sizeof(command), before);
    localities = vtpm_fake_controls(v.fake, CMD_SET_LOCALITY);
    assert_completed(&v, ask(&v, LONG));
    g_assert_false(vtpm_crb_running(&v));
    g_assert_cmpuint(vtpm_crb_response(&v, after), ==, size);
    g_assert_cmpmem(after, size, before, size);
    g_assert_cmpuint(vtpm_fake_controls(v.fake, CMD_SET_LOCALITY), ==, localities);
    status = vtpm_status(&v);
    g_assert_cmpint(qdict_get_int(status, "commands"), ==, 2);
    qobject_unref(status);
    vtpm_stop(&v);
}

static void test_paused(void)
{
    Vtpm v = guest("");

    qtest_qmp_assert_success(v.qts, "{ 'execute': 'stop' }");
    assert_completed(&v, ask(&v, LONG));
    vtpm_stop(&v);
}

static void test_event(void)
{
    Vtpm v = guest("");
    unsigned number = ask(&v, LONG);
    QDict *event = qtest_qmp_eventwait_ref(v.qts, "TPM_HOST_COMMAND_ENDED");
    QDict *data = qdict_get_qdict(event, "data"), *quote = query(&v, number);

    g_assert_cmpstr(qdict_get_str(data, "id"), ==, "tpm0");
    g_assert_true(qobject_is_equal(QOBJECT(qdict_get_qdict(data, "command")), QOBJECT(quote)));
    qobject_unref(quote);
    qobject_unref(event);
    vtpm_stop(&v);
}

/* --- who waits for whom --- */

static void test_waits_for_the_guest(void)
{
    Vtpm v = guest("");
    uint8_t command[33];
    unsigned number;

    vtpm_crb_hold(&v, 0, command, sizeof(command));
    number = ask(&v, LONG);
    vtpm_fake_settle(v.fake, 1000);
    g_assert_true(is(&v, number, "waiting"));
    g_assert_cmpuint(quotes_sent(&v), ==, 0);
    vtpm_fake_release(v.fake);
    assert_answered(&v, command, sizeof(command));
    assert_completed(&v, number);
    vtpm_stop(&v);
}

static void test_guest_waits(void)
{
    Vtpm v = guest("");
    uint8_t command[33];
    unsigned number = hold_quote(&v);

    start_command(&v, command, sizeof(command));
    g_assert_true(vtpm_crb_running(&v));
    g_assert_cmpuint(vtpm_fake_commands(v.fake, VTPM_PCR_READ), ==, 0);
    vtpm_fake_release(v.fake);
    assert_completed(&v, number);
    assert_answered(&v, command, sizeof(command));
    vtpm_stop(&v);
}

/* The guest's command goes between two of them, whichever was there first. */
static void test_two_at_once(void)
{
    Vtpm v = guest("");
    uint8_t command[33];
    unsigned first = hold_quote(&v), second = ask(&v, LONG);

    g_assert_true(is(&v, second, "waiting"));
    start_command(&v, command, sizeof(command));
    vtpm_fake_release(v.fake);
    assert_completed(&v, first);
    assert_completed(&v, second);
    assert_answered(&v, command, sizeof(command));
    g_assert_cmpuint(quotes_sent(&v), ==, 2);
    g_assert_cmpuint(vtpm_fake_order_of_command(v.fake, VTPM_PCR_READ), <,
                     vtpm_fake_order_of_command(v.fake, DEEP_QUOTE));
    vtpm_stop(&v);
}

/* Their room is taken by those that wait, then by later ones: the oldest that ended goes first. */
static void test_room(void)
{
    Vtpm v = guest("");
    unsigned first = hold_quote(&v);

    for (unsigned i = 1; i < ROOM; i++) {
        ask(&v, LONG);
    }
    assert_refused(&v, "8 commands of the host wait already");
    vtpm_fake_release(v.fake);
    for (unsigned i = 0; i < ROOM; i++) {
        assert_completed(&v, first + i);
    }
    assert_completed(&v, ask(&v, LONG));
    assert_error(qtest_qmp(v.qts,
                           "{ 'execute': 'query-tpm-host-command',"
                           "  'arguments': { 'id': 'tpm0', 'number': %u } }",
                           first),
                 "no command of the host with number");
    g_assert_true(is(&v, first + 1, "completed"));
    vtpm_stop(&v);
}

/* As during the creation of a key that takes its time. */
static void test_deadline(void)
{
    Vtpm v = guest("");
    uint8_t command[33];
    unsigned patient, number;

    vtpm_crb_hold(&v, 0, command, sizeof(command));
    patient = ask(&v, LONG);
    number = ask(&v, 20);
    assert_failed(&v, number, "busy for as long as it was to wait");
    vtpm_fake_release(v.fake);
    assert_answered(&v, command, sizeof(command));
    assert_completed(&v, patient);
    g_assert_cmpuint(quotes_sent(&v), ==, 1);
    vtpm_stop(&v);
}

static void test_guest_gives_up(void)
{
    Vtpm v = guest("");
    uint8_t command[33], response[4096];
    unsigned number = hold_quote(&v);

    start_command(&v, command, sizeof(command));
    qtest_writel(v.qts, vtpm_reg(0, A_CRB_CTRL_CANCEL), 1);
    vtpm_fake_release(v.fake);
    vtpm_wait_until(!vtpm_crb_running(&v));
    g_assert_cmpuint(vtpm_crb_response(&v, response), ==, 10);
    g_assert_cmphex(ldl_be_p(response + 6), ==, CANCELLED);
    assert_completed(&v, number);
    g_assert_cmpuint(vtpm_fake_controls(v.fake, CMD_CANCEL_TPM_CMD), ==, 0);
    g_assert_cmpuint(vtpm_fake_commands(v.fake, VTPM_PCR_READ), ==, 0);
    qtest_writel(v.qts, vtpm_reg(0, A_CRB_CTRL_CANCEL), 0);
    vtpm_crb_assert_works(&v);
    vtpm_stop(&v);
}

static void test_hash_sequence(void)
{
    Vtpm v = vtpm_start(TPM_VERSION_2_0, "tpm-tis,locality4=on", "", "");
    uint8_t response[4096];
    unsigned number;

    vtpm_tis_run(&v, 0, startup_clear, sizeof(startup_clear), response);
    vtpm_tis_write_access(&v, 0, TPM_TIS_ACCESS_ACTIVE_LOCALITY);
    qtest_writeb(v.qts, vtpm_reg(4, VTPM_HASH_START), 0);
    g_assert_cmpuint(vtpm_fake_controls(v.fake, CMD_HASH_START), ==, 1);
    number = ask(&v, LONG);
    qtest_writeb(v.qts, vtpm_reg(4, VTPM_HASH_DATA), 1);
    g_assert_true(is(&v, number, "waiting"));
    qtest_writeb(v.qts, vtpm_reg(4, VTPM_HASH_END), 0);
    assert_completed(&v, number);
    g_assert_cmpuint(vtpm_fake_order_of_control(v.fake, CMD_HASH_END), <,
                     vtpm_fake_order_of_command(v.fake, DEEP_QUOTE));
    vtpm_stop(&v);
}

/* --- what is refused --- */

static void test_not_started(void)
{
    Vtpm v = vtpm_start(TPM_VERSION_2_0, "tpm-crb", "", "");

    assert_refused(&v, "the guest has not started its TPM");
    start_up(&v);
    assert_completed(&v, ask(&v, LONG));
    vtpm_reset(&v);
    assert_refused(&v, "the guest has not started its TPM");
    vtpm_stop(&v);
}

static void test_1_2(void)
{
    Vtpm v = vtpm_start(TPM_VERSION_1_2, "tpm-tis", "", "");

    assert_refused(&v, "not version 2.0");
    vtpm_stop(&v);
}

static void test_lost(void)
{
    Vtpm v = guest("");

    vtpm_fake_die(v.fake);
    vtpm_wait_until(vtpm_state_is(&v, "lost"));
    assert_refused(&v, "the TPM is lost");
    vtpm_stop(&v);
}

static void test_incoming(void)
{
    Vtpm v = vtpm_start(TPM_VERSION_2_0, "tpm-crb", "", "-incoming defer");

    assert_refused(&v, "waits for an incoming migration");
    vtpm_stop(&v);
}

static void test_requests(void)
{
    static const struct {
        const char *id, *nonce, *host_pcrs, *error;
    } requests[] = {
        { "other", "AAECAwQFBgcICQoLDA0ODw==", "[]", "no TPM back end 'other'" },
        { "tpm0", "", "[]", "16 to 64 bytes" },
        { "tpm0", "AAECAwQFBgcICQoLDA0O", "[]", "16 to 64 bytes" },
        { "tpm0", "AAECAwQFBgcICQoLDA0ODw=!", "[]", "16 to 64 bytes" },
        { "tpm0", "AAECAwQFBgcICQoLDA0ODw==", "[ { 'hash': 11, 'pcrs': [ 24 ] } ]",
          "host-pcrs: there is no PCR 24" },
        { "tpm0", "AAECAwQFBgcICQoLDA0ODw==",
          "[ { 'hash': 4, 'pcrs': [] }, { 'hash': 11, 'pcrs': [] }, { 'hash': 12, 'pcrs': [] },"
          "  { 'hash': 13, 'pcrs': [] }, { 'hash': 14, 'pcrs': [] } ]",
          "host-pcrs: at most 4 banks" },
    };
    Vtpm v = guest("");

    for (unsigned i = 0; i < ARRAY_SIZE(requests); i++) {
        g_autofree char *request = g_strdup_printf(
            "{ 'execute': 'tpm-deep-quote', 'arguments': { 'id': '%s', 'nonce': '%s',"
            "  'pcrs': [], 'host-pcrs': %s } }",
            requests[i].id, requests[i].nonce, requests[i].host_pcrs);

        qtest_qmp_send_raw(v.qts, "%s", request);
        assert_error(qtest_qmp_receive(v.qts), requests[i].error);
    }
    g_assert_cmpuint(quotes_sent(&v), ==, 0);
    vtpm_stop(&v);
}

/* --- what happens meanwhile --- */

static void test_lost_meanwhile(void)
{
    Vtpm v = guest("");
    uint8_t command[33], response[4096];
    unsigned number = hold_quote(&v), waiting = ask(&v, LONG);

    start_command(&v, command, sizeof(command));
    vtpm_fake_die(v.fake);
    assert_failed(&v, number, "the TPM was lost");
    assert_failed(&v, waiting, "the TPM is lost");
    vtpm_wait_until(!vtpm_crb_running(&v));
    vtpm_assert_failure(TPM_VERSION_2_0, response, vtpm_crb_response(&v, response));
    vtpm_stop(&v);
}

static void test_bad_answer(const void *opaque)
{
    Vtpm v = guest("");
    unsigned number;

    vtpm_fake_fault_data(v.fake, *(const VtpmFault *)opaque);
    number = ask(&v, LONG);
    assert_failed(&v, number, "the TPM was lost");
    vtpm_wait_until(vtpm_state_is(&v, "waiting"));
    vtpm_reset(&v);
    start_up(&v);
    assert_completed(&v, ask(&v, LONG));
    vtpm_stop(&v);
}

static void test_refusing_tpm(void)
{
    static const uint8_t no_such_command[] = { 0x80, 1, 0, 0, 0, 10, 0, 0, 1, 0x43 };
    static const uint8_t retry[] = { 0x80, 1, 0, 0, 0, 10, 0, 0, 9, 0x22 };
    Vtpm v = guest("");

    vtpm_fake_answer_data(v.fake, no_such_command, sizeof(no_such_command));
    assert_failed(&v, ask(&v, LONG), "has no TPM2_DeepQuote");
    vtpm_fake_answer_data(v.fake, retry, sizeof(retry));
    assert_failed(&v, ask(&v, LONG), "response code 0x922");
    vtpm_crb_assert_works(&v);
    assert_completed(&v, ask(&v, LONG));
    vtpm_stop(&v);
}

/* The reset waits for the one that runs, whose answer is good; the TPM is fresh after that. */
static void test_reset(void)
{
    Vtpm v = guest("");
    uint8_t command[33];
    unsigned number = hold_quote(&v), waiting = ask(&v, LONG);

    start_command(&v, command, sizeof(command));
    qtest_qmp_send(v.qts, "{ 'execute': 'system_reset' }");
    vtpm_fake_release(v.fake); /* while the reset waits, or shortly before it begins */
    qobject_unref(qtest_qmp_receive(v.qts));
    qtest_qmp_eventwait(v.qts, "RESET");
    assert_completed(&v, number);
    qobject_unref(wait_for_end(&v, waiting));
    assert_refused(&v, "has not started its TPM");
    g_assert_cmpuint(vtpm_fake_controls(v.fake, CMD_INIT), ==, 2);
    start_up(&v);
    assert_completed(&v, ask(&v, LONG));
    vtpm_stop(&v);
}

static void test_reset_unanswered(void)
{
    Vtpm v = guest(",control-timeout=1");
    unsigned number = hold_quote(&v);

    vtpm_reset(&v);
    assert_failed(&v, number, "the TPM was lost: no answer to the last command");
    vtpm_stop(&v);
}

static void test_reset_storm(void)
{
    Vtpm v = guest("");

    for (unsigned i = 0; i < 50; i++) {
        unsigned number = ask(&v, LONG);
        uint8_t command[33];

        if (i % 2) {
            start_command(&v, command, sizeof(command));
        }
        vtpm_reset(&v);
        qobject_unref(wait_for_end(&v, number));
        start_up(&v);
    }
    vtpm_crb_assert_works(&v);
    vtpm_stop(&v);
}

static bool migrated(Vtpm *v)
{
    QDict *rsp = qtest_qmp(v->qts, "{ 'execute': 'query-migrate' }");
    const char *status = qdict_get_try_str(qdict_get_qdict(rsp, "return"), "status");
    bool is_it = g_strcmp0(status, "completed") == 0;

    qobject_unref(rsp);
    return is_it;
}

/* QEMU, which waits for the answer, tells nobody that it does. */
static void *release_later(void *fake)
{
    g_usleep(G_USEC_PER_SEC / 4);
    vtpm_fake_release(fake);
    return NULL;
}

/* A migration waits for the one that runs; the source makes none until its guest runs again. */
static void test_migration(void)
{
    Vtpm v = guest("");
    uint8_t command[33];
    unsigned number = hold_quote(&v);
    GThread *thread;

    start_command(&v, command, sizeof(command));
    thread = g_thread_new("release", release_later, v.fake);
    qtest_qmp_assert_success(v.qts, "{ 'execute': 'migrate',"
                                    "  'arguments': { 'uri': 'exec:cat >/dev/null' } }");
    g_thread_join(thread);
    assert_completed(&v, number);
    vtpm_wait_until(migrated(&v));
    g_assert_cmpuint(vtpm_fake_controls(v.fake, CMD_GET_STATEBLOB), ==, 3);
    g_assert_cmpuint(vtpm_fake_order_of_command(v.fake, VTPM_PCR_READ), <,
                     vtpm_fake_order_of_control(v.fake, CMD_GET_STATEBLOB));
    assert_refused(&v, "state was saved");
    qtest_qmp_assert_success(v.qts, "{ 'execute': 'cont' }");
    assert_completed(&v, ask(&v, LONG));
    assert_answered(&v, command, sizeof(command));
    vtpm_stop(&v);
}

/* --- a real vTPM, without the command --- */

static void test_stock_swtpm(void)
{
    VtpmSwtpm *swtpm = vtpm_swtpm_new();
    QDict *quote;
    Vtpm v;

    vtpm_swtpm_start(swtpm, "");
    v = vtpm_start_at(vtpm_swtpm_path(swtpm), "tpm-crb", "", "");
    start_up(&v);
    quote = wait_for_end(&v, ask(&v, LONG));
    g_assert_cmpstr(qdict_get_str(quote, "state"), ==, "failed");
    g_assert_cmphex(qdict_get_int(quote, "code"), ==, 0x143);
    qobject_unref(quote);
    qtest_quit(v.qts);
    vtpm_swtpm_free(swtpm);
}

static const VtpmFault faults[] = { VTPM_CLOSE,      VTPM_SHORT,     VTPM_LONG,
                                    VTPM_SIZE_SMALL, VTPM_SIZE_HUGE, VTPM_SIZE_WRAP };

int main(int argc, char **argv)
{
    static const char *const names[] = { "closes",     "short",     "long",
                                         "size-small", "size-huge", "size-wraps" };

    g_test_init(&argc, &argv, NULL);
    qtest_add_func("/vtpm-host/command", test_command);
    qtest_add_func("/vtpm-host/pcr-read", test_pcr_read);
    qtest_add_func("/vtpm-host/event", test_event);
    qtest_add_func("/vtpm-host/guest-sees-nothing", test_unseen);
    qtest_add_func("/vtpm-host/guest-is-paused", test_paused);
    qtest_add_func("/vtpm-host/waits/for-the-guest", test_waits_for_the_guest);
    qtest_add_func("/vtpm-host/waits/guest-for-one", test_guest_waits);
    qtest_add_func("/vtpm-host/waits/two-at-once", test_two_at_once);
    qtest_add_func("/vtpm-host/waits/room", test_room);
    qtest_add_func("/vtpm-host/waits/deadline", test_deadline);
    qtest_add_func("/vtpm-host/waits/guest-gives-up", test_guest_gives_up);
    qtest_add_func("/vtpm-host/waits/hash-sequence", test_hash_sequence);
    qtest_add_func("/vtpm-host/refused/not-started", test_not_started);
    qtest_add_func("/vtpm-host/refused/tpm-1.2", test_1_2);
    qtest_add_func("/vtpm-host/refused/lost", test_lost);
    qtest_add_func("/vtpm-host/refused/incoming", test_incoming);
    qtest_add_func("/vtpm-host/refused/requests", test_requests);
    qtest_add_func("/vtpm-host/meanwhile/lost", test_lost_meanwhile);
    for (unsigned i = 0; i < ARRAY_SIZE(faults); i++) {
        g_autofree char *path = g_strdup_printf("/vtpm-host/answer/%s", names[i]);

        qtest_add_data_func(path, &faults[i], test_bad_answer);
    }
    qtest_add_func("/vtpm-host/answer/refused", test_refusing_tpm);
    qtest_add_func("/vtpm-host/meanwhile/reset", test_reset);
    qtest_add_func("/vtpm-host/meanwhile/reset-unanswered", test_reset_unanswered);
    qtest_add_func("/vtpm-host/meanwhile/reset-storm", test_reset_storm);
    qtest_add_func("/vtpm-host/meanwhile/migration", test_migration);
    qtest_add_func("/vtpm-host/stock-swtpm", test_stock_swtpm);
    return g_test_run();
}
