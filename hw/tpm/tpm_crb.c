/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * TPM CRB device: registers, memory map, reset
 *
 * PTP 1.03, table "CRB interface registers". The buffer behind the registers is memory that the
 * guest uses without a trap. It begins at offset 0x80 of the page, where firmware looks for it
 * whatever the address registers say.
 */
#include "qemu/osdep.h"
#include "qapi/error.h"
#include "qemu/module.h"
#include "exec/address-spaces.h"
#include "hw/pci/pci_ids.h"
#include "hw/qdev-properties.h"
#include "sysemu/reset.h"
#include "sysemu/xen.h"
#include "tpm_crb.h"
#include "tpm_prop.h"
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

static const MemoryRegionOps tpm_crb_memory_ops = {
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

static TPMVersion tpm_crb_get_version(TPMIf *ti)
{
    return tpm_backend_get_tpm_version(TPM_CRB(ti)->tpmbe);
}

static void tpm_crb_reset(void *opaque)
{
    CRBState *s = opaque;

    tpm_backend_reset(s->tpmbe);
    if (s->ppi_enabled) {
        tpm_ppi_reset(&s->ppi);
    }
    s->be_buffer_size = MIN(tpm_backend_get_buffer_size(s->tpmbe), TPM_CRB_BUFFER);
    s->phase = CRB_IDLE;
    s->owner = TPM_CRB_NO_LOCALITY;
    s->next = TPM_CRB_NO_LOCALITY;
    s->aborting = false;
    s->cancelled = false;
    s->failed = false;
    s->locked = false;
    s->late_response = false;
    memset(s->requested, 0, sizeof(s->requested));
    memset(s->seized, 0, sizeof(s->seized));
    /* a TPM that does not start answers commands with a failure; the back end has told why */
    tpm_backend_startup_tpm(s->tpmbe, s->be_buffer_size);
}

static void map_memory(CRBState *s, Error **errp)
{
    MemoryRegion *system = get_system_memory();
    uint64_t registers_size =
        s->localities == 1 ? A_CRB_DATA_BUFFER : s->localities * (uint64_t)TPM_CRB_PAGE;
    ERRP_GUARD();

    memory_region_init_ram(&s->cmdmem, OBJECT(s), "tpm-crb-cmd", TPM_CRB_BUFFER, errp);
    if (*errp) {
        return;
    }
    memory_region_init_io(&s->mmio, OBJECT(s), &tpm_crb_memory_ops, s, "tpm-crb-mmio",
                          registers_size);
    memory_region_add_subregion(system, TPM_CRB_ADDR_BASE, &s->mmio);
    memory_region_add_subregion_overlap(system, TPM_CRB_ADDR_BASE + A_CRB_DATA_BUFFER, &s->cmdmem,
                                        1);
    for (unsigned i = 1; i < s->localities; i++) {
        memory_region_init_alias(&s->cmdmem_alias[i], OBJECT(s), "tpm-crb-cmd-alias", &s->cmdmem, 0,
                                 TPM_CRB_BUFFER);
        memory_region_add_subregion_overlap(
            system, TPM_CRB_ADDR_BASE + i * TPM_CRB_PAGE + A_CRB_DATA_BUFFER, &s->cmdmem_alias[i],
            1);
    }
}

static void tpm_crb_realize(DeviceState *dev, Error **errp)
{
    CRBState *s = TPM_CRB(dev);
    ERRP_GUARD();

    if (!tpm_find()) {
        error_setg(errp, "at most one TPM device is permitted");
        return;
    }
    if (!s->tpmbe) {
        error_setg(errp, "'tpmdev' property is required");
        return;
    }
    if (s->localities != 1 && s->localities != TPM_CRB_LOCALITIES) {
        error_setg(errp, "'localities' is 1 or %d", TPM_CRB_LOCALITIES);
        return;
    }
    map_memory(s, errp);
    if (*errp) {
        return;
    }
    if (s->ppi_enabled) {
        tpm_ppi_init(&s->ppi, get_system_memory(), TPM_PPI_ADDR_BASE, OBJECT(s));
    }
    qemu_add_vm_change_state_handler(tpm_crb_vm_change, s);
    if (xen_enabled()) {
        tpm_crb_reset(s);
    } else {
        qemu_register_reset(tpm_crb_reset, s);
    }
}

static Property tpm_crb_properties[] = {
    DEFINE_PROP_TPMBE("tpmdev", CRBState, tpmbe),
    DEFINE_PROP_BOOL("ppi", CRBState, ppi_enabled, true),
    DEFINE_PROP_UINT8("localities", CRBState, localities, 1),
    DEFINE_PROP_BOOL("enforce-idle", CRBState, enforce_idle, false),
    DEFINE_PROP_END_OF_LIST(),
};

static void tpm_crb_class_init(ObjectClass *klass, void *data)
{
    DeviceClass *dc = DEVICE_CLASS(klass);
    TPMIfClass *tc = TPM_IF_CLASS(klass);

    device_class_set_props(dc, tpm_crb_properties);
    dc->vmsd = &vmstate_tpm_crb;
    dc->realize = tpm_crb_realize;
    dc->user_creatable = true;
    set_bit(DEVICE_CATEGORY_MISC, dc->categories);
    tc->model = TPM_MODEL_TPM_CRB;
    tc->get_version = tpm_crb_get_version;
    tc->request_completed = tpm_crb_request_completed;
}

static const TypeInfo tpm_crb_info = {
    .name = TYPE_TPM_CRB,
    .parent = TYPE_DEVICE,
    .instance_size = sizeof(CRBState),
    .class_init = tpm_crb_class_init,
    .interfaces =
        (InterfaceInfo[]){
            { TYPE_TPM_IF },
            {},
        },
};

static void tpm_crb_register(void)
{
    type_register_static(&tpm_crb_info);
}

type_init(tpm_crb_register)
