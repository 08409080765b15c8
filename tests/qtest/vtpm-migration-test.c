/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Migration of both TPM devices and of the emulator back end, with fake vTPMs on both sides
 *
 * VTPM_STOCK_QEMU=FILE names a QEMU of the same version with its own TPM code; streams are then
 * passed to it and taken from it as well.
 * VTPM_NEWER_QEMU=FILE names a newer QEMU, such as 10.0 where this one is 7.2; the same is done
 * with a machine type that both have. Newer, because libqtest gives options that older ones lack.
 */
#include "qemu/osdep.h"
#include <glib/gstdio.h>
#include "backends/tpm/tpm_ioctl.h"
#include "hw/acpi/tpm.h"
#include "qemu/bswap.h"
#include "vtpm-util.h"

#define MACHINE "-machine q35 -nodefaults -m 64"
#define MACHINE_OF_BOTH "-machine pc-q35-7.2 -nodefaults -m 64"

typedef struct Pair {
    char *dir;
    char *uri;
    Vtpm from;
    Vtpm to;
} Pair;

static void use_qemu(const char *path)
{
    static char *ours;

    if (!ours) {
        ours = g_strdup(g_getenv("QTEST_QEMU_BINARY"));
    }
    g_setenv("QTEST_QEMU_BINARY", path ? path : ours, true);
}

/* @from_qemu, @to_qemu: NULL for the QEMU under test */
static Pair pair_between(const char *device, const char *machine, const char *from_qemu,
                         const char *to_qemu)
{
    g_autofree char *incoming = NULL;
    Pair p = { .dir = g_dir_make_tmp("vtpm-migration.XXXXXX", NULL) };

    p.uri = g_strdup_printf("unix:%s/sock", p.dir);
    incoming = g_strdup_printf("%s -incoming %s", machine, p.uri);
    use_qemu(from_qemu);
    p.from = vtpm_start_plain(TPM_VERSION_2_0, device, "", machine);
    use_qemu(to_qemu);
    p.to = vtpm_start_plain(TPM_VERSION_2_0, device, "", incoming);
    use_qemu(NULL);
    return p;
}

static Pair pair(const char *device)
{
    return pair_between(device, MACHINE, NULL, NULL);
}

static void pair_end(Pair *p)
{
    g_autofree char *path = g_build_filename(p->dir, "sock", NULL);

    vtpm_stop(&p->from);
    vtpm_stop(&p->to);
    g_unlink(path);
    g_rmdir(p->dir);
    g_free(p->dir);
    g_free(p->uri);
}

static void migrate(Pair *p)
{
    qtest_qmp_assert_success(p->from.qts, "{ 'execute': 'migrate', 'arguments': { 'uri': %s } }",
                             p->uri);
}

static bool migration_is(Pair *p, const char *wanted)
{
    QDict *rsp = qtest_qmp(p->from.qts, "{ 'execute': 'query-migrate' }");
    const char *status = qdict_get_try_str(qdict_get_qdict(rsp, "return"), "status");
    bool same = g_strcmp0(status, wanted) == 0;

    qobject_unref(rsp);
    return same;
}

static void finish(Pair *p)
{
    vtpm_wait_until(migration_is(p, "completed"));
    qtest_qmp_eventwait(p->to.qts, "RESUME");
}

/* --- the TPM's state --- */

static void test_blobs(void)
{
    Pair p = pair("tpm-crb");

    vtpm_fake_set_marker(p.from.fake, 0xfeedbeef);
    migrate(&p);
    finish(&p);
    g_assert_cmphex(vtpm_fake_marker(p.to.fake), ==, 0xfeedbeef);
    g_assert_true(vtpm_state_is(&p.to, "running"));
    pair_end(&p);
}

static void test_storage_is_locked_again(void)
{
    Pair p = pair("tpm-crb");

    migrate(&p);
    finish(&p);
    vtpm_fake_forget(p.from.fake);
    qtest_qmp_assert_success(p.from.qts, "{ 'execute': 'cont' }");
    vtpm_wait_until(vtpm_fake_controls(p.from.fake, CMD_LOCK_STORAGE) == 1);
    pair_end(&p);
}

/* A TPM whose state went elsewhere is not written to any more: its storage may be shared. */
static void test_no_shutdown_after_handing_over(void)
{
    Pair p = pair("tpm-crb");
    uint8_t startup[12], response[4096];

    vtpm_command(startup, sizeof(startup), 0x144);
    vtpm_crb_run(&p.from, startup, sizeof(startup), response);
    migrate(&p);
    finish(&p);
    vtpm_fake_forget(p.from.fake);
    qtest_quit(p.from.qts);
    vtpm_wait_until(vtpm_fake_controls(p.from.fake, CMD_SHUTDOWN) == 1);
    g_assert_cmpuint(vtpm_fake_commands(p.from.fake, 0x145), ==, 0);
    p.from.qts = qtest_init(MACHINE);
    pair_end(&p);
}

static void assert_stays(Pair *p)
{
    vtpm_wait_until(migration_is(p, "failed"));
    qtest_qmp_assert_success(p->from.qts, "{ 'execute': 'query-status' }");
    qtest_set_expected_status(p->to.qts, 1);
    vtpm_wait_until(!qtest_probe_child(p->to.qts));
}

static void test_lost_tpm_stays(void)
{
    Pair p = pair("tpm-crb");

    vtpm_fake_die(p.from.fake);
    vtpm_wait_until(vtpm_state_is(&p.from, "lost"));
    migrate(&p);
    assert_stays(&p);
    pair_end(&p);
}

static void test_impossible_blob_stays(void)
{
    Pair p = pair("tpm-crb");

    vtpm_fake_fault_control(p.from.fake, CMD_GET_STATEBLOB, VTPM_BLOB_HUGE);
    migrate(&p);
    assert_stays(&p);
    pair_end(&p);
}

/* --- commands and responses under way --- */

static void crb_in_flight(bool paused)
{
    Pair p = pair("tpm-crb");
    uint8_t command[64], response[4096];

    vtpm_crb_hold(&p.from, 0, command, sizeof(command));
    g_assert_true(vtpm_crb_running(&p.from));
    if (paused) {
        qtest_qmp_assert_success(p.from.qts, "{ 'execute': 'stop' }");
        qtest_qmp_eventwait(p.from.qts, "STOP");
    }
    qtest_qmp_send(p.from.qts, "{ 'execute': 'migrate', 'arguments': { 'uri': %s } }", p.uri);
    g_usleep(200000); /* either order has to work; this one makes it wait */
    vtpm_fake_release(p.from.fake);
    qobject_unref(qtest_qmp_receive(p.from.qts));
    vtpm_wait_until(migration_is(&p, "completed"));
    if (paused) {
        qtest_qmp_assert_success(p.to.qts, "{ 'execute': 'cont' }");
    }
    qtest_qmp_eventwait(p.to.qts, "RESUME");
    g_assert_false(vtpm_crb_running(&p.to));
    vtpm_assert_answer(command, sizeof(command), response, vtpm_crb_response(&p.to, response));
    vtpm_crb_assert_works(&p.to);
    pair_end(&p);
}

static void test_crb_in_flight(void)
{
    crb_in_flight(false);
}

static void test_crb_in_flight_paused(void)
{
    crb_in_flight(true);
}

static void test_tis_in_flight(void)
{
    Pair p = pair("tpm-tis");
    uint8_t command[64], response[4096];

    vtpm_tis_hold(&p.from, 2, command, sizeof(command));
    qtest_qmp_send(p.from.qts, "{ 'execute': 'migrate', 'arguments': { 'uri': %s } }", p.uri);
    g_usleep(200000); /* as above */
    vtpm_fake_release(p.from.fake);
    qobject_unref(qtest_qmp_receive(p.from.qts));
    finish(&p);
    vtpm_assert_answer(command, sizeof(command), response, vtpm_tis_response(&p.to, 2, response));
    pair_end(&p);
}

static void test_crb_localities(void)
{
    Pair p = pair("tpm-crb,localities=5");

    qtest_writel(p.from.qts, vtpm_reg(1, A_CRB_LOC_CTRL), 1);
    qtest_writel(p.from.qts, vtpm_reg(3, A_CRB_LOC_CTRL), 4);
    qtest_writel(p.from.qts, vtpm_reg(2, A_CRB_LOC_CTRL), 1);
    migrate(&p);
    finish(&p);
    g_assert_cmphex(qtest_readl(p.to.qts, vtpm_reg(3, A_CRB_LOC_STS)), ==, 1);
    g_assert_cmphex(qtest_readl(p.to.qts, vtpm_reg(1, A_CRB_LOC_STS)), ==, 2);
    qtest_writel(p.to.qts, vtpm_reg(3, A_CRB_LOC_CTRL), 2);
    g_assert_cmphex(qtest_readl(p.to.qts, vtpm_reg(2, A_CRB_LOC_STS)), ==, 1);
    pair_end(&p);
}

static void test_tis_hash_sequence(void)
{
    Pair p = pair("tpm-tis,locality4=on");
    GByteArray *hashed;

    qtest_writeb(p.from.qts, vtpm_reg(4, VTPM_HASH_START), 1);
    qtest_writel(p.from.qts, vtpm_reg(4, VTPM_HASH_DATA), 0x44332211);
    migrate(&p);
    finish(&p);
    qtest_writeb(p.to.qts, vtpm_reg(4, VTPM_HASH_DATA), 0x55);
    qtest_writeb(p.to.qts, vtpm_reg(4, VTPM_HASH_END), 1);
    hashed = vtpm_fake_hashed(p.to.fake);
    g_assert_cmpmem(hashed->data, hashed->len, "\x11\x22\x33\x44\x55", 5);
    g_byte_array_unref(hashed);
    pair_end(&p);
}

/* --- streams of QEMU's own devices --- */

/* Half of a TIS response is read here, the other half there. */
static void tis_response_between(const char *machine, const char *from_qemu, const char *to_qemu)
{
    Pair p = pair_between("tpm-tis", machine, from_qemu, to_qemu);
    uint8_t command[64], response[4096];
    size_t size;

    vtpm_command(command, sizeof(command), VTPM_PCR_READ);
    vtpm_fake_set_marker(p.from.fake, 0x600df00d);
    vtpm_tis_start(&p.from, 1, command, sizeof(command));
    vtpm_wait_until(qtest_readl(p.from.qts, vtpm_reg(1, TPM_TIS_REG_STS)) &
                    TPM_TIS_STS_DATA_AVAILABLE);
    for (unsigned i = 0; i < 30; i++) {
        response[i] = qtest_readb(p.from.qts, vtpm_reg(1, TPM_TIS_REG_DATA_FIFO));
    }
    migrate(&p);
    finish(&p);
    size = 30 + vtpm_tis_response(&p.to, 1, response + 30);
    vtpm_assert_answer(command, sizeof(command), response, size);
    g_assert_cmphex(vtpm_fake_marker(p.to.fake), ==, 0x600df00d);
    pair_end(&p);
}

static void crb_response_between(const char *machine, const char *from_qemu, const char *to_qemu)
{
    Pair p = pair_between("tpm-crb", machine, from_qemu, to_qemu);
    uint8_t command[64], response[4096];

    vtpm_command(command, sizeof(command), VTPM_PCR_READ);
    vtpm_crb_run(&p.from, command, sizeof(command), response);
    migrate(&p);
    finish(&p);
    vtpm_assert_answer(command, sizeof(command), response, vtpm_crb_response(&p.to, response));
    g_assert_cmphex(qtest_readl(p.to.qts, vtpm_reg(0, A_CRB_LOC_STS)), ==, 1);
    g_assert_cmphex(qtest_readl(p.to.qts, vtpm_reg(0, A_CRB_CTRL_STS)), ==, 0);
    vtpm_crb_assert_works(&p.to);
    pair_end(&p);
}

static void response_between(const char *machine, const char *from_qemu, const char *to_qemu)
{
    tis_response_between(machine, from_qemu, to_qemu);
    crb_response_between(machine, from_qemu, to_qemu);
}

static void test_ours(void)
{
    response_between(MACHINE, NULL, NULL);
}

static void test_from_stock(void)
{
    response_between(MACHINE, g_getenv("VTPM_STOCK_QEMU"), NULL);
}

static void test_to_stock(void)
{
    response_between(MACHINE, NULL, g_getenv("VTPM_STOCK_QEMU"));
}

static void test_from_newer(void)
{
    response_between(MACHINE_OF_BOTH, g_getenv("VTPM_NEWER_QEMU"), NULL);
}

static void test_to_newer(void)
{
    response_between(MACHINE_OF_BOTH, NULL, g_getenv("VTPM_NEWER_QEMU"));
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    qtest_add_func("/vtpm-migration/state-of-the-tpm-moves", test_blobs);
    qtest_add_func("/vtpm-migration/storage-is-locked-again-by-a-source-that-goes-on",
                   test_storage_is_locked_again);
    qtest_add_func("/vtpm-migration/source-leaves-a-tpm-alone-that-was-handed-over",
                   test_no_shutdown_after_handing_over);
    qtest_add_func("/vtpm-migration/lost-tpm-stays-and-the-guest-runs-on", test_lost_tpm_stays);
    qtest_add_func("/vtpm-migration/impossible-blob-stays-and-the-guest-runs-on",
                   test_impossible_blob_stays);
    qtest_add_func("/vtpm-migration/in-flight/crb", test_crb_in_flight);
    qtest_add_func("/vtpm-migration/in-flight/crb-of-a-paused-guest", test_crb_in_flight_paused);
    qtest_add_func("/vtpm-migration/in-flight/tis", test_tis_in_flight);
    qtest_add_func("/vtpm-migration/crb-localities", test_crb_localities);
    qtest_add_func("/vtpm-migration/tis-hash-sequence", test_tis_hash_sequence);
    qtest_add_func("/vtpm-migration/response/ours-to-ours", test_ours);
    if (g_getenv("VTPM_STOCK_QEMU")) {
        qtest_add_func("/vtpm-migration/response/stock-to-ours", test_from_stock);
        qtest_add_func("/vtpm-migration/response/ours-to-stock", test_to_stock);
    }
    if (g_getenv("VTPM_NEWER_QEMU")) {
        qtest_add_func("/vtpm-migration/response/newer-to-ours", test_from_newer);
        qtest_add_func("/vtpm-migration/response/ours-to-newer", test_to_newer);
    }
    return g_test_run();
}
