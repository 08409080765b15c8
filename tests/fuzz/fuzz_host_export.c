/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a host exports for enrolment by proof, and its answer to a challenge. */
#include "host_export.h"

#include "host_key.h"

#include <stdint.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void try_export(DqBytes text)
{
    g_autoptr(GError) error = NULL;
    HostExport export, before;

    memset(&export, 0x5a, sizeof(export));
    before = export;
    if (!host_export_parse(text, &export, &error)) {
        g_assert_true(error && error->domain == DQ_ERROR);
        g_assert_cmpmem(&export, sizeof(export), &before, sizeof(before));
        return;
    }
    g_assert_no_error(error);
    g_assert_true(export.ek && export.certificate && export.chain);
    g_assert_cmpuint(export.host.name.len, >, 0);
    host_export_clear(&export);
}

static void try_answer(DqBytes text)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(GBytes) value = host_answer_parse(text, &error);

    g_assert_true((!value) == (error && error->domain == DQ_ERROR));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size <= HOST_KEY_MAX) {
        try_export((DqBytes){ data, size });
        try_answer((DqBytes){ data, size });
    }
    return 0;
}
