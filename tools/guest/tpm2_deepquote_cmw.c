/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tpm2_deepquote_cmw.h"

#include "tpm2_deepquote_vtpm.h"

#include "common/input.h"
#include "wire/deepquote-constants.h"

#include <string.h>

enum { LOG_MAX = 256 << 20 }; /* bytes */

static const DqCmwPart guest_logs[GUEST_LOGS] = { DQ_CMW_EVENT_LOG, DQ_CMW_IMA, DQ_CMW_VTPM_EK,
                                                  DQ_CMW_SYSTEMD };

static const struct {
    uint32_t what;
    DqCmwPart part;
} credentials[] = {
    { DEEPQUOTE_HOST_BOOT_LOG, DQ_CMW_HOST_EVENT_LOG },
    { DEEPQUOTE_HOST_IMA_LOG, DQ_CMW_HOST_IMA },
    { DEEPQUOTE_VTPM_PARTS, DQ_CMW_VTPM_PARTS },
    { DEEPQUOTE_VM_LAUNCH_PARTS, DQ_CMW_VM_LAUNCH },
    { DEEPQUOTE_VTPM_EK_CHAIN, DQ_CMW_EK_CHAIN },
};

gboolean cmw_parse_log(const char *text, CmwTask *task, GError **error)
{
    const char *equals = strchr(text, '=');

    for (gsize i = 0; equals && i < GUEST_LOGS; i++) {
        const char *label = dq_cmw_label(guest_logs[i]);

        if (strlen(label) == (gsize)(equals - text) && g_str_has_prefix(text, label) &&
            equals[1] != '\0' && !task->logs[i]) {
            task->logs[i] = equals + 1;
            return TRUE;
        }
    }
    g_set_error_literal(error, VTPM_ERROR, VTPM_ERROR_INPUT,
                        "--cmw-log: give boot-log=FILE, ima-log=FILE, systemd-log=FILE and "
                        "vtpm-ek=FILE, each once at "
                        "most");
    return FALSE;
}

void cmw_put_part(DqCmw *cmw, DqCmwPart part, GBytes *bytes)
{
    if (bytes) {
        cmw->part[part] = g_bytes_ref(bytes);
    }
}

void cmw_put_credential(DqCmw *cmw, uint32_t what, GBytes *bytes)
{
    for (gsize i = 0; i < G_N_ELEMENTS(credentials); i++) {
        if (credentials[i].what == what) {
            cmw_put_part(cmw, credentials[i].part, bytes);
        }
    }
}

gboolean cmw_finish(const CmwTask *task, DqCmw *cmw, Output *output, GError **error)
{
    const struct {
        const char *path;
        DqCmwForm form;
    } files[] = { { task->json, DQ_CMW_JSON }, { task->cbor, DQ_CMW_CBOR } };

    for (gsize i = 0; i < GUEST_LOGS; i++) {
        if (task->logs[i] &&
            !(cmw->part[guest_logs[i]] = input_read(task->logs[i], LOG_MAX, error))) {
            g_prefix_error(error, "--cmw-log: ");
            return FALSE;
        }
    }
    for (gsize i = 0; i < G_N_ELEMENTS(files); i++) {
        if (files[i].path) {
            g_autoptr(GBytes) bytes = dq_cmw_encode(cmw, files[i].form);

            output_add(output, files[i].path, bytes);
        }
    }
    return TRUE;
}
