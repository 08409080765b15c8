/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * TPM TIS device: registers, reset
 *
 * TIS 1.3, table "Register space", and PTP 1.03, table "FIFO interface registers".
 */
#include "qemu/osdep.h"
#include "qemu/bswap.h"
#include "qemu/crc-ccitt.h"
#include "hw/pci/pci_ids.h"
#include "tpm_tis_common.h"
#include "tpm_tis_hash.h"
#include "tpm_tis_irq.h"
#include "tpm_tis_locality.h"
#include "tpm_tis_transfer.h"
#include "trace.h"

#define HASH_END 0x20
#define HASH_START 0x28
#define PAGE_OFFSET ((1 << TPM_TIS_LOCALITY_SHIFT) - 1)
#define NO_VALUE 0xffffffff

/*
 * One register, or several that do the same, of each locality. read() gives all 32 bits and write()
 * gets the ones written, in their places; a stream register moves bytes instead, one by one.
 */
typedef struct TPMTISRegister {
    const char *name;
    uint16_t first;
    uint16_t last;   /* offset of the last byte */
    bool owner_only; /* for other localities: reads as ones, writes are lost */
    uint32_t (*read)(TPMState *s, uint8_t locty, unsigned size);
    void (*write)(TPMState *s, uint8_t locty, uint32_t val, uint32_t mask);
    uint8_t (*stream_read)(TPMState *s, uint8_t locty);
    void (*stream_write)(TPMState *s, uint8_t locty, uint8_t byte);
} TPMTISRegister;

static uint32_t access_read(TPMState *s, uint8_t locty, unsigned size)
{
    uint32_t val = s->loc[locty].access & ~TPM_TIS_ACCESS_SEIZE;

    for (unsigned i = 0; i < TPM_TIS_NUM_LOCALITIES; i++) {
        if (i != locty && (s->loc[i].access & TPM_TIS_ACCESS_REQUEST_USE)) {
            val |= TPM_TIS_ACCESS_PENDING_REQUEST;
        }
    }
    if (!tpm_backend_get_tpm_established_flag(s->be_driver)) {
        val |= TPM_TIS_ACCESS_TPM_ESTABLISHMENT; /* active low */
    }
    return val;
}

static void access_write(TPMState *s, uint8_t locty, uint32_t val, uint32_t mask)
{
    tpm_tis_write_access(s, locty, val);
}

static uint32_t int_enable_read(TPMState *s, uint8_t locty, unsigned size)
{
    return s->loc[locty].inte;
}

static void int_enable_write(TPMState *s, uint8_t locty, uint32_t val, uint32_t mask)
{
    uint32_t writable =
        TPM_TIS_INT_ENABLED | TPM_TIS_INT_POLARITY_MASK | TPM_TIS_INTERRUPTS_SUPPORTED;

    s->loc[locty].inte = (s->loc[locty].inte & ~mask) | (val & writable);
    tpm_tis_update_irq(s);
}

static uint32_t int_vector_read(TPMState *s, uint8_t locty, unsigned size)
{
    return s->irq_num;
}

static uint32_t int_status_read(TPMState *s, uint8_t locty, unsigned size)
{
    return s->loc[locty].ints;
}

static void int_status_write(TPMState *s, uint8_t locty, uint32_t val, uint32_t mask)
{
    s->loc[locty].ints &= ~(val & TPM_TIS_INTERRUPTS_SUPPORTED);
    tpm_tis_update_irq(s);
}

static uint32_t capability_read(TPMState *s, uint8_t locty, unsigned size)
{
    static const uint32_t capability[] = {
        [TPM_VERSION_UNSPEC] = 0,
        [TPM_VERSION_1_2] = TPM_TIS_CAPABILITIES_SUPPORTED1_3,
        [TPM_VERSION_2_0] = TPM_TIS_CAPABILITIES_SUPPORTED2_0,
    };

    return capability[s->be_tpm_version];
}

static uint32_t sts_read(TPMState *s, uint8_t locty, unsigned size)
{
    uint32_t burst = tpm_tis_burst_count(s, locty);

    /* who reads a single byte of the count must not find 0 in it for, say, 256 bytes */
    if (size == 1) {
        burst = MIN(burst, 0xff);
    }
    return TPM_TIS_BURST_COUNT(burst) | s->loc[locty].sts;
}

static void sts_write(TPMState *s, uint8_t locty, uint32_t val, uint32_t mask)
{
    bool executing = s->loc[locty].state == TPM_TIS_STATE_EXECUTION;

    if (s->be_tpm_version == TPM_VERSION_2_0) {
        if ((val & TPM_TIS_STS_COMMAND_CANCEL) && executing) {
            tpm_backend_cancel_cmd(s->be_driver);
        }
        if ((val & TPM_TIS_STS_RESET_ESTABLISHMENT_BIT) && locty >= 3 && !executing) {
            tpm_backend_reset_tpm_established_flag(s->be_driver, locty);
        }
    }
    tpm_tis_write_sts_command(s, locty, val);
}

static uint32_t interface_id_read(TPMState *s, uint8_t locty, unsigned size)
{
    return s->loc[locty].iface_id;
}

/* The lock of the interface selector is one for all localities. */
static void interface_id_write(TPMState *s, uint8_t locty, uint32_t val, uint32_t mask)
{
    for (unsigned i = 0; i < TPM_TIS_NUM_LOCALITIES; i++) {
        s->loc[i].iface_id |= val & TPM_TIS_IFACE_ID_INT_SEL_LOCK;
    }
}

static uint32_t did_vid_read(TPMState *s, uint8_t locty, unsigned size)
{
    return (TPM_TIS_TPM_DID << 16) | TPM_TIS_TPM_VID;
}

static uint32_t rid_read(TPMState *s, uint8_t locty, unsigned size)
{
    return TPM_TIS_TPM_RID;
}

/* The one that a guest uses most comes first. */
static const TPMTISRegister registers[] = {
    { "DATA_FIFO", TPM_TIS_REG_DATA_FIFO, TPM_TIS_REG_DATA_FIFO + 3, true,
      .stream_read = tpm_tis_fifo_read, .stream_write = tpm_tis_fifo_write },
    { "STS", TPM_TIS_REG_STS, TPM_TIS_REG_STS + 3, true, sts_read, sts_write },
    { "ACCESS", TPM_TIS_REG_ACCESS, TPM_TIS_REG_ACCESS + 3, false, access_read, access_write },
    { "XDATA_FIFO", TPM_TIS_REG_DATA_XFIFO, TPM_TIS_REG_DATA_XFIFO_END + 3, true,
      .stream_read = tpm_tis_fifo_read, .stream_write = tpm_tis_fifo_write },
    { "INT_ENABLE", TPM_TIS_REG_INT_ENABLE, TPM_TIS_REG_INT_ENABLE + 3, false, int_enable_read,
      int_enable_write },
    { "INT_VECTOR", TPM_TIS_REG_INT_VECTOR, TPM_TIS_REG_INT_VECTOR + 3, false, int_vector_read },
    { "INT_STATUS", TPM_TIS_REG_INT_STATUS, TPM_TIS_REG_INT_STATUS + 3, false, int_status_read,
      int_status_write },
    { "INTF_CAPABILITY", TPM_TIS_REG_INTF_CAPABILITY, TPM_TIS_REG_INTF_CAPABILITY + 3, false,
      capability_read },
    { "INTERFACE_ID", TPM_TIS_REG_INTERFACE_ID, TPM_TIS_REG_INTERFACE_ID + 3, false,
      interface_id_read, interface_id_write },
    { "DID_VID", TPM_TIS_REG_DID_VID, TPM_TIS_REG_DID_VID + 3, false, did_vid_read },
    { "RID", TPM_TIS_REG_RID, TPM_TIS_REG_RID + 3, false, rid_read },
};

static const TPMTISRegister *find_register(hwaddr offset)
{
    for (unsigned i = 0; i < ARRAY_SIZE(registers); i++) {
        if (offset >= registers[i].first && offset <= registers[i].last) {
            return &registers[i];
        }
    }
    return NULL;
}

static uint32_t stream_read(TPMState *s, const TPMTISRegister *reg, uint8_t locty, unsigned size)
{
    uint32_t val = 0;

    for (unsigned i = 0; i < size; i++) {
        val |= (uint32_t)reg->stream_read(s, locty) << (8 * i);
    }
    return val;
}

uint32_t tpm_tis_read_data(TPMState *s, hwaddr addr, unsigned size)
{
    uint8_t locty = addr >> TPM_TIS_LOCALITY_SHIFT;
    const TPMTISRegister *reg = find_register(addr & PAGE_OFFSET);
    uint32_t val = NO_VALUE;

    if (reg && (!reg->owner_only || s->active_locty == locty)) {
        val = reg->stream_read ? stream_read(s, reg, locty, size)
                               : reg->read(s, locty, size) >> (8 * (addr & 3));
    }
    val &= MAKE_64BIT_MASK(0, 8 * size);
    trace_tpm_tis_mmio_read(size, addr, val);
    return val;
}

/* PTP 1.03, "Locality 4 hash interface": these exist for writing and in locality 4 alone. */
static bool hash_write(TPMState *s, hwaddr offset, uint64_t val, unsigned size)
{
    switch (offset) {
    case HASH_START:
        tpm_tis_hash_start(s);
        return true;
    case HASH_END:
        tpm_tis_hash_end(s);
        return true;
    case TPM_TIS_REG_DATA_FIFO:
        for (unsigned i = 0; i < size && s->hashing; i++) {
            tpm_tis_hash_data(s, val >> (8 * i));
        }
        return s->hashing;
    default:
        return false;
    }
}

void tpm_tis_write_data(TPMState *s, hwaddr addr, uint64_t val, uint32_t size)
{
    uint8_t locty = addr >> TPM_TIS_LOCALITY_SHIFT;
    hwaddr offset = addr & PAGE_OFFSET;
    const TPMTISRegister *reg = find_register(offset);
    unsigned shift = 8 * (addr & 3);
    uint32_t mask = MAKE_64BIT_MASK(0, 8 * size);

    trace_tpm_tis_mmio_write(size, addr, val);
    if (locty == 4) {
        if (!s->locality4) {
            trace_tpm_tis_mmio_write_locty4();
            return;
        }
        if (hash_write(s, offset, val, size)) {
            return;
        }
    }
    if (!reg || (reg->owner_only && s->active_locty != locty)) {
        return;
    }
    if (reg->stream_write) {
        for (unsigned i = 0; i < size; i++) {
            reg->stream_write(s, locty, val >> (8 * i));
        }
    } else if (reg->write) {
        reg->write(s, locty, (val & mask) << shift, mask << shift);
    }
}

static uint64_t tpm_tis_mmio_read(void *opaque, hwaddr addr, unsigned size)
{
    return tpm_tis_read_data(opaque, addr, size);
}

static void tpm_tis_mmio_write(void *opaque, hwaddr addr, uint64_t val, unsigned size)
{
    tpm_tis_write_data(opaque, addr, val, size);
}

uint16_t tpm_tis_get_checksum(TPMState *s)
{
    return bswap16(crc_ccitt(0, s->buffer, s->rw_offset));
}

static const MemoryRegionOps memory_ops = {
    .read = tpm_tis_mmio_read,
    .write = tpm_tis_mmio_write,
    .endianness = DEVICE_LITTLE_ENDIAN,
    .valid = {
        .min_access_size = 1,
        .max_access_size = 8,
    },
    .impl = {
        .min_access_size = 1,
        .max_access_size = 4,
    },
};

void tpm_tis_init(TPMState *s, Object *obj)
{
    memory_region_init_io(&s->mmio, obj, &memory_ops, s, "tpm-tis-mmio",
                          TPM_TIS_NUM_LOCALITIES << TPM_TIS_LOCALITY_SHIFT);
}

TPMVersion tpm_tis_get_tpm_version(TPMState *s)
{
    return tpm_backend_get_tpm_version(s->be_driver);
}

static void locality_reset(TPMLocality *l, TPMVersion version)
{
    static const struct {
        uint32_t family;
        uint32_t iface_id;
    } by_version[] = {
        [TPM_VERSION_UNSPEC] = { 0, 0 },
        [TPM_VERSION_1_2] = { TPM_TIS_STS_TPM_FAMILY1_2, TPM_TIS_IFACE_ID_SUPPORTED_FLAGS1_3 },
        [TPM_VERSION_2_0] = { TPM_TIS_STS_TPM_FAMILY2_0, TPM_TIS_IFACE_ID_SUPPORTED_FLAGS2_0 },
    };

    *l = (TPMLocality){
        .state = TPM_TIS_STATE_IDLE,
        .access = TPM_TIS_ACCESS_TPM_REG_VALID_STS,
        .sts = by_version[version].family,
        .iface_id = by_version[version].iface_id,
        .inte = TPM_TIS_INT_POLARITY_LOW_LEVEL,
    };
}

void tpm_tis_reset(TPMState *s)
{
    tpm_backend_reset(s->be_driver);
    if (s->ppi_enabled) {
        tpm_ppi_reset(&s->ppi);
    }
    s->be_tpm_version = tpm_backend_get_tpm_version(s->be_driver);
    s->be_buffer_size = MIN(tpm_backend_get_buffer_size(s->be_driver), TPM_FRAME_MAX);
    s->active_locty = TPM_TIS_NO_LOCALITY;
    s->next_locty = TPM_TIS_NO_LOCALITY;
    s->aborting_locty = TPM_TIS_NO_LOCALITY;
    s->rw_offset = 0;
    s->hashing = false;
    for (unsigned i = 0; i < TPM_TIS_NUM_LOCALITIES; i++) {
        locality_reset(&s->loc[i], s->be_tpm_version);
    }
    tpm_tis_update_irq(s);
    /* a TPM that does not start answers commands with a failure; the back end has told why */
    tpm_backend_startup_tpm(s->be_driver, s->be_buffer_size);
}
