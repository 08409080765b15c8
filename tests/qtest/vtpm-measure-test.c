/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A kernel that QEMU loads is measured when the guest starts its TPM: once, all of it or none
 */
#include "qemu/osdep.h"
#include <glib/gstdio.h>
#include "hw/acpi/tpm.h"
#include "libqos/fw_cfg.h"
#include "qobject/qdict.h"
#include "qemu/bswap.h"
#include "standard-headers/linux/qemu_fw_cfg.h"
#include "vtpm-boot.h"

#define LOG_FILE "etc/tpm/boot-log"

static const uint8_t startup_state[] = { 0x80, 1, 0, 0, 0, 12, 0, 0, 1, 0x44, 0, 1 };
static const uint8_t shutdown_state[] = { 0x80, 1, 0, 0, 0, 12, 0, 0, 1, 0x45, 0, 1 };

static void test_what_is_loaded(void)
{
    VtpmGuest g = vtpm_guest_new("tpm-crb", VTPM_MEASURE, "");

    g_assert_cmphex(VTPM_RUN(&g.v, vtpm_startup_clear), ==, 0);
    vtpm_assert_bank_measured(&g, 0x4, G_CHECKSUM_SHA1, 20);
    vtpm_assert_bank_measured(&g, VTPM_SHA256, G_CHECKSUM_SHA256, VTPM_SHA256_SIZE);
    vtpm_assert_bank_measured(&g, 0xc, G_CHECKSUM_SHA384, 48);
    vtpm_assert_bank_measured(&g, 0xd, G_CHECKSUM_SHA512, 64);
    vtpm_guest_end(&g);
}

/* Written to after QEMU has taken it, which changes neither what was hashed nor what is loaded. */
static void test_changed_initrd(void)
{
    VtpmGuest g = vtpm_guest_new("tpm-crb", VTPM_MEASURE, "");
    FILE *f = fopen(g.files.initrd, "r+");

    g_assert_nonnull(f);
    g_assert_cmpint(fputs("changed", f), >=, 0);
    g_assert_cmpint(fclose(f), ==, 0);
    g_assert_cmphex(VTPM_RUN(&g.v, vtpm_startup_clear), ==, 0);
    vtpm_assert_measured(&g);
    vtpm_guest_end(&g);
}

/* What -dtb gives is behind the kernel, as the kernel's setup data: it is measured with it. */
static void test_device_tree(void)
{
    static const uint8_t tree[] = "a device tree, which QEMU does not look into";
    VtpmFiles files = vtpm_files_new();
    g_autofree char *path = g_build_filename(files.dir, "dtb", NULL);
    g_autofree char *args = g_strdup_printf("%s -dtb %s", files.args, path);
    VtpmGuest g = { .files = files, .swtpm = vtpm_swtpm_new() };
    QFWCFG *fw_cfg;
    uint32_t size;
    g_autofree uint8_t *data = NULL;

    g_assert_true(g_file_set_contents(path, (const char *)tree, sizeof(tree), NULL));
    vtpm_swtpm_start(g.swtpm, "");
    g.v = vtpm_start_at(vtpm_swtpm_path(g.swtpm), "tpm-crb", VTPM_MEASURE, args);
    fw_cfg = pc_fw_cfg_init(g.v.qts);
    size = qfw_cfg_get_u32(fw_cfg, FW_CFG_KERNEL_SIZE);
    g_assert_cmpuint(size, >, sizeof(tree));
    data = g_malloc(size);
    qfw_cfg_get(fw_cfg, FW_CFG_KERNEL_DATA, data, size);
    g_assert_nonnull(memmem(data, size, tree, sizeof(tree)));
    pc_fw_cfg_uninit(fw_cfg);
    g_assert_cmphex(VTPM_RUN(&g.v, vtpm_startup_clear), ==, 0x100);
    vtpm_assert_measured(&g);
    g_unlink(path);
    vtpm_guest_end(&g);
}

/* The number behind @name in the status of a process; 0: there is none. */
static uint64_t status_of(const char *pid, const char *name)
{
    g_autofree char *path = g_strdup_printf("/proc/%s/status", pid);
    g_autofree char *text = NULL;
    const char *line;

    return g_file_get_contents(path, &text, NULL, NULL) && (line = strstr(text, name))
               ? g_ascii_strtoull(line + strlen(name), NULL, 10)
               : 0;
}

/* Memory of QEMU's own, in bytes: what it has mapped of files is the host's cache. It is the
 * largest of our children, beside swtpm. */
static size_t own_memory(void)
{
    g_autofree char *path = g_strdup_printf("/proc/self/task/%d/children", (int)getpid());
    g_autofree char *text = NULL;
    g_auto(GStrv) pids = NULL;
    uint64_t most = 0;

    g_assert_true(g_file_get_contents(path, &text, NULL, NULL));
    pids = g_strsplit(g_strchomp(text), " ", -1);
    for (unsigned i = 0; pids[i]; i++) {
        most = MAX(most, status_of(pids[i], "RssAnon:"));
    }
    g_assert_cmpuint(most, >, 0);
    return most * 1024;
}

static size_t memory_with_initrd(size_t size)
{
    VtpmFiles files = vtpm_files_new();
    VtpmGuest g = { .files = files, .swtpm = vtpm_swtpm_new() };
    g_autofree char *args = g_strconcat(files.args, " -m 1024", NULL);
    size_t own;

    g_assert_cmpint(truncate(files.initrd, size), ==, 0);
    vtpm_swtpm_start(g.swtpm, "");
    g.v = vtpm_start_at(vtpm_swtpm_path(g.swtpm), "tpm-crb", VTPM_MEASURE, args);
    g_assert_cmphex(VTPM_RUN(&g.v, vtpm_startup_clear), ==, 0);
    own = own_memory();
    vtpm_guest_end(&g);
    return own;
}

static void test_large_initrd(void)
{
    const size_t large = 256 << 20;
    size_t taken = memory_with_initrd(large) - memory_with_initrd(4096);

    g_test_message("an initrd of %zu bytes takes %zu bytes", large, taken);
    g_assert_cmpuint(taken, >, large - large / 8);
    g_assert_cmpuint(taken, <, large + large / 8);
}

static void test_off(const void *options)
{
    VtpmGuest g = vtpm_guest_new("tpm-crb", options, "");
    QDict *status = vtpm_status(&g.v);
    QFWCFG *fw_cfg = pc_fw_cfg_init(g.v.qts);
    uint8_t byte;

    g_assert_cmphex(VTPM_RUN(&g.v, vtpm_startup_clear), ==, 0);
    vtpm_assert_unmeasured(&g);
    g_assert_false(qdict_haskey(status, "boot-log"));
    g_assert_cmpuint(qfw_cfg_get_file(fw_cfg, LOG_FILE, &byte, 1), ==, 0);
    pc_fw_cfg_uninit(fw_cfg);
    qobject_unref(status);
    vtpm_guest_end(&g);
}

/* --- the log --- */

static uint32_t take32(const uint8_t *log, size_t size, size_t *at)
{
    g_assert_cmpuint(size - *at, >=, 4);
    *at += 4;
    return ldl_le_p(log + *at - 4);
}

/* The digests of SHA-256, behind that of SHA-1; two more follow. */
static void replay(const uint8_t *log, size_t size, uint8_t (*ret_pcr)[VTPM_SHA256_SIZE])
{
    static const unsigned digests = 4 * 2 + 20 + 32 + 48 + 64;
    size_t at = 28;

    memset(ret_pcr, 0, 2 * VTPM_SHA256_SIZE);
    at += 4 + ldl_le_p(log + at);
    while (at < size) {
        uint32_t pcr = take32(log, size, &at);

        g_assert_cmpuint(take32(log, size, &at), ==, 13);
        g_assert_cmpuint(take32(log, size, &at), ==, 4);
        g_assert_cmpuint(size - at, >=, digests);
        g_assert_cmphex(lduw_le_p(log + at + 22), ==, VTPM_SHA256);
        g_assert_true(pcr == 4 || pcr == 5);
        vtpm_extend(G_CHECKSUM_SHA256, ret_pcr[pcr - 4], VTPM_SHA256_SIZE, log + at + 24);
        at += digests;
        at += take32(log, size, &at);
    }
    g_assert_cmpuint(at, ==, size);
}

static void test_log(void)
{
    VtpmGuest g = vtpm_guest_new("tpm-crb", VTPM_MEASURE, "");
    QFWCFG *fw_cfg = pc_fw_cfg_init(g.v.qts);
    QDict *status = vtpm_status(&g.v);
    gsize told_size = 0;
    g_autofree uint8_t *told = g_base64_decode(qdict_get_str(status, "boot-log"), &told_size);
    uint8_t log[2048], pcr[2][VTPM_SHA256_SIZE], real[VTPM_SHA256_SIZE];
    size_t size = qfw_cfg_get_file(fw_cfg, LOG_FILE, log, sizeof(log));

    g_assert_cmphex(VTPM_RUN(&g.v, vtpm_startup_clear), ==, 0);
    g_assert_cmpmem(log, size, told, told_size);
    replay(log, size, pcr);
    for (unsigned i = 0; i < 2; i++) {
        vtpm_get_pcr(&g, 4 + i, VTPM_SHA256, VTPM_SHA256_SIZE, real);
        g_assert_cmpmem(pcr[i], VTPM_SHA256_SIZE, real, VTPM_SHA256_SIZE);
    }
    g_assert_cmpmem(log + size - 12, 12, "quiet single", 12);
    qobject_unref(status);
    pc_fw_cfg_uninit(fw_cfg);
    vtpm_guest_end(&g);
}

/* --- once --- */

static void test_each_reset(void)
{
    VtpmGuest g = vtpm_guest_new("tpm-crb", VTPM_MEASURE, "");

    for (unsigned i = 0; i < 3; i++) {
        g_assert_cmphex(VTPM_RUN(&g.v, vtpm_startup_clear), ==, 0);
        /* a second start changes nothing */
        g_assert_cmphex(VTPM_RUN(&g.v, vtpm_startup_clear), ==, 0x100);
        vtpm_assert_measured(&g);
        vtpm_reset(&g.v);
    }
    vtpm_guest_end(&g);
}

/* A guest that is reset over and over, with its start and what QEMU does for it under way. */
static void test_reset_storm(void)
{
    VtpmGuest g = vtpm_guest_new("tpm-crb", VTPM_MEASURE, "");

    for (unsigned i = 0; i < 100; i++) {
        vtpm_crb_start(&g.v, 0, vtpm_startup_clear, sizeof(vtpm_startup_clear));
        g_usleep(i * 37 % 3000);
        for (unsigned n = 0; n <= i % 3; n++) {
            vtpm_reset(&g.v);
        }
    }
    g_assert_cmphex(VTPM_RUN(&g.v, vtpm_startup_clear), ==, 0);
    vtpm_assert_measured(&g);
    vtpm_guest_end(&g);
}

static void test_resume(void)
{
    VtpmGuest g = vtpm_guest_new("tpm-crb", VTPM_MEASURE, "");

    g_assert_cmphex(VTPM_RUN(&g.v, vtpm_startup_clear), ==, 0);
    g_assert_cmphex(VTPM_RUN(&g.v, shutdown_state), ==, 0);
    vtpm_suspend_q35(&g.v);
    vtpm_wake_up(&g.v);
    g_assert_cmphex(VTPM_RUN(&g.v, startup_state), ==, 0);
    vtpm_assert_measured(&g);
    vtpm_guest_end(&g);
}

/* Other commands start nothing, fail as those of a TPM that was not started, and are no start. */
static void test_never_started(void)
{
    static const uint8_t pcr_read[] = { 0x80, 1, 0, 0, 0, 20,  0, 0, 1, 0x7e,
                                        0,    0, 0, 1, 0, 0xb, 3, 0, 0, 0x10 };
    VtpmGuest g = vtpm_guest_new("tpm-crb", VTPM_MEASURE, "");

    for (unsigned i = 0; i < 3; i++) {
        g_assert_cmphex(VTPM_RUN(&g.v, pcr_read), ==, 0x100);
        g_assert_cmphex(VTPM_RUN(&g.v, startup_state), !=, 0); /* there is no state */
        g_assert_cmphex(VTPM_RUN(&g.v, pcr_read), ==, 0x100);
        g_assert_true(vtpm_state_is(&g.v, "running"));
        vtpm_reset(&g.v);
    }
    g_assert_cmphex(VTPM_RUN(&g.v, vtpm_startup_clear), ==, 0);
    vtpm_assert_measured(&g);
    vtpm_guest_end(&g);
}

/*
 * A guest that writes to all registers of the interface while its start is under way, and to the
 * buffer that its command was in. It may have its start cancelled; then there is none.
 */
static void test_busy_guest(void)
{
    VtpmGuest g = vtpm_guest_new("tpm-crb", VTPM_MEASURE, "");
    unsigned started = 0;

    for (unsigned i = 0; i < 30; i++) {
        vtpm_crb_start(&g.v, 0, vtpm_startup_clear, sizeof(vtpm_startup_clear));
        for (unsigned n = 0; n < 40 && vtpm_crb_running(&g.v); n++) {
            qtest_writel(g.v.qts, vtpm_reg(0, A_CRB_CTRL_START), 1);
            qtest_writel(g.v.qts, vtpm_reg(0, A_CRB_DATA_BUFFER) + n % 16, 0xffffffff);
            qtest_writel(g.v.qts, vtpm_reg(0, A_CRB_CTRL_REQ), 1 + n % 2);
            qtest_writel(g.v.qts, vtpm_reg(0, A_CRB_LOC_CTRL), 1 << n % 3);
            qtest_writel(g.v.qts, vtpm_reg(0, A_CRB_CTRL_CANCEL), i % 3 == 2 && n == i % 40);
        }
        vtpm_wait_until(!vtpm_crb_running(&g.v));
        qtest_writel(g.v.qts, vtpm_reg(0, A_CRB_CTRL_CANCEL), 0);
        qtest_writel(g.v.qts, vtpm_reg(0, A_CRB_LOC_CTRL), 1);
        if (vtpm_state_is(&g.v, "running") && VTPM_RUN(&g.v, vtpm_startup_clear) == 0x100) {
            vtpm_assert_measured(&g);
            started++;
        }
        vtpm_reset(&g.v);
    }
    g_test_message("%u of 30 starts came to their end", started);
    g_assert_cmpuint(started, >=, 15);
    g_assert_cmphex(VTPM_RUN(&g.v, vtpm_startup_clear), ==, 0);
    vtpm_assert_measured(&g);
    vtpm_guest_end(&g);
}

/* Whoever wakes up without its PCRs could make any of them, or have a kernel measured that is gone.
 */
static void test_fresh_wakeup(void)
{
    VtpmGuest g = vtpm_guest_new("tpm-crb", VTPM_MEASURE, "");

    g_assert_cmphex(VTPM_RUN(&g.v, vtpm_startup_clear), ==, 0);
    vtpm_suspend_q35(&g.v);
    vtpm_wake_up(&g.v);
    g_assert_cmphex(VTPM_RUN(&g.v, vtpm_startup_clear), ==, 0x101);
    g_assert_true(vtpm_state_is(&g.v, "lost"));
    vtpm_guest_end(&g);
}

static void test_migration(void)
{
    VtpmGuest from = vtpm_guest_new("tpm-crb", VTPM_MEASURE, ""),
              to = vtpm_guest_new("tpm-crb", VTPM_MEASURE, "-incoming defer");
    g_autoptr(GByteArray) stream = NULL;

    g_assert_cmphex(VTPM_RUN(&from.v, vtpm_startup_clear), ==, 0);
    stream = vtpm_migrate_to_bytes(&from.v);
    vtpm_load_bytes(&to.v, stream);
    qtest_qmp_eventwait(to.v.qts, "RESUME");
    vtpm_assert_measured(&to);
    vtpm_reset(&to.v);
    g_assert_cmphex(VTPM_RUN(&to.v, vtpm_startup_clear), ==, 0);
    vtpm_assert_measured(&to);
    vtpm_guest_end(&to);
    vtpm_guest_end(&from);
}

/* --- all or none --- */

/*
 * @sound: answers before the one that is spoilt, which are to the start, for the banks of a
 * TPM 2.0, and to four extends
 */
static void assert_fails(TPMVersion version, unsigned sound, VtpmFault fault, const uint8_t *bytes,
                         size_t size)
{
    bool tpm2 = version == TPM_VERSION_2_0;
    VtpmFiles files = vtpm_files_new();
    Vtpm v = vtpm_start(version, tpm2 ? "tpm-crb" : "tpm-tis", VTPM_MEASURE, files.args);
    uint8_t response[4096];
    size_t got;

    vtpm_fake_measures(v.fake, sound);
    if (bytes) {
        vtpm_fake_answer_data(v.fake, bytes, size);
    } else {
        vtpm_fake_fault_data(v.fake, fault);
    }
    got = tpm2 ? vtpm_crb_run(&v, vtpm_startup_clear, sizeof(vtpm_startup_clear), response)
               : vtpm_tis_run(&v, 0, vtpm_startup_1_2, sizeof(vtpm_startup_1_2), response);
    vtpm_assert_failure(version, response, got);
    g_assert_false(vtpm_state_is(&v, "running"));
    vtpm_stop(&v);
    vtpm_files_free(&files);
}

static void test_lost(void)
{
    static const VtpmFault faults[] = { VTPM_CLOSE, VTPM_SHORT, VTPM_LONG, VTPM_SIZE_WRAP };

    for (unsigned i = 0; i < ARRAY_SIZE(faults); i++) {
        for (unsigned sound = 1; sound < 6; sound++) {
            assert_fails(TPM_VERSION_2_0, sound, faults[i], NULL, 0);
        }
        for (unsigned sound = 1; sound < 5; sound++) {
            assert_fails(TPM_VERSION_1_2, sound, faults[i], NULL, 0);
        }
    }
}

static void test_hostile(void)
{
    static const struct {
        unsigned sound;
        uint8_t size;
        uint8_t bytes[32];
    } answers[] = {
        /* banks: none, refused, one cut off, one that lasts too long, more to come, SM3 alone */
        { 1, 19, { 0x80, 1, [5] = 19, [14] = 5 } },
        { 1, 10, { 0x80, 1, [5] = 10, [9] = 1 } },
        { 1, 21, { 0x80, 1, [5] = 21, [14] = 5, [18] = 1, 0, 0xb } },
        { 1, 25, { 0x80, 1, [5] = 25, [14] = 5, [18] = 1, 0, 0xb, 0xff, 0xff, 0xff, 0xff } },
        { 1,
          25,
          { 0x80, 1, [5] = 25, 0, 0, 0, 0, 1, [14] = 5, [18] = 1, 0, 0xb, 3, 0xff, 0xff, 0xff } },
        { 1, 25, { 0x80, 1, [5] = 25, [14] = 5, [18] = 1, 0, 0x12, 3, 0xff, 0xff, 0xff } },
        { 1, 25, { 0x80, 1, [5] = 25, [14] = 5, [18] = 0xff, 0, 0xb, 3, 0xff, 0xff, 0xff } },
        /* the last extend: refused, without the answer to the password, by a TPM 1.2 */
        { 5, 10, { 0x80, 1, [5] = 10, [9] = 1 } },
        { 5, 10, { 0x80, 2, [5] = 10 } },
        { 5, 19, { 0, 0xc4, [5] = 19 } },
    };

    for (unsigned i = 0; i < ARRAY_SIZE(answers); i++) {
        assert_fails(TPM_VERSION_2_0, answers[i].sound, VTPM_BYTES, answers[i].bytes,
                     answers[i].size);
    }
}

/* What was lost in the middle is measured whole after the next reset. */
static void test_recovery(void)
{
    VtpmFiles files = vtpm_files_new();
    Vtpm v = vtpm_start(TPM_VERSION_2_0, "tpm-crb", VTPM_MEASURE, files.args);

    vtpm_fake_measures(v.fake, 3);
    vtpm_fake_fault_data(v.fake, VTPM_CLOSE);
    g_assert_cmphex(VTPM_RUN(&v, vtpm_startup_clear), ==, 0x101);
    g_assert_cmphex(VTPM_RUN(&v, vtpm_startup_clear), ==, 0x101);
    vtpm_wait_until(vtpm_state_is(&v, "waiting"));
    vtpm_fake_forget(v.fake);
    vtpm_reset(&v);
    g_assert_cmphex(VTPM_RUN(&v, vtpm_startup_clear), ==, 0);
    g_assert_cmpuint(vtpm_fake_commands(v.fake, 0x182), ==, 4);
    vtpm_stop(&v);
    vtpm_files_free(&files);
}

/* --- which machines --- */

static void test_auto(void)
{
    VtpmGuest g = vtpm_guest_new("tpm-crb", ",measure-boot=auto", "");

    g_assert_cmphex(VTPM_RUN(&g.v, vtpm_startup_clear), ==, 0);
    vtpm_assert_measured(&g);
    vtpm_guest_end(&g);
}

static void test_auto_with_firmware(void)
{
    VtpmGuest g = vtpm_guest_new("tpm-crb", ",measure-boot=auto",
                                 "-bios qemu-bundle/usr/local/share/qemu/bios-256k.bin");

    g_assert_cmphex(VTPM_RUN(&g.v, vtpm_startup_clear), ==, 0);
    vtpm_assert_unmeasured(&g);
    vtpm_guest_end(&g);
}

static void test_auto_without_kernel(void)
{
    Vtpm v = vtpm_start(TPM_VERSION_2_0, "tpm-crb", ",measure-boot=auto", "-machine q35");

    vtpm_fake_measures(v.fake, 0);
    g_assert_cmphex(VTPM_RUN(&v, vtpm_startup_clear), ==, 0);
    g_assert_cmpuint(vtpm_fake_commands(v.fake, 0x182), ==, 0);
    vtpm_stop(&v);
}

static void test_on_without_kernel(void)
{
    VtpmFake *fake = vtpm_fake_new(TPM_VERSION_2_0);
    g_autofree char *line = g_strdup_printf(
        "%s -display none -nodefaults -machine q35,accel=qtest -chardev socket,id=chr,path=%s "
        "-tpmdev emulator,id=tpm0,chardev=chr" VTPM_MEASURE " -device tpm-crb,tpmdev=tpm0",
        g_getenv("QTEST_QEMU_BINARY"), vtpm_fake_path(fake));
    g_autofree char *said = NULL;
    int status = 0;

    g_assert_true(g_spawn_command_line_sync(line, NULL, &said, &status, NULL));
    g_assert_cmpint(WEXITSTATUS(status), ==, 1);
    g_assert_nonnull(strstr(said, "measure-boot=on needs a Linux kernel"));
    vtpm_fake_free(fake);
}

/* The same fake, which does nothing wrong: what the tests above see is what they spoil. */
static void test_sound(void)
{
    VtpmFiles files = vtpm_files_new();
    Vtpm v = vtpm_start(TPM_VERSION_2_0, "tpm-crb", VTPM_MEASURE, files.args);

    vtpm_fake_measures(v.fake, 0);
    g_assert_cmphex(VTPM_RUN(&v, vtpm_startup_clear), ==, 0);
    g_assert_cmpuint(vtpm_fake_commands(v.fake, 0x182), ==, 4);
    g_assert_cmpuint(vtpm_fake_commands(v.fake, 0x17a), ==, 1);
    vtpm_stop(&v);
    vtpm_files_free(&files);
}

static void test_1_2(void)
{
    VtpmFiles files = vtpm_files_new();
    Vtpm v = vtpm_start(TPM_VERSION_1_2, "tpm-tis", VTPM_MEASURE, files.args);
    uint8_t response[4096];

    vtpm_fake_measures(v.fake, 0);
    g_assert_cmpuint(vtpm_tis_run(&v, 0, vtpm_startup_1_2, sizeof(vtpm_startup_1_2), response), ==,
                     10);
    g_assert_cmphex(ldl_be_p(response + 6), ==, 0);
    g_assert_cmpuint(vtpm_fake_commands(v.fake, 0x14), ==, 4);
    vtpm_stop(&v);
    vtpm_files_free(&files);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    qtest_add_func("/vtpm-measure/each-bank-has-what-is-loaded", test_what_is_loaded);
    qtest_add_func("/vtpm-measure/an-initrd-is-fixed-when-it-is-hashed", test_changed_initrd);
    qtest_add_func("/vtpm-measure/a-device-tree-is-behind-the-kernel", test_device_tree);
    qtest_add_func("/vtpm-measure/a-large-initrd-is-held-once", test_large_initrd);
    qtest_add_data_func("/vtpm-measure/off-by-default", "", test_off);
    qtest_add_data_func("/vtpm-measure/off", ",measure-boot=off", test_off);
    qtest_add_func("/vtpm-measure/log-replays-in-fw-cfg-and-qmp", test_log);
    qtest_add_func("/vtpm-measure/once-after-each-reset", test_each_reset);
    qtest_add_func("/vtpm-measure/once-after-a-storm-of-resets", test_reset_storm);
    qtest_add_func("/vtpm-measure/a-guest-that-starts-no-tpm", test_never_started);
    qtest_add_func("/vtpm-measure/a-guest-that-is-busy-meanwhile", test_busy_guest);
    qtest_add_func("/vtpm-measure/not-again-where-a-guest-resumes", test_resume);
    qtest_add_func("/vtpm-measure/fails-where-a-guest-wakes-up-without-pcrs", test_fresh_wakeup);
    qtest_add_func("/vtpm-measure/not-again-after-a-migration", test_migration);
    qtest_add_func("/vtpm-measure/tpm-1.2-has-sha-1", test_1_2);
    qtest_add_func("/vtpm-measure/sound-answers-are-taken", test_sound);
    qtest_add_func("/vtpm-measure/fails-where-the-tpm-is-lost-in-between", test_lost);
    qtest_add_func("/vtpm-measure/fails-where-the-tpm-refuses-or-lies", test_hostile);
    qtest_add_func("/vtpm-measure/whole-after-a-loss-and-a-reset", test_recovery);
    qtest_add_func("/vtpm-measure/auto/on-with-the-default-firmware", test_auto);
    qtest_add_func("/vtpm-measure/auto/off-with-another-firmware", test_auto_with_firmware);
    qtest_add_func("/vtpm-measure/auto/off-without-a-kernel", test_auto_without_kernel);
    qtest_add_func("/vtpm-measure/on/ends-qemu-without-a-kernel", test_on_without_kernel);
    return g_test_run();
}
