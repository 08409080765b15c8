/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * TPM CRB device: the state that its files work on
 *
 * tpm_crb.c          the device: memory map, reset
 * tpm_crb_vmstate.c  VM state
 * tpm_crb_regs.c     registers
 * tpm_crb_state.c    commands, ownership by locality
 *
 * Each uses what stands below it, never what stands above.
 *
 * TCG PC Client Platform TPM Profile (PTP) 1.03, "Command response buffer interface". Register
 * offsets and fields are those of hw/acpi/tpm.h.
 */
#ifndef TPM_TPM_CRB_H
#define TPM_TPM_CRB_H

#include "hw/acpi/tpm.h"
#include "hw/qdev-core.h"
#include "system/tpm_backend.h"
#include "tpm_ppi.h"

#define TPM_CRB_LOCALITIES 5
#define TPM_CRB_NO_LOCALITY 0xff
#define TPM_CRB_PAGE 0x1000
#define TPM_CRB_BUFFER (TPM_CRB_PAGE - A_CRB_DATA_BUFFER)

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

#endif
