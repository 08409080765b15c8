/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Physical presence interface: what it holds at first, and clearing memory at a reset
 */
#include "qemu/osdep.h"
#include "hw/acpi/tpm.h"
#include "vtpm-util.h"

#define MEMORY_OVERWRITE (TPM_PPI_ADDR_BASE + 0x15a)
#define FIRMWARE 0xffff0000 /* its last 64 KiB, with the reset vector */
#define FIRMWARE_SIZE 0x10000
#define PATTERN 0x5ec2e75ec2e75ec2

/* Low memory to its end, above the firmware's, and the last of 64 MiB */
static const uint64_t places[] = { 0x500, 0x9fff8, 0x100000, 0x2345678, 0x3fffff8 };

static Vtpm start_on(const char *machine, const char *device)
{
    g_autofree char *more = g_strdup_printf("-machine %s -m 64", machine);
    Vtpm v = vtpm_start(TPM_VERSION_2_0, device, "", more);

    for (unsigned i = 0; i < ARRAY_SIZE(places); i++) {
        qtest_writeq(v.qts, places[i], PATTERN);
    }
    return v;
}

static Vtpm start(const char *device)
{
    return start_on("pc", device);
}

static void assert_places(Vtpm *v, uint64_t want)
{
    for (unsigned i = 0; i < ARRAY_SIZE(places); i++) {
        g_assert_cmphex(qtest_readq(v->qts, places[i]), ==, want);
    }
}

static void test_empty_at_first(const void *device)
{
    Vtpm v = start(device);

    for (unsigned i = 0; i < TPM_PPI_ADDR_SIZE; i++) {
        g_assert_cmphex(qtest_readb(v.qts, TPM_PPI_ADDR_BASE + i), ==, 0);
    }
    vtpm_stop(&v);
}

static void test_memory_kept(const void *device)
{
    Vtpm v = start(device);

    qtest_writeb(v.qts, MEMORY_OVERWRITE, 0xfe); /* all but the bit that asks for it */
    vtpm_reset(&v);
    assert_places(&v, PATTERN);
    vtpm_stop(&v);
}

static void test_memory_cleared(const void *device)
{
    Vtpm v = start(device);

    qtest_writeb(v.qts, TPM_PPI_ADDR_BASE, 0x77);
    qtest_writeb(v.qts, MEMORY_OVERWRITE, 1);
    vtpm_reset(&v);
    assert_places(&v, 0);
    /* the interface is not the guest's memory: firmware reads there what to do */
    g_assert_cmphex(qtest_readb(v.qts, TPM_PPI_ADDR_BASE), ==, 0x77);
    g_assert_cmphex(qtest_readb(v.qts, MEMORY_OVERWRITE), ==, 1);
    vtpm_stop(&v);
}

static void test_firmware_kept(const void *device)
{
    static const uint8_t none[FIRMWARE_SIZE];
    g_autofree uint8_t *before = g_malloc(FIRMWARE_SIZE);
    g_autofree uint8_t *after = g_malloc(FIRMWARE_SIZE);
    Vtpm v = start(device);

    qtest_memread(v.qts, FIRMWARE, before, FIRMWARE_SIZE);
    g_assert_cmpint(memcmp(before, none, FIRMWARE_SIZE), !=, 0);
    qtest_writeb(v.qts, MEMORY_OVERWRITE, 1);
    vtpm_reset(&v);
    qtest_memread(v.qts, FIRMWARE, after, FIRMWARE_SIZE);
    g_assert_cmpmem(before, FIRMWARE_SIZE, after, FIRMWARE_SIZE);
    vtpm_stop(&v);
}

/* The 440FX's attributes of 0xe0000 to 0xe7fff; RAM, which SeaBIOS runs from after a reset */
static void test_firmware_copy_kept(const void *device)
{
    Vtpm v = start(device);

    qtest_outl(v.qts, 0xcf8, 0x8000005c);
    qtest_outb(v.qts, 0xcfe, 0x33);
    qtest_writeq(v.qts, 0xe0000, PATTERN);
    qtest_writeq(v.qts, 0xe7ff8, PATTERN);
    qtest_writeb(v.qts, MEMORY_OVERWRITE, 1);
    vtpm_reset(&v);
    g_assert_cmphex(qtest_readq(v.qts, 0xe0000), ==, PATTERN);
    g_assert_cmphex(qtest_readq(v.qts, 0xe7ff8), ==, PATTERN);
    assert_places(&v, 0);
    vtpm_stop(&v);
}

/* A guest that wakes up goes on in its memory; the request stays for the next reset. */
static void test_kept_over_wakeup(const void *device)
{
    Vtpm v = start_on("q35", device);

    qtest_writeb(v.qts, MEMORY_OVERWRITE, 1);
    for (int i = 0; i < 2; i++) {
        vtpm_suspend_q35(&v);
        vtpm_wake_up(&v);
        assert_places(&v, PATTERN);
        g_assert_cmphex(qtest_readb(v.qts, MEMORY_OVERWRITE), ==, 1);
    }
    vtpm_reset(&v);
    assert_places(&v, 0);
    vtpm_stop(&v);
}

/* That is no wake-up. */
static void test_cleared_over_reset_in_sleep(const void *device)
{
    Vtpm v = start_on("q35", device);

    qtest_writeb(v.qts, MEMORY_OVERWRITE, 1);
    vtpm_suspend_q35(&v);
    vtpm_reset(&v);
    assert_places(&v, 0);
    vtpm_stop(&v);
}

int main(int argc, char **argv)
{
    static const struct {
        const char *name;
        GTestDataFunc test;
    } cases[] = {
        { "is-empty-at-first", test_empty_at_first },
        { "memory/is-kept-over-a-reset", test_memory_kept },
        { "memory/is-cleared-on-request", test_memory_cleared },
        { "memory/is-kept-over-a-wake-up", test_kept_over_wakeup },
        { "memory/is-cleared-over-a-reset-in-its-sleep", test_cleared_over_reset_in_sleep },
        { "memory/firmware-is-kept", test_firmware_kept },
        { "memory/so-is-its-copy-in-ram", test_firmware_copy_kept },
    };
    static const char *const devices[] = { "tpm-tis", "tpm-crb" };

    /* QEMU's malloc() fills with the complement: memory that nobody clears would be a request */
    g_setenv("MALLOC_PERTURB_", "170", true);
    g_test_init(&argc, &argv, NULL);
    for (unsigned d = 0; d < ARRAY_SIZE(devices); d++) {
        for (unsigned i = 0; i < ARRAY_SIZE(cases); i++) {
            g_autofree char *path = g_strdup_printf("/vtpm-ppi/%s/%s", devices[d], cases[i].name);

            qtest_add_data_func(path, devices[d], cases[i].test);
        }
    }
    return g_test_run();
}
