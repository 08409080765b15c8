/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a guest saved with TPM2_Shutdown(STATE) outlives resets, wake-ups, migrations, snapshots and
 * the end of QEMU; other guests' TPMs are stopped in order. With swtpm.
 */
#include "qemu/osdep.h"
#include <glib/gstdio.h>
#include "hw/acpi/tpm.h"
#include "qapi/error.h"
#include "qobject/qjson.h"
#include "qemu/bswap.h"
#include "vtpm-swtpm.h"
#include "vtpm-util.h"

#define SU_CLEAR 0
#define SU_STATE 1
#define RC_VALUE_1 0x1c4 /* TPM_RC_VALUE for parameter 1: there is no state to start with */
#define PCR 10
#define DIGEST 32
#define MACHINE "-machine q35 -nodefaults -m 64 "

typedef struct Guest {
    VtpmSwtpm *swtpm;
    Vtpm v;
    uint8_t pcr[DIGEST]; /* when the state was saved */
} Guest;

static void begin(Guest *g, const char *device, const char *more)
{
    g_autofree char *all = g_strconcat(MACHINE, more, NULL);

    vtpm_swtpm_start(g->swtpm, "");
    g->v = vtpm_start_at(vtpm_swtpm_path(g->swtpm), device, "", all);
}

static Guest guest(const char *device, const char *more)
{
    Guest g = { .swtpm = vtpm_swtpm_new() };

    begin(&g, device, more);
    return g;
}

static void end(Guest *g)
{
    qtest_quit(g->v.qts);
    vtpm_swtpm_free(g->swtpm);
}

/* --- commands --- */

static size_t run(Guest *g, const void *command, size_t size, uint8_t *ret_response)
{
    bool crb = qtest_readl(g->v.qts, vtpm_reg(0, A_CRB_INTF_ID)) & 1;

    return crb ? vtpm_crb_run(&g->v, command, size, ret_response)
               : vtpm_tis_run(&g->v, 0, command, size, ret_response);
}

static uint32_t code_of(Guest *g, const void *command, size_t size)
{
    uint8_t response[4096];

    g_assert_cmpuint(run(g, command, size, response), >=, 10);
    return ldl_be_p(response + 6);
}

static uint32_t with_type(Guest *g, uint32_t code, uint16_t type)
{
    uint8_t command[12];

    vtpm_command(command, sizeof(command), code);
    stw_be_p(command + 10, type);
    return code_of(g, command, sizeof(command));
}

static uint32_t startup(Guest *g, uint16_t type)
{
    return with_type(g, 0x144, type);
}

static uint32_t shut_down(Guest *g, uint16_t type)
{
    return with_type(g, 0x145, type);
}

static const uint8_t get_random[] = { 0x80, 1, 0, 0, 0, 12, 0, 0, 1, 0x7b, 0, 8 };
static const uint8_t read_clock[] = { 0x80, 1, 0, 0, 0, 10, 0, 0, 1, 0x81 };
static const uint8_t read_pcr[] = { 0x80,           1, 0, 0, 0, 20, 0,   0, 1,
                                    0x7e,           0, 0, 0, 1, 0,  0xb, 3, 0,
                                    1 << (PCR - 8), 0 };
static const uint8_t startup_clear[] = { 0x80, 1, 0, 0, 0, 12, 0, 0, 1, 0x44, 0, 0 };
static const uint8_t self_test[] = { 0x80, 1, 0, 0, 0, 11, 0, 0, 1, 0x43, 1 };
/* TPM2_GetCapability(TPM_PROPERTIES, TPM_PT_STARTUP_CLEAR, 1) */
static const uint8_t get_startup_clear[] = { 0x80, 1, 0, 0, 0, 22, 0, 0, 1, 0x7a, 0,
                                             0,    0, 6, 0, 0, 2,  1, 0, 0, 0,    1 };

/* Behind the header, the count of updates and the selection: one digest. */
static void get_pcr(Guest *g, uint8_t *ret_digest)
{
    uint8_t response[4096];

    g_assert_cmpuint(run(g, read_pcr, sizeof(read_pcr), response), ==, 30 + DIGEST);
    memcpy(ret_digest, response + 30, DIGEST);
}

static uint32_t extend(Guest *g, uint32_t pcr)
{
    uint8_t command[65] = {
        0x80, 2, 0, 0, 0, 65, 0, 0, 1, 0x82, [17] = 9, 0x40, 0, 0, 9, [30] = 1, 0, 0xb, 0x77
    };

    stl_be_p(command + 10, pcr);
    return code_of(g, command, sizeof(command));
}

typedef struct Counts {
    uint32_t resets;
    uint32_t restarts;
    bool orderly; /* the last stop was */
} Counts;

static Counts counts(Guest *g)
{
    uint8_t clock[4096], property[4096];

    g_assert_cmpuint(run(g, read_clock, sizeof(read_clock), clock), ==, 35);
    g_assert_cmpuint(run(g, get_startup_clear, sizeof(get_startup_clear), property), ==, 27);
    return (Counts){ ldl_be_p(clock + 26), ldl_be_p(clock + 30), property[23] >> 7 };
}

/* --- saved state --- */

/* A guest that has measured something and saves its state, then goes on with what changes none. */
static void save_and_go_on(Guest *g)
{
    uint8_t wrong[12];

    g_assert_cmphex(startup(g, SU_CLEAR), ==, 0);
    g_assert_cmphex(extend(g, PCR), ==, 0);
    get_pcr(g, g->pcr);
    g_assert_cmphex(shut_down(g, SU_STATE), ==, 0);
    g_assert_cmphex(code_of(g, get_random, sizeof(get_random)), ==, 0);
    g_assert_cmphex(code_of(g, read_pcr, sizeof(read_pcr)), ==, 0);
    g_assert_cmphex(code_of(g, self_test, sizeof(self_test)), ==, 0);
    g_assert_cmphex(code_of(g, startup_clear, sizeof(startup_clear)), ==, 0x100);
    g_assert_cmphex(extend(g, 24), !=, 0); /* there is no such PCR */
    vtpm_command(wrong, sizeof(wrong), 0x1ff);
    g_assert_cmphex(code_of(g, wrong, sizeof(wrong)), !=, 0);
}

static void assert_resumed(Guest *g, const Guest *saved)
{
    uint8_t pcr[DIGEST];

    g_assert_cmphex(startup(g, SU_STATE), ==, 0);
    get_pcr(g, pcr);
    g_assert_cmpmem(pcr, DIGEST, saved->pcr, DIGEST);
}

static void test_reset(const void *device)
{
    Guest g = guest(device, "");

    save_and_go_on(&g);
    vtpm_reset(&g.v);
    assert_resumed(&g, &g);
    end(&g);
}

static void test_each_reset(const void *device)
{
    Guest g = guest(device, "");

    save_and_go_on(&g);
    for (int i = 0; i < 3; i++) {
        vtpm_reset(&g.v); /* before the guest has started the TPM */
    }
    assert_resumed(&g, &g);
    end(&g);
}

static void test_wakeup(const void *device)
{
    Guest g = guest(device, "");

    save_and_go_on(&g);
    vtpm_suspend_q35(&g.v);
    g_assert_cmphex(code_of(&g, get_random, sizeof(get_random)), ==, 0);
    vtpm_wake_up(&g.v);
    assert_resumed(&g, &g);
    end(&g);
}

static void test_migration(const void *device)
{
    Guest from = guest(device, ""), to = guest(device, "-incoming defer");
    g_autoptr(GByteArray) stream = NULL;

    save_and_go_on(&from);
    stream = vtpm_migrate_to_bytes(&from.v);
    vtpm_load_bytes(&to.v, stream);
    qtest_qmp_eventwait(to.v.qts, "RESUME");
    g_assert_cmphex(code_of(&to, get_random, sizeof(get_random)), ==, 0);
    vtpm_reset(&to.v);
    assert_resumed(&to, &from);
    end(&to);
    end(&from);
}

static void hmp(Guest *g, const char *line)
{
    g_autofree char *said = qtest_hmp(g->v.qts, "%s", line);

    g_assert_cmpstr(said, ==, "");
}

static void qmp_job(Guest *g, const char *options)
{
    QDict *event;

    qtest_qmp_assert_success(
        g->v.qts, "{ 'execute': 'blockdev-create', 'arguments': { 'job-id': 'j', 'options': %p } }",
        qobject_from_json(options, &error_abort));
    event = qtest_qmp_eventwait_ref(g->v.qts, "JOB_STATUS_CHANGE");
    while (!g_str_equal(qdict_get_str(qdict_get_qdict(event, "data"), "status"), "concluded")) {
        qobject_unref(event);
        event = qtest_qmp_eventwait_ref(g->v.qts, "JOB_STATUS_CHANGE");
    }
    qobject_unref(event);
    qtest_qmp_assert_success(g->v.qts, "{ 'execute': 'job-dismiss', 'arguments': { 'id': 'j' } }");
}

/* An image that snapshots can go to. */
static void add_disk(Guest *g, const char *path)
{
    g_autofree char *file =
        g_strdup_printf("{ 'driver': 'file', 'filename': '%s', 'size': 0 }", path);

    qmp_job(g, file);
    qtest_qmp_assert_success(g->v.qts,
                             "{ 'execute': 'blockdev-add', 'arguments': { 'driver': "
                             "'file', 'node-name': 'f', 'filename': %s } }",
                             path);
    qmp_job(g, "{ 'driver': 'qcow2', 'file': 'f', 'size': 1048576 }");
    qtest_qmp_assert_success(g->v.qts, "{ 'execute': 'blockdev-add', 'arguments': { 'driver': "
                                       "'qcow2', 'node-name': 'q', 'file': 'f' } }");
}

static void test_snapshot(const void *device)
{
    g_autofree char *dir = g_dir_make_tmp("vtpm-order.XXXXXX", NULL);
    g_autofree char *path = g_build_filename(dir, "disk", NULL);
    Guest g = guest(device, "");

    add_disk(&g, path);
    save_and_go_on(&g);
    hmp(&g, "savevm s");
    g_assert_cmphex(shut_down(&g, SU_CLEAR), ==, 0);
    vtpm_reset(&g.v);
    g_assert_cmphex(startup(&g, SU_STATE), ==, RC_VALUE_1);
    hmp(&g, "loadvm s");
    g_assert_cmphex(code_of(&g, get_random, sizeof(get_random)), ==, 0);
    vtpm_reset(&g.v);
    assert_resumed(&g, &g);
    end(&g);
    g_unlink(path);
    g_rmdir(dir);
}

/* TPM2_Startup(CLEAR) after saved state is a TPM Restart: that of a guest that had hibernated. */
static void test_power_off(const void *device)
{
    Guest g = guest(device, "");
    Counts before, after;

    save_and_go_on(&g);
    before = counts(&g);
    qtest_quit(g.v.qts);
    vtpm_swtpm_wait(g.swtpm);
    begin(&g, device, "");
    g_assert_cmphex(startup(&g, SU_CLEAR), ==, 0);
    after = counts(&g);
    g_assert_cmpuint(after.resets, ==, before.resets);
    g_assert_cmpuint(after.restarts, ==, before.restarts + 1);
    g_assert_true(after.orderly);
    end(&g);
}

/* --- no saved state --- */

static void assert_orderly_reset(Guest *g)
{
    Counts before = counts(g), after;

    vtpm_reset(&g->v);
    g_assert_cmphex(startup(g, SU_STATE), ==, RC_VALUE_1);
    g_assert_cmphex(startup(g, SU_CLEAR), ==, 0);
    after = counts(g);
    g_assert_cmpuint(after.resets, ==, before.resets + 1);
    g_assert_cmpuint(after.restarts, ==, 0);
    g_assert_true(after.orderly);
}

static void test_ordinary(const void *device)
{
    Guest g = guest(device, "");

    g_assert_cmphex(startup(&g, SU_CLEAR), ==, 0);
    assert_orderly_reset(&g);
    g_assert_cmphex(shut_down(&g, SU_CLEAR), ==, 0);
    assert_orderly_reset(&g);
    end(&g);
}

static void test_cleared_by_guest(const void *device)
{
    Guest g = guest(device, "");

    save_and_go_on(&g);
    g_assert_cmphex(shut_down(&g, SU_CLEAR), ==, 0);
    g_assert_cmphex(code_of(&g, get_random, sizeof(get_random)), ==, 0);
    assert_orderly_reset(&g);
    end(&g);
}

/* A measurement ends saved state: a suspend that was given up, after which the guest went on. */
static void test_ended_by_measurement(const void *device)
{
    Guest g = guest(device, "");

    save_and_go_on(&g);
    g_assert_cmphex(extend(&g, PCR), ==, 0);
    assert_orderly_reset(&g);
    end(&g);
}

int main(int argc, char **argv)
{
    static const struct {
        const char *name;
        GTestDataFunc test;
    } cases[] = {
        { "saved-state/outlives-commands-and-a-reset", test_reset },
        { "saved-state/outlives-each-reset-before-its-use", test_each_reset },
        { "saved-state/outlives-a-wake-up", test_wakeup },
        { "saved-state/outlives-a-migration", test_migration },
        { "saved-state/outlives-a-snapshot", test_snapshot },
        { "saved-state/outlives-the-end-of-qemu", test_power_off },
        { "ordinary-reset/is-an-orderly-tpm-reset", test_ordinary },
        { "ordinary-reset/so-where-the-guest-replaced-its-state", test_cleared_by_guest },
        { "ordinary-reset/so-where-a-measurement-ended-it", test_ended_by_measurement },
    };
    static const char *const devices[] = { "tpm-crb", "tpm-tis" };

    g_test_init(&argc, &argv, NULL);
    for (unsigned d = 0; d < ARRAY_SIZE(devices); d++) {
        for (unsigned i = 0; i < ARRAY_SIZE(cases); i++) {
            g_autofree char *path = g_strdup_printf("/vtpm-order/%s/%s", devices[d], cases[i].name);

            qtest_add_data_func(path, devices[d], cases[i].test);
        }
    }
    return g_test_run();
}
