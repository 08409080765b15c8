/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * TPM TIS on the system bus
 */
#include "qemu/osdep.h"
#include "qapi/error.h"
#include "qemu/module.h"
#include "hw/sysbus.h"
#include "system/tpm_backend_ext.h"
#include "system/tpm_qemu_version.h"
#include "tpm_front_end.h"
#include "tpm_tis_common.h"
#include "tpm_tis_transfer.h"
#include "tpm_tis_vmstate.h"

struct TPMStateSysBus {
    SysBusDevice parent_obj;

    TPMState state; /* not an object of its own */
};

OBJECT_DECLARE_SIMPLE_TYPE(TPMStateSysBus, TPM_TIS_SYSBUS)

/* Named as what it holds, which is all that there is in the stream. */
static const VMStateDescription vmstate_tpm_tis_sysbus = {
    .name = "tpm-tis",
    .version_id = 0,
    .fields =
        (VMStateField[]){
            VMSTATE_STRUCT(state, TPMStateSysBus, 0, vmstate_tpm_tis, TPMState),
            VMSTATE_END_OF_LIST(),
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

TPM_PROPERTIES(tpm_tis_sysbus_properties, TPM_TIS_PROPERTIES(TPMStateSysBus));

static void tpm_tis_sysbus_init(Object *obj)
{
    TPMState *s = &TPM_TIS_SYSBUS(obj)->state;

    tpm_tis_init(s, obj);
    sysbus_init_mmio(SYS_BUS_DEVICE(obj), &s->mmio);
    sysbus_init_irq(SYS_BUS_DEVICE(obj), &s->irq);
}

static void tpm_tis_sysbus_realize(DeviceState *dev, Error **errp)
{
    TPMBackend *be = TPM_TIS_SYSBUS(dev)->state.be_driver;

    if (tpm_front_end_check(be, errp)) {
        tpm_backend_ext_first_startup(be, TPM_FRAME_MAX, errp);
    }
}

static void tpm_tis_sysbus_class_init(ObjectClass *klass, void *data)
{
    DeviceClass *dc = DEVICE_CLASS(klass);
    TPMIfClass *tc = TPM_IF_CLASS(klass);

    device_class_set_props(dc, tpm_tis_sysbus_properties);
    dc->vmsd = &vmstate_tpm_tis_sysbus;
    dc->realize = tpm_tis_sysbus_realize;
    device_class_set_legacy_reset(dc, tpm_tis_sysbus_reset);
    dc->user_creatable = true;
    set_bit(DEVICE_CATEGORY_MISC, dc->categories);
    tc->model = TPM_MODEL_TPM_TIS;
    tc->request_completed = tpm_tis_sysbus_request_completed;
    tc->get_version = tpm_tis_sysbus_get_version;
}

static const TypeInfo tpm_tis_sysbus_info = {
    .name = TYPE_TPM_TIS_SYSBUS,
    .parent = TYPE_DYNAMIC_SYS_BUS_DEVICE,
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
