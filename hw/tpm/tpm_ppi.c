/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * TPM physical presence interface: the memory in which the guest's firmware and its ACPI methods
 * leave each other requests (layout: QEMU's docs/specs/tpm.rst), and the one request that is for
 * us, to clear the guest's memory at a reset (TCG Platform Reset Attack Mitigation).
 */
#include "qemu/osdep.h"
#include "qemu/memalign.h"
#include "qemu/units.h"
#include "exec/address-spaces.h"
#include "hw/acpi/tpm.h"
#include "hw/qdev-core.h"
#include "migration/vmstate.h"
#include "system/memory_mapping.h"
#include "system/tpm_wakeup.h"
#include "tpm_ppi.h"
#include "trace.h"

#define PPI_MEMORY_OVERWRITE 0x15a
#define MEMORY_OVERWRITE_REQUESTED 0x01

/*
 * RAM of a PC to which the firmware copies itself. It stays mapped over a reset, unlike that of
 * hardware, and the guest starts with it next: it is left alone, as ROM is.
 */
#define SHADOW_START 0xc0000
#define SHADOW_END 0x100000

/* By way of the memory API, so that no translation of code that was there outlives it. */
static void clear(hwaddr start, hwaddr end)
{
    static const uint8_t zeros[4 * KiB];

    for (hwaddr at = start; at < end; at += sizeof(zeros)) {
        address_space_write(&address_space_memory, at, MEMTXATTRS_UNSPECIFIED, zeros,
                            MIN(sizeof(zeros), end - at));
    }
}

static void clear_memory(void)
{
    GuestPhysBlockList blocks;
    GuestPhysBlock *block;

    guest_phys_blocks_init(&blocks);
    guest_phys_blocks_append(&blocks);
    QTAILQ_FOREACH(block, &blocks.head, next) {
        if (!memory_region_is_rom(block->mr)) {
            trace_tpm_ppi_memset(block->host_addr, block->target_end - block->target_start);
            clear(block->target_start, MIN(block->target_end, SHADOW_START));
            clear(MAX(block->target_start, SHADOW_END), block->target_end);
        }
    }
    guest_phys_blocks_free(&blocks);
}

void tpm_ppi_reset(TPMPPI *tpmppi)
{
    bool requested = tpmppi->buf[PPI_MEMORY_OVERWRITE] & MEMORY_OVERWRITE_REQUESTED;

    /* who wakes up goes on in that memory; its next reset finds the request still there */
    if (requested && !tpm_is_waking_up()) {
        clear_memory();
    }
}

void tpm_ppi_init(TPMPPI *tpmppi, MemoryRegion *m, hwaddr addr, Object *obj)
{
    size_t size = ROUND_UP(TPM_PPI_ADDR_SIZE, qemu_real_host_page_size());

    /* zeros are no request */
    tpmppi->buf = qemu_memalign(qemu_real_host_page_size(), size);
    memset(tpmppi->buf, 0, size);
    memory_region_init_ram_device_ptr(&tpmppi->ram, obj, "tpm-ppi", TPM_PPI_ADDR_SIZE, tpmppi->buf);
    vmstate_register_ram(&tpmppi->ram, DEVICE(obj));
    memory_region_add_subregion(m, addr, &tpmppi->ram);
}
