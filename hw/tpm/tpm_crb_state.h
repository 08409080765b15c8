/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * TPM CRB device: commands, ownership by locality
 */
#ifndef TPM_TPM_CRB_STATE_H
#define TPM_TPM_CRB_STATE_H

#include "tpm_crb.h"

#define CRB_INVOKE BIT(0) /* of CTRL_CANCEL and CTRL_START */

/* Puts a response into the buffer that the guest reads. */
void tpm_crb_put_response(CRBState *s);

void tpm_crb_write_loc_ctrl(CRBState *s, uint8_t locty, uint32_t bits);
void tpm_crb_write_ctrl_req(CRBState *s, uint8_t locty, uint32_t bits);
void tpm_crb_write_cancel(CRBState *s, uint8_t locty, uint32_t bits);
void tpm_crb_write_start(CRBState *s, uint8_t locty, uint32_t bits);
void tpm_crb_request_completed(TPMIf *ti, int ret);

#endif
