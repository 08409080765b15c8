/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "check_cmw.h"

#include "appraise/event-log.h"
#include "appraise/ima-list.h"
#include "appraise/systemd-log.h"
#include "appraise/vtpm-ek.h"
#include "cmw/cmw.h"
#include "wire/parts.h"

/** Where a part goes, and how long it may be. */
static const struct {
    gsize offset;
    gsize max;
} places[] = {
    [DQ_CMW_EVIDENCE] = { G_STRUCT_OFFSET(CheckInput, evidence), CHECK_PART_MAX },
    [DQ_CMW_QUOTE] = { G_STRUCT_OFFSET(CheckInput, message), CHECK_PART_MAX },
    [DQ_CMW_SIGNATURE] = { G_STRUCT_OFFSET(CheckInput, signature), CHECK_PART_MAX },
    [DQ_CMW_PCRS] = { G_STRUCT_OFFSET(CheckInput, pcrs), CHECK_PART_MAX },
    [DQ_CMW_GUEST_PUBLIC] = { G_STRUCT_OFFSET(CheckInput, public), CHECK_PART_MAX },
    [DQ_CMW_EVENT_LOG] = { G_STRUCT_OFFSET(CheckInput, event_log), DQ_EVENT_LOG_MAX },
    [DQ_CMW_IMA] = { G_STRUCT_OFFSET(CheckInput, ima), DQ_IMA_LIST_MAX },
    [DQ_CMW_HOST_EVENT_LOG] = { G_STRUCT_OFFSET(CheckInput, host_event_log), DQ_EVENT_LOG_MAX },
    [DQ_CMW_HOST_IMA] = { G_STRUCT_OFFSET(CheckInput, host_ima), DQ_IMA_LIST_MAX },
    [DQ_CMW_VTPM_PARTS] = { G_STRUCT_OFFSET(CheckInput, vtpm_parts), WIRE_PARTS_SIZE_MAX },
    [DQ_CMW_VM_LAUNCH] = { G_STRUCT_OFFSET(CheckInput, vm_launch), WIRE_PARTS_SIZE_MAX },
    [DQ_CMW_VTPM_EK] = { G_STRUCT_OFFSET(CheckInput, vtpm_ek), DQ_VTPM_EK_MAX },
    [DQ_CMW_EK_CHAIN] = { G_STRUCT_OFFSET(CheckInput, ek_chain), DQ_VTPM_EK_CHAIN_MAX },
    [DQ_CMW_SYSTEMD] = { G_STRUCT_OFFSET(CheckInput, systemd), DQ_SYSTEMD_LOG_MAX },
};

G_STATIC_ASSERT(G_N_ELEMENTS(places) == DQ_CMW_PARTS);

static gboolean take(DqCmw *cmw, DqCmwPart part, CheckInput *input, GError **error)
{
    GBytes **place = G_STRUCT_MEMBER_P(input, places[part].offset);

    if (!cmw->part[part]) {
        return TRUE;
    }
    if (*place || g_bytes_get_size(cmw->part[part]) > places[part].max) {
        g_set_error(error, DQ_ERROR, DQ_ERROR_VALUE, "'%s' in it is %s", dq_cmw_label(part),
                    *place ? "there already, from a file of its own" : "too long");
        return FALSE;
    }
    *place = g_steal_pointer(&cmw->part[part]);
    return TRUE;
}

gboolean check_cmw_read(const char *path,
                        GBytes *(*read)(const char *path, gsize max, GError **error),
                        CheckInput *input, GError **error)
{
    g_autoptr(GBytes) bytes = read(path, DQ_CMW_MAX, error);
    g_auto(DqCmw) cmw = { 0 };
    gboolean ok = bytes != NULL;

    if (ok) {
        ok = dq_cmw_decode(bytes, &cmw, error);
        for (guint i = 0; ok && i < DQ_CMW_PARTS; i++) {
            ok = take(&cmw, (DqCmwPart)i, input, error);
        }
        if (!ok) {
            g_prefix_error(error, "%s: ", path);
        }
    }
    return ok;
}
