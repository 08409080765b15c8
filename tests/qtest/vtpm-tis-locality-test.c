/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * TPM TIS device: localities, interrupts, hash sequence
 */
#include "qemu/osdep.h"
#include "backends/tpm/tpm_ioctl.h"
#include "hw/acpi/tpm.h"
#include "qemu/bswap.h"
#include "vtpm-util.h"

#define ACTIVE TPM_TIS_ACCESS_ACTIVE_LOCALITY
#define REQUEST TPM_TIS_ACCESS_REQUEST_USE
#define PENDING TPM_TIS_ACCESS_PENDING_REQUEST
#define SEIZE TPM_TIS_ACCESS_SEIZE
#define BEEN_SEIZED TPM_TIS_ACCESS_BEEN_SEIZED
#define IDLE_ACCESS (TPM_TIS_ACCESS_TPM_REG_VALID_STS | TPM_TIS_ACCESS_TPM_ESTABLISHMENT)
#define READY TPM_TIS_STS_COMMAND_READY

static Vtpm start(void)
{
    return vtpm_start(TPM_VERSION_2_0, "tpm-tis", "", "");
}

/* --- localities --- */

static void test_others_see_ones(void)
{
    Vtpm v = start();

    vtpm_tis_write_access(&v, 1, REQUEST);
    for (unsigned i = 0; i < 5; i++) {
        if (i != 1) {
            g_assert_cmphex(qtest_readl(v.qts, vtpm_reg(i, TPM_TIS_REG_STS)), ==, 0xffffffff);
            g_assert_cmphex(qtest_readb(v.qts, vtpm_reg(i, TPM_TIS_REG_DATA_FIFO)), ==, 0xff);
            vtpm_tis_write_sts(&v, i, READY);
        }
    }
    g_assert_cmphex(vtpm_tis_sts(&v, 1), ==, 0);
    vtpm_stop(&v);
}

static void test_seize_waits(void)
{
    Vtpm v = start();
    uint8_t command[20];

    vtpm_tis_hold(&v, 0, command, sizeof(command));
    vtpm_tis_write_access(&v, 1, SEIZE);
    g_assert_cmphex(vtpm_tis_access(&v, 1), ==, IDLE_ACCESS);
    g_assert_cmphex(vtpm_tis_access(&v, 0), ==, IDLE_ACCESS | ACTIVE);
    vtpm_tis_write_access(&v, 3, SEIZE); /* beats the one that waits */
    vtpm_tis_write_access(&v, 2, SEIZE); /* does not */
    vtpm_fake_release(v.fake);
    vtpm_wait_until(vtpm_tis_access(&v, 3) == (IDLE_ACCESS | ACTIVE));
    g_assert_cmphex(vtpm_tis_access(&v, 0), ==, IDLE_ACCESS | BEEN_SEIZED);
    g_assert_cmphex(vtpm_tis_access(&v, 1), ==, IDLE_ACCESS);
    g_assert_cmphex(vtpm_tis_access(&v, 2), ==, IDLE_ACCESS);
    g_assert_cmphex(vtpm_tis_sts(&v, 3), ==, 0);
    vtpm_tis_write_access(&v, 0, BEEN_SEIZED);
    g_assert_cmphex(vtpm_tis_access(&v, 0), ==, IDLE_ACCESS);
    vtpm_stop(&v);
}

/* swtpm may take two control requests for one: it is asked for nothing while it owes an answer. */
static void test_seize_awaits_cancel(void)
{
    Vtpm v = start();
    uint8_t command[20], response[4096];

    vtpm_tis_hold(&v, 0, command, sizeof(command));
    vtpm_fake_fault_control(v.fake, CMD_CANCEL_TPM_CMD, VTPM_LATE);
    vtpm_tis_write_access(&v, 3, SEIZE);
    vtpm_wait_until(vtpm_fake_controls(v.fake, CMD_CANCEL_TPM_CMD) == 1);
    vtpm_fake_release(v.fake);
    vtpm_wait_until(vtpm_tis_access(&v, 3) == (IDLE_ACCESS | ACTIVE));
    vtpm_fake_forget(v.fake);
    vtpm_tis_start(&v, 3, command, sizeof(command));
    g_assert_true(vtpm_fake_settle(v.fake, 10000));
    g_assert_cmpuint(vtpm_fake_controls(v.fake, CMD_SET_LOCALITY), ==, 0);
    vtpm_fake_release_control(v.fake);
    vtpm_assert_answer(command, sizeof(command), response, vtpm_tis_response(&v, 3, response));
    g_assert_cmpuint(vtpm_fake_controls(v.fake, CMD_SET_LOCALITY), ==, 1);
    g_assert_cmpuint(vtpm_fake_locality(v.fake), ==, 3);
    vtpm_stop(&v);
}

static void test_cancel_awaits_cancel(void)
{
    Vtpm v = start();
    uint8_t command[20], response[4096];

    vtpm_tis_hold(&v, 0, command, sizeof(command));
    vtpm_fake_fault_control(v.fake, CMD_CANCEL_TPM_CMD, VTPM_LATE);
    for (unsigned i = 0; i < 2; i++) {
        vtpm_tis_write_sts(&v, 0, TPM_TIS_STS_COMMAND_CANCEL);
        vtpm_wait_until(vtpm_fake_controls(v.fake, CMD_CANCEL_TPM_CMD) == 1);
        vtpm_fake_release(v.fake);
        vtpm_assert_answer(command, sizeof(command), response, vtpm_tis_response(&v, 0, response));
        vtpm_tis_hold(&v, 0, command, sizeof(command));
    }
    g_assert_true(vtpm_fake_settle(v.fake, 10000));
    g_assert_cmpuint(vtpm_fake_controls(v.fake, CMD_CANCEL_TPM_CMD), ==, 1);
    vtpm_fake_release_control(v.fake);
    g_assert_true(vtpm_fake_settle(v.fake, 10000));
    vtpm_tis_write_sts(&v, 0, TPM_TIS_STS_COMMAND_CANCEL);
    vtpm_wait_until(vtpm_fake_controls(v.fake, CMD_CANCEL_TPM_CMD) == 2);
    vtpm_fake_release(v.fake);
    vtpm_assert_answer(command, sizeof(command), response, vtpm_tis_response(&v, 0, response));
    vtpm_stop(&v);
}

static void test_relinquish_waits(void)
{
    Vtpm v = start();
    uint8_t command[20];

    vtpm_tis_hold(&v, 0, command, sizeof(command));
    vtpm_tis_write_access(&v, 0, ACTIVE);
    vtpm_tis_write_access(&v, 2, REQUEST);
    g_assert_cmphex(vtpm_tis_access(&v, 0), ==, IDLE_ACCESS | ACTIVE | PENDING);
    vtpm_fake_release(v.fake);
    vtpm_wait_until(vtpm_tis_access(&v, 2) == (IDLE_ACCESS | ACTIVE));
    g_assert_cmphex(vtpm_tis_sts(&v, 2), ==, 0);
    vtpm_stop(&v);
}

static void test_relinquish_drops_response(void)
{
    Vtpm v = start();
    uint8_t command[20];

    vtpm_command(command, sizeof(command), VTPM_PCR_READ);
    vtpm_tis_start(&v, 0, command, sizeof(command));
    vtpm_tis_wait_for_response(&v, 0);
    vtpm_tis_write_access(&v, 0, ACTIVE);
    vtpm_tis_write_access(&v, 0, REQUEST);
    g_assert_cmphex(vtpm_tis_sts(&v, 0), ==, 0);
    g_assert_cmphex(qtest_readb(v.qts, vtpm_reg(0, TPM_TIS_REG_DATA_FIFO)), ==, 0xff);
    vtpm_stop(&v);
}

static void test_request_taken_back(void)
{
    Vtpm v = start();

    vtpm_tis_write_access(&v, 0, REQUEST);
    vtpm_tis_write_access(&v, 1, REQUEST);
    g_assert_cmphex(vtpm_tis_access(&v, 0), ==, IDLE_ACCESS | ACTIVE | PENDING);
    vtpm_tis_write_access(&v, 1, ACTIVE);
    g_assert_cmphex(vtpm_tis_access(&v, 0), ==, IDLE_ACCESS | ACTIVE);
    vtpm_tis_write_access(&v, 0, ACTIVE);
    g_assert_cmphex(vtpm_tis_access(&v, 1), ==, IDLE_ACCESS);
    vtpm_stop(&v);
}

/* --- interrupts --- */

static void expect_interrupt(Vtpm *v, uint32_t flags)
{
    uint64_t status = vtpm_reg(0, TPM_TIS_REG_INT_STATUS);

    vtpm_wait_until((qtest_readl(v->qts, status) & flags) == flags);
    g_assert_true(qtest_get_irq(v->qts, TPM_TIS_IRQ));
    qtest_writel(v->qts, status, flags);
    g_assert_cmphex(qtest_readl(v->qts, status), ==, 0);
    g_assert_false(qtest_get_irq(v->qts, TPM_TIS_IRQ));
}

static void test_interrupts(void)
{
    Vtpm v = start();
    uint8_t command[20], response[4096];

    vtpm_command(command, sizeof(command), VTPM_PCR_READ);
    qtest_irq_intercept_in(v.qts, "ioapic");
    vtpm_tis_write_access(&v, 0, REQUEST);
    qtest_writel(v.qts, vtpm_reg(0, TPM_TIS_REG_INT_ENABLE),
                 TPM_TIS_INT_ENABLED | TPM_TIS_INTERRUPTS_SUPPORTED);
    vtpm_tis_write_access(&v, 0, ACTIVE);
    vtpm_tis_write_access(&v, 0, REQUEST);
    expect_interrupt(&v, TPM_TIS_INT_LOCALITY_CHANGED);
    vtpm_tis_write_sts(&v, 0, READY);
    expect_interrupt(&v, TPM_TIS_INT_COMMAND_READY);
    vtpm_tis_start(&v, 0, command, sizeof(command));
    expect_interrupt(&v, TPM_TIS_INT_DATA_AVAILABLE | TPM_TIS_INT_STS_VALID);
    vtpm_tis_response(&v, 0, response);
    expect_interrupt(&v, TPM_TIS_INT_STS_VALID);
    qtest_writel(v.qts, vtpm_reg(0, TPM_TIS_REG_INT_ENABLE), TPM_TIS_INTERRUPTS_SUPPORTED);
    vtpm_tis_write_sts(&v, 0, READY);
    g_assert_cmphex(qtest_readl(v.qts, vtpm_reg(0, TPM_TIS_REG_INT_STATUS)), ==, 0);
    g_assert_false(qtest_get_irq(v.qts, TPM_TIS_IRQ));
    vtpm_stop(&v);
}

/* An event that nobody asked for is told along with one that was, and holds no line. */
static void test_interrupt_of_one_event(void)
{
    Vtpm v = start();
    uint64_t status = vtpm_reg(0, TPM_TIS_REG_INT_STATUS);
    uint8_t command[20];

    vtpm_command(command, sizeof(command), VTPM_PCR_READ);
    qtest_irq_intercept_in(v.qts, "ioapic");
    vtpm_tis_write_access(&v, 0, REQUEST);
    qtest_writel(v.qts, vtpm_reg(0, TPM_TIS_REG_INT_ENABLE),
                 TPM_TIS_INT_ENABLED | TPM_TIS_INT_DATA_AVAILABLE);
    vtpm_tis_write_sts(&v, 0, READY);
    g_assert_cmphex(qtest_readl(v.qts, status), ==, 0);
    vtpm_tis_start(&v, 0, command, sizeof(command));
    vtpm_wait_until(qtest_get_irq(v.qts, TPM_TIS_IRQ));
    g_assert_cmphex(qtest_readl(v.qts, status), ==,
                    TPM_TIS_INT_DATA_AVAILABLE | TPM_TIS_INT_STS_VALID);
    qtest_writel(v.qts, status, TPM_TIS_INT_DATA_AVAILABLE);
    g_assert_cmphex(qtest_readl(v.qts, status), ==, TPM_TIS_INT_STS_VALID);
    g_assert_false(qtest_get_irq(v.qts, TPM_TIS_IRQ));
    vtpm_stop(&v);
}

/* --- locality 4 --- */

static void test_locality4_off(void)
{
    Vtpm v = start();

    vtpm_fake_forget(v.fake);
    vtpm_tis_write_access(&v, 4, REQUEST);
    qtest_writel(v.qts, vtpm_reg(4, VTPM_HASH_START), 1);
    qtest_writel(v.qts, vtpm_reg(4, VTPM_HASH_DATA), 0x12345678);
    qtest_writel(v.qts, vtpm_reg(4, VTPM_HASH_END), 1);
    g_assert_cmphex(vtpm_tis_access(&v, 4), ==, IDLE_ACCESS);
    g_assert_cmpuint(vtpm_fake_controls(v.fake, CMD_HASH_START), ==, 0);
    vtpm_stop(&v);
}

static void test_hash(void)
{
    Vtpm v = vtpm_start(TPM_VERSION_2_0, "tpm-tis,locality4=on", "", "");
    g_autoptr(GByteArray) want = g_byte_array_new();
    GByteArray *hashed;

    vtpm_tis_write_access(&v, 1, REQUEST);
    qtest_writeb(v.qts, vtpm_reg(4, VTPM_HASH_START), 1);
    g_assert_cmphex(vtpm_tis_access(&v, 1), ==, IDLE_ACCESS | BEEN_SEIZED);
    g_assert_cmphex(vtpm_tis_access(&v, 4), ==, IDLE_ACCESS | ACTIVE);
    for (uint32_t i = 0; i < 1300; i++) {
        uint8_t bytes[4];

        stl_le_p(bytes, i * 0x01030507);
        g_byte_array_append(want, bytes, 4);
        qtest_writel(v.qts, vtpm_reg(4, VTPM_HASH_DATA), i * 0x01030507);
    }
    g_byte_array_append(want, (const uint8_t *)"\x77", 1);
    qtest_writeb(v.qts, vtpm_reg(4, VTPM_HASH_DATA), 0x77);
    qtest_writeb(v.qts, vtpm_reg(4, VTPM_HASH_END), 1);
    hashed = vtpm_fake_hashed(v.fake);
    g_assert_cmpmem(hashed->data, hashed->len, want->data, want->len);
    g_byte_array_unref(hashed);
    g_assert_cmpuint(vtpm_fake_controls(v.fake, CMD_HASH_END), ==, 1);
    g_assert_cmphex(vtpm_tis_access(&v, 4), ==, TPM_TIS_ACCESS_TPM_REG_VALID_STS); /* established */
    vtpm_tis_write_access(&v, 3, REQUEST);
    vtpm_tis_write_sts(&v, 3, TPM_TIS_STS_RESET_ESTABLISHMENT_BIT);
    g_assert_cmphex(vtpm_tis_access(&v, 3), ==, IDLE_ACCESS | ACTIVE);
    vtpm_stop(&v);
}

static void test_hash_while_executing(void)
{
    Vtpm v = vtpm_start(TPM_VERSION_2_0, "tpm-tis,locality4=on", "", "");
    uint8_t command[20];

    vtpm_tis_hold(&v, 0, command, sizeof(command));
    qtest_writeb(v.qts, vtpm_reg(4, VTPM_HASH_START), 1);
    qtest_writeb(v.qts, vtpm_reg(4, VTPM_HASH_DATA), 1);
    qtest_writeb(v.qts, vtpm_reg(4, VTPM_HASH_END), 1);
    vtpm_fake_release(v.fake);
    vtpm_tis_wait_for_response(&v, 0);
    g_assert_cmpuint(vtpm_fake_controls(v.fake, CMD_HASH_START), ==, 0);
    g_assert_cmpuint(vtpm_fake_controls(v.fake, CMD_HASH_END), ==, 0);
    vtpm_stop(&v);
}

static void test_hash_refused(void)
{
    Vtpm v = vtpm_start(TPM_VERSION_2_0, "tpm-tis,locality4=on", "", "");

    vtpm_fake_fault_control(v.fake, CMD_HASH_START, VTPM_REFUSE);
    qtest_writeb(v.qts, vtpm_reg(4, VTPM_HASH_START), 1);
    qtest_writeb(v.qts, vtpm_reg(4, VTPM_HASH_DATA), 1);
    qtest_writeb(v.qts, vtpm_reg(4, VTPM_HASH_END), 1);
    g_assert_cmpuint(vtpm_fake_controls(v.fake, CMD_HASH_DATA), ==, 0);
    g_assert_cmpuint(vtpm_fake_controls(v.fake, CMD_HASH_END), ==, 0);
    g_assert_cmphex(vtpm_tis_access(&v, 4), ==, IDLE_ACCESS);
    g_assert_true(vtpm_state_is(&v, "running"));
    vtpm_stop(&v);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    qtest_add_func("/vtpm-tis/locality/others-see-ones", test_others_see_ones);
    qtest_add_func("/vtpm-tis/locality/seize-waits-for-the-command", test_seize_waits);
    qtest_add_func("/vtpm-tis/locality/seize-waits-for-the-answer-to-its-cancel",
                   test_seize_awaits_cancel);
    qtest_add_func("/vtpm-tis/cancel/one-waits-for-the-answer-to-another",
                   test_cancel_awaits_cancel);
    qtest_add_func("/vtpm-tis/locality/relinquish-waits-for-the-command", test_relinquish_waits);
    qtest_add_func("/vtpm-tis/locality/relinquish-drops-the-response",
                   test_relinquish_drops_response);
    qtest_add_func("/vtpm-tis/locality/request-can-be-taken-back", test_request_taken_back);
    qtest_add_func("/vtpm-tis/interrupts/all-four", test_interrupts);
    qtest_add_func("/vtpm-tis/interrupts/one-event-of-two", test_interrupt_of_one_event);
    qtest_add_func("/vtpm-tis/locality4/closed-unless-asked-for", test_locality4_off);
    qtest_add_func("/vtpm-tis/locality4/hash-sequence-reaches-the-tpm", test_hash);
    qtest_add_func("/vtpm-tis/locality4/hash-sequence-does-not-cut-into-a-command",
                   test_hash_while_executing);
    qtest_add_func("/vtpm-tis/locality4/refused-hash-sequence-is-over", test_hash_refused);
    return g_test_run();
}
