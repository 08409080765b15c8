/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * TPM TIS device: what its files share
 *
 * tpm_tis_common.c    registers, reset, VM state
 * tpm_tis_locality.c  which locality owns the TPM; interrupts
 * tpm_tis_transfer.c  commands, responses and the locality-4 hash sequence through the FIFO
 * tpm_tis_isa.c, tpm_tis_sysbus.c  the two devices
 *
 * TCG PC Client Specific TPM Interface Specification 1.3 (TIS) for TPM 1.2, PC Client Platform TPM
 * Profile (PTP) 1.03 for TPM 2.0. Register offsets and bits are those of hw/acpi/tpm.h.
 */
#ifndef TPM_TPM_TIS_H
#define TPM_TPM_TIS_H

#include "hw/acpi/tpm.h"
#include "migration/vmstate.h"
#include "sysemu/tpm_backend.h"
#include "tpm_ppi.h"

#define TPM_TIS_NO_LOCALITY 0xff
#define TPM_TIS_BUFFER_MAX 4096

/* Values are part of the migration stream. */
typedef enum TPMTISState {
    TPM_TIS_STATE_IDLE = 0,
    TPM_TIS_STATE_READY,
    TPM_TIS_STATE_COMPLETION,
    TPM_TIS_STATE_EXECUTION,
    TPM_TIS_STATE_RECEPTION,
    TPM_TIS_STATES,
} TPMTISState;

typedef struct TPMLocality {
    uint32_t state; /* TPMTISState */
    uint8_t access; /* SEIZE is set until a seizure takes effect; the guest never reads it */
    uint32_t sts;   /* without the burst count */
    uint32_t iface_id;
    uint32_t inte;
    uint32_t ints;
} TPMLocality;

/*
 * A change of owner has to wait for the command in execution: aborting_locty is the locality that
 * runs it, next_locty the one that follows, TPM_TIS_NO_LOCALITY if none does. The two are equal
 * where the owner only aborts its command. aborting_locty is TPM_TIS_NO_LOCALITY at other times.
 */
typedef struct TPMState {
    MemoryRegion mmio;

    uint8_t buffer[TPM_TIS_BUFFER_MAX]; /* command, response, or data to hash */
    uint16_t rw_offset;

    uint8_t active_locty;
    uint8_t aborting_locty;
    uint8_t next_locty;

    TPMLocality loc[TPM_TIS_NUM_LOCALITIES];

    bool locality4; /* property: the guest may use locality 4 */
    bool hashing;   /* between TPM_HASH_START and TPM_HASH_END */

    qemu_irq irq;
    uint32_t irq_num;

    TPMBackendCmd cmd;

    TPMBackend *be_driver;
    TPMVersion be_tpm_version;
    size_t be_buffer_size;

    bool ppi_enabled;
    TPMPPI ppi;
} TPMState;

extern const MemoryRegionOps tpm_tis_memory_ops;
extern const VMStateDescription vmstate_tpm_tis_locality;

/* The fields of the section "tpm-tis", for a device type whose TPMState is its member `state`. */
#define TPM_TIS_VMSTATE_FIELDS(_type)                                                              \
    VMSTATE_BUFFER(state.buffer, _type), VMSTATE_UINT16(state.rw_offset, _type),                   \
        VMSTATE_UINT8(state.active_locty, _type), VMSTATE_UINT8(state.aborting_locty, _type),      \
        VMSTATE_UINT8(state.next_locty, _type),                                                    \
        VMSTATE_STRUCT_ARRAY(state.loc, _type, TPM_TIS_NUM_LOCALITIES, 0,                          \
                             vmstate_tpm_tis_locality, TPMLocality)

/* tpm_tis_common.c */

int tpm_tis_pre_save(TPMState *s);

/* Returns: 0, or -EINVAL where the stream holds what the device cannot be in. */
int tpm_tis_post_load(TPMState *s);

void tpm_tis_reset(TPMState *s);

TPMVersion tpm_tis_get_tpm_version(TPMState *s);

/* tpm_tis_locality.c */

static inline bool tpm_tis_is_locality(uint8_t locty)
{
    return locty < TPM_TIS_NUM_LOCALITIES;
}

static inline bool tpm_tis_is_aborting(const TPMState *s)
{
    return s->aborting_locty != TPM_TIS_NO_LOCALITY;
}

/* Sets the enabled ones of @flags, TPM_TIS_INT_*, in the status of @locty; raises the interrupt. */
void tpm_tis_raise(TPMState *s, uint8_t locty, uint32_t flags);

/* Sets the interrupt line by what is enabled and pending. */
void tpm_tis_update_irq(TPMState *s);

/* A guest's write to ACCESS. */
void tpm_tis_write_access(TPMState *s, uint8_t locty, uint32_t flags);

/* Makes @next the owner as a seizure does, once the command in execution, if any, is over. */
void tpm_tis_take_over(TPMState *s, uint8_t next);

/* Ends the ownership of the active locality; the highest one that has asked for it follows. */
void tpm_tis_relinquish(TPMState *s);

/* Aborts the command of the owner, which then is ready for another. */
void tpm_tis_abort(TPMState *s);

/* The command that an abort or a change of owner had to wait for is over. */
void tpm_tis_aborted(TPMState *s);

/* tpm_tis_transfer.c */

typedef enum TPMTISEvent {
    TPM_TIS_MAKE_READY, /* STS.commandReady was written, or an abort is over */
    TPM_TIS_FIRST_BYTE, /* a command begins to arrive */
    TPM_TIS_GO,         /* STS.tpmGo was written after the last byte */
    TPM_TIS_RESPONDED,  /* the back end has answered */
    TPM_TIS_RETRY,      /* STS.responseRetry was written */
    TPM_TIS_DROP,       /* the locality has lost the TPM */
    TPM_TIS_EVENTS,
} TPMTISEvent;

/* Is there such a transition? What a guest may cause is asked before it is done. */
bool tpm_tis_may(const TPMState *s, uint8_t locty, TPMTISEvent event);

/* Does a transition, which has to be there, with what belongs to entering the new state. */
void tpm_tis_move(TPMState *s, uint8_t locty, TPMTISEvent event);

/* A guest's write of commandReady, tpmGo or responseRetry to STS: one at a time. */
void tpm_tis_write_sts_command(TPMState *s, uint8_t locty, uint32_t flags);

/* Bytes that the FIFO takes or gives without a wait state. */
uint32_t tpm_tis_burst_count(const TPMState *s, uint8_t locty);

uint8_t tpm_tis_fifo_read(TPMState *s, uint8_t locty);
void tpm_tis_fifo_write(TPMState *s, uint8_t locty, uint8_t byte);

/* TIS 1.3, PTP: TPM_HASH_START, TPM_HASH_DATA, TPM_HASH_END. */
void tpm_tis_hash_start(TPMState *s);
void tpm_tis_hash_data(TPMState *s, uint8_t byte);
void tpm_tis_hash_end(TPMState *s);

void tpm_tis_request_completed(TPMState *s, int ret);

#endif
