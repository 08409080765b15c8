/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * TPM CRB device: VM state
 *
 * The section "tpm-crb" holds the registers of locality 0, as QEMU 7.2 writes and reads it. What
 * that cannot tell goes into subsections, which are there only where they are needed.
 */
#include "qemu/osdep.h"
#include "tpm_crb_regs.h"
#include "tpm_crb_state.h"
#include "tpm_crb_vmstate.h"

/*
 * A guest that stops for its state to be saved has its memory saved after this: a response that is
 * in the buffer by then goes along with it.
 */
void tpm_crb_vm_change(void *opaque, bool running, RunState state)
{
    CRBState *s = opaque;

    if (state == RUN_STATE_FINISH_MIGRATE || state == RUN_STATE_SAVE_VM) {
        tpm_backend_finish_sync(s->tpmbe);
        s->late_response = false;
    }
    if (running) {
        s->late_response = false;
    }
}

static int crb_pre_save(void *opaque)
{
    CRBState *s = opaque;

    tpm_backend_finish_sync(s->tpmbe);
    for (unsigned i = 0; i < TPM_CRB_R_MAX; i++) {
        s->regs[i] = tpm_crb_read(s, 0, i * sizeof(uint32_t));
    }
    /* whether the flag is set is the TPM's to tell */
    s->regs[R_CRB_LOC_STATE] =
        FIELD_DP32(s->regs[R_CRB_LOC_STATE], CRB_LOC_STATE, tpmEstablished, 0);
    return 0;
}

static int crb_post_load(void *opaque, int version_id)
{
    CRBState *s = opaque;
    uint32_t loc_state = s->regs[R_CRB_LOC_STATE];
    uint32_t sts = s->regs[R_CRB_CTRL_STS];
    bool assigned = FIELD_EX32(loc_state, CRB_LOC_STATE, locAssigned);

    s->owner =
        assigned ? FIELD_EX32(loc_state, CRB_LOC_STATE, activeLocality) : TPM_CRB_NO_LOCALITY;
    if (assigned && s->owner >= s->localities) {
        return -EINVAL;
    }
    s->aborting = false;
    s->cancelled = s->regs[R_CRB_CTRL_CANCEL] & CRB_INVOKE;
    s->locked = FIELD_EX32(s->regs[R_CRB_INTF_ID], CRB_INTF_ID, IntfSelLock);
    s->failed = FIELD_EX32(sts, CRB_CTRL_STS, tpmSts);
    s->phase = FIELD_EX32(sts, CRB_CTRL_STS, tpmIdle) ? CRB_IDLE : CRB_COMPLETION;
    s->seized[0] = FIELD_EX32(s->regs[R_CRB_LOC_STS], CRB_LOC_STS, beenSeized);
    if (s->late_response) {
        tpm_crb_put_response(s);
        s->late_response = false;
    }
    return 0;
}

static bool crb_localities_needed(void *opaque)
{
    CRBState *s = opaque;

    return s->localities > 1;
}

static const VMStateDescription vmstate_crb_localities = {
    .name = "tpm-crb/localities",
    .needed = crb_localities_needed,
    .fields =
        (VMStateField[]){
            VMSTATE_BOOL_ARRAY(requested, CRBState, TPM_CRB_LOCALITIES),
            VMSTATE_BOOL_ARRAY(seized, CRBState, TPM_CRB_LOCALITIES),
            VMSTATE_END_OF_LIST(),
        },
};

static bool crb_response_needed(void *opaque)
{
    CRBState *s = opaque;

    return s->late_response;
}

static const VMStateDescription vmstate_crb_response = {
    .name = "tpm-crb/response",
    .needed = crb_response_needed,
    .fields =
        (VMStateField[]){
            VMSTATE_BOOL(late_response, CRBState),
            VMSTATE_BUFFER(frame, CRBState),
            VMSTATE_END_OF_LIST(),
        },
};

const VMStateDescription vmstate_tpm_crb = {
    .name = "tpm-crb",
    .pre_save = crb_pre_save,
    .post_load = crb_post_load,
    .fields =
        (VMStateField[]){
            VMSTATE_UINT32_ARRAY(regs, CRBState, TPM_CRB_R_MAX),
            VMSTATE_END_OF_LIST(),
        },
    .subsections =
        (const VMStateDescription *[]){
            &vmstate_crb_localities,
            &vmstate_crb_response,
            NULL,
        },
};
