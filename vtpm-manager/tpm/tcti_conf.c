/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tpm/tcti_conf.h"

#include <tss2/tss2_rc.h>
#include <tss2/tss2_tctildr.h>

#include "tpm/error.h"

static gboolean conf_open(void *data, TSS2_TCTI_CONTEXT **ret_tcti, GError **error)
{
    const char *conf = data;
    TSS2_RC rc = Tss2_TctiLdr_Initialize(conf, ret_tcti);

    if (rc != TSS2_RC_SUCCESS) {
        g_set_error(error, TPM_ERROR, TPM_ERROR_GONE,
                    "cannot open the TPM by %s: %s; check that it is there and --tcti", conf,
                    Tss2_RC_Decode(rc));
        return FALSE;
    }
    return TRUE;
}

static void conf_close(G_GNUC_UNUSED void *data, TSS2_TCTI_CONTEXT *tcti)
{
    Tss2_TctiLdr_Finalize(&tcti);
}

TpmSource tcti_conf_source(const char *conf)
{
    return (TpmSource){ .open = conf_open, .close = conf_close, .data = (void *)conf };
}
