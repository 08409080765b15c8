/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The setup part of a Linux kernel for x86 as QEMU hands it to a guest's firmware: QEMU fills in
 * where it puts the command line and the initrd.
 *
 * Spec: Linux' Documentation/arch/x86/boot.rst, "The Real-Mode Kernel Header".
 */
#ifndef APPRAISE_LINUX_SETUP_H
#define APPRAISE_LINUX_SETUP_H

#include "attest/deepquote.h"
#include "wire/cursor.h"

/** DqLinuxBoot: what the setup part depends on beside the kernel. */
typedef struct DqLinuxBoot {
    const char *command_line;
    gsize initrd_size;   /* 0 where there is none */
    uint64_t memory_end; /* an initrd ends below this address */
} DqLinuxBoot;

/**
 * dq_linux_setup: takes a kernel apart.
 * @kernel: the file, a bzImage; no length in it is trusted
 * @ret_setup: (transfer full): its setup part, filled in
 * @ret_image: the rest, borrowed from @kernel
 *
 * Errors: DQ_ERROR_VALUE: it is no such kernel, one of a protocol before 2.02, or has no room for
 * the initrd; or vga= has a value that QEMU does not take.
 */
gboolean dq_linux_setup(WireBytes kernel, const DqLinuxBoot *boot, GByteArray **ret_setup,
                        WireBytes *ret_image, GError **error);

#endif
