/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Predicted boots. That a guest's TPM has these values: boot/measured-boot. */
#include "appraise/direct-boot.h"
#include "appraise/linux-setup.h"
#include "wire/tpm-constants.h"

#include <string.h>

#define MIB (UINT64_C(1) << 20)
#define GIB (UINT64_C(1) << 30)

enum {
    SETUP_SECTORS = 0x1f1,
    VIDEO_MODE = 0x1fa,
    MAGIC = 0x202,
    PROTOCOL = 0x206,
    LOADER = 0x210,
    LOAD_FLAGS = 0x211,
    INITRD_ADDRESS = 0x218,
    INITRD_SIZE = 0x21c,
    HEAP_END = 0x224,
    COMMAND_LINE = 0x228,
    INITRD_MAX = 0x22c,
    EXTENDED_FLAGS = 0x236,

    SETUP_SIZE = 1024,
    IMAGE_SIZE = 40,
    ROOM = 4096,
};

/** Kernel: one that is made for a test. */
typedef struct Kernel {
    uint8_t bytes[ROOM];
    gsize size;
} Kernel;

static void put(Kernel *k, gsize at, uint32_t value, gsize bytes)
{
    for (gsize i = 0; i < bytes; i++) {
        k->bytes[at + i] = (uint8_t)(value >> (8 * i));
    }
}

static uint32_t get(const uint8_t *bytes, gsize at)
{
    return (uint32_t)bytes[at] | (uint32_t)bytes[at + 1] << 8 | (uint32_t)bytes[at + 2] << 16 |
           (uint32_t)bytes[at + 3] << 24;
}

static Kernel make_kernel(void)
{
    Kernel k = { .size = SETUP_SIZE + IMAGE_SIZE };

    memset(k.bytes, 0x5a, sizeof(k.bytes));
    k.bytes[SETUP_SECTORS] = 1;
    memcpy(k.bytes + MAGIC, "HdrS", 4);
    put(&k, PROTOCOL, 0x20f, 2);
    k.bytes[LOAD_FLAGS] = 1;
    put(&k, INITRD_MAX, 0x7fffffff, 4);
    put(&k, EXTENDED_FLAGS, 0, 2);
    return k;
}

/** Taken: a kernel taken apart, and what was there before. */
typedef struct Taken {
    GByteArray *setup;
    WireBytes image;
} Taken;

static gboolean take(const Kernel *k, gsize size, const DqLinuxBoot *boot, Taken *ret)
{
    g_autoptr(GError) error = NULL;
    g_autofree uint8_t *exact = g_memdup2(k->bytes, size);
    GByteArray *const poison = (GByteArray *)ret;
    gboolean ok;

    *ret = (Taken){ poison, { k->bytes, 1 } };
    ok = dq_linux_setup((WireBytes){ exact, size }, boot, &ret->setup, &ret->image, &error);
    if (ok) {
        g_assert_no_error(error);
        g_assert_true(ret->image.p == exact + ret->setup->len);
        ret->image.p = k->bytes + ret->setup->len;
    } else {
        g_assert_error(error, DQ_ERROR, DQ_ERROR_VALUE);
        g_assert_true(ret->setup == poison && ret->image.p == k->bytes && ret->image.len == 1);
        ret->setup = NULL;
    }
    return ok;
}

static void drop(Taken *t)
{
    g_clear_pointer(&t->setup, g_byte_array_unref);
}

static const DqLinuxBoot plain = { "quiet", 5000, 256 * MIB - 0x28000 };

static void fills_in_the_setup_part(void)
{
    const Kernel k = make_kernel();
    Kernel want = k;
    Taken t;

    g_assert_true(take(&k, k.size, &plain, &t));
    want.bytes[LOADER] = 0xb0;
    want.bytes[LOAD_FLAGS] = 0x81;
    put(&want, INITRD_ADDRESS, 0x0ffd6000, 4);
    put(&want, INITRD_SIZE, 5000, 4);
    put(&want, HEAP_END, 0xfe00, 2);
    put(&want, COMMAND_LINE, 0x20000, 4);
    g_assert_cmpmem(t.setup->data, t.setup->len, want.bytes, SETUP_SIZE);
    g_assert_cmpmem(t.image.p, t.image.len, k.bytes + SETUP_SIZE, IMAGE_SIZE);
    drop(&t);
}

static void leaves_the_initrd_out(void)
{
    const DqLinuxBoot boot = { "", 0, 0 };
    const Kernel k = make_kernel();
    Taken t;

    g_assert_true(take(&k, k.size, &boot, &t));
    g_assert_cmpmem(t.setup->data + INITRD_ADDRESS, 8, k.bytes + INITRD_ADDRESS, 8);
    drop(&t);
}

static void refuses_each_truncation(void)
{
    const Kernel k = make_kernel();
    Taken t;

    for (gsize size = 0; size <= SETUP_SIZE; size++) {
        g_assert_false(take(&k, size, &plain, &t));
    }
    g_assert_true(take(&k, SETUP_SIZE + 1, &plain, &t));
    g_assert_cmpuint(t.image.len, ==, 1);
    drop(&t);
}

static void trusts_no_count_of_sectors(void)
{
    static const struct {
        uint8_t sectors;
        gsize setup;
    } cases[] = { { 0, 2560 }, { 1, 1024 }, { 5, 3072 }, { 6, 3584 } };
    Kernel k = make_kernel();
    Taken t;

    k.size = ROOM;
    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        k.bytes[SETUP_SECTORS] = cases[i].sectors;
        g_assert_true(take(&k, k.size, &plain, &t));
        g_assert_cmpuint(t.setup->len, ==, cases[i].setup);
        drop(&t);
    }
    for (guint sectors = 7; sectors <= 255; sectors++) {
        k.bytes[SETUP_SECTORS] = (uint8_t)sectors;
        g_assert_false(take(&k, k.size, &plain, &t));
    }
}

static void refuses_other_kernels(void)
{
    Kernel k;
    Taken t;

    for (gsize at = MAGIC; at < MAGIC + 4; at++) {
        k = make_kernel();
        k.bytes[at] ^= 1;
        g_assert_false(take(&k, k.size, &plain, &t));
    }
    k = make_kernel();
    put(&k, PROTOCOL, 0x201, 2);
    g_assert_false(take(&k, k.size, &plain, &t));
    k = make_kernel();
    k.bytes[LOAD_FLAGS] = 0x80;
    g_assert_false(take(&k, k.size, &plain, &t));
}

static void places_the_initrd(void)
{
    static const struct {
        uint16_t protocol, flags;
        uint32_t initrd_max;
        uint64_t memory_end;
        gsize size;
        uint32_t at; /* 0: there is no place */
    } cases[] = {
        { 0x20f, 0, 0x7fffffff, 0x80000000, 1, 0x7ffff000 },
        { 0x20f, 0, 0x7fffffff, 0xc0000000, 1, 0x7ffff000 },
        { 0x20f, 0, 0x7fffffff, 0x7fffffff, 1, 0x7ffff000 },
        { 0x20f, 0, 0x7fffffff, 0x7ffff001, 1, 0x7fffe000 },
        { 0x20f, 2, 0x7fffffff, 0xb0000000, 4096, 0xafffe000 },
        { 0x20f, 2, 0x7fffffff, UINT64_C(0x100000000), 4096, 0xffffe000 },
        { 0x20b, 2, 0x37ffffff, 0xb0000000, 4096, 0x37ffe000 },
        { 0x202, 2, 0x7fffffff, 0xb0000000, 4096, 0x37ffe000 },
        { 0x203, 0, 0x12345678, 0xb0000000, 0x678, 0x12345000 },
        { 0x203, 0, 0x12345678, 0xb0000000, 0x679, 0x12344000 },
        { 0x20f, 0, 0x7fffffff, 8192, 8190, 0 }, /* below one page there is only address zero */
        { 0x20f, 0, 0x7fffffff, 8192, 8191, 0 },
        { 0x20f, 0, 0x7fffffff, 0, 1, 0 },
        { 0x20f, 0, 0, 0x80000000, 1, 0 },
    };

    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        const DqLinuxBoot boot = { "", cases[i].size, cases[i].memory_end };
        Kernel k = make_kernel();
        Taken t;

        put(&k, PROTOCOL, cases[i].protocol, 2);
        put(&k, EXTENDED_FLAGS, cases[i].flags, 2);
        put(&k, INITRD_MAX, cases[i].initrd_max, 4);
        if (take(&k, k.size, &boot, &t)) {
            g_assert_cmphex(get(t.setup->data, INITRD_ADDRESS), ==, cases[i].at);
            g_assert_cmpuint(get(t.setup->data, INITRD_SIZE), ==, cases[i].size);
            drop(&t);
        } else {
            g_assert_cmphex(cases[i].at, ==, 0);
        }
    }
}

static void takes_the_video_mode(void)
{
    static const struct {
        const char *text;
        gboolean ok;
        uint16_t mode;
    } cases[] = {
        { "quiet", TRUE, 0x5a5a },
        { "vga=normal", TRUE, 0xffff },
        { "a vga=ext b", TRUE, 0xfffe },
        { "vga=ask", TRUE, 0xfffd },
        { "vga=792", TRUE, 792 },
        { "vga=0x318 quiet", TRUE, 0x318 },
        { "vga=010", TRUE, 8 },
        { "vga=65537", TRUE, 1 },
        { "novga=3", TRUE, 3 },
        { "vga=1 vga=2", TRUE, 1 },
        { "vga=4294967295", TRUE, 0xffff },
        { "vga=4294967296", FALSE, 0 },
        { "vga=", FALSE, 0 },
        { "vga= 3", FALSE, 0 },
        { "vga=-1", FALSE, 0 },
        { "vga=3x", FALSE, 0 },
        { "vga=wide", FALSE, 0 },
    };
    const Kernel k = make_kernel();

    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        const DqLinuxBoot boot = { cases[i].text, 0, 0 };
        Taken t;

        g_assert_true(take(&k, k.size, &boot, &t) == cases[i].ok);
        if (cases[i].ok) {
            g_assert_cmphex(get(t.setup->data, VIDEO_MODE) & 0xffff, ==, cases[i].mode);
            drop(&t);
        }
    }
}

static void splits_memory_as_machines_do(void)
{
    static const struct {
        const char *machine;
        uint64_t memory, max, low;
    } cases[] = {
        { "pc", 256 * MIB, 0, 256 * MIB },         { "pc", 3584 * MIB - 1 * MIB, 0, 3583 * MIB },
        { "pc", 3584 * MIB, 0, 3 * GIB },          { "pc-i440fx-7.2", 8 * GIB, 0, 3 * GIB },
        { "pc-i440fx-2.10", 8 * GIB, 0, 3 * GIB }, { "pc", 4 * GIB, 2 * GIB, 2 * GIB },
        { "pc", 3968 * MIB, 4 * GIB, 3968 * MIB }, { "pc", 8 * GIB, 4 * GIB, 3 * GIB },
        { "pc", 1 * GIB, 2 * GIB, 1 * GIB },       { "q35", 256 * MIB, 0, 256 * MIB },
        { "q35", 2815 * MIB, 0, 2815 * MIB },      { "q35", 2816 * MIB, 0, 2 * GIB },
        { "pc-q35-7.2", 8 * GIB, 0, 2 * GIB },     { "q35", 8 * GIB, 1 * GIB, 1 * GIB },
        { "q35", 8 * GIB, 4 * GIB, 2 * GIB },      { "q35", 2600 * MIB, 2500 * MIB, 2500 * MIB },
        { "pc", 256 * MIB - 8191, 0, 256 * MIB }, /* -m is rounded up */
    };

    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        const DqDirectBoot boot = { .machine = cases[i].machine,
                                    .memory = cases[i].memory,
                                    .max_below_4g = cases[i].max };
        g_autoptr(GError) error = NULL;
        uint64_t end = 0;

        g_assert_true(dq_direct_low_memory(&boot, &end, &error));
        g_assert_cmphex(end, ==, cases[i].low - 0x28000);
    }
}

/* Which keeps nothing of its memory for tables. */
static void splits_memory_as_a_microvm_does(void)
{
    static const uint64_t cases[][2] = {
        { 256 * MIB, 256 * MIB },
        { 3 * GIB, 3 * GIB },
        { 3 * GIB + 1 * MIB, 3 * GIB },
        { 8 * GIB, 3 * GIB },
    };

    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        const DqDirectBoot boot = { .machine = "microvm", .memory = cases[i][0] };
        g_autoptr(GError) error = NULL;
        uint64_t end = 0;

        g_assert_true(dq_direct_low_memory(&boot, &end, &error));
        g_assert_cmphex(end, ==, cases[i][1]);
    }
}

static void knows_whose_firmware_measures(void)
{
    g_assert_true(dq_direct_firmware_measures("pc"));
    g_assert_true(dq_direct_firmware_measures("pc-q35-7.2"));
    g_assert_false(dq_direct_firmware_measures("microvm"));
    g_assert_false(dq_direct_firmware_measures("isapc"));
}

static void refuses_unknown_machines(void)
{
    static const char *const machines[] = {
        "",
        "microvm-7.2",
        "PC",
        "pc-",
        "pc-i440fx-",
        "pc-i440fx-7",
        "pc-i440fx-2.0",
        "pc-i440fx-1.7",
        "pc-q35-2.3",
        "pc-q35-7.x",
        "pc-q35-7.",
        "pc-q35-.2",
        "isapc",
        "pc-i440fx-7.2x",
        "q35-7.2",
    };

    for (gsize i = 0; i < G_N_ELEMENTS(machines); i++) {
        const DqDirectBoot boot = { .machine = machines[i], .memory = GIB };
        g_autoptr(GError) error = NULL;
        uint64_t end = 7;

        g_assert_false(dq_direct_low_memory(&boot, &end, &error));
        g_assert_error(error, DQ_ERROR, DQ_ERROR_VALUE);
        g_assert_cmpuint(end, ==, 7);
    }
}

/* The PCR's value after one more extend, by another implementation of SHA-256. */
static void extend(uint8_t pcr[32], const void *data, gsize len)
{
    g_autoptr(GChecksum) sum = g_checksum_new(G_CHECKSUM_SHA256);
    uint8_t both[64];
    gsize room = 32;

    g_checksum_update(sum, data, (gssize)len);
    g_checksum_get_digest(sum, both + 32, &room);
    memcpy(both, pcr, 32);
    g_checksum_reset(sum);
    g_checksum_update(sum, both, sizeof(both));
    g_checksum_get_digest(sum, pcr, &room);
}

static void leads_to_the_pcrs(gconstpointer seabios)
{
    static const uint8_t initrd[] = { 1, 2, 3 };
    const Kernel k = make_kernel();
    const DqDirectBoot boot = { .kernel = { k.bytes, k.size },
                                .initrd = { initrd, sizeof(initrd) },
                                .command_line = "quiet",
                                .machine = "pc",
                                .memory = 256 * MIB,
                                .seabios = GPOINTER_TO_INT(seabios) };
    g_autoptr(GError) error = NULL;
    g_autoptr(DqDirectPlan) plan = dq_direct_plan(&boot, &error);
    uint8_t four[32] = { 0 }, five[32] = { 0 };
    DqDirectValues v;

    g_assert_no_error(error);
    extend(four, plan->setup->data, plan->setup->len);
    extend(four, k.bytes + SETUP_SIZE, IMAGE_SIZE);
    extend(five, initrd, sizeof(initrd));
    extend(five, "quiet", 6);
    if (boot.seabios) {
        extend(four, "Calling INT 19h", 15);
        extend(four, "\xff\xff\xff\xff", 4);
        extend(five, "\xff\xff\xff\xff", 4);
    }
    g_assert_true(dq_direct_measure(plan, TPM_ALG_SHA256, &v));
    g_assert_cmpmem(v.pcr[0], v.size, four, 32);
    g_assert_cmpmem(v.pcr[1], v.size, five, 32);
    g_assert_cmpuint(plan->events, ==, boot.seabios ? 7 : 4);
}

static void measures_no_initrd_that_is_not_there(void)
{
    const Kernel k = make_kernel();
    const DqDirectBoot boot = { .kernel = { k.bytes, k.size },
                                .command_line = "",
                                .machine = "q35" };
    g_autoptr(GError) error = NULL;
    g_autoptr(DqDirectPlan) plan = dq_direct_plan(&boot, &error);
    uint8_t five[32] = { 0 };
    DqDirectValues v;

    g_assert_no_error(error);
    g_assert_cmpuint(plan->events, ==, 3);
    extend(five, "", 1);
    g_assert_true(dq_direct_measure(plan, TPM_ALG_SHA256, &v));
    g_assert_cmpmem(v.pcr[1], v.size, five, 32);
}

static void has_no_values_in_an_unknown_bank(void)
{
    const Kernel k = make_kernel();
    const DqDirectBoot boot = { .kernel = { k.bytes, k.size },
                                .command_line = "",
                                .machine = "pc" };
    g_autoptr(DqDirectPlan) plan = dq_direct_plan(&boot, NULL);
    DqDirectValues v = { .size = 7 };

    g_assert_false(dq_direct_measure(plan, 0x7fff, &v));
    g_assert_cmpuint(v.size, ==, 7);
}

#define T(name) "/appraise/direct-boot/" name

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func(T("fills-in-the-setup-part"), fills_in_the_setup_part);
    g_test_add_func(T("leaves-the-initrd-out"), leaves_the_initrd_out);
    g_test_add_func(T("refuses-each-truncation"), refuses_each_truncation);
    g_test_add_func(T("trusts-no-count-of-sectors"), trusts_no_count_of_sectors);
    g_test_add_func(T("refuses-other-kernels"), refuses_other_kernels);
    g_test_add_func(T("places-the-initrd"), places_the_initrd);
    g_test_add_func(T("takes-the-video-mode"), takes_the_video_mode);
    g_test_add_func(T("splits-memory-as-machines-do"), splits_memory_as_machines_do);
    g_test_add_func(T("splits-memory-as-a-microvm-does"), splits_memory_as_a_microvm_does);
    g_test_add_func(T("knows-whose-firmware-measures"), knows_whose_firmware_measures);
    g_test_add_func(T("refuses-unknown-machines"), refuses_unknown_machines);
    g_test_add_data_func(T("leads-to-the-pcrs"), GINT_TO_POINTER(FALSE), leads_to_the_pcrs);
    g_test_add_data_func(T("leads-to-the-pcrs-with-seabios"), GINT_TO_POINTER(TRUE),
                         leads_to_the_pcrs);
    g_test_add_func(T("measures-no-initrd-that-is-not-there"),
                    measures_no_initrd_that_is_not_there);
    g_test_add_func(T("has-no-values-in-an-unknown-bank"), has_no_values_in_an_unknown_bank);
    return g_test_run();
}
