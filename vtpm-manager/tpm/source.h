/* SPDX-License-Identifier: GPL-2.0-or-later */
/* How a TPM is reached. */
#ifndef VTPM_MANAGER_TPM_SOURCE_H
#define VTPM_MANAGER_TPM_SOURCE_H

#include <glib.h>
#include <tss2/tss2_esys.h>

typedef struct TpmSource {
    /** A new connection to the TPM. */
    gboolean (*open)(void *data, TSS2_TCTI_CONTEXT **ret_tcti, GError **error);
    void (*close)(void *data, TSS2_TCTI_CONTEXT *tcti);
    /** Called after a TPM2_Startup of ours that began a new boot of the TPM; may be NULL. */
    gboolean (*started)(void *data, ESYS_CONTEXT *esys, GError **error);
    void *data;
    gboolean simulated;
    gboolean owned; /* nobody else uses this TPM: shut it down when closing */
} TpmSource;

#endif
