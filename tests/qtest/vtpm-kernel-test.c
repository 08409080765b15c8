/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A guest that takes its kernel without having started its TPM gets a TPM that is started, with all
 * measured
 */
#include "qemu/osdep.h"
#include "backends/tpm/tpm_ioctl.h"
#include "hw/acpi/tpm.h"
#include "libqos/fw_cfg.h"
#include "qemu/bswap.h"
#include "standard-headers/linux/qemu_fw_cfg.h"
#include "vtpm-boot.h"

#define EVENTS 4      /* kernel's setup and image, initrd, command line */
#define STARTED 0x100 /* the answer to a second start */

static const uint8_t startup_state[] = { 0x80, 1, 0, 0, 0, 12, 0, 0, 1, 0x44, 0, 1 };
static const uint8_t shutdown_state[] = { 0x80, 1, 0, 0, 0, 12, 0, 0, 1, 0x45, 0, 1 };

/* As firmware and option ROMs do. */
static void take_kernel(Vtpm *v)
{
    QFWCFG *fw_cfg = pc_fw_cfg_init(v->qts);
    uint8_t byte;

    qfw_cfg_get(fw_cfg, FW_CFG_KERNEL_DATA, &byte, 1);
    pc_fw_cfg_uninit(fw_cfg);
}

/* --- with swtpm --- */

static void test_started(void)
{
    VtpmGuest g = vtpm_guest_new("tpm-crb", VTPM_MEASURE, "");

    for (unsigned i = 0; i < 3; i++) {
        take_kernel(&g.v);
        g_assert_cmphex(VTPM_RUN(&g.v, vtpm_startup_clear), ==, STARTED);
        vtpm_assert_measured(&g);
        vtpm_reset(&g.v);
    }
    g_assert_cmphex(VTPM_RUN(&g.v, vtpm_startup_clear), ==, 0); /* by firmware, this time */
    vtpm_assert_measured(&g);
    vtpm_guest_end(&g);
}

static void test_started_tis(void)
{
    static const uint8_t pcr_read[] = { 0x80, 1, 0, 0, 0, 20,  0, 0,    1, 0x7e,
                                        0,    0, 0, 1, 0, 0xb, 3, 0x10, 0, 0 };
    VtpmGuest tis = vtpm_guest_new("tpm-tis", VTPM_MEASURE, "");
    uint8_t response[4096], pcr[VTPM_SHA256_SIZE];
    VtpmGuest crb;

    take_kernel(&tis.v);
    g_assert_cmpuint(
        vtpm_tis_run(&tis.v, 0, vtpm_startup_clear, sizeof(vtpm_startup_clear), response), ==, 10);
    g_assert_cmphex(ldl_be_p(response + 6), ==, STARTED);
    g_assert_cmpuint(vtpm_tis_run(&tis.v, 0, pcr_read, sizeof(pcr_read), response), ==,
                     30 + sizeof(pcr));
    vtpm_guest_end(&tis);
    crb = vtpm_guest_new("tpm-crb", VTPM_MEASURE, "");
    g_assert_cmphex(VTPM_RUN(&crb.v, vtpm_startup_clear), ==, 0);
    vtpm_get_pcr(&crb, 4, VTPM_SHA256, sizeof(pcr), pcr);
    g_assert_cmpmem(response + 30, sizeof(pcr), pcr, sizeof(pcr));
    vtpm_guest_end(&crb);
}

static void test_storm(void)
{
    VtpmGuest g = vtpm_guest_new("tpm-crb", VTPM_MEASURE, "");

    for (unsigned i = 0; i < 100; i++) {
        take_kernel(&g.v);
        if (i % 2) {
            vtpm_crb_start(&g.v, 0, vtpm_startup_clear, sizeof(vtpm_startup_clear));
        }
        g_usleep(i * 37 % 3000);
        for (unsigned n = 0; n <= i % 3; n++) {
            vtpm_reset(&g.v);
        }
    }
    take_kernel(&g.v);
    g_assert_cmphex(VTPM_RUN(&g.v, vtpm_startup_clear), ==, STARTED);
    vtpm_assert_measured(&g);
    vtpm_guest_end(&g);
}

static void test_off(const void *options)
{
    VtpmGuest g = vtpm_guest_new("tpm-crb", options, "");

    take_kernel(&g.v);
    g_assert_cmphex(VTPM_RUN(&g.v, vtpm_startup_clear), ==, 0);
    vtpm_assert_unmeasured(&g);
    vtpm_guest_end(&g);
}

/* The kernel is there to be taken on the way back too; the guest's PCRs come by its own start. */
static void test_resume(void)
{
    VtpmGuest g = vtpm_guest_new("tpm-crb", VTPM_MEASURE, "");

    take_kernel(&g.v);
    g_assert_cmphex(VTPM_RUN(&g.v, shutdown_state), ==, 0);
    vtpm_suspend_q35(&g.v);
    vtpm_wake_up(&g.v);
    take_kernel(&g.v);
    g_assert_cmphex(VTPM_RUN(&g.v, startup_state), ==, 0);
    vtpm_assert_measured(&g);
    vtpm_guest_end(&g);
}

static void test_fresh_wakeup(void)
{
    VtpmGuest g = vtpm_guest_new("tpm-crb", VTPM_MEASURE, "");

    take_kernel(&g.v);
    vtpm_suspend_q35(&g.v);
    vtpm_wake_up(&g.v);
    take_kernel(&g.v);
    g_assert_true(vtpm_state_is(&g.v, "running"));
    g_assert_cmphex(VTPM_RUN(&g.v, vtpm_startup_clear), ==, 0x101);
    g_assert_true(vtpm_state_is(&g.v, "lost"));
    vtpm_guest_end(&g);
}

/* Whether the guest has taken its kernel before the migration, which is measured once either way.
 */
static void test_migration(const void *before)
{
    VtpmGuest from = vtpm_guest_new("tpm-crb", VTPM_MEASURE, "");
    VtpmGuest to = vtpm_guest_new("tpm-crb", VTPM_MEASURE, "-incoming defer");
    g_autoptr(GByteArray) stream = NULL;

    if (before) {
        take_kernel(&from.v);
    }
    stream = vtpm_migrate_to_bytes(&from.v);
    vtpm_load_bytes(&to.v, stream);
    qtest_qmp_eventwait(to.v.qts, "RESUME");
    take_kernel(&to.v);
    g_assert_cmphex(VTPM_RUN(&to.v, vtpm_startup_clear), ==, STARTED);
    vtpm_assert_measured(&to);
    vtpm_guest_end(&to);
    vtpm_guest_end(&from);
}

/* --- with a fake --- */

typedef struct Kind {
    TPMVersion version;
    const char *device;
    uint32_t startup, extend; /* codes */
} Kind;

static const Kind tpm2_crb = { TPM_VERSION_2_0, "tpm-crb", 0x144, 0x182 };
static const Kind tpm2_tis = { TPM_VERSION_2_0, "tpm-tis", 0x144, 0x182 };
static const Kind tpm12_tis = { TPM_VERSION_1_2, "tpm-tis", 0x99, 0x14 };

typedef struct Stage {
    VtpmFiles files;
    Vtpm v;
} Stage;

static Stage stage_new(const Kind *kind, unsigned sound)
{
    Stage s = { .files = vtpm_files_new() };

    s.v = vtpm_start(kind->version, kind->device, VTPM_MEASURE, s.files.args);
    vtpm_fake_measures(s.v.fake, sound);
    return s;
}

static void stage_end(Stage *s)
{
    vtpm_stop(&s->v);
    vtpm_files_free(&s->files);
}

static size_t run(const Kind *kind, Vtpm *v, const uint8_t *command, size_t size,
                  uint8_t *ret_response)
{
    return kind->device == tpm2_crb.device ? vtpm_crb_run(v, command, size, ret_response)
                                           : vtpm_tis_run(v, 0, command, size, ret_response);
}

/* Without any command of the guest, once between two resets, however often it takes the kernel. */
static void test_once(const void *data)
{
    const Kind *kind = data;
    Stage s = stage_new(kind, 0);

    for (unsigned i = 1; i <= 3; i++) {
        take_kernel(&s.v);
        vtpm_wait_until(vtpm_fake_commands(s.v.fake, kind->extend) == i * EVENTS);
        take_kernel(&s.v);
        take_kernel(&s.v);
        vtpm_fake_settle(s.v.fake, 1000);
        g_assert_cmpuint(vtpm_fake_commands(s.v.fake, kind->startup), ==, i);
        g_assert_cmpuint(vtpm_fake_commands(s.v.fake, kind->extend), ==, i * EVENTS);
        g_assert_true(vtpm_state_is(&s.v, "running"));
        vtpm_reset(&s.v);
    }
    stage_end(&s);
}

/* The guest's firmware has started it: no command of ours follows. */
static void test_firmware_first(const void *data)
{
    const Kind *kind = data;
    bool tpm2 = kind->version == TPM_VERSION_2_0;
    const uint8_t *startup = tpm2 ? vtpm_startup_clear : vtpm_startup_1_2;
    Stage s = stage_new(kind, 0);
    uint8_t response[4096];

    g_assert_cmpuint(run(kind, &s.v, startup, sizeof(vtpm_startup_clear), response), ==, 10);
    take_kernel(&s.v);
    vtpm_fake_settle(s.v.fake, 1000);
    g_assert_cmpuint(vtpm_fake_commands(s.v.fake, kind->startup), ==, 1);
    g_assert_cmpuint(vtpm_fake_commands(s.v.fake, kind->extend), ==, EVENTS);
    stage_end(&s);
}

/* One whose start we have not seen, as after a migration: it says that it was, and is believed. */
static void test_says_started(const void *data)
{
    static const uint8_t started_2_0[] = { 0x80, 1, 0, 0, 0, 10, 0, 0, 1, 0 };
    static const uint8_t started_1_2[] = { 0, 0xc4, 0, 0, 0, 10, 0, 0, 0, 38 };
    const Kind *kind = data;
    bool tpm2 = kind->version == TPM_VERSION_2_0;
    Stage s = stage_new(kind, 0);

    vtpm_fake_answer_data(s.v.fake, tpm2 ? started_2_0 : started_1_2, 10);
    take_kernel(&s.v);
    vtpm_wait_until(vtpm_fake_commands(s.v.fake, kind->startup) == 1);
    take_kernel(&s.v);
    vtpm_fake_settle(s.v.fake, 1000);
    g_assert_true(vtpm_state_is(&s.v, "running"));
    g_assert_cmpuint(vtpm_fake_commands(s.v.fake, kind->startup), ==, 1);
    g_assert_cmpuint(vtpm_fake_commands(s.v.fake, kind->extend), ==, 0);
    stage_end(&s);
}

/* A TPM that refuses its start, or an extend: @sound as for vtpm_fake_measures(). */
static void assert_lost(const Kind *kind, unsigned sound, VtpmFault fault, const uint8_t *bytes)
{
    Stage s = stage_new(kind, sound);
    uint8_t command[40], response[4096];

    if (bytes) {
        vtpm_fake_answer_data(s.v.fake, bytes, 10);
    } else {
        vtpm_fake_fault_data(s.v.fake, fault);
    }
    take_kernel(&s.v);
    vtpm_wait_until(!vtpm_state_is(&s.v, "running"));
    vtpm_command(command, sizeof(command), VTPM_PCR_READ);
    vtpm_assert_failure(kind->version, response,
                        run(kind, &s.v, command, sizeof(command), response));
    vtpm_wait_until(vtpm_state_is(&s.v, "waiting"));
    vtpm_fake_forget(s.v.fake);
    vtpm_reset(&s.v); /* and has it back, with nothing left of before */
    vtpm_fake_settle(s.v.fake, 1000);
    g_assert_cmpuint(vtpm_fake_commands(s.v.fake, kind->startup), ==, 0);
    take_kernel(&s.v);
    vtpm_wait_until(vtpm_fake_commands(s.v.fake, kind->extend) == EVENTS);
    stage_end(&s);
}

static void test_refused(const void *data)
{
    static const uint8_t failure_2_0[] = { 0x80, 1, 0, 0, 0, 10, 0, 0, 1, 1 };
    static const uint8_t failure_1_2[] = { 0, 0xc4, 0, 0, 0, 10, 0, 0, 0, 9 };
    const Kind *kind = data;
    bool tpm2 = kind->version == TPM_VERSION_2_0;

    for (unsigned sound = 0; sound < 1 + tpm2 + EVENTS; sound++) {
        assert_lost(kind, sound, VTPM_FINE, tpm2 ? failure_2_0 : failure_1_2);
    }
}

static void test_lost(const void *data)
{
    static const VtpmFault faults[] = { VTPM_CLOSE, VTPM_SHORT, VTPM_LONG, VTPM_SIZE_WRAP };
    const Kind *kind = data;
    bool tpm2 = kind->version == TPM_VERSION_2_0;

    for (unsigned i = 0; i < ARRAY_SIZE(faults); i++) {
        for (unsigned sound = 0; sound < 1 + tpm2 + EVENTS; sound++) {
            assert_lost(kind, sound, faults[i], NULL);
        }
    }
}

/* A command of the guest that comes while the TPM is started waits, and has its own answer. */
static void test_guest_waits(void)
{
    Stage s = stage_new(&tpm2_crb, 0);
    uint8_t command[40], response[4096];

    vtpm_fake_hold(s.v.fake);
    take_kernel(&s.v);
    vtpm_command(command, sizeof(command), VTPM_PCR_READ);
    vtpm_crb_start(&s.v, 0, command, sizeof(command));
    vtpm_fake_settle(s.v.fake, 1000);
    g_assert_cmpuint(vtpm_fake_commands(s.v.fake, tpm2_crb.startup), ==, 1);
    g_assert_cmpuint(vtpm_fake_commands(s.v.fake, VTPM_PCR_READ), ==, 0);
    g_assert_true(vtpm_crb_running(&s.v));
    vtpm_fake_release(s.v.fake);
    vtpm_wait_until(!vtpm_crb_running(&s.v));
    vtpm_assert_answer(command, sizeof(command), response, vtpm_crb_response(&s.v, response));
    g_assert_cmpuint(vtpm_fake_commands(s.v.fake, tpm2_crb.extend), ==, EVENTS);
    g_assert_cmpuint(vtpm_fake_order_of_command(s.v.fake, VTPM_PCR_READ), >,
                     vtpm_fake_order_of_command(s.v.fake, tpm2_crb.extend));
    stage_end(&s);
}

/* It may cancel that command, which never reaches the TPM then; it cannot cancel the start. */
static void test_guest_cancels(void)
{
    Stage s = stage_new(&tpm2_crb, 0);
    uint8_t command[40], response[4096];

    vtpm_fake_hold(s.v.fake);
    take_kernel(&s.v);
    vtpm_command(command, sizeof(command), VTPM_PCR_READ);
    vtpm_crb_start(&s.v, 0, command, sizeof(command));
    qtest_writel(s.v.qts, vtpm_reg(0, A_CRB_CTRL_CANCEL), 1);
    vtpm_fake_release(s.v.fake);
    vtpm_wait_until(!vtpm_crb_running(&s.v));
    g_assert_cmpuint(vtpm_crb_response(&s.v, response), ==, 10);
    g_assert_cmphex(ldl_be_p(response + 6), ==, 0x909);
    g_assert_cmpuint(vtpm_fake_controls(s.v.fake, CMD_CANCEL_TPM_CMD), ==, 0);
    g_assert_cmpuint(vtpm_fake_commands(s.v.fake, VTPM_PCR_READ), ==, 0);
    g_assert_cmpuint(vtpm_fake_commands(s.v.fake, tpm2_crb.extend), ==, EVENTS);
    g_assert_true(vtpm_state_is(&s.v, "running"));
    stage_end(&s);
}

/* Taken while a command of the guest runs: the start comes after that, and before its next one. */
static void test_command_in_flight(void)
{
    Stage s = stage_new(&tpm2_crb, 0);
    uint8_t command[40], response[4096];

    vtpm_crb_hold(&s.v, 0, command, sizeof(command));
    take_kernel(&s.v);
    vtpm_fake_settle(s.v.fake, 1000);
    g_assert_cmpuint(vtpm_fake_commands(s.v.fake, tpm2_crb.startup), ==, 0);
    vtpm_fake_release(s.v.fake);
    vtpm_wait_until(!vtpm_crb_running(&s.v));
    vtpm_assert_answer(command, sizeof(command), response, vtpm_crb_response(&s.v, response));
    vtpm_wait_until(vtpm_fake_commands(s.v.fake, tpm2_crb.extend) == EVENTS);
    g_assert_cmpuint(vtpm_fake_commands(s.v.fake, tpm2_crb.startup), ==, 1);
    stage_end(&s);
}

/* In a hash sequence, which no command may interrupt: before the command that comes after it. */
static void test_hash_sequence(void)
{
    static const Kind kind = { TPM_VERSION_2_0, "tpm-tis,locality4=on", 0x144, 0x182 };
    Stage s = stage_new(&kind, 0);
    uint8_t command[40], response[4096];

    qtest_writeb(s.v.qts, vtpm_reg(4, VTPM_HASH_START), 1);
    take_kernel(&s.v);
    qtest_writeb(s.v.qts, vtpm_reg(4, VTPM_HASH_DATA), 1);
    vtpm_fake_settle(s.v.fake, 1000);
    g_assert_cmpuint(vtpm_fake_commands(s.v.fake, kind.startup), ==, 0);
    qtest_writeb(s.v.qts, vtpm_reg(4, VTPM_HASH_END), 1);
    vtpm_tis_write_access(&s.v, 4, 0x20); /* gives the TPM back */
    vtpm_command(command, sizeof(command), VTPM_PCR_READ);
    vtpm_tis_run(&s.v, 0, command, sizeof(command), response);
    g_assert_cmpuint(vtpm_fake_commands(s.v.fake, kind.extend), ==, EVENTS);
    g_assert_cmpuint(vtpm_fake_order_of_command(s.v.fake, VTPM_PCR_READ), >,
                     vtpm_fake_order_of_command(s.v.fake, kind.extend));
    stage_end(&s);
}

/* Before a stream has come there is no guest whose kernel it could be. */
static void test_incoming(void)
{
    VtpmFiles files = vtpm_files_new();
    g_autofree char *args = g_strconcat(files.args, " -incoming defer", NULL);
    Vtpm v = vtpm_start(TPM_VERSION_2_0, "tpm-crb", VTPM_MEASURE, args);

    take_kernel(&v);
    vtpm_fake_settle(v.fake, 1000);
    g_assert_cmpuint(vtpm_fake_commands(v.fake, tpm2_crb.startup), ==, 0);
    vtpm_stop(&v);
    vtpm_files_free(&files);
}

/* The host need not wait for a guest that has no driver. */
static void test_host_command(void)
{
    static const char command[] = "{ 'execute': 'tpm-pcr-read', 'arguments': { 'id': 'tpm0',"
                                  "  'pcrs': [ { 'hash': 11, 'pcrs': [ 4 ] } ] } }";
    Stage s = stage_new(&tpm2_crb, 0);
    QDict *rsp = qtest_qmp(s.v.qts, command);

    g_assert_true(qdict_haskey(rsp, "error"));
    qobject_unref(rsp);
    take_kernel(&s.v);
    vtpm_wait_until(vtpm_fake_commands(s.v.fake, tpm2_crb.extend) == EVENTS);
    vtpm_fake_settle(s.v.fake, 1000);
    rsp = qtest_qmp(s.v.qts, command);
    g_assert_true(qdict_haskey(rsp, "return"));
    qobject_unref(rsp);
    vtpm_wait_until(vtpm_fake_commands(s.v.fake, VTPM_PCR_READ) == 1);
    stage_end(&s);
}

/* --- microvm --- */

static char *microvm_args(const VtpmFiles *files, const char *machine)
{
    return g_strdup_printf("-machine %s -nodefaults -m 64 -kernel %s -initrd %s -append quiet",
                           machine, files->kernel, files->initrd);
}

static void test_microvm(const void *machine)
{
    VtpmFiles files = vtpm_files_new();
    g_autofree char *args = microvm_args(&files, machine);
    Vtpm v = vtpm_start(TPM_VERSION_2_0, "tpm-tis", ",measure-boot=auto", args);

    vtpm_fake_measures(v.fake, 0);
    take_kernel(&v);
    vtpm_wait_until(vtpm_fake_commands(v.fake, tpm2_tis.extend) == EVENTS);
    g_assert_cmpuint(vtpm_fake_commands(v.fake, tpm2_tis.startup), ==, 1);
    vtpm_stop(&v);
    vtpm_files_free(&files);
}

/* What is hashed would not be what is loaded. */
static void test_microvm_that_changes_it(void)
{
    VtpmFiles files = vtpm_files_new();
    VtpmFake *fake = vtpm_fake_new(TPM_VERSION_2_0);
    g_autofree char *args = microvm_args(&files, "microvm,acpi=off,accel=qtest");
    g_autofree char *line = g_strdup_printf(
        "%s -display none %s -chardev socket,id=chr,path=%s "
        "-tpmdev emulator,id=tpm0,chardev=chr" VTPM_MEASURE " -device tpm-tis,tpmdev=tpm0",
        g_getenv("QTEST_QEMU_BINARY"), args, vtpm_fake_path(fake));
    g_autofree char *said = NULL;
    int status = 0;

    g_assert_true(g_spawn_command_line_sync(line, NULL, &said, &status, NULL));
    g_assert_cmpint(WEXITSTATUS(status), ==, 1);
    g_assert_nonnull(strstr(said, "auto-kernel-cmdline=off"));
    vtpm_fake_free(fake);
    vtpm_files_free(&files);
}

static void add_kinds(const char *name, void (*test)(const void *))
{
    static const struct {
        const char *name;
        const Kind *kind;
    } kinds[] = { { "2.0-crb", &tpm2_crb }, { "2.0-tis", &tpm2_tis }, { "1.2-tis", &tpm12_tis } };

    for (unsigned i = 0; i < ARRAY_SIZE(kinds); i++) {
        g_autofree char *path = g_strdup_printf("/vtpm-kernel/%s/%s", name, kinds[i].name);

        qtest_add_data_func(path, kinds[i].kind, test);
    }
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    qtest_add_func("/vtpm-kernel/finds-all-measured-by-crb", test_started);
    qtest_add_func("/vtpm-kernel/finds-all-measured-by-tis", test_started_tis);
    add_kinds("starts-the-tpm-once-after-each-reset", test_once);
    add_kinds("starts-none-that-the-firmware-has", test_firmware_first);
    add_kinds("starts-none-that-says-it-is", test_says_started);
    add_kinds("loses-a-tpm-that-refuses", test_refused);
    add_kinds("loses-a-tpm-that-goes-away", test_lost);
    qtest_add_func("/vtpm-kernel/has-the-guest-wait", test_guest_waits);
    qtest_add_func("/vtpm-kernel/is-not-the-guest-s-to-cancel", test_guest_cancels);
    qtest_add_func("/vtpm-kernel/waits-for-a-command-of-the-guest", test_command_in_flight);
    qtest_add_func("/vtpm-kernel/waits-for-the-end-of-a-hash-sequence", test_hash_sequence);
    qtest_add_func("/vtpm-kernel/storm-of-resets", test_storm);
    qtest_add_func("/vtpm-kernel/nothing-where-a-guest-resumes", test_resume);
    qtest_add_func("/vtpm-kernel/nothing-where-a-guest-wakes-up-without-pcrs", test_fresh_wakeup);
    qtest_add_data_func("/vtpm-kernel/migrates-before-it-is-taken", NULL, test_migration);
    qtest_add_data_func("/vtpm-kernel/migrates-after-it-is-taken", "taken", test_migration);
    qtest_add_func("/vtpm-kernel/nothing-before-a-stream-is-there", test_incoming);
    qtest_add_func("/vtpm-kernel/a-host-may-ask-from-then-on", test_host_command);
    qtest_add_data_func("/vtpm-kernel/off-by-default", "", test_off);
    qtest_add_data_func("/vtpm-kernel/microvm", "microvm", test_microvm);
    qtest_add_data_func("/vtpm-kernel/microvm-with-a-command-line-that-stays",
                        "microvm,acpi=off,auto-kernel-cmdline=off", test_microvm);
    qtest_add_func("/vtpm-kernel/microvm-whose-command-line-changes-is-refused",
                   test_microvm_that_changes_it);
    return g_test_run();
}
