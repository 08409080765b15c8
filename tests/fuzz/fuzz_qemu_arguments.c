/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Arguments of a process that may be QEMU: read whole, or refused with a reason. */
#include "fuzz_recode.h"

#include "measure/qemu_arguments.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(QemuArguments) arguments = qemu_arguments_parse((const char *)data, size, &error);

    if (!arguments == !error) {
        abort();
    }
    for (guint i = 0; arguments && i < arguments->files->len; i++) {
        const QemuFile *file = &g_array_index(arguments->files, QemuFile, i);

        if (!file->path || !wire_part_kind_word(file->kind)) {
            abort();
        }
    }
    return 0;
}
