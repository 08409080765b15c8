/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * TPM TIS device: registers, FIFO, states, localities, interrupts, hash sequence
 */
#include "qemu/osdep.h"
#include "backends/tpm/tpm_ioctl.h"
#include "hw/acpi/tpm.h"
#include "qemu/bswap.h"
#include "vtpm-util.h"

#define CC_PCR_READ 0x17e
#define ACTIVE TPM_TIS_ACCESS_ACTIVE_LOCALITY
#define REQUEST TPM_TIS_ACCESS_REQUEST_USE
#define PENDING TPM_TIS_ACCESS_PENDING_REQUEST
#define SEIZE TPM_TIS_ACCESS_SEIZE
#define BEEN_SEIZED TPM_TIS_ACCESS_BEEN_SEIZED
#define IDLE_ACCESS (TPM_TIS_ACCESS_TPM_REG_VALID_STS | TPM_TIS_ACCESS_TPM_ESTABLISHMENT)
#define READY TPM_TIS_STS_COMMAND_READY
#define GO TPM_TIS_STS_TPM_GO
#define RETRY TPM_TIS_STS_RESPONSE_RETRY
#define VALID TPM_TIS_STS_VALID
#define EXPECT TPM_TIS_STS_EXPECT
#define AVAILABLE TPM_TIS_STS_DATA_AVAILABLE
#define HASH_END 0x20
#define HASH_DATA 0x24
#define HASH_START 0x28

static Vtpm start(void)
{
    return vtpm_start(TPM_VERSION_2_0, "tpm-tis", "", "");
}

static uint8_t access_of(Vtpm *v, unsigned locality)
{
    return qtest_readb(v->qts, vtpm_reg(locality, TPM_TIS_REG_ACCESS));
}

static void write_access(Vtpm *v, unsigned locality, uint8_t bits)
{
    qtest_writeb(v->qts, vtpm_reg(locality, TPM_TIS_REG_ACCESS), bits);
}

static uint8_t sts(Vtpm *v, unsigned locality)
{
    return qtest_readb(v->qts, vtpm_reg(locality, TPM_TIS_REG_STS));
}

static void write_sts(Vtpm *v, unsigned locality, uint32_t bits)
{
    qtest_writel(v->qts, vtpm_reg(locality, TPM_TIS_REG_STS), bits);
}

static unsigned burst(Vtpm *v, unsigned locality)
{
    return (qtest_readl(v->qts, vtpm_reg(locality, TPM_TIS_REG_STS)) >> 8) & 0xffff;
}

static void wait_for_response(Vtpm *v, unsigned locality)
{
    vtpm_wait_until(sts(v, locality) & AVAILABLE);
}

/* --- registers and FIFO --- */

static void test_version(void)
{
    static const struct {
        TPMVersion version;
        uint32_t capability, interface_id, family;
    } cases[] = {
        { TPM_VERSION_1_2, TPM_TIS_CAPABILITIES_SUPPORTED1_3, 0xffffffff, 0 },
        { TPM_VERSION_2_0, TPM_TIS_CAPABILITIES_SUPPORTED2_0, TPM_TIS_IFACE_ID_SUPPORTED_FLAGS2_0,
          TPM_TIS_STS_TPM_FAMILY2_0 },
    };

    for (unsigned i = 0; i < ARRAY_SIZE(cases); i++) {
        Vtpm v = vtpm_start(cases[i].version, "tpm-tis", "", "");

        write_access(&v, 0, REQUEST);
        g_assert_cmphex(qtest_readl(v.qts, vtpm_reg(0, TPM_TIS_REG_INTF_CAPABILITY)), ==,
                        cases[i].capability);
        g_assert_cmphex(qtest_readl(v.qts, vtpm_reg(0, TPM_TIS_REG_INTERFACE_ID)), ==,
                        cases[i].interface_id);
        g_assert_cmphex(qtest_readl(v.qts, vtpm_reg(0, TPM_TIS_REG_STS)) &
                            TPM_TIS_STS_TPM_FAMILY_MASK,
                        ==, cases[i].family);
        vtpm_stop(&v);
    }
}

static void test_access_widths(void)
{
    Vtpm v = start();
    uint64_t reg = vtpm_reg(0, TPM_TIS_REG_DID_VID);
    uint32_t val = qtest_readl(v.qts, reg);

    g_assert_cmphex(qtest_readw(v.qts, reg), ==, val & 0xffff);
    g_assert_cmphex(qtest_readw(v.qts, reg + 2), ==, val >> 16);
    for (unsigned i = 0; i < 4; i++) {
        g_assert_cmphex(qtest_readb(v.qts, reg + i), ==, (val >> (8 * i)) & 0xff);
    }
    g_assert_cmphex(qtest_readq(v.qts, reg), ==,
                    val | (uint64_t)qtest_readl(v.qts, vtpm_reg(0, TPM_TIS_REG_RID)) << 32);
    vtpm_stop(&v);
}

static void test_reserved_reads_ones(void)
{
    Vtpm v = start();

    for (unsigned offset = 0x40; offset < 0x80; offset += 4) {
        qtest_writel(v.qts, vtpm_reg(0, offset), 0);
        g_assert_cmphex(qtest_readl(v.qts, vtpm_reg(0, offset)), ==, 0xffffffff);
    }
    vtpm_stop(&v);
}

static void write_width(Vtpm *v, unsigned width, uint64_t reg, const uint8_t *bytes)
{
    switch (width) {
    case 1:
        qtest_writeb(v->qts, reg, bytes[0]);
        break;
    case 2:
        qtest_writew(v->qts, reg, lduw_le_p(bytes));
        break;
    case 4:
        qtest_writel(v->qts, reg, ldl_le_p(bytes));
        break;
    default:
        qtest_writeq(v->qts, reg, ldq_le_p(bytes));
    }
}

static void read_width(Vtpm *v, unsigned width, uint64_t reg, uint8_t *ret_bytes)
{
    switch (width) {
    case 1:
        ret_bytes[0] = qtest_readb(v->qts, reg);
        break;
    case 2:
        stw_le_p(ret_bytes, qtest_readw(v->qts, reg));
        break;
    case 4:
        stl_le_p(ret_bytes, qtest_readl(v->qts, reg));
        break;
    default:
        stq_le_p(ret_bytes, qtest_readq(v->qts, reg));
    }
}

static void test_fifo_widths(void)
{
    static const struct {
        unsigned offset, width;
    } cases[] = {
        { TPM_TIS_REG_DATA_FIFO, 1 },  { TPM_TIS_REG_DATA_FIFO, 2 },  { TPM_TIS_REG_DATA_FIFO, 4 },
        { TPM_TIS_REG_DATA_XFIFO, 1 }, { TPM_TIS_REG_DATA_XFIFO, 2 }, { TPM_TIS_REG_DATA_XFIFO, 4 },
        { TPM_TIS_REG_DATA_XFIFO, 8 },
    };
    Vtpm v = start();
    uint8_t command[24], response[40];

    vtpm_command(command, sizeof(command), CC_PCR_READ);
    vtpm_fake_set_response_size(v.fake, sizeof(response));
    write_access(&v, 0, REQUEST);
    for (unsigned i = 0; i < ARRAY_SIZE(cases); i++) {
        uint64_t reg = vtpm_reg(0, cases[i].offset);

        write_sts(&v, 0, READY);
        for (unsigned n = 0; n < sizeof(command); n += cases[i].width) {
            g_assert_cmphex(sts(&v, 0) & EXPECT, ==, n ? EXPECT : 0);
            write_width(&v, cases[i].width, reg, command + n);
        }
        g_assert_cmphex(sts(&v, 0), ==, VALID);
        write_sts(&v, 0, GO);
        wait_for_response(&v, 0);
        g_assert_cmpuint(burst(&v, 0), ==, sizeof(response));
        for (unsigned n = 0; n < sizeof(response); n += cases[i].width) {
            read_width(&v, cases[i].width, reg, response + n);
        }
        g_assert_cmphex(sts(&v, 0), ==, VALID);
        g_assert_cmpmem(response + 10, sizeof(command), command, sizeof(command));
    }
    vtpm_stop(&v);
}

static void test_burst_byte_is_never_zero(void)
{
    Vtpm v = start();
    uint8_t command[12];

    vtpm_command(command, sizeof(command), CC_PCR_READ);
    vtpm_fake_set_response_size(v.fake, 0x100);
    vtpm_tis_start(&v, 0, command, sizeof(command));
    wait_for_response(&v, 0);
    g_assert_cmphex(burst(&v, 0), ==, 0x100);
    g_assert_cmphex(qtest_readb(v.qts, vtpm_reg(0, TPM_TIS_REG_STS + 1)), ==, 0xff);
    vtpm_stop(&v);
}

static void test_impossible_sizes(void)
{
    static const uint32_t sizes[] = { 0, 1, 6, 9, 4097, 0x80000000, 0xffffffff };
    Vtpm v = start();
    uint8_t command[4200], response[4096];

    vtpm_fake_forget(v.fake);
    for (unsigned i = 0; i < ARRAY_SIZE(sizes); i++) {
        vtpm_command(command, sizeof(command), CC_PCR_READ);
        stl_be_p(command + 2, sizes[i]);
        g_assert_cmpuint(vtpm_tis_run(&v, 0, command, sizeof(command), response), ==, 10);
        g_assert_cmphex(ldl_be_p(response + 6), ==, 0x142); /* TPM_RC_COMMAND_SIZE */
    }
    g_assert_cmpuint(vtpm_fake_commands(v.fake, CC_PCR_READ), ==, 0);
    vtpm_stop(&v);
}

static void test_largest(void)
{
    Vtpm v = start();
    uint8_t command[4096], response[4096];

    vtpm_command(command, sizeof(command), CC_PCR_READ);
    vtpm_fake_set_response_size(v.fake, 4096);
    g_assert_cmpuint(vtpm_tis_run(&v, 0, command, sizeof(command), response), ==, 4096);
    g_assert_cmpmem(response + 10, 4086, command, 4086);
    vtpm_stop(&v);
}

/* --- states --- */

static void test_go_needs_whole_command(void)
{
    Vtpm v = start();
    uint8_t command[20];

    vtpm_command(command, sizeof(command), CC_PCR_READ);
    vtpm_fake_forget(v.fake);
    write_access(&v, 0, REQUEST);
    write_sts(&v, 0, GO);
    g_assert_cmphex(sts(&v, 0), ==, 0);
    write_sts(&v, 0, READY);
    write_sts(&v, 0, GO);
    g_assert_cmphex(sts(&v, 0), ==, READY);
    for (unsigned i = 0; i < sizeof(command); i++) {
        qtest_writeb(v.qts, vtpm_reg(0, TPM_TIS_REG_DATA_FIFO), command[i]);
        if (i < sizeof(command) - 1) {
            write_sts(&v, 0, GO);
            g_assert_cmphex(sts(&v, 0), ==, VALID | EXPECT);
        }
    }
    g_assert_cmpuint(vtpm_fake_commands(v.fake, CC_PCR_READ), ==, 0);
    write_sts(&v, 0, GO | READY); /* one at a time */
    g_assert_cmphex(sts(&v, 0), ==, VALID);
    write_sts(&v, 0, GO);
    wait_for_response(&v, 0);
    vtpm_stop(&v);
}

static void test_ready_drops_reception(void)
{
    Vtpm v = start();
    uint8_t command[20], response[4096];

    vtpm_command(command, sizeof(command), CC_PCR_READ);
    write_access(&v, 0, REQUEST);
    write_sts(&v, 0, READY);
    for (unsigned i = 0; i < 8; i++) {
        qtest_writeb(v.qts, vtpm_reg(0, TPM_TIS_REG_DATA_FIFO), 0x55);
    }
    write_sts(&v, 0, READY);
    g_assert_cmphex(sts(&v, 0), ==, READY);
    vtpm_assert_answer(command, sizeof(command), response,
                       vtpm_tis_run(&v, 0, command, sizeof(command), response));
    vtpm_stop(&v);
}

static void test_retry(void)
{
    Vtpm v = start();
    uint8_t command[20], first[4096], second[4096];
    size_t size;

    vtpm_command(command, sizeof(command), CC_PCR_READ);
    size = vtpm_tis_run(&v, 0, command, sizeof(command), first);
    write_sts(&v, 0, RETRY);
    g_assert_cmphex(sts(&v, 0), ==, VALID | AVAILABLE);
    g_assert_cmpuint(vtpm_tis_response(&v, 0, second), ==, size);
    g_assert_cmpmem(first, size, second, size);
    write_sts(&v, 0, READY);
    write_sts(&v, 0, RETRY);
    g_assert_cmphex(sts(&v, 0), ==, READY);
    vtpm_stop(&v);
}

static void test_ready_aborts_execution(void)
{
    Vtpm v = start();
    uint8_t command[20], response[4096];

    vtpm_command(command, sizeof(command), CC_PCR_READ);
    vtpm_fake_hold(v.fake);
    vtpm_tis_start(&v, 0, command, sizeof(command));
    write_sts(&v, 0, READY);
    write_sts(&v, 0, READY);
    g_assert_cmphex(sts(&v, 0) & READY, ==, 0);
    vtpm_wait_until(vtpm_fake_controls(v.fake, CMD_CANCEL_TPM_CMD) == 1);
    vtpm_fake_release(v.fake);
    vtpm_wait_until(sts(&v, 0) == READY);
    vtpm_assert_answer(command, sizeof(command), response,
                       vtpm_tis_run(&v, 0, command, sizeof(command), response));
    vtpm_stop(&v);
}

static void test_cancel(void)
{
    Vtpm v = start();
    uint8_t command[20];

    vtpm_command(command, sizeof(command), CC_PCR_READ);
    vtpm_fake_hold(v.fake);
    vtpm_tis_start(&v, 0, command, sizeof(command));
    qtest_writeb(v.qts, vtpm_reg(0, TPM_TIS_REG_STS + 3), TPM_TIS_STS_COMMAND_CANCEL >> 24);
    vtpm_wait_until(vtpm_fake_controls(v.fake, CMD_CANCEL_TPM_CMD) == 1);
    g_assert_cmphex(sts(&v, 0), ==, VALID);
    vtpm_fake_release(v.fake);
    wait_for_response(&v, 0);
    vtpm_stop(&v);
}

/* --- localities --- */

static void test_others_see_ones(void)
{
    Vtpm v = start();

    write_access(&v, 1, REQUEST);
    for (unsigned i = 0; i < 5; i++) {
        if (i != 1) {
            g_assert_cmphex(qtest_readl(v.qts, vtpm_reg(i, TPM_TIS_REG_STS)), ==, 0xffffffff);
            g_assert_cmphex(qtest_readb(v.qts, vtpm_reg(i, TPM_TIS_REG_DATA_FIFO)), ==, 0xff);
            write_sts(&v, i, READY);
        }
    }
    g_assert_cmphex(sts(&v, 1), ==, 0);
    vtpm_stop(&v);
}

static void test_seize_waits(void)
{
    Vtpm v = start();
    uint8_t command[20];

    vtpm_command(command, sizeof(command), CC_PCR_READ);
    vtpm_fake_hold(v.fake);
    vtpm_tis_start(&v, 0, command, sizeof(command));
    write_access(&v, 1, SEIZE);
    g_assert_cmphex(access_of(&v, 1), ==, IDLE_ACCESS);
    g_assert_cmphex(access_of(&v, 0), ==, IDLE_ACCESS | ACTIVE);
    write_access(&v, 3, SEIZE); /* beats the one that waits */
    write_access(&v, 2, SEIZE); /* does not */
    vtpm_fake_release(v.fake);
    vtpm_wait_until(access_of(&v, 3) == (IDLE_ACCESS | ACTIVE));
    g_assert_cmphex(access_of(&v, 0), ==, IDLE_ACCESS | BEEN_SEIZED);
    g_assert_cmphex(access_of(&v, 1), ==, IDLE_ACCESS);
    g_assert_cmphex(access_of(&v, 2), ==, IDLE_ACCESS);
    g_assert_cmphex(sts(&v, 3), ==, 0);
    write_access(&v, 0, BEEN_SEIZED);
    g_assert_cmphex(access_of(&v, 0), ==, IDLE_ACCESS);
    vtpm_stop(&v);
}

static void test_relinquish_waits(void)
{
    Vtpm v = start();
    uint8_t command[20];

    vtpm_command(command, sizeof(command), CC_PCR_READ);
    vtpm_fake_hold(v.fake);
    vtpm_tis_start(&v, 0, command, sizeof(command));
    write_access(&v, 0, ACTIVE);
    write_access(&v, 2, REQUEST);
    g_assert_cmphex(access_of(&v, 0), ==, IDLE_ACCESS | ACTIVE | PENDING);
    vtpm_fake_release(v.fake);
    vtpm_wait_until(access_of(&v, 2) == (IDLE_ACCESS | ACTIVE));
    g_assert_cmphex(sts(&v, 2), ==, 0);
    vtpm_stop(&v);
}

static void test_relinquish_drops_response(void)
{
    Vtpm v = start();
    uint8_t command[20];

    vtpm_command(command, sizeof(command), CC_PCR_READ);
    vtpm_tis_start(&v, 0, command, sizeof(command));
    wait_for_response(&v, 0);
    write_access(&v, 0, ACTIVE);
    write_access(&v, 0, REQUEST);
    g_assert_cmphex(sts(&v, 0), ==, 0);
    g_assert_cmphex(qtest_readb(v.qts, vtpm_reg(0, TPM_TIS_REG_DATA_FIFO)), ==, 0xff);
    vtpm_stop(&v);
}

static void test_request_taken_back(void)
{
    Vtpm v = start();

    write_access(&v, 0, REQUEST);
    write_access(&v, 1, REQUEST);
    g_assert_cmphex(access_of(&v, 0), ==, IDLE_ACCESS | ACTIVE | PENDING);
    write_access(&v, 1, ACTIVE);
    g_assert_cmphex(access_of(&v, 0), ==, IDLE_ACCESS | ACTIVE);
    write_access(&v, 0, ACTIVE);
    g_assert_cmphex(access_of(&v, 1), ==, IDLE_ACCESS);
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

    vtpm_command(command, sizeof(command), CC_PCR_READ);
    qtest_irq_intercept_in(v.qts, "ioapic");
    write_access(&v, 0, REQUEST);
    qtest_writel(v.qts, vtpm_reg(0, TPM_TIS_REG_INT_ENABLE),
                 TPM_TIS_INT_ENABLED | TPM_TIS_INTERRUPTS_SUPPORTED);
    write_access(&v, 0, ACTIVE);
    write_access(&v, 0, REQUEST);
    expect_interrupt(&v, TPM_TIS_INT_LOCALITY_CHANGED);
    write_sts(&v, 0, READY);
    expect_interrupt(&v, TPM_TIS_INT_COMMAND_READY);
    vtpm_tis_start(&v, 0, command, sizeof(command));
    expect_interrupt(&v, TPM_TIS_INT_DATA_AVAILABLE | TPM_TIS_INT_STS_VALID);
    vtpm_tis_response(&v, 0, response);
    expect_interrupt(&v, TPM_TIS_INT_STS_VALID);
    qtest_writel(v.qts, vtpm_reg(0, TPM_TIS_REG_INT_ENABLE), TPM_TIS_INTERRUPTS_SUPPORTED);
    write_sts(&v, 0, READY);
    g_assert_cmphex(qtest_readl(v.qts, vtpm_reg(0, TPM_TIS_REG_INT_STATUS)), ==, 0);
    g_assert_false(qtest_get_irq(v.qts, TPM_TIS_IRQ));
    vtpm_stop(&v);
}

/* --- locality 4 --- */

static void test_locality4_off(void)
{
    Vtpm v = start();

    vtpm_fake_forget(v.fake);
    write_access(&v, 4, REQUEST);
    qtest_writel(v.qts, vtpm_reg(4, HASH_START), 1);
    qtest_writel(v.qts, vtpm_reg(4, HASH_DATA), 0x12345678);
    qtest_writel(v.qts, vtpm_reg(4, HASH_END), 1);
    g_assert_cmphex(access_of(&v, 4), ==, IDLE_ACCESS);
    g_assert_cmpuint(vtpm_fake_controls(v.fake, CMD_HASH_START), ==, 0);
    vtpm_stop(&v);
}

static void test_hash(void)
{
    Vtpm v = vtpm_start(TPM_VERSION_2_0, "tpm-tis,locality4=on", "", "");
    g_autoptr(GByteArray) want = g_byte_array_new();
    GByteArray *hashed;

    write_access(&v, 1, REQUEST);
    qtest_writeb(v.qts, vtpm_reg(4, HASH_START), 1);
    g_assert_cmphex(access_of(&v, 1), ==, IDLE_ACCESS | BEEN_SEIZED);
    g_assert_cmphex(access_of(&v, 4), ==, IDLE_ACCESS | ACTIVE);
    for (uint32_t i = 0; i < 1300; i++) {
        uint8_t bytes[4];

        stl_le_p(bytes, i * 0x01030507);
        g_byte_array_append(want, bytes, 4);
        qtest_writel(v.qts, vtpm_reg(4, HASH_DATA), i * 0x01030507);
    }
    g_byte_array_append(want, (const uint8_t *)"\x77", 1);
    qtest_writeb(v.qts, vtpm_reg(4, HASH_DATA), 0x77);
    qtest_writeb(v.qts, vtpm_reg(4, HASH_END), 1);
    hashed = vtpm_fake_hashed(v.fake);
    g_assert_cmpmem(hashed->data, hashed->len, want->data, want->len);
    g_byte_array_unref(hashed);
    g_assert_cmpuint(vtpm_fake_controls(v.fake, CMD_HASH_END), ==, 1);
    g_assert_cmphex(access_of(&v, 4), ==, TPM_TIS_ACCESS_TPM_REG_VALID_STS); /* established */
    write_access(&v, 3, REQUEST);
    write_sts(&v, 3, TPM_TIS_STS_RESET_ESTABLISHMENT_BIT);
    g_assert_cmphex(access_of(&v, 3), ==, IDLE_ACCESS | ACTIVE);
    vtpm_stop(&v);
}

static void test_hash_while_executing(void)
{
    Vtpm v = vtpm_start(TPM_VERSION_2_0, "tpm-tis,locality4=on", "", "");
    uint8_t command[20];

    vtpm_command(command, sizeof(command), CC_PCR_READ);
    vtpm_fake_hold(v.fake);
    vtpm_tis_start(&v, 0, command, sizeof(command));
    qtest_writeb(v.qts, vtpm_reg(4, HASH_START), 1);
    qtest_writeb(v.qts, vtpm_reg(4, HASH_DATA), 1);
    qtest_writeb(v.qts, vtpm_reg(4, HASH_END), 1);
    vtpm_fake_release(v.fake);
    wait_for_response(&v, 0);
    g_assert_cmpuint(vtpm_fake_controls(v.fake, CMD_HASH_START), ==, 0);
    g_assert_cmpuint(vtpm_fake_controls(v.fake, CMD_HASH_END), ==, 0);
    vtpm_stop(&v);
}

static void test_hash_refused(void)
{
    Vtpm v = vtpm_start(TPM_VERSION_2_0, "tpm-tis,locality4=on", "", "");

    vtpm_fake_fault_control(v.fake, CMD_HASH_START, VTPM_REFUSE);
    qtest_writeb(v.qts, vtpm_reg(4, HASH_START), 1);
    qtest_writeb(v.qts, vtpm_reg(4, HASH_DATA), 1);
    qtest_writeb(v.qts, vtpm_reg(4, HASH_END), 1);
    g_assert_cmpuint(vtpm_fake_controls(v.fake, CMD_HASH_DATA), ==, 0);
    g_assert_cmpuint(vtpm_fake_controls(v.fake, CMD_HASH_END), ==, 0);
    g_assert_cmphex(access_of(&v, 4), ==, IDLE_ACCESS);
    g_assert_true(vtpm_state_is(&v, "running"));
    vtpm_stop(&v);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    qtest_add_func("/vtpm-tis/registers/tell-the-version", test_version);
    qtest_add_func("/vtpm-tis/registers/every-access-width", test_access_widths);
    qtest_add_func("/vtpm-tis/registers/reserved-ones-read-as-ones", test_reserved_reads_ones);
    qtest_add_func("/vtpm-tis/fifo/every-access-width", test_fifo_widths);
    qtest_add_func("/vtpm-tis/fifo/byte-of-burst-count-is-never-zero",
                   test_burst_byte_is_never_zero);
    qtest_add_func("/vtpm-tis/fifo/impossible-size-is-answered", test_impossible_sizes);
    qtest_add_func("/vtpm-tis/fifo/largest-command-and-response", test_largest);
    qtest_add_func("/vtpm-tis/state/go-needs-a-whole-command", test_go_needs_whole_command);
    qtest_add_func("/vtpm-tis/state/ready-drops-what-was-received", test_ready_drops_reception);
    qtest_add_func("/vtpm-tis/state/retry-gives-the-response-again", test_retry);
    qtest_add_func("/vtpm-tis/state/ready-aborts-execution", test_ready_aborts_execution);
    qtest_add_func("/vtpm-tis/state/cancel-reaches-the-tpm", test_cancel);
    qtest_add_func("/vtpm-tis/locality/others-see-ones", test_others_see_ones);
    qtest_add_func("/vtpm-tis/locality/seize-waits-for-the-command", test_seize_waits);
    qtest_add_func("/vtpm-tis/locality/relinquish-waits-for-the-command", test_relinquish_waits);
    qtest_add_func("/vtpm-tis/locality/relinquish-drops-the-response",
                   test_relinquish_drops_response);
    qtest_add_func("/vtpm-tis/locality/request-can-be-taken-back", test_request_taken_back);
    qtest_add_func("/vtpm-tis/interrupts/all-four", test_interrupts);
    qtest_add_func("/vtpm-tis/locality4/closed-unless-asked-for", test_locality4_off);
    qtest_add_func("/vtpm-tis/locality4/hash-sequence-reaches-the-tpm", test_hash);
    qtest_add_func("/vtpm-tis/locality4/hash-sequence-does-not-cut-into-a-command",
                   test_hash_while_executing);
    qtest_add_func("/vtpm-tis/locality4/refused-hash-sequence-is-over", test_hash_refused);
    return g_test_run();
}
