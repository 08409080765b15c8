/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a response code of the hardware TPM, or of the way to it, means for the manager. */
#ifndef VTPM_MANAGER_TPM_ERROR_H
#define VTPM_MANAGER_TPM_ERROR_H

#include <glib.h>
#include <tss2/tss2_common.h>

#define TPM_ERROR (tpm_error_quark())
GQuark tpm_error_quark(void);

typedef enum TpmError {
    TPM_ERROR_BUSY,      /* answered "try again" for longer than the manager tries */
    TPM_ERROR_LOCKOUT,   /* dictionary-attack lockout */
    TPM_ERROR_GONE,      /* no way to the TPM; the next request tries to open it again */
    TPM_ERROR_VALUE,     /* the TPM refused a parameter */
    TPM_ERROR_AK,        /* the attestation key cannot be found again in this TPM */
    TPM_ERROR_RESET,     /* it wants TPM2_Startup under a running host */
    TPM_ERROR_AUTH,      /* the endorsement hierarchy has another authorization value */
    TPM_ERROR_HIERARCHY, /* the endorsement hierarchy is disabled */
    TPM_ERROR_ROOM,      /* its memory, handles or NV space are used up by others */
    TPM_ERROR_APPROVAL,  /* a tenant's list does not name what the host has booted */
    TPM_ERROR_FAILED,    /* anything else */
} TpmError;

/** What to do about a response code. */
typedef enum TpmReaction {
    TPM_REACT_DONE,   /* success */
    TPM_REACT_AGAIN,  /* send the same command again, a little later */
    TPM_REACT_START,  /* the TPM was reset: start and prepare it again, where that is ours to do */
    TPM_REACT_RELOAD, /* the AK is no longer loaded, or another key is in its place */
    TPM_REACT_REOPEN, /* the transport is lost */
    TPM_REACT_REFUSE, /* the answer is final */
} TpmReaction;

/** What a TpmCommand returns where the TPM did as it was told, and yet not what was meant. */
#define TPM_RC_OTHER_KEY (TSS2_RC_LAYER(200) | 1)    /* another key than the AK has signed */
#define TPM_RC_MALFORMED (TSS2_RC_LAYER(200) | 2)    /* the answer is not of the kind asked for */
#define TPM_RC_NOT_APPROVED (TSS2_RC_LAYER(200) | 3) /* no policy fits that would be approved */

TpmReaction tpm_error_reaction(TSS2_RC rc);

/** tpm_error_is_value: whether the TPM refused a parameter for what it is: TPM_ERROR_VALUE. */
gboolean tpm_error_is_value(TSS2_RC rc);

/** tpm_error_set: fills @error from @rc; @what is what was tried, for the message. */
void tpm_error_set(GError **error, TSS2_RC rc, const char *what);

#endif
