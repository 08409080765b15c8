/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * TPM CRB device: memory map, reset
 *
 * The buffer behind the registers is memory that the guest uses without a trap. It begins at offset
 * 0x80 of the page, where firmware looks for it whatever the address registers say.
 */
#include "qemu/osdep.h"
#include "qapi/error.h"
#include "qemu/module.h"
#include "exec/address-spaces.h"
#include "hw/qdev-properties.h"
#include "system/reset.h"
#include "system/tpm_backend_ext.h"
#include "system/tpm_qemu_version.h"
#include "system/xen.h"
#include "tpm_crb_regs.h"
#include "tpm_crb_state.h"
#include "tpm_crb_vmstate.h"
#include "tpm_front_end.h"
#include "tpm_prop.h"

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

    if (!tpm_front_end_check(s->tpmbe, errp)) {
        return;
    }
    if (s->localities != 1 && s->localities != TPM_CRB_LOCALITIES) {
        error_setg(errp, "'localities' is 1 or %d", TPM_CRB_LOCALITIES);
        return;
    }
    if (tpm_backend_get_tpm_version(s->tpmbe) == TPM_VERSION_1_2) {
        error_setg(errp, "tpm-crb is for a TPM 2.0 and TPM '%s' is a TPM 1.2: use -device tpm-tis",
                   s->tpmbe->id);
        return;
    }
    if (!tpm_backend_ext_first_startup(s->tpmbe, TPM_CRB_BUFFER, errp)) {
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

TPM_PROPERTIES(tpm_crb_properties, DEFINE_PROP_TPMBE("tpmdev", CRBState, tpmbe),
               DEFINE_PROP_BOOL("ppi", CRBState, ppi_enabled, true),
               DEFINE_PROP_UINT8("localities", CRBState, localities, 1),
               DEFINE_PROP_BOOL("enforce-idle", CRBState, enforce_idle, false));

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
