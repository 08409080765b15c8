/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Kernels: any bytes are one or an error; setup part and image are the whole file, and the initrd
 * fits where it is put. The first bytes are what else the setup part depends on.
 */
#include "appraise/linux-setup.h"

#include <string.h>

enum {
    INITRD_ADDRESS = 0x218, /* in the header */
    SETUP_MIN = 1024,
    COMMAND_LINE_MAX = 32,
};

static uint32_t number_at(const GByteArray *setup, guint at)
{
    uint32_t value;

    memcpy(&value, setup->data + at, sizeof(value));
    return GUINT32_FROM_LE(value);
}

static void check(WireBytes kernel, const DqLinuxBoot *boot, const GByteArray *setup,
                  WireBytes image)
{
    g_assert_cmpuint(setup->len, >=, SETUP_MIN);
    g_assert_cmpuint(image.len, >, 0);
    g_assert_cmpuint(setup->len + image.len, ==, kernel.len);
    g_assert_true(image.p == kernel.p + setup->len);
    if (boot->initrd_size > 0) {
        const uint64_t at = number_at(setup, INITRD_ADDRESS);

        g_assert_cmpuint(at % 4096, ==, 0);
        g_assert_cmpuint(at + boot->initrd_size, <, boot->memory_end);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    WireReader r = WIRE_READER(data, size);
    g_autoptr(GError) error = NULL;
    g_autoptr(GByteArray) setup = NULL;
    char text[COMMAND_LINE_MAX + 1] = { 0 };
    uint32_t initrd;
    DqLinuxBoot boot = { .command_line = text };
    WireBytes kernel, image = { 0 };

    if (!wire_get_le32(&r, &initrd) || !wire_get_le64(&r, &boot.memory_end) ||
        !wire_get_copy(&r, COMMAND_LINE_MAX, (uint8_t *)text)) {
        return 0;
    }
    boot.initrd_size = initrd;
    kernel = (WireBytes){ r.p, r.left };
    if (dq_linux_setup(kernel, &boot, &setup, &image, &error)) {
        g_assert_no_error(error);
        check(kernel, &boot, setup, image);
    } else {
        g_assert_error(error, DQ_ERROR, DQ_ERROR_VALUE);
        g_assert_true(!setup && !image.p);
    }
    return 0;
}
