/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A QEMU whose TPM cannot be had ends at once and says why, so that whoever started it knows
 */
#include "qemu/osdep.h"
#include "backends/tpm/tpm_ioctl.h"
#include "vtpm-swtpm.h"
#include "vtpm-util.h"

/* Runs a QEMU that is to end by itself. Returns: (transfer full): what it says. */
static char *run_to_end(const char *tpm, const char *device)
{
    g_autofree char *line = g_strdup_printf(
        "%s -display none -nodefaults -chardev socket,id=chr,path=%s "
        "-tpmdev emulator,id=tpm0,chardev=chr,control-timeout=1 -machine q35,accel=qtest "
        "-device %s,tpmdev=tpm0",
        g_getenv("QTEST_QEMU_BINARY"), tpm, device);
    g_auto(GStrv) argv = g_strsplit(line, " ", 0);
    g_autoptr(GError) error = NULL;
    char *said = NULL;
    int status = 0;

    g_spawn_sync(NULL, argv, NULL, G_SPAWN_DEFAULT, NULL, NULL, NULL, &said, &status, &error);
    g_assert_no_error(error);
    g_assert_true(WIFEXITED(status));
    g_assert_cmpint(WEXITSTATUS(status), ==, 1);
    return said;
}

static void assert_says(const char *said, const char *what)
{
    if (!strstr(said, what)) {
        g_test_message("not in it, \"%s\": %s", what, said);
        g_test_fail();
    }
}

/* What holds only for a guest that runs is not said. */
static void assert_no_promise(const char *said)
{
    g_assert_null(strstr(said, "is lost"));
    g_assert_null(strstr(said, "until"));
    g_assert_null(strstr(said, "''"));
}

typedef struct StartFault {
    const char *name;
    uint32_t command;
    VtpmFault fault;
    const char *says;
} StartFault;

static void test_fault(const void *opaque)
{
    const StartFault *f = opaque;
    static const char *const devices[] = { "tpm-crb", "tpm-tis" };

    for (unsigned i = 0; i < ARRAY_SIZE(devices); i++) {
        VtpmFake *fake = vtpm_fake_new(TPM_VERSION_2_0);
        g_autofree char *said = NULL;

        vtpm_fake_fault_control(fake, f->command, f->fault);
        said = run_to_end(vtpm_fake_path(fake), devices[i]);
        assert_says(said, f->says);
        assert_no_promise(said);
        vtpm_fake_free(fake);
    }
}

#define START "TPM 'tpm0' cannot be started: "
#define REFUSED "the TPM refused control command "
#define BROKE "no proper reply to control command "

static const StartFault faults[] = {
    { "init-refused", CMD_INIT, VTPM_REFUSE, START "tpm-emulator: " REFUSED "0x2" },
    { "init-closes", CMD_INIT, VTPM_CLOSE, START "tpm-emulator: " BROKE "0x2" },
    { "init-silent", CMD_INIT, VTPM_SILENT, START "tpm-emulator: " BROKE "0x2" },
    { "established-short", CMD_GET_TPMESTABLISHED, VTPM_SHORT, START "tpm-emulator: " BROKE "0x4" },
    { "established-refused", CMD_GET_TPMESTABLISHED, VTPM_REFUSE,
      START "tpm-emulator: " REFUSED "0x4" },
    /* before the back end has its id */
    { "capability-closes", CMD_GET_CAPABILITY, VTPM_CLOSE, "tpm-emulator: " BROKE "0x1" },
    { "stop-silent", CMD_STOP, VTPM_SILENT, "tpm-emulator: " BROKE "0xe" },
    { "stop-refused", CMD_STOP, VTPM_REFUSE, "tpm-emulator: " REFUSED "0xe" },
};

static void test_no_answer_to_commands(void)
{
    VtpmFake *fake = vtpm_fake_new(TPM_VERSION_2_0);
    g_autofree char *said = NULL;

    vtpm_fake_fault_data(fake, VTPM_CLOSE);
    said = run_to_end(vtpm_fake_path(fake), "tpm-crb");
    assert_says(said, "no TPM of the expected version answers at chardev 'chr'");
    assert_no_promise(said);
    vtpm_fake_free(fake);
}

static void test_crb_of_1_2(void)
{
    VtpmFake *fake = vtpm_fake_new(TPM_VERSION_1_2);
    g_autofree char *said = run_to_end(vtpm_fake_path(fake), "tpm-crb");

    assert_says(said, "TPM 'tpm0' is a TPM 1.2: use -device tpm-tis");
    g_assert_cmpuint(vtpm_fake_controls(fake, CMD_INIT), ==, 0);
    vtpm_fake_free(fake);
}

static void test_damaged_state(void)
{
    VtpmSwtpm *swtpm = vtpm_swtpm_new();
    g_autofree char *said = NULL;

    g_assert_true(g_file_set_contents(vtpm_swtpm_state(swtpm), "damaged", -1, NULL));
    vtpm_swtpm_start(swtpm, "");
    said = run_to_end(vtpm_swtpm_path(swtpm), "tpm-crb");
    assert_says(said, START "tpm-emulator: " REFUSED "0x2");
    assert_no_promise(said);
    vtpm_swtpm_free(swtpm);
}

/* The first start is not done twice. */
static void test_once(const void *device)
{
    Vtpm v = vtpm_start(TPM_VERSION_2_0, device, "", "");

    g_assert_true(vtpm_state_is(&v, "running"));
    g_assert_cmpuint(vtpm_fake_controls(v.fake, CMD_INIT), ==, 1);
    vtpm_reset(&v);
    g_assert_cmpuint(vtpm_fake_controls(v.fake, CMD_INIT), ==, 2);
    vtpm_stop(&v);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    for (unsigned i = 0; i < ARRAY_SIZE(faults); i++) {
        g_autofree char *path = g_strdup_printf("/vtpm-start/ends-with-reason/%s", faults[i].name);

        qtest_add_data_func(path, &faults[i], test_fault);
    }
    qtest_add_func("/vtpm-start/ends-with-reason/commands-unanswered", test_no_answer_to_commands);
    qtest_add_func("/vtpm-start/ends-with-reason/state-file-damaged", test_damaged_state);
    qtest_add_func("/vtpm-start/crb-refuses-a-tpm-1.2", test_crb_of_1_2);
    qtest_add_data_func("/vtpm-start/once/crb", "tpm-crb", test_once);
    qtest_add_data_func("/vtpm-start/once/tis", "tpm-tis", test_once);
    return g_test_run();
}
