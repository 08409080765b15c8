/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * TPM TIS device: VM state
 *
 * The section "tpm-tis" is as QEMU 7.2 writes and reads it. What that cannot tell goes into a
 * subsection, which is there only where it is needed.
 */
#include "qemu/osdep.h"
#include "tpm_tis_vmstate.h"
#include "trace.h"

static int pre_save(void *opaque)
{
    TPMState *s = opaque;

    trace_tpm_tis_pre_save(s->active_locty, s->rw_offset);
    tpm_backend_finish_sync(s->be_driver);
    return 0;
}

static bool owner_is_sound(uint8_t locty)
{
    return tpm_tis_is_locality(locty) || locty == TPM_TIS_NO_LOCALITY;
}

static int post_load(void *opaque, int version_id)
{
    TPMState *s = opaque;

    if (!owner_is_sound(s->active_locty) || s->rw_offset > s->be_buffer_size) {
        return -EINVAL;
    }
    s->aborting_locty = TPM_TIS_NO_LOCALITY;
    s->next_locty = TPM_TIS_NO_LOCALITY;
    for (unsigned i = 0; i < TPM_TIS_NUM_LOCALITIES; i++) {
        TPMLocality *l = &s->loc[i];

        /* who saves waits for the end of a command, so none is in execution */
        if (l->state >= TPM_TIS_STATES || l->state == TPM_TIS_STATE_EXECUTION) {
            return -EINVAL;
        }
        if ((l->sts & TPM_TIS_STS_DATA_AVAILABLE) &&
            s->rw_offset >= MIN(tpm_cmd_get_size(s->buffer), s->be_buffer_size)) {
            return -EINVAL;
        }
    }
    return 0;
}

static const VMStateDescription vmstate_locality = {
    .name = "tpm-tis/locty",
    .version_id = 0,
    .fields =
        (VMStateField[]){
            VMSTATE_UINT32(state, TPMLocality),
            VMSTATE_UINT32(inte, TPMLocality),
            VMSTATE_UINT32(ints, TPMLocality),
            VMSTATE_UINT8(access, TPMLocality),
            VMSTATE_UINT32(sts, TPMLocality),
            VMSTATE_UINT32(iface_id, TPMLocality),
            VMSTATE_END_OF_LIST(),
        },
};

static bool hash_needed(void *opaque)
{
    TPMState *s = opaque;

    return s->hashing;
}

static const VMStateDescription vmstate_hash = {
    .name = "tpm-tis/hash",
    .version_id = 0,
    .needed = hash_needed,
    .fields =
        (VMStateField[]){
            VMSTATE_BOOL(hashing, TPMState),
            VMSTATE_END_OF_LIST(),
        },
};

const VMStateDescription vmstate_tpm_tis = {
    .name = "tpm-tis",
    .version_id = 0,
    .pre_save = pre_save,
    .post_load = post_load,
    .fields =
        (VMStateField[]){
            VMSTATE_BUFFER(buffer, TPMState),
            VMSTATE_UINT16(rw_offset, TPMState),
            VMSTATE_UINT8(active_locty, TPMState),
            VMSTATE_UINT8(aborting_locty, TPMState),
            VMSTATE_UINT8(next_locty, TPMState),
            VMSTATE_STRUCT_ARRAY(loc, TPMState, TPM_TIS_NUM_LOCALITIES, 0, vmstate_locality,
                                 TPMLocality),
            VMSTATE_END_OF_LIST(),
        },
    .subsections =
        (const VMStateDescription *[]){
            &vmstate_hash,
            NULL,
        },
};
