/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * TPM CRB device: registers, states, localities
 */
#include "qemu/osdep.h"
#include "backends/tpm/tpm_ioctl.h"
#include "hw/acpi/tpm.h"
#include "qemu/bswap.h"
#include "vtpm-util.h"

#define IDLE 2 /* CTRL_STS.tpmIdle */
#define REQUEST 1
#define RELINQUISH 2
#define SEIZE 4
#define GRANTED 1
#define BEEN_SEIZED 2

static uint32_t get(Vtpm *v, unsigned locality, unsigned offset)
{
    return qtest_readl(v->qts, vtpm_reg(locality, offset));
}

static void set(Vtpm *v, unsigned locality, unsigned offset, uint32_t val)
{
    qtest_writel(v->qts, vtpm_reg(locality, offset), val);
}

static uint8_t owner(Vtpm *v, unsigned locality)
{
    uint32_t state = get(v, locality, A_CRB_LOC_STATE);

    return FIELD_EX32(state, CRB_LOC_STATE, locAssigned)
               ? FIELD_EX32(state, CRB_LOC_STATE, activeLocality)
               : 0xff;
}

static void put_command(Vtpm *v, unsigned locality, size_t size)
{
    g_autofree uint8_t *command = g_malloc(size);

    vtpm_command(command, size, VTPM_PCR_READ);
    qtest_memwrite(v->qts, vtpm_reg(locality, A_CRB_DATA_BUFFER), command, size);
}

/* --- registers --- */

static void test_access_widths(void)
{
    Vtpm v = vtpm_start(TPM_VERSION_2_0, "tpm-crb", "", "");
    uint64_t id = vtpm_reg(0, A_CRB_INTF_ID);
    uint32_t val = qtest_readl(v.qts, id);

    g_assert_cmphex(val, !=, 0);
    g_assert_cmphex(qtest_readw(v.qts, id), ==, val & 0xffff);
    g_assert_cmphex(qtest_readw(v.qts, id + 2), ==, val >> 16);
    for (unsigned i = 0; i < 4; i++) {
        g_assert_cmphex(qtest_readb(v.qts, id + i), ==, (val >> (8 * i)) & 0xff);
    }
    g_assert_cmphex(qtest_readq(v.qts, id), ==, val | (uint64_t)get(&v, 0, A_CRB_INTF_ID2) << 32);
    qtest_writeb(v.qts, vtpm_reg(0, A_CRB_LOC_CTRL), REQUEST);
    g_assert_cmpuint(owner(&v, 0), ==, 0);
    vtpm_stop(&v);
}

static void test_selector_lock(void)
{
    Vtpm v = vtpm_start(TPM_VERSION_2_0, "tpm-crb", "", "");
    uint32_t before = get(&v, 0, A_CRB_INTF_ID);

    set(&v, 0, A_CRB_INTF_ID, 0x80000);
    g_assert_cmphex(get(&v, 0, A_CRB_INTF_ID), ==, before | 0x80000);
    set(&v, 0, A_CRB_INTF_ID, 0);
    g_assert_cmphex(get(&v, 0, A_CRB_INTF_ID), ==, before | 0x80000);
    vtpm_reset(&v);
    g_assert_cmphex(get(&v, 0, A_CRB_INTF_ID), ==, before);
    vtpm_stop(&v);
}

static void test_read_only(void)
{
    static const unsigned offsets[] = { A_CRB_LOC_STATE,      A_CRB_LOC_STS,
                                        A_CRB_INTF_ID2,       A_CRB_CTRL_STS,
                                        A_CRB_CTRL_CMD_SIZE,  A_CRB_CTRL_CMD_LADDR,
                                        A_CRB_CTRL_CMD_HADDR, A_CRB_CTRL_RSP_SIZE,
                                        A_CRB_CTRL_RSP_ADDR };
    Vtpm v = vtpm_start(TPM_VERSION_2_0, "tpm-crb", "", "");

    set(&v, 0, A_CRB_LOC_CTRL, REQUEST);
    for (unsigned i = 0; i < ARRAY_SIZE(offsets); i++) {
        uint32_t before = get(&v, 0, offsets[i]);

        set(&v, 0, offsets[i], ~before);
        g_assert_cmphex(get(&v, 0, offsets[i]), ==, before);
    }
    vtpm_stop(&v);
}

/* --- states --- */

static void test_idle_enforced(void)
{
    Vtpm v = vtpm_start(TPM_VERSION_2_0, "tpm-crb,enforce-idle=on", "", "");

    set(&v, 0, A_CRB_LOC_CTRL, REQUEST);
    put_command(&v, 0, 12);
    vtpm_fake_forget(v.fake);
    set(&v, 0, A_CRB_CTRL_START, 1);
    g_assert_cmphex(get(&v, 0, A_CRB_CTRL_START), ==, 0);
    g_assert_cmphex(get(&v, 0, A_CRB_CTRL_STS), ==, IDLE);
    set(&v, 0, A_CRB_CTRL_REQ, 1);
    g_assert_cmphex(get(&v, 0, A_CRB_CTRL_REQ), ==, 0);
    g_assert_cmphex(get(&v, 0, A_CRB_CTRL_STS), ==, 0);
    g_assert_cmpuint(vtpm_fake_commands(v.fake, VTPM_PCR_READ), ==, 0);
    set(&v, 0, A_CRB_CTRL_START, 1);
    vtpm_wait_until(!vtpm_crb_running(&v));
    g_assert_cmpuint(vtpm_fake_commands(v.fake, VTPM_PCR_READ), ==, 1);
    set(&v, 0, A_CRB_CTRL_REQ, 2);
    g_assert_cmphex(get(&v, 0, A_CRB_CTRL_STS), ==, IDLE);
    vtpm_stop(&v);
}

static void test_ready_and_idle_together(void)
{
    Vtpm v = vtpm_start(TPM_VERSION_2_0, "tpm-crb", "", "");

    set(&v, 0, A_CRB_LOC_CTRL, REQUEST);
    set(&v, 0, A_CRB_CTRL_REQ, 3);
    g_assert_cmphex(get(&v, 0, A_CRB_CTRL_STS), ==, IDLE);
    set(&v, 0, A_CRB_CTRL_REQ, 1);
    set(&v, 0, A_CRB_CTRL_REQ, 3);
    g_assert_cmphex(get(&v, 0, A_CRB_CTRL_STS), ==, 0);
    vtpm_stop(&v);
}

static void test_running_command_is_left_alone(void)
{
    Vtpm v = vtpm_start(TPM_VERSION_2_0, "tpm-crb", "", "");
    uint8_t command[32], response[4096];

    vtpm_crb_hold(&v, 0, command, sizeof(command));
    set(&v, 0, A_CRB_CTRL_START, 1);
    set(&v, 0, A_CRB_CTRL_REQ, 2);
    g_assert_cmphex(get(&v, 0, A_CRB_CTRL_STS), ==, 0);
    set(&v, 0, A_CRB_CTRL_REQ, 1);
    g_assert_true(vtpm_crb_running(&v));
    vtpm_fake_release(v.fake);
    vtpm_wait_until(!vtpm_crb_running(&v));
    vtpm_assert_answer(command, sizeof(command), response, vtpm_crb_response(&v, response));
    g_assert_cmpuint(vtpm_fake_commands(v.fake, VTPM_PCR_READ), ==, 1);
    vtpm_stop(&v);
}

/* The guest cannot change a command that was started, nor make the response overrun. */
static void test_command_is_copied(void)
{
    Vtpm v = vtpm_start(TPM_VERSION_2_0, "tpm-crb", "", "");
    uint8_t command[32], response[4096], junk[0xf80];

    vtpm_command(command, sizeof(command), VTPM_PCR_READ);
    memset(junk, 0xff, sizeof(junk));
    vtpm_fake_hold(v.fake);
    vtpm_crb_start(&v, 0, command, sizeof(command));
    qtest_memwrite(v.qts, vtpm_reg(0, A_CRB_DATA_BUFFER), junk, sizeof(junk));
    vtpm_fake_release(v.fake);
    vtpm_wait_until(!vtpm_crb_running(&v));
    vtpm_assert_answer(command, sizeof(command), response, vtpm_crb_response(&v, response));
    vtpm_stop(&v);
}

static void test_impossible_sizes(void)
{
    static const uint32_t sizes[] = { 0, 1, 6, 9, 0xf81, 0x1000, 0x80000000, 0xffffffff };
    Vtpm v = vtpm_start(TPM_VERSION_2_0, "tpm-crb", "", "");
    uint8_t command[12], response[4096];

    vtpm_fake_forget(v.fake);
    for (unsigned i = 0; i < ARRAY_SIZE(sizes); i++) {
        vtpm_command(command, sizeof(command), VTPM_PCR_READ);
        stl_be_p(command + 2, sizes[i]);
        g_assert_cmpuint(vtpm_crb_run(&v, command, sizeof(command), response), ==, 10);
        g_assert_cmphex(ldl_be_p(response + 6), ==, 0x142); /* TPM_RC_COMMAND_SIZE */
    }
    g_assert_cmpuint(vtpm_fake_commands(v.fake, VTPM_PCR_READ), ==, 0);
    vtpm_stop(&v);
}

static void test_largest_command(void)
{
    Vtpm v = vtpm_start(TPM_VERSION_2_0, "tpm-crb", "", "");
    uint8_t command[0xf80], response[4096];

    vtpm_command(command, sizeof(command), VTPM_PCR_READ);
    vtpm_fake_set_response_size(v.fake, 0xf80);
    g_assert_cmpuint(vtpm_crb_run(&v, command, sizeof(command), response), ==, 0xf80);
    g_assert_cmpmem(response + 10, 0xf76, command, 0xf76);
    vtpm_stop(&v);
}

static void test_cancel(void)
{
    Vtpm v = vtpm_start(TPM_VERSION_2_0, "tpm-crb", "", "");
    uint8_t command[12];

    set(&v, 0, A_CRB_LOC_CTRL, REQUEST);
    set(&v, 0, A_CRB_CTRL_CANCEL, 1);
    g_assert_cmphex(get(&v, 0, A_CRB_CTRL_CANCEL), ==, 0); /* nothing to cancel */
    vtpm_crb_hold(&v, 0, command, sizeof(command));
    set(&v, 0, A_CRB_CTRL_CANCEL, 1);
    set(&v, 0, A_CRB_CTRL_CANCEL, 1);
    g_assert_cmphex(get(&v, 0, A_CRB_CTRL_CANCEL), ==, 1);
    vtpm_wait_until(vtpm_fake_controls(v.fake, CMD_CANCEL_TPM_CMD) == 1);
    vtpm_fake_release(v.fake);
    vtpm_wait_until(!vtpm_crb_running(&v));
    set(&v, 0, A_CRB_CTRL_CANCEL, 0);
    g_assert_cmphex(get(&v, 0, A_CRB_CTRL_CANCEL), ==, 0);
    vtpm_stop(&v);
}

static void test_reset_while_running(void)
{
    Vtpm v = vtpm_start(TPM_VERSION_2_0, "tpm-crb", ",control-timeout=1", "");
    uint8_t command[12];

    vtpm_crb_hold(&v, 0, command, sizeof(command));
    qtest_qmp_send(v.qts, "{ 'execute': 'system_reset' }");
    vtpm_fake_release(v.fake);
    qtest_qmp_eventwait(v.qts, "RESET");
    g_assert_cmphex(get(&v, 0, A_CRB_CTRL_START), ==, 0);
    g_assert_cmphex(get(&v, 0, A_CRB_CTRL_STS), ==, IDLE);
    g_assert_cmpuint(owner(&v, 0), ==, 0xff);
    vtpm_crb_assert_works(&v);
    vtpm_stop(&v);
}

/* --- localities --- */

static Vtpm start_five(void)
{
    return vtpm_start(TPM_VERSION_2_0, "tpm-crb,localities=5", "", "");
}

static void test_each_has_registers(void)
{
    Vtpm v = start_five();

    for (unsigned i = 0; i < 5; i++) {
        uint8_t byte = 0x40 + i, back = 0;

        g_assert_cmpuint(FIELD_EX32(get(&v, i, A_CRB_INTF_ID), CRB_INTF_ID, CapLocality), ==, 1);
        g_assert_cmphex(get(&v, i, A_CRB_CTRL_CMD_LADDR), ==, vtpm_reg(i, A_CRB_DATA_BUFFER));
        g_assert_cmphex(get(&v, i, A_CRB_CTRL_RSP_ADDR), ==, vtpm_reg(i, A_CRB_DATA_BUFFER));
        qtest_memwrite(v.qts, vtpm_reg(i, A_CRB_DATA_BUFFER), &byte, 1);
        qtest_memread(v.qts, vtpm_reg(0, A_CRB_DATA_BUFFER), &back, 1);
        g_assert_cmphex(back, ==, byte);
    }
    vtpm_stop(&v);
}

static void test_one_only(void)
{
    Vtpm v = vtpm_start(TPM_VERSION_2_0, "tpm-crb", "", "");

    g_assert_cmpuint(FIELD_EX32(get(&v, 0, A_CRB_INTF_ID), CRB_INTF_ID, CapLocality), ==, 0);
    set(&v, 1, A_CRB_LOC_CTRL, REQUEST);
    g_assert_cmpuint(owner(&v, 0), ==, 0xff);
    vtpm_stop(&v);
}

static void test_highest_request_follows(void)
{
    Vtpm v = start_five();

    set(&v, 1, A_CRB_LOC_CTRL, REQUEST);
    set(&v, 0, A_CRB_LOC_CTRL, REQUEST);
    set(&v, 3, A_CRB_LOC_CTRL, REQUEST);
    for (unsigned i = 0; i < 5; i++) {
        g_assert_cmpuint(owner(&v, i), ==, 1);
        g_assert_cmphex(get(&v, i, A_CRB_LOC_STS), ==, i == 1 ? GRANTED : 0);
    }
    set(&v, 1, A_CRB_LOC_CTRL, RELINQUISH);
    g_assert_cmpuint(owner(&v, 0), ==, 3);
    set(&v, 3, A_CRB_LOC_CTRL, RELINQUISH);
    g_assert_cmpuint(owner(&v, 0), ==, 0);
    set(&v, 0, A_CRB_LOC_CTRL, RELINQUISH);
    g_assert_cmpuint(owner(&v, 0), ==, 0xff);
    vtpm_stop(&v);
}

static void test_seize(void)
{
    Vtpm v = start_five();

    set(&v, 2, A_CRB_LOC_CTRL, REQUEST);
    set(&v, 1, A_CRB_LOC_CTRL, SEIZE);
    g_assert_cmpuint(owner(&v, 0), ==, 2);
    set(&v, 3, A_CRB_LOC_CTRL, SEIZE);
    g_assert_cmpuint(owner(&v, 0), ==, 3);
    g_assert_cmphex(get(&v, 2, A_CRB_LOC_STS), ==, BEEN_SEIZED);
    g_assert_cmphex(get(&v, 3, A_CRB_LOC_STS), ==, GRANTED);
    set(&v, 2, A_CRB_LOC_CTRL, REQUEST);
    g_assert_cmphex(get(&v, 2, A_CRB_LOC_STS), ==, 0);
    vtpm_stop(&v);
}

static void test_combined_bits(void)
{
    Vtpm v = start_five();

    set(&v, 2, A_CRB_LOC_CTRL, REQUEST);
    set(&v, 2, A_CRB_LOC_CTRL, REQUEST | RELINQUISH);
    g_assert_cmpuint(owner(&v, 0), ==, 2);
    set(&v, 3, A_CRB_LOC_CTRL, REQUEST | SEIZE);
    g_assert_cmpuint(owner(&v, 0), ==, 3);
    set(&v, 3, A_CRB_LOC_CTRL, 0xfffffff0 | RELINQUISH);
    g_assert_cmpuint(owner(&v, 0), ==, 0xff);
    vtpm_stop(&v);
}

static void test_control_belongs_to_owner(void)
{
    Vtpm v = start_five();

    set(&v, 2, A_CRB_LOC_CTRL, REQUEST);
    set(&v, 1, A_CRB_CTRL_REQ, 1);
    g_assert_cmphex(get(&v, 2, A_CRB_CTRL_STS), ==, IDLE);
    set(&v, 2, A_CRB_CTRL_REQ, 1);
    put_command(&v, 2, 12);
    vtpm_fake_forget(v.fake);
    set(&v, 3, A_CRB_CTRL_START, 1);
    g_assert_cmpuint(vtpm_fake_commands(v.fake, VTPM_PCR_READ), ==, 0);
    set(&v, 2, A_CRB_CTRL_START, 1);
    vtpm_wait_until(!vtpm_crb_running(&v));
    g_assert_cmpuint(vtpm_fake_commands(v.fake, VTPM_PCR_READ), ==, 1);
    g_assert_cmpuint(vtpm_fake_locality(v.fake), ==, 2);
    vtpm_stop(&v);
}

/* The owner changes when the command is over, and its response goes to nobody. */
static void test_seize_of_running_command(void)
{
    Vtpm v = start_five();
    uint8_t command[12], first[10];

    vtpm_crb_hold(&v, 0, command, sizeof(command));
    set(&v, 1, A_CRB_LOC_CTRL, SEIZE);
    vtpm_wait_until(vtpm_fake_controls(v.fake, CMD_CANCEL_TPM_CMD) == 1);
    g_assert_cmpuint(owner(&v, 0), ==, 0);
    set(&v, 3, A_CRB_LOC_CTRL, SEIZE); /* beats the one that waits */
    set(&v, 2, A_CRB_LOC_CTRL, SEIZE); /* does not */
    vtpm_fake_release(v.fake);
    vtpm_wait_until(owner(&v, 0) == 3);
    g_assert_cmphex(get(&v, 3, A_CRB_CTRL_START), ==, 0);
    g_assert_cmphex(get(&v, 3, A_CRB_CTRL_STS), ==, IDLE);
    g_assert_cmphex(get(&v, 0, A_CRB_LOC_STS), ==, BEEN_SEIZED);
    qtest_memread(v.qts, vtpm_reg(0, A_CRB_DATA_BUFFER), first, sizeof(first));
    g_assert_cmpmem(first, sizeof(first), command, sizeof(first));
    vtpm_stop(&v);
}

static void test_relinquish_of_running_command(void)
{
    Vtpm v = vtpm_start(TPM_VERSION_2_0, "tpm-crb", "", "");
    uint8_t command[12];

    vtpm_crb_hold(&v, 0, command, sizeof(command));
    set(&v, 0, A_CRB_LOC_CTRL, RELINQUISH);
    set(&v, 0, A_CRB_LOC_CTRL, RELINQUISH);
    vtpm_fake_release(v.fake);
    vtpm_wait_until(owner(&v, 0) == 0xff);
    g_assert_cmphex(get(&v, 0, A_CRB_CTRL_STS), ==, IDLE);
    vtpm_crb_assert_works(&v);
    vtpm_stop(&v);
}

static void test_reset_established(void)
{
    Vtpm v = start_five();

    vtpm_fake_forget(v.fake);
    set(&v, 2, A_CRB_LOC_CTRL, 8);
    g_assert_cmpuint(vtpm_fake_controls(v.fake, CMD_RESET_TPMESTABLISHED), ==, 0);
    set(&v, 3, A_CRB_LOC_CTRL, 8);
    g_assert_cmpuint(vtpm_fake_controls(v.fake, CMD_RESET_TPMESTABLISHED), ==, 1);
    vtpm_stop(&v);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    qtest_add_func("/vtpm-crb/registers/every-access-width", test_access_widths);
    qtest_add_func("/vtpm-crb/registers/read-only-ones-stay", test_read_only);
    qtest_add_func("/vtpm-crb/registers/selector-lock-stays-until-reset", test_selector_lock);
    qtest_add_func("/vtpm-crb/idle/start-is-refused", test_idle_enforced);
    qtest_add_func("/vtpm-crb/idle/contradicting-request-is-ignored", test_ready_and_idle_together);
    qtest_add_func("/vtpm-crb/execution/is-left-alone", test_running_command_is_left_alone);
    qtest_add_func("/vtpm-crb/execution/works-on-a-copy", test_command_is_copied);
    qtest_add_func("/vtpm-crb/command/impossible-size-is-answered", test_impossible_sizes);
    qtest_add_func("/vtpm-crb/command/largest", test_largest_command);
    qtest_add_func("/vtpm-crb/cancel/reads-back-and-reaches-the-tpm", test_cancel);
    qtest_add_func("/vtpm-crb/reset/ends-a-running-command", test_reset_while_running);
    qtest_add_func("/vtpm-crb/locality/one-unless-asked-for-five", test_one_only);
    qtest_add_func("/vtpm-crb/locality/each-has-its-registers", test_each_has_registers);
    qtest_add_func("/vtpm-crb/locality/highest-request-follows", test_highest_request_follows);
    qtest_add_func("/vtpm-crb/locality/seize-takes-over-from-lower-ones", test_seize);
    qtest_add_func("/vtpm-crb/locality/combined-bits-all-count", test_combined_bits);
    qtest_add_func("/vtpm-crb/locality/control-belongs-to-the-owner",
                   test_control_belongs_to_owner);
    qtest_add_func("/vtpm-crb/locality/seize-waits-for-the-command", test_seize_of_running_command);
    qtest_add_func("/vtpm-crb/locality/relinquish-waits-for-the-command",
                   test_relinquish_of_running_command);
    qtest_add_func("/vtpm-crb/locality/resets-established-from-three", test_reset_established);
    return g_test_run();
}
