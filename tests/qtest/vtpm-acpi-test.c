/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the ACPI tables of a PC tell of tpm-tis: its interrupt where that is asked for
 */
#include "qemu/osdep.h"
#include "hw/acpi/tpm.h"
#include "qemu/bswap.h"
#include "vtpm-util.h"

/* of QEMU's fw_cfg, whose files firmware gets from there */
#define DMA_ADDRESS 0x514
#define DIRECTORY 0x19
#define SELECT_AND_READ(_key) ((_key) << 16 | 0x8 | 0x2)
#define FILE_ENTRY 64
#define REQUEST 0x1000 /* places in the guest's memory */
#define BYTES 0x100000

static void read_key(Vtpm *v, uint16_t key, uint8_t *out, uint32_t size)
{
    uint8_t request[16] = { 0 };

    stl_be_p(request, SELECT_AND_READ((uint32_t)key));
    stl_be_p(request + 4, size);
    stq_be_p(request + 8, BYTES);
    qtest_memwrite(v->qts, REQUEST, request, sizeof(request));
    qtest_outl(v->qts, DMA_ADDRESS, 0);
    qtest_outl(v->qts, DMA_ADDRESS + 4, bswap32(REQUEST));
    qtest_memread(v->qts, REQUEST, request, 4);
    g_assert_cmphex(ldl_be_p(request), ==, 0);
    qtest_memread(v->qts, BYTES, out, size);
}

static GByteArray *read_file(Vtpm *v, const char *name)
{
    uint8_t directory[4 + 64 * FILE_ENTRY];
    GByteArray *file = g_byte_array_new();

    read_key(v, DIRECTORY, directory, sizeof(directory));
    for (uint32_t i = 0; i < ldl_be_p(directory); i++) {
        const uint8_t *entry = directory + 4 + i * FILE_ENTRY;

        if (g_str_equal((const char *)entry + 8, name)) {
            g_byte_array_set_size(file, ldl_be_p(entry));
            read_key(v, lduw_be_p(entry + 4), file->data, file->len);
            return file;
        }
    }
    g_assert_not_reached();
}

/*
 * Whether there is a resource template of the TPM's memory and, behind it, an interrupt (ACPI 6.4,
 * "32-Bit Fixed Memory Range" and "IRQ" descriptors, the latter of two bytes, which leaves trigger
 * and polarity to the MADT). The bridge above has the memory as well.
 */
static bool tells(const char *device, uint16_t irqs /* bits; 0 for any */)
{
    uint8_t want[] = { 0x86, 9, 0, 1, 0, 0, 0xd4, 0xfe, 0, 0x50, 0, 0, 0x22, 0, 0, 0x79 };
    Vtpm v = vtpm_start(TPM_VERSION_2_0, device, "", "-machine q35 -m 64");
    g_autoptr(GByteArray) tables = read_file(&v, "etc/acpi/tables");

    vtpm_stop(&v);
    stw_le_p(want + 13, irqs);
    g_assert_nonnull(memmem(tables->data, tables->len, want, 12));
    return memmem(tables->data, tables->len, want, irqs ? sizeof(want) : 13);
}

static void test_silent(void)
{
    g_assert_false(tells("tpm-tis", 0));
    g_assert_false(tells("tpm-tis,irq=10", 0));
}

static void test_told(void)
{
    g_assert_true(tells("tpm-tis,acpi-irq=on", 1 << 5));
    g_assert_true(tells("tpm-tis,acpi-irq=on,irq=10", 1 << 10));
    g_assert_false(tells("tpm-tis,acpi-irq=on,irq=10", 1 << 5));
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    qtest_add_func("/vtpm-acpi/interrupt-is-not-told", test_silent);
    qtest_add_func("/vtpm-acpi/interrupt-is-told-where-asked-for", test_told);
    return g_test_run();
}
