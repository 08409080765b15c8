/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * TPM TIS on the ISA bus
 */
#include "qemu/osdep.h"
#include "qapi/error.h"
#include "qemu/module.h"
#include "hw/acpi/acpi_aml_interface.h"
#include "hw/isa/isa.h"
#include "system/tpm_backend_ext.h"
#include "system/tpm_qemu_version.h"
#include "tpm_front_end.h"
#include "tpm_tis_common.h"
#include "tpm_tis_transfer.h"
#include "tpm_tis_vmstate.h"

struct TPMStateISA {
    ISADevice parent_obj;

    TPMState state; /* not an object of its own */
    bool acpi_irq;  /* property: the ACPI tables tell the interrupt */
};

OBJECT_DECLARE_SIMPLE_TYPE(TPMStateISA, TPM_TIS_ISA)

/* Named as what it holds, which is all that there is in the stream. */
static const VMStateDescription vmstate_tpm_tis_isa = {
    .name = "tpm-tis",
    .version_id = 0,
    .fields =
        (VMStateField[]){
            VMSTATE_STRUCT(state, TPMStateISA, 0, vmstate_tpm_tis, TPMState),
            VMSTATE_END_OF_LIST(),
        },
};

static void tpm_tis_isa_request_completed(TPMIf *ti, int ret)
{
    tpm_tis_request_completed(&TPM_TIS_ISA(ti)->state, ret);
}

static TPMVersion tpm_tis_isa_get_version(TPMIf *ti)
{
    return tpm_tis_get_tpm_version(&TPM_TIS_ISA(ti)->state);
}

static void tpm_tis_isa_reset(DeviceState *dev)
{
    tpm_tis_reset(&TPM_TIS_ISA(dev)->state);
}

TPM_PROPERTIES(tpm_tis_isa_properties, TPM_TIS_PROPERTIES(TPMStateISA),
               DEFINE_PROP_BOOL("acpi-irq", TPMStateISA, acpi_irq, false),
               DEFINE_PROP_BOOL("ppi", TPMStateISA, state.ppi_enabled, true));

static void tpm_tis_isa_init(Object *obj)
{
    tpm_tis_init(&TPM_TIS_ISA(obj)->state, obj);
}

static void tpm_tis_isa_realize(DeviceState *dev, Error **errp)
{
    TPMState *s = &TPM_TIS_ISA(dev)->state;

    if (!tpm_front_end_check(s->be_driver, errp)) {
        return;
    }
    if (s->irq_num > 15) {
        error_setg(errp, "irq %" PRIu32 " is not an ISA interrupt; use 0 to 15", s->irq_num);
        return;
    }
    if (!tpm_backend_ext_first_startup(s->be_driver, TPM_FRAME_MAX, errp)) {
        return;
    }
    s->irq = isa_get_irq(ISA_DEVICE(dev), s->irq_num);
    memory_region_add_subregion(isa_address_space(ISA_DEVICE(dev)), TPM_TIS_ADDR_BASE, &s->mmio);
    if (s->ppi_enabled) {
        tpm_ppi_init(&s->ppi, isa_address_space(ISA_DEVICE(dev)), TPM_PPI_ADDR_BASE, OBJECT(dev));
    }
}

/*
 * The interrupt is not declared unless asked for: the usual one, 5, is also one that the PCI link
 * devices may take. Trigger and polarity are those of the MADT.
 */
static void tpm_tis_isa_build_aml(AcpiDevAmlIf *adev, Aml *scope)
{
    TPMIf *ti = TPM_IF(adev);
    Aml *crs = aml_resource_template();
    Aml *dev = aml_device("TPM");

    if (tpm_get_version(ti) == TPM_VERSION_2_0) {
        aml_append(dev, aml_name_decl("_HID", aml_string("MSFT0101")));
        aml_append(dev, aml_name_decl("_STR", aml_string("TPM 2.0 Device")));
    } else {
        aml_append(dev, aml_name_decl("_HID", aml_eisaid("PNP0C31")));
    }
    aml_append(dev, aml_name_decl("_UID", aml_int(1)));
    aml_append(dev, aml_name_decl("_STA", aml_int(0xF)));
    aml_append(crs, aml_memory32_fixed(TPM_TIS_ADDR_BASE, TPM_TIS_ADDR_SIZE, AML_READ_WRITE));
    if (TPM_TIS_ISA(adev)->acpi_irq) {
        aml_append(crs, aml_irq_no_flags(TPM_TIS_ISA(adev)->state.irq_num));
    }
    aml_append(dev, aml_name_decl("_CRS", crs));
    tpm_build_ppi_acpi(ti, dev);
    aml_append(scope, dev);
}

static void tpm_tis_isa_class_init(ObjectClass *klass, void *data)
{
    DeviceClass *dc = DEVICE_CLASS(klass);
    TPMIfClass *tc = TPM_IF_CLASS(klass);
    AcpiDevAmlIfClass *adevc = ACPI_DEV_AML_IF_CLASS(klass);

    device_class_set_props(dc, tpm_tis_isa_properties);
    dc->vmsd = &vmstate_tpm_tis_isa;
    dc->realize = tpm_tis_isa_realize;
    device_class_set_legacy_reset(dc, tpm_tis_isa_reset);
    dc->user_creatable = true;
    set_bit(DEVICE_CATEGORY_MISC, dc->categories);
    tc->model = TPM_MODEL_TPM_TIS;
    tc->request_completed = tpm_tis_isa_request_completed;
    tc->get_version = tpm_tis_isa_get_version;
    adevc->build_dev_aml = tpm_tis_isa_build_aml;
}

static const TypeInfo tpm_tis_isa_info = {
    .name = TYPE_TPM_TIS_ISA,
    .parent = TYPE_ISA_DEVICE,
    .instance_size = sizeof(TPMStateISA),
    .instance_init = tpm_tis_isa_init,
    .class_init = tpm_tis_isa_class_init,
    .interfaces =
        (InterfaceInfo[]){
            { TYPE_TPM_IF },
            { TYPE_ACPI_DEV_AML_IF },
            {},
        },
};

static void tpm_tis_isa_register(void)
{
    type_register_static(&tpm_tis_isa_info);
}

type_init(tpm_tis_isa_register)
