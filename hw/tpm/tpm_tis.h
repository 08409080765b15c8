/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * TPM TIS device: the state that its files work on
 *
 * tpm_tis_isa.c, tpm_tis_sysbus.c  the two devices
 * tpm_tis_common.c    registers, reset
 * tpm_tis_vmstate.c   VM state
 * tpm_tis_hash.c      the locality-4 hash sequence
 * tpm_tis_transfer.c  commands and responses through the FIFO
 * tpm_tis_locality.c  which locality owns the TPM
 * tpm_tis_state.c     the states of a locality
 * tpm_tis_irq.c       interrupts
 *
 * Each uses what stands below it, never what stands above.
 *
 * TCG PC Client Specific TPM Interface Specification 1.3 (TIS) for TPM 1.2, PC Client Platform TPM
 * Profile (PTP) 1.03 for TPM 2.0. Register offsets and bits are those of hw/acpi/tpm.h.
 */
#ifndef TPM_TPM_TIS_H
#define TPM_TPM_TIS_H

#include "hw/acpi/tpm.h"
#include "hw/qdev-properties.h"
#include "system/tpm_backend.h"
#include "system/tpm_frame.h"
#include "tpm_ppi.h"
#include "tpm_prop.h"

#define TPM_TIS_NO_LOCALITY 0xff

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

    uint8_t buffer[TPM_FRAME_MAX]; /* command, response, or data to hash */
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

/* Properties of both devices, whose TPMState is their member `state`. */
#define TPM_TIS_PROPERTIES(_type)                                                                  \
    DEFINE_PROP_UINT32("irq", _type, state.irq_num, TPM_TIS_IRQ),                                  \
        DEFINE_PROP_TPMBE("tpmdev", _type, state.be_driver),                                       \
        DEFINE_PROP_BOOL("locality4", _type, state.locality4, false)

static inline bool tpm_tis_is_locality(uint8_t locty)
{
    return locty < TPM_TIS_NUM_LOCALITIES;
}

#endif
