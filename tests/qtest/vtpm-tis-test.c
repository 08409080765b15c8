/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * TPM TIS device: registers, FIFO, states
 */
#include "qemu/osdep.h"
#include "backends/tpm/tpm_ioctl.h"
#include "hw/acpi/tpm.h"
#include "qemu/bswap.h"
#include "vtpm-util.h"

#define REQUEST TPM_TIS_ACCESS_REQUEST_USE
#define READY TPM_TIS_STS_COMMAND_READY
#define GO TPM_TIS_STS_TPM_GO
#define RETRY TPM_TIS_STS_RESPONSE_RETRY
#define VALID TPM_TIS_STS_VALID
#define EXPECT TPM_TIS_STS_EXPECT
#define AVAILABLE TPM_TIS_STS_DATA_AVAILABLE

static Vtpm start(void)
{
    return vtpm_start(TPM_VERSION_2_0, "tpm-tis", "", "");
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

        vtpm_tis_write_access(&v, 0, REQUEST);
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

    vtpm_command(command, sizeof(command), VTPM_PCR_READ);
    vtpm_fake_set_response_size(v.fake, sizeof(response));
    vtpm_tis_write_access(&v, 0, REQUEST);
    for (unsigned i = 0; i < ARRAY_SIZE(cases); i++) {
        uint64_t reg = vtpm_reg(0, cases[i].offset);

        vtpm_tis_write_sts(&v, 0, READY);
        for (unsigned n = 0; n < sizeof(command); n += cases[i].width) {
            g_assert_cmphex(vtpm_tis_sts(&v, 0) & EXPECT, ==, n ? EXPECT : 0);
            write_width(&v, cases[i].width, reg, command + n);
        }
        g_assert_cmphex(vtpm_tis_sts(&v, 0), ==, VALID);
        vtpm_tis_write_sts(&v, 0, GO);
        vtpm_tis_wait_for_response(&v, 0);
        g_assert_cmpuint(vtpm_tis_burst(&v, 0), ==, sizeof(response));
        for (unsigned n = 0; n < sizeof(response); n += cases[i].width) {
            read_width(&v, cases[i].width, reg, response + n);
        }
        g_assert_cmphex(vtpm_tis_sts(&v, 0), ==, VALID);
        g_assert_cmpmem(response + 10, sizeof(command), command, sizeof(command));
    }
    vtpm_stop(&v);
}

static void test_burst_byte_is_never_zero(void)
{
    Vtpm v = start();
    uint8_t command[12];

    vtpm_command(command, sizeof(command), VTPM_PCR_READ);
    vtpm_fake_set_response_size(v.fake, 0x100);
    vtpm_tis_start(&v, 0, command, sizeof(command));
    vtpm_tis_wait_for_response(&v, 0);
    g_assert_cmphex(vtpm_tis_burst(&v, 0), ==, 0x100);
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
        vtpm_command(command, sizeof(command), VTPM_PCR_READ);
        stl_be_p(command + 2, sizes[i]);
        g_assert_cmpuint(vtpm_tis_run(&v, 0, command, sizeof(command), response), ==, 10);
        g_assert_cmphex(ldl_be_p(response + 6), ==, 0x142); /* TPM_RC_COMMAND_SIZE */
    }
    g_assert_cmpuint(vtpm_fake_commands(v.fake, VTPM_PCR_READ), ==, 0);
    vtpm_stop(&v);
}

static void test_largest(void)
{
    Vtpm v = start();
    uint8_t command[4096], response[4096];

    vtpm_command(command, sizeof(command), VTPM_PCR_READ);
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

    vtpm_command(command, sizeof(command), VTPM_PCR_READ);
    vtpm_fake_forget(v.fake);
    vtpm_tis_write_access(&v, 0, REQUEST);
    vtpm_tis_write_sts(&v, 0, GO);
    g_assert_cmphex(vtpm_tis_sts(&v, 0), ==, 0);
    vtpm_tis_write_sts(&v, 0, READY);
    vtpm_tis_write_sts(&v, 0, GO);
    g_assert_cmphex(vtpm_tis_sts(&v, 0), ==, READY);
    for (unsigned i = 0; i < sizeof(command); i++) {
        qtest_writeb(v.qts, vtpm_reg(0, TPM_TIS_REG_DATA_FIFO), command[i]);
        if (i < sizeof(command) - 1) {
            vtpm_tis_write_sts(&v, 0, GO);
            g_assert_cmphex(vtpm_tis_sts(&v, 0), ==, VALID | EXPECT);
        }
    }
    g_assert_cmpuint(vtpm_fake_commands(v.fake, VTPM_PCR_READ), ==, 0);
    vtpm_tis_write_sts(&v, 0, GO | READY); /* one at a time */
    g_assert_cmphex(vtpm_tis_sts(&v, 0), ==, VALID);
    vtpm_tis_write_sts(&v, 0, GO);
    vtpm_tis_wait_for_response(&v, 0);
    vtpm_stop(&v);
}

static void test_ready_drops_reception(void)
{
    Vtpm v = start();
    uint8_t command[20];

    vtpm_command(command, sizeof(command), VTPM_PCR_READ);
    vtpm_tis_write_access(&v, 0, REQUEST);
    vtpm_tis_write_sts(&v, 0, READY);
    for (unsigned i = 0; i < 8; i++) {
        qtest_writeb(v.qts, vtpm_reg(0, TPM_TIS_REG_DATA_FIFO), 0x55);
    }
    vtpm_tis_write_sts(&v, 0, READY);
    g_assert_cmphex(vtpm_tis_sts(&v, 0), ==, READY);
    vtpm_tis_assert_works(&v);
    vtpm_stop(&v);
}

static void test_retry(void)
{
    Vtpm v = start();
    uint8_t command[20], first[4096], second[4096];
    size_t size;

    vtpm_command(command, sizeof(command), VTPM_PCR_READ);
    size = vtpm_tis_run(&v, 0, command, sizeof(command), first);
    vtpm_tis_write_sts(&v, 0, RETRY);
    g_assert_cmphex(vtpm_tis_sts(&v, 0), ==, VALID | AVAILABLE);
    g_assert_cmpuint(vtpm_tis_response(&v, 0, second), ==, size);
    g_assert_cmpmem(first, size, second, size);
    vtpm_tis_write_sts(&v, 0, READY);
    vtpm_tis_write_sts(&v, 0, RETRY);
    g_assert_cmphex(vtpm_tis_sts(&v, 0), ==, READY);
    vtpm_stop(&v);
}

static void test_ready_aborts_execution(void)
{
    Vtpm v = start();
    uint8_t command[20];

    vtpm_tis_hold(&v, 0, command, sizeof(command));
    vtpm_tis_write_sts(&v, 0, READY);
    vtpm_tis_write_sts(&v, 0, READY);
    g_assert_cmphex(vtpm_tis_sts(&v, 0) & READY, ==, 0);
    vtpm_wait_until(vtpm_fake_controls(v.fake, CMD_CANCEL_TPM_CMD) == 1);
    vtpm_fake_release(v.fake);
    vtpm_wait_until(vtpm_tis_sts(&v, 0) == READY);
    vtpm_tis_assert_works(&v);
    vtpm_stop(&v);
}

static void test_cancel(void)
{
    Vtpm v = start();
    uint8_t command[20];

    vtpm_tis_hold(&v, 0, command, sizeof(command));
    qtest_writeb(v.qts, vtpm_reg(0, TPM_TIS_REG_STS + 3), TPM_TIS_STS_COMMAND_CANCEL >> 24);
    vtpm_wait_until(vtpm_fake_controls(v.fake, CMD_CANCEL_TPM_CMD) == 1);
    g_assert_cmphex(vtpm_tis_sts(&v, 0), ==, VALID);
    vtpm_fake_release(v.fake);
    vtpm_tis_wait_for_response(&v, 0);
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
    return g_test_run();
}
