/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * TPM CRB device: what its files share
 *
 * tpm_crb.c          registers, memory map, reset
 * tpm_crb_state.c    commands, ownership by locality
 * tpm_crb_vmstate.c  VM state
 *
 * TCG PC Client Platform TPM Profile (PTP) 1.03, "Command response buffer interface". Register
 * offsets and fields are those of hw/acpi/tpm.h.
 */
#ifndef TPM_TPM_CRB_H
#define TPM_TPM_CRB_H

#include "hw/acpi/tpm.h"
#include "hw/qdev-core.h"
#include "migration/vmstate.h"
#include "sysemu/runstate.h"
#include "sysemu/tpm_backend.h"
#include "tpm_ppi.h"

#define TPM_CRB_LOCALITIES 5
#define TPM_CRB_NO_LOCALITY 0xff
#define TPM_CRB_PAGE 0x1000
#define TPM_CRB_BUFFER (TPM_CRB_PAGE - A_CRB_DATA_BUFFER)

/* Bits of LOC_CTRL, CTRL_REQ, CTRL_CANCEL and CTRL_START */
#define CRB_LOC_CTRL_REQUEST BIT(0)
#define CRB_LOC_CTRL_RELINQUISH BIT(1)
#define CRB_LOC_CTRL_SEIZE BIT(2)
#define CRB_LOC_CTRL_RESET_EST BIT(3)
#define CRB_CTRL_REQ_CMD_READY BIT(0)
#define CRB_CTRL_REQ_GO_IDLE BIT(1)
#define CRB_INVOKE BIT(0)

typedef enum CRBPhase {
    CRB_IDLE,
    CRB_READY,     /* the guest may be writing a command */
    CRB_RECEPTION, /* the command is being copied out of the guest's reach */
    CRB_EXECUTION,
    CRB_COMPLETION, /* the response is in the buffer */
    CRB_PHASES,
} CRBPhase;

typedef enum CRBEvent {
    CRB_MAKE_READY,
    CRB_GO_IDLE,
    CRB_START,
    CRB_EXECUTE,
    CRB_RESPONDED,
    CRB_DROP, /* the locality has lost the TPM */
    CRB_EVENTS,
} CRBEvent;

typedef struct CRBState {
    DeviceState parent_obj;

    TPMBackend *tpmbe;
    TPMBackendCmd cmd;
    size_t be_buffer_size;

    uint8_t localities; /* property: 1 or TPM_CRB_LOCALITIES */
    bool enforce_idle;  /* property: START is refused while idle */
    MemoryRegion mmio;
    MemoryRegion cmdmem; /* the buffer, one for all localities */
    MemoryRegion cmdmem_alias[TPM_CRB_LOCALITIES];

    CRBPhase phase;
    uint8_t owner;  /* active locality, or TPM_CRB_NO_LOCALITY */
    bool aborting;  /* the ownership changes when the command in execution is over, */
    uint8_t next;   /* to this one */
    bool cancelled; /* CTRL_CANCEL as it reads back */
    bool failed;    /* CTRL_STS.tpmSts */
    bool locked;    /* INTF_ID.IntfSelLock */
    bool requested[TPM_CRB_LOCALITIES];
    bool seized[TPM_CRB_LOCALITIES]; /* LOC_STS.beenSeized */

    uint8_t frame[TPM_CRB_BUFFER]; /* command and response, where the guest cannot change them */

    uint32_t regs[TPM_CRB_R_MAX]; /* as in the migration stream; not used elsewhere */
    bool late_response; /* it came while the guest was stopped, maybe after its memory was saved */

    bool ppi_enabled;
    TPMPPI ppi;
} CRBState;

OBJECT_DECLARE_SIMPLE_TYPE(CRBState, TPM_CRB)

/* tpm_crb.c */

/* 32 bits of register @offset as @locty reads them. */
uint32_t tpm_crb_read(CRBState *s, uint8_t locty, hwaddr offset);

/* tpm_crb_state.c */

static inline bool tpm_crb_is_locality(uint8_t locty)
{
    return locty < TPM_CRB_LOCALITIES;
}

/* Puts a response into the buffer that the guest reads. */
void tpm_crb_put_response(CRBState *s);

void tpm_crb_write_loc_ctrl(CRBState *s, uint8_t locty, uint32_t bits);
void tpm_crb_write_ctrl_req(CRBState *s, uint8_t locty, uint32_t bits);
void tpm_crb_write_cancel(CRBState *s, uint8_t locty, uint32_t bits);
void tpm_crb_write_start(CRBState *s, uint8_t locty, uint32_t bits);
void tpm_crb_request_completed(TPMIf *ti, int ret);

/* tpm_crb_vmstate.c */

extern const VMStateDescription vmstate_tpm_crb;

/* Handler of VM state changes. */
void tpm_crb_vm_change(void *opaque, bool running, RunState state);

#endif
