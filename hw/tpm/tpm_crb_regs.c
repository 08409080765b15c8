/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * TPM CRB device: registers
 *
 * PTP 1.03, table "CRB interface registers".
 */
#include "qemu/osdep.h"
#include "hw/pci/pci_ids.h"
#include "tpm_crb_regs.h"
#include "tpm_crb_state.h"
#include "trace.h"

typedef struct CRBRegister {
    hwaddr offset;
    bool owner_only; /* writes of other localities are lost */
    uint32_t (*read)(CRBState *s, uint8_t locty);
    void (*write)(CRBState *s, uint8_t locty, uint32_t bits);
} CRBRegister;

static uint32_t loc_state_read(CRBState *s, uint8_t locty)
{
    bool assigned = s->owner != TPM_CRB_NO_LOCALITY;
    uint32_t val = 0;

    val = FIELD_DP32(val, CRB_LOC_STATE, tpmEstablished,
                     !tpm_backend_get_tpm_established_flag(s->tpmbe)); /* active low */
    val = FIELD_DP32(val, CRB_LOC_STATE, locAssigned, assigned);
    val = FIELD_DP32(val, CRB_LOC_STATE, activeLocality, assigned ? s->owner : 0);
    return FIELD_DP32(val, CRB_LOC_STATE, tpmRegValidSts, 1);
}

static uint32_t loc_sts_read(CRBState *s, uint8_t locty)
{
    uint32_t val = FIELD_DP32(0, CRB_LOC_STS, Granted, s->owner == locty);

    return FIELD_DP32(val, CRB_LOC_STS, beenSeized, s->seized[locty]);
}

static uint32_t intf_id_read(CRBState *s, uint8_t locty)
{
    uint32_t val = 0;

    val = FIELD_DP32(val, CRB_INTF_ID, InterfaceType, 1);
    val = FIELD_DP32(val, CRB_INTF_ID, InterfaceVersion, 1);
    val = FIELD_DP32(val, CRB_INTF_ID, CapLocality, s->localities == TPM_CRB_LOCALITIES);
    val = FIELD_DP32(val, CRB_INTF_ID, CapDataXferSizeSupport, 3); /* 64 bytes */
    val = FIELD_DP32(val, CRB_INTF_ID, CapCRB, 1);
    val = FIELD_DP32(val, CRB_INTF_ID, InterfaceSelector, 1);
    return FIELD_DP32(val, CRB_INTF_ID, IntfSelLock, s->locked);
}

/* There is no other interface to select. */
static void intf_id_write(CRBState *s, uint8_t locty, uint32_t bits)
{
    s->locked |= FIELD_EX32(bits, CRB_INTF_ID, IntfSelLock);
}

static uint32_t intf_id2_read(CRBState *s, uint8_t locty)
{
    return FIELD_DP32(0, CRB_INTF_ID2, VID, PCI_VENDOR_ID_IBM);
}

static uint32_t ctrl_sts_read(CRBState *s, uint8_t locty)
{
    uint32_t val = FIELD_DP32(0, CRB_CTRL_STS, tpmSts, s->failed);

    return FIELD_DP32(val, CRB_CTRL_STS, tpmIdle, s->phase == CRB_IDLE);
}

static uint32_t cancel_read(CRBState *s, uint8_t locty)
{
    return s->cancelled ? CRB_INVOKE : 0;
}

static uint32_t start_read(CRBState *s, uint8_t locty)
{
    return s->phase == CRB_EXECUTION ? CRB_INVOKE : 0;
}

static uint32_t buffer_size_read(CRBState *s, uint8_t locty)
{
    return TPM_CRB_BUFFER;
}

static uint32_t buffer_addr_read(CRBState *s, uint8_t locty)
{
    return TPM_CRB_ADDR_BASE + locty * TPM_CRB_PAGE + A_CRB_DATA_BUFFER;
}

/* Anything else reads as zero. */
static const CRBRegister registers[] = {
    { A_CRB_CTRL_START, true, start_read, tpm_crb_write_start },
    { A_CRB_CTRL_STS, true, ctrl_sts_read },
    { A_CRB_LOC_STATE, false, loc_state_read },
    { A_CRB_LOC_CTRL, false, NULL, tpm_crb_write_loc_ctrl },
    { A_CRB_LOC_STS, false, loc_sts_read },
    { A_CRB_CTRL_REQ, true, NULL, tpm_crb_write_ctrl_req },
    { A_CRB_CTRL_CANCEL, true, cancel_read, tpm_crb_write_cancel },
    { A_CRB_INTF_ID, false, intf_id_read, intf_id_write },
    { A_CRB_INTF_ID2, false, intf_id2_read },
    { A_CRB_CTRL_CMD_SIZE, true, buffer_size_read },
    { A_CRB_CTRL_CMD_LADDR, true, buffer_addr_read },
    { A_CRB_CTRL_RSP_SIZE, true, buffer_size_read },
    { A_CRB_CTRL_RSP_ADDR, true, buffer_addr_read },
};

static const CRBRegister *find_register(hwaddr offset)
{
    for (unsigned i = 0; i < ARRAY_SIZE(registers); i++) {
        if (registers[i].offset == (offset & ~3)) {
            return &registers[i];
        }
    }
    return NULL;
}

uint32_t tpm_crb_read(CRBState *s, uint8_t locty, hwaddr offset)
{
    const CRBRegister *reg = find_register(offset);

    return reg && reg->read ? reg->read(s, locty) : 0;
}

static uint64_t tpm_crb_mmio_read(void *opaque, hwaddr addr, unsigned size)
{
    uint32_t val = tpm_crb_read(opaque, addr / TPM_CRB_PAGE, addr % TPM_CRB_PAGE);

    val = (val >> (8 * (addr & 3))) & MAKE_64BIT_MASK(0, 8 * size);
    trace_tpm_crb_mmio_read(addr, size, val);
    return val;
}

static void tpm_crb_mmio_write(void *opaque, hwaddr addr, uint64_t val, unsigned size)
{
    CRBState *s = opaque;
    uint8_t locty = addr / TPM_CRB_PAGE;
    const CRBRegister *reg = find_register(addr % TPM_CRB_PAGE);
    uint32_t mask = MAKE_64BIT_MASK(0, 8 * size);

    trace_tpm_crb_mmio_write(addr, size, val);
    /* but for INTF_ID, all writable bits are in the lowest byte */
    if (reg && reg->write && (!reg->owner_only || s->owner == locty) &&
        (reg->offset == addr % TPM_CRB_PAGE || reg->offset == A_CRB_INTF_ID)) {
        reg->write(s, locty, (val & mask) << (8 * (addr & 3)));
    }
}

const MemoryRegionOps tpm_crb_memory_ops = {
    .read = tpm_crb_mmio_read,
    .write = tpm_crb_mmio_write,
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
