/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * TPM TIS on the system bus
 */
#include "qemu/osdep.h"
#include "qapi/error.h"
#include "qemu/module.h"
#include "hw/sysbus.h"
#include "hw/qdev-properties.h"
#include "tpm_prop.h"
#include "tpm_tis.h"

struct TPMStateSysBus {
    SysBusDevice parent_obj;

    TPMState state; /* not an object of its own */
};

OBJECT_DECLARE_SIMPLE_TYPE(TPMStateSysBus, TPM_TIS_SYSBUS)

static int tpm_tis_sysbus_pre_save(void *opaque)
{
    return tpm_tis_pre_save(&TPM_TIS_SYSBUS(opaque)->state);
}

static int tpm_tis_sysbus_post_load(void *opaque, int version_id)
{
    return tpm_tis_post_load(&TPM_TIS_SYSBUS(opaque)->state);
}

static bool tpm_tis_sysbus_hash_needed(void *opaque)
{
    return TPM_TIS_SYSBUS(opaque)->state.hashing;
}

static const VMStateDescription vmstate_tpm_tis_sysbus_hash = {
    .name = "tpm-tis/hash",
    .version_id = 0,
    .needed = tpm_tis_sysbus_hash_needed,
    .fields =
        (VMStateField[]){
            VMSTATE_BOOL(state.hashing, TPMStateSysBus),
            VMSTATE_END_OF_LIST(),
        },
};

static const VMStateDescription vmstate_tpm_tis_sysbus = {
    .name = "tpm-tis",
    .version_id = 0,
    .pre_save = tpm_tis_sysbus_pre_save,
    .post_load = tpm_tis_sysbus_post_load,
    .fields =
        (VMStateField[]){
            TPM_TIS_VMSTATE_FIELDS(TPMStateSysBus),
            VMSTATE_END_OF_LIST(),
        },
    .subsections =
        (const VMStateDescription *[]){
            &vmstate_tpm_tis_sysbus_hash,
            NULL,
        },
};

static void tpm_tis_sysbus_request_completed(TPMIf *ti, int ret)
{
    tpm_tis_request_completed(&TPM_TIS_SYSBUS(ti)->state, ret);
}

static TPMVersion tpm_tis_sysbus_get_version(TPMIf *ti)
{
    return tpm_tis_get_tpm_version(&TPM_TIS_SYSBUS(ti)->state);
}

static void tpm_tis_sysbus_reset(DeviceState *dev)
{
    tpm_tis_reset(&TPM_TIS_SYSBUS(dev)->state);
}

static Property tpm_tis_sysbus_properties[] = {
    DEFINE_PROP_UINT32("irq", TPMStateSysBus, state.irq_num, TPM_TIS_IRQ),
    DEFINE_PROP_TPMBE("tpmdev", TPMStateSysBus, state.be_driver),
    DEFINE_PROP_BOOL("locality4", TPMStateSysBus, state.locality4, false),
    DEFINE_PROP_END_OF_LIST(),
};

static void tpm_tis_sysbus_init(Object *obj)
{
    TPMState *s = &TPM_TIS_SYSBUS(obj)->state;

    memory_region_init_io(&s->mmio, obj, &tpm_tis_memory_ops, s, "tpm-tis-mmio",
                          TPM_TIS_NUM_LOCALITIES << TPM_TIS_LOCALITY_SHIFT);
    sysbus_init_mmio(SYS_BUS_DEVICE(obj), &s->mmio);
    sysbus_init_irq(SYS_BUS_DEVICE(obj), &s->irq);
}

static void tpm_tis_sysbus_realize(DeviceState *dev, Error **errp)
{
    TPMState *s = &TPM_TIS_SYSBUS(dev)->state;

    if (!tpm_find()) {
        error_setg(errp, "at most one TPM device is permitted");
        return;
    }
    if (!s->be_driver) {
        error_setg(errp, "'tpmdev' property is required");
        return;
    }
}

static void tpm_tis_sysbus_class_init(ObjectClass *klass, void *data)
{
    DeviceClass *dc = DEVICE_CLASS(klass);
    TPMIfClass *tc = TPM_IF_CLASS(klass);

    device_class_set_props(dc, tpm_tis_sysbus_properties);
    dc->vmsd = &vmstate_tpm_tis_sysbus;
    dc->realize = tpm_tis_sysbus_realize;
    dc->reset = tpm_tis_sysbus_reset;
    dc->user_creatable = true;
    set_bit(DEVICE_CATEGORY_MISC, dc->categories);
    tc->model = TPM_MODEL_TPM_TIS;
    tc->request_completed = tpm_tis_sysbus_request_completed;
    tc->get_version = tpm_tis_sysbus_get_version;
}

static const TypeInfo tpm_tis_sysbus_info = {
    .name = TYPE_TPM_TIS_SYSBUS,
    .parent = TYPE_SYS_BUS_DEVICE,
    .instance_size = sizeof(TPMStateSysBus),
    .instance_init = tpm_tis_sysbus_init,
    .class_init = tpm_tis_sysbus_class_init,
    .interfaces =
        (InterfaceInfo[]){
            { TYPE_TPM_IF },
            {},
        },
};

static void tpm_tis_sysbus_register(void)
{
    type_register_static(&tpm_tis_sysbus_info);
}

type_init(tpm_tis_sysbus_register)
