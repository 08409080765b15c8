/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * TPM emulator back end against a fake vTPM: protocol, hostile answers, loss and return
 */
#include "qemu/osdep.h"
#include "backends/tpm/tpm_ioctl.h"
#include "hw/acpi/tpm.h"
#include "qemu/bswap.h"
#include "vtpm-util.h"

#define CC_STARTUP 0x144
#define CC_SHUTDOWN 0x145

static size_t run(Vtpm *v, uint32_t code, uint8_t *ret_response)
{
    uint8_t command[20];

    vtpm_command(command, sizeof(command), code);
    return vtpm_crb_run(v, command, sizeof(command), ret_response);
}

static void assert_fails(Vtpm *v)
{
    uint8_t response[4096];

    memset(response, 0xee, sizeof(response));
    vtpm_assert_failure(TPM_VERSION_2_0, response, run(v, VTPM_PCR_READ, response));
}

static uint64_t status_number(Vtpm *v, const char *key)
{
    QDict *status = vtpm_status(v);
    uint64_t number = qdict_get_int(status, key);

    qobject_unref(status);
    return number;
}

/* --- commands --- */

static void test_status_counts(void)
{
    Vtpm v = vtpm_start(TPM_VERSION_2_0, "tpm-crb", "", "");
    QDict *status;

    vtpm_crb_assert_works(&v);
    vtpm_crb_assert_works(&v);
    status = vtpm_status(&v);
    g_assert_cmpstr(qdict_get_str(status, "id"), ==, "tpm0");
    g_assert_cmpstr(qdict_get_str(status, "version"), ==, "tpm-2-0");
    g_assert_cmpstr(qdict_get_str(status, "state"), ==, "running");
    g_assert_true(qdict_get_bool(status, "connected"));
    g_assert_cmpint(qdict_get_int(status, "locality"), ==, 0);
    g_assert_cmpint(qdict_get_int(status, "commands"), ==, 2);
    g_assert_cmpint(qdict_get_int(status, "errors"), ==, 0);
    g_assert_cmpint(qdict_get_int(status, "failures"), ==, 0);
    qobject_unref(status);
    vtpm_stop(&v);
}

static void test_answer_in_pieces(void)
{
    Vtpm v = vtpm_start(TPM_VERSION_2_0, "tpm-crb", "", "");

    for (int i = 0; i < 20; i++) {
        vtpm_fake_fault_data(v.fake, VTPM_PIECES);
        vtpm_crb_assert_works(&v);
    }
    vtpm_stop(&v);
}

static void test_locality_set_on_change_only(void)
{
    Vtpm v = vtpm_start(TPM_VERSION_2_0, "tpm-tis", "", "");
    uint8_t command[12], response[4096];
    static const struct {
        unsigned locality;
        unsigned set;
    } steps[] = { { 0, 1 }, { 0, 1 }, { 1, 2 }, { 1, 2 }, { 0, 3 } };

    vtpm_command(command, sizeof(command), VTPM_PCR_READ);
    vtpm_fake_forget(v.fake);
    for (unsigned i = 0; i < ARRAY_SIZE(steps); i++) {
        vtpm_assert_answer(command, sizeof(command), response,
                           vtpm_tis_run(&v, steps[i].locality, command, sizeof(command), response));
        g_assert_cmpuint(vtpm_fake_controls(v.fake, CMD_SET_LOCALITY), ==, steps[i].set);
        g_assert_cmpuint(vtpm_fake_locality(v.fake), ==, steps[i].locality);
        qtest_writeb(v.qts, vtpm_reg(steps[i].locality, TPM_TIS_REG_ACCESS),
                     TPM_TIS_ACCESS_ACTIVE_LOCALITY);
    }
    vtpm_stop(&v);
}

static void test_inline(void)
{
    Vtpm v = vtpm_start(TPM_VERSION_2_0, "tpm-crb", ",inline-us=1000", "");

    for (int i = 0; i < 200 && !status_number(&v, "inline-completions"); i++) {
        vtpm_crb_assert_works(&v);
    }
    g_assert_cmpuint(status_number(&v, "inline-completions"), >, 0);
    vtpm_stop(&v);
}

static void test_inline_off(void)
{
    Vtpm v = vtpm_start(TPM_VERSION_2_0, "tpm-crb", ",inline-us=0", "");

    for (int i = 0; i < 20; i++) {
        vtpm_crb_assert_works(&v);
    }
    g_assert_cmpuint(status_number(&v, "inline-completions"), ==, 0);
    vtpm_stop(&v);
}

/* A kind that is slow is not waited for again; a fast one still is. */
static void test_inline_learns_by_code(void)
{
    Vtpm v = vtpm_start(TPM_VERSION_2_0, "tpm-crb", ",inline-us=1000", "");
    uint8_t command[12];
    uint64_t before;

    vtpm_command(command, sizeof(command), 0x131);
    vtpm_fake_hold(v.fake);
    vtpm_crb_start(&v, 0, command, sizeof(command));
    g_usleep(20000); /* what makes the kind slow */
    g_assert_true(vtpm_crb_running(&v));
    vtpm_fake_release(v.fake);
    vtpm_wait_until(!vtpm_crb_running(&v));
    before = status_number(&v, "inline-completions");
    vtpm_crb_start(&v, 0, command, sizeof(command));
    vtpm_wait_until(!vtpm_crb_running(&v));
    g_assert_cmpuint(status_number(&v, "inline-completions"), ==, before);
    for (int i = 0; i < 200 && status_number(&v, "inline-completions") == before; i++) {
        vtpm_crb_assert_works(&v);
    }
    g_assert_cmpuint(status_number(&v, "inline-completions"), >, before);
    vtpm_stop(&v);
}

static void test_cancel_does_not_wait(void)
{
    Vtpm v = vtpm_start(TPM_VERSION_2_0, "tpm-crb", "", "");
    uint8_t command[12];

    vtpm_command(command, sizeof(command), VTPM_PCR_READ);
    vtpm_fake_hold(v.fake);
    vtpm_fake_fault_control(v.fake, CMD_CANCEL_TPM_CMD, VTPM_SILENT);
    vtpm_crb_start(&v, 0, command, sizeof(command));
    qtest_writel(v.qts, vtpm_reg(0, A_CRB_CTRL_CANCEL), 1);
    g_assert_cmphex(qtest_readl(v.qts, vtpm_reg(0, A_CRB_CTRL_CANCEL)), ==, 1);
    g_assert_true(vtpm_crb_running(&v));
    vtpm_wait_until(vtpm_fake_controls(v.fake, CMD_CANCEL_TPM_CMD) == 1);
    vtpm_fake_release(v.fake);
    vtpm_wait_until(!vtpm_crb_running(&v));
    vtpm_stop(&v);
}

static void test_cancel_replies_are_skipped(void)
{
    Vtpm v = vtpm_start(TPM_VERSION_2_0, "tpm-crb", "", "");
    uint8_t command[12];

    vtpm_command(command, sizeof(command), VTPM_PCR_READ);
    for (int i = 0; i < 3; i++) {
        vtpm_fake_hold(v.fake);
        vtpm_crb_start(&v, 0, command, sizeof(command));
        qtest_writel(v.qts, vtpm_reg(0, A_CRB_CTRL_CANCEL), 1);
        vtpm_fake_release(v.fake);
        vtpm_wait_until(!vtpm_crb_running(&v));
    }
    vtpm_reset(&v);
    g_assert_true(vtpm_state_is(&v, "running"));
    vtpm_crb_assert_works(&v);
    vtpm_stop(&v);
}

/* No capability, no control command. */
static void test_capabilities_gate(void)
{
    VtpmFake *fake = vtpm_fake_new(TPM_VERSION_2_0);
    uint8_t command[12];
    Vtpm v;

    vtpm_fake_set_caps(fake, PTM_CAP_INIT | PTM_CAP_SHUTDOWN | PTM_CAP_GET_TPMESTABLISHED |
                                 PTM_CAP_SET_LOCALITY | PTM_CAP_SET_DATAFD | PTM_CAP_STOP |
                                 PTM_CAP_SET_BUFFERSIZE);
    v = vtpm_start_with(fake, "tpm-tis,locality4=on", "", "");
    vtpm_tis_hold(&v, 3, command, sizeof(command));
    qtest_writel(v.qts, vtpm_reg(3, TPM_TIS_REG_STS), TPM_TIS_STS_COMMAND_CANCEL);
    vtpm_fake_release(fake);
    vtpm_wait_until(qtest_readl(v.qts, vtpm_reg(3, TPM_TIS_REG_STS)) & TPM_TIS_STS_DATA_AVAILABLE);
    qtest_writel(v.qts, vtpm_reg(3, TPM_TIS_REG_STS), TPM_TIS_STS_RESET_ESTABLISHMENT_BIT);
    qtest_writeb(v.qts, vtpm_reg(4, VTPM_HASH_START), 0);
    qtest_writeb(v.qts, vtpm_reg(4, VTPM_HASH_END), 0);
    g_assert_cmpuint(vtpm_fake_controls(fake, CMD_CANCEL_TPM_CMD), ==, 0);
    g_assert_cmpuint(vtpm_fake_controls(fake, CMD_RESET_TPMESTABLISHED), ==, 0);
    g_assert_cmpuint(vtpm_fake_controls(fake, CMD_HASH_START), ==, 0);
    g_assert_true(vtpm_state_is(&v, "running"));
    vtpm_stop(&v);
}

/* --- reset --- */

static void test_reset_shuts_down(void)
{
    Vtpm v = vtpm_start(TPM_VERSION_2_0, "tpm-crb", "", "");
    uint8_t response[4096];

    run(&v, CC_STARTUP, response);
    vtpm_fake_forget(v.fake);
    vtpm_reset(&v);
    g_assert_cmpuint(vtpm_fake_commands(v.fake, CC_SHUTDOWN), ==, 1);
    g_assert_cmpuint(vtpm_fake_order_of_command(v.fake, CC_SHUTDOWN), <,
                     vtpm_fake_order_of_control(v.fake, CMD_STOP));
    g_assert_cmpuint(vtpm_fake_controls(v.fake, CMD_INIT), ==, 1);
    g_assert_null(qtest_qmp_event_ref(v.qts, "TPM_BACKEND_STATE")); /* nothing has changed */
    vtpm_stop(&v);
}

static void shut_down(Vtpm *v, uint16_t type)
{
    uint8_t command[12], response[4096];

    vtpm_command(command, sizeof(command), CC_SHUTDOWN);
    stw_be_p(command + 10, type);
    vtpm_crb_run(v, command, sizeof(command), response);
}

static void test_reset_leaves_shutdown_to_guest(void)
{
    Vtpm v = vtpm_start(TPM_VERSION_2_0, "tpm-crb", "", "");
    uint8_t response[4096];

    vtpm_fake_forget(v.fake);
    vtpm_reset(&v);
    g_assert_cmpuint(vtpm_fake_commands(v.fake, CC_SHUTDOWN), ==, 0);
    for (uint16_t type = 0; type < 2; type++) {
        run(&v, CC_STARTUP, response);
        vtpm_fake_forget(v.fake);
        shut_down(&v, type);
        vtpm_reset(&v);
        g_assert_cmpuint(vtpm_fake_commands(v.fake, CC_SHUTDOWN), ==, 1);
    }
    vtpm_stop(&v);
}

/* A TPM2_Shutdown that no TPM would have taken is none. */
static void test_shutdown_of_no_type(void)
{
    Vtpm v = vtpm_start(TPM_VERSION_2_0, "tpm-crb", "", "");
    uint8_t response[4096];

    run(&v, CC_STARTUP, response);
    vtpm_fake_forget(v.fake);
    shut_down(&v, 2);
    vtpm_reset(&v);
    g_assert_cmpuint(vtpm_fake_commands(v.fake, CC_SHUTDOWN), ==, 2);
    vtpm_stop(&v);
}

/* --- hostile answers --- */

typedef struct DataFault {
    const char *name;
    VtpmFault fault;
    TPMVersion version;
    const char *device;
} DataFault;

/* What the guest gets, by either device, is a failure of its TPM's version. */
static void assert_device_fails(Vtpm *v, const DataFault *f)
{
    uint8_t command[20], response[4096];
    bool crb = g_str_equal(f->device, "tpm-crb");

    memset(response, 0xee, sizeof(response));
    vtpm_command(command, sizeof(command), VTPM_PCR_READ);
    vtpm_assert_failure(f->version, response,
                        crb ? vtpm_crb_run(v, command, sizeof(command), response)
                            : vtpm_tis_run(v, 0, command, sizeof(command), response));
}

static void assert_device_works(Vtpm *v, const DataFault *f)
{
    if (g_str_equal(f->device, "tpm-crb")) {
        vtpm_crb_assert_works(v);
    } else {
        vtpm_tis_assert_works(v);
    }
}

/* This command and later ones fail, QEMU and guest go on, and a reset brings the TPM back. */
static void test_data_fault(const void *opaque)
{
    const DataFault *f = opaque;
    Vtpm v = vtpm_start(f->version, f->device, "", "");
    QDict *event;

    assert_device_works(&v, f);
    vtpm_fake_fault_data(v.fake, f->fault);
    assert_device_fails(&v, f);
    event = qtest_qmp_eventwait_ref(v.qts, "TPM_BACKEND_STATE");
    g_assert_cmpstr(qdict_get_str(qdict_get_qdict(event, "data"), "state"), ==, "lost");
    qobject_unref(event);
    assert_device_fails(&v, f);
    vtpm_wait_until(vtpm_state_is(&v, "waiting"));
    assert_device_fails(&v, f);
    g_assert_cmpuint(status_number(&v, "failures"), ==, 3);
    vtpm_reset(&v);
    g_assert_true(vtpm_state_is(&v, "running"));
    assert_device_works(&v, f);
    vtpm_stop(&v);
}

static const DataFault data_faults[] = {
    { "closes", VTPM_CLOSE, TPM_VERSION_2_0, "tpm-crb" },
    { "closes-1.2", VTPM_CLOSE, TPM_VERSION_1_2, "tpm-tis" },
    { "closes-in-the-middle", VTPM_SHORT, TPM_VERSION_2_0, "tpm-tis" },
    { "bytes-behind-the-answer", VTPM_LONG, TPM_VERSION_2_0, "tpm-crb" },
    { "size-below-a-header", VTPM_SIZE_SMALL, TPM_VERSION_2_0, "tpm-crb" },
    { "size-above-the-buffer", VTPM_SIZE_HUGE, TPM_VERSION_2_0, "tpm-crb" },
    { "size-of-all-ones", VTPM_SIZE_WRAP, TPM_VERSION_2_0, "tpm-crb" },
    { "size-of-all-ones-1.2", VTPM_SIZE_WRAP, TPM_VERSION_1_2, "tpm-tis" },
};

static void test_silence(void)
{
    Vtpm v = vtpm_start(TPM_VERSION_2_0, "tpm-crb", ",command-timeout=1", "");

    vtpm_fake_fault_data(v.fake, VTPM_SILENT);
    assert_fails(&v);
    vtpm_stop(&v);
}

static void test_answer_larger_than_crb(void)
{
    Vtpm v = vtpm_start(TPM_VERSION_2_0, "tpm-crb", "", "");
    uint8_t response[4096];

    vtpm_fake_set_response_size(v.fake, 0xf80);
    g_assert_cmpuint(run(&v, VTPM_PCR_READ, response), ==, 0xf80);
    g_assert_cmphex(response[0xf7f], ==, 0xa5);
    vtpm_fake_set_response_size(v.fake, 0xf81);
    assert_fails(&v);
    vtpm_stop(&v);
}

static void test_refused_locality(void)
{
    Vtpm v = vtpm_start(TPM_VERSION_2_0, "tpm-crb", "", "");

    vtpm_fake_fault_control(v.fake, CMD_SET_LOCALITY, VTPM_REFUSE);
    assert_fails(&v);
    g_assert_true(vtpm_state_is(&v, "running"));
    vtpm_crb_assert_works(&v);
    vtpm_stop(&v);
}

typedef struct ResetFault {
    const char *name;
    uint32_t command;
    VtpmFault fault;
} ResetFault;

/* A TPM that fails in any step of a reset leaves a guest that runs and a TPM that fails. */
static void test_reset_fault(const void *opaque)
{
    const ResetFault *f = opaque;
    Vtpm v = vtpm_start(TPM_VERSION_2_0, "tpm-crb", ",control-timeout=1", "");

    vtpm_crb_assert_works(&v);
    vtpm_fake_fault_control(v.fake, f->command, f->fault);
    vtpm_reset(&v);
    assert_fails(&v);
    vtpm_wait_until(vtpm_state_is(&v, "waiting"));
    vtpm_reset(&v);
    g_assert_true(vtpm_state_is(&v, "running"));
    vtpm_crb_assert_works(&v);
    vtpm_stop(&v);
}

static const ResetFault reset_faults[] = {
    { "stop-closes", CMD_STOP, VTPM_CLOSE },
    { "stop-short", CMD_STOP, VTPM_SHORT },
    { "stop-refused", CMD_STOP, VTPM_REFUSE },
    { "stop-silent", CMD_STOP, VTPM_SILENT },
    { "buffer-size-closes", CMD_SET_BUFFERSIZE, VTPM_CLOSE },
    { "buffer-size-short", CMD_SET_BUFFERSIZE, VTPM_SHORT },
    { "buffer-size-refused", CMD_SET_BUFFERSIZE, VTPM_REFUSE },
    { "init-closes", CMD_INIT, VTPM_CLOSE },
    { "init-refused", CMD_INIT, VTPM_REFUSE },
    { "init-silent", CMD_INIT, VTPM_SILENT },
    { "established-short", CMD_GET_TPMESTABLISHED, VTPM_SHORT },
    { "established-refused", CMD_GET_TPMESTABLISHED, VTPM_REFUSE },
    { "established-silent", CMD_GET_TPMESTABLISHED, VTPM_SILENT },
};

/* --- loss and return --- */

static void test_dead_while_running(void)
{
    Vtpm v = vtpm_start(TPM_VERSION_2_0, "tpm-crb", "", "");
    uint8_t command[12], response[4096];

    vtpm_crb_hold(&v, 0, command, sizeof(command));
    vtpm_fake_die(v.fake);
    vtpm_wait_until(!vtpm_crb_running(&v));
    vtpm_assert_failure(TPM_VERSION_2_0, response, vtpm_crb_response(&v, response));
    g_assert_cmphex(qtest_readl(v.qts, vtpm_reg(0, A_CRB_CTRL_STS)), ==, 0);
    vtpm_stop(&v);
}

static void test_dead_over_resets(void)
{
    Vtpm v = vtpm_start(TPM_VERSION_2_0, "tpm-crb", "", "");

    vtpm_fake_die(v.fake);
    vtpm_wait_until(vtpm_state_is(&v, "lost"));
    for (int i = 0; i < 3; i++) {
        vtpm_reset(&v);
        assert_fails(&v);
        g_assert_true(vtpm_state_is(&v, "lost"));
    }
    vtpm_stop(&v);
}

/* Fresh PCRs under a running guest would be a forged measurement. */
static void test_no_return_before_reset(void)
{
    Vtpm v = vtpm_start(TPM_VERSION_2_0, "tpm-crb", "", "");

    vtpm_fake_die(v.fake);
    vtpm_wait_until(vtpm_state_is(&v, "lost"));
    vtpm_fake_forget(v.fake);
    vtpm_fake_live(v.fake);
    vtpm_wait_until(vtpm_state_is(&v, "waiting"));
    for (int i = 0; i < 10; i++) {
        assert_fails(&v);
    }
    g_assert_cmpuint(vtpm_fake_controls(v.fake, CMD_SET_DATAFD), ==, 0);
    g_assert_cmpuint(vtpm_fake_controls(v.fake, CMD_INIT), ==, 0);
    vtpm_reset(&v);
    g_assert_cmpuint(vtpm_fake_controls(v.fake, CMD_INIT), ==, 1);
    vtpm_crb_assert_works(&v);
    vtpm_stop(&v);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    qtest_add_func("/vtpm-emulator/status-counts-commands", test_status_counts);
    qtest_add_func("/vtpm-emulator/answer-may-come-in-pieces", test_answer_in_pieces);
    qtest_add_func("/vtpm-emulator/locality-is-set-on-change-only",
                   test_locality_set_on_change_only);
    qtest_add_func("/vtpm-emulator/inline/fast-command-completes", test_inline);
    qtest_add_func("/vtpm-emulator/inline/zero-turns-it-off", test_inline_off);
    qtest_add_func("/vtpm-emulator/inline/learns-by-command-code", test_inline_learns_by_code);
    qtest_add_func("/vtpm-emulator/cancel/does-not-wait", test_cancel_does_not_wait);
    qtest_add_func("/vtpm-emulator/cancel/late-replies-are-skipped",
                   test_cancel_replies_are_skipped);
    qtest_add_func("/vtpm-emulator/capabilities-gate-control-commands", test_capabilities_gate);
    qtest_add_func("/vtpm-emulator/reset/shuts-tpm-down-in-order", test_reset_shuts_down);
    qtest_add_func("/vtpm-emulator/reset/leaves-shutdown-to-a-guest-that-did-it",
                   test_reset_leaves_shutdown_to_guest);
    qtest_add_func("/vtpm-emulator/reset/shutdown-of-no-type-is-none", test_shutdown_of_no_type);
    for (unsigned i = 0; i < ARRAY_SIZE(data_faults); i++) {
        g_autofree char *path =
            g_strdup_printf("/vtpm-emulator/hostile-answer/%s", data_faults[i].name);

        qtest_add_data_func(path, &data_faults[i], test_data_fault);
    }
    qtest_add_func("/vtpm-emulator/hostile-answer/silence", test_silence);
    qtest_add_func("/vtpm-emulator/hostile-answer/larger-than-the-crb-buffer",
                   test_answer_larger_than_crb);
    qtest_add_func("/vtpm-emulator/refused-locality-fails-one-command", test_refused_locality);
    for (unsigned i = 0; i < ARRAY_SIZE(reset_faults); i++) {
        g_autofree char *path =
            g_strdup_printf("/vtpm-emulator/reset-survives/%s", reset_faults[i].name);

        qtest_add_data_func(path, &reset_faults[i], test_reset_fault);
    }
    qtest_add_func("/vtpm-emulator/loss/fails-the-command-in-flight", test_dead_while_running);
    qtest_add_func("/vtpm-emulator/loss/resets-do-not-end-qemu", test_dead_over_resets);
    qtest_add_func("/vtpm-emulator/loss/no-return-before-a-reset", test_no_return_before_reset);
    return g_test_run();
}
