/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a measured boot asks of QEMU's fw_cfg; hw/nvram/fw_cfg.c has it by an edit of the wiring
 */
#ifndef SYSTEM_TPM_FW_CFG_H
#define SYSTEM_TPM_FW_CFG_H

#include "hw/nvram/fw_cfg.h"

/**
 * tpm_fw_cfg_own:
 * @key: FW_CFG_*_DATA
 * @ret_size: in bytes
 *
 * Has fw_cfg keep the bytes of @key in memory of its own from now on: an initrd is a file that is
 * mapped until then, and whoever writes to the file changes what the guest gets. The mapping's
 * pages are only the host's cache, so that nothing is held twice.
 *
 * Returns: (transfer none): the bytes, which stay; NULL where there are none.
 */
const uint8_t *tpm_fw_cfg_own(FWCfgState *s, uint16_t key, size_t *ret_size);

/* Has @taken called each time the guest is about to read what is at @key; replaces another. */
void tpm_fw_cfg_watch(FWCfgState *s, uint16_t key, FWCfgCallback taken, void *opaque);

#endif
