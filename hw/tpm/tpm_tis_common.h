/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * TPM TIS device: registers, reset
 */
#ifndef TPM_TPM_TIS_COMMON_H
#define TPM_TPM_TIS_COMMON_H

#include "tpm_tis.h"

/* For the init function of a device: @obj is the device, of which @s is part. */
void tpm_tis_init(TPMState *s, Object *obj);

void tpm_tis_reset(TPMState *s);

TPMVersion tpm_tis_get_tpm_version(TPMState *s);

/*
 * For QEMU's tpm_tis_i2c.c, which has a TPMState of its own. A register by its offset, locality
 * included; @size is 1, 2 or 4 bytes.
 */
uint32_t tpm_tis_read_data(TPMState *s, hwaddr addr, unsigned size);
void tpm_tis_write_data(TPMState *s, hwaddr addr, uint64_t val, uint32_t size);

/* PTP 1.03, TPM_DATA_CSUM of the I2C interface: CRC of what went through the FIFO, big-endian. */
uint16_t tpm_tis_get_checksum(TPMState *s);

#endif
