/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a response code of the hardware TPM, or of the way to it, means for the manager. */
#ifndef VTPM_MANAGER_TPM_ERROR_H
#define VTPM_MANAGER_TPM_ERROR_H

#include <glib.h>
#include <tss2/tss2_common.h>

#define HW_TPM_ERROR (hw_tpm_error_quark())
GQuark hw_tpm_error_quark(void);

typedef enum HwTpmError {
    HW_TPM_ERROR_BUSY,    /* answered "try again" for longer than the manager tries */
    HW_TPM_ERROR_LOCKOUT, /* dictionary-attack lockout */
    HW_TPM_ERROR_GONE,    /* no way to the TPM; the next request tries to open it again */
    HW_TPM_ERROR_VALUE,   /* the TPM refused a parameter */
    HW_TPM_ERROR_AK,      /* the attestation key cannot be found again in this TPM */
    HW_TPM_ERROR_FAILED,  /* anything else */
} HwTpmError;

/** What to do about a response code. */
typedef enum HwReaction {
    HW_REACT_DONE,   /* success */
    HW_REACT_AGAIN,  /* send the same command again, a little later */
    HW_REACT_START,  /* the TPM was reset: TPM2_Startup, and load the AK again */
    HW_REACT_RELOAD, /* the AK is no longer loaded */
    HW_REACT_REOPEN, /* the transport is lost */
    HW_REACT_REFUSE, /* the answer is final */
} HwReaction;

HwReaction hw_error_reaction(TSS2_RC rc);

/** hw_error_set: fills @error from @rc; @what is what was tried, for the message. */
void hw_error_set(GError **error, TSS2_RC rc, const char *what);

#endif
