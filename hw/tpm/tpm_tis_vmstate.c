/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * TPM TIS device: VM state
 *
 * The section "tpm-tis" is as QEMU 7.2 writes and reads it. What that cannot tell goes into a
 * subsection, which is there only where it is needed.
 */
#include "qemu/osdep.h"
#include "tpm_tis_state.h"
#include "tpm_tis_vmstate.h"
#include "trace.h"

int tpm_tis_pre_save(TPMState *s)
{
    trace_tpm_tis_pre_save(s->active_locty, s->rw_offset);
    tpm_backend_finish_sync(s->be_driver);
    return 0;
}

static int pre_save(void *opaque)
{
    return tpm_tis_pre_save(opaque);
}

/*
 * What the FIFO relies on: there is room for the byte that comes next, and a byte left of a
 * response. EXPECT and DATA_AVAILABLE belong to one state each.
 */
static bool owner_can_go_on(const TPMState *s)
{
    const TPMLocality *l = &s->loc[s->active_locty];
    bool expect = l->sts & TPM_TIS_STS_EXPECT;
    bool available = l->sts & TPM_TIS_STS_DATA_AVAILABLE;

    if (expect && (l->state != TPM_TIS_STATE_RECEPTION || s->rw_offset >= s->be_buffer_size)) {
        return false;
    }
    return !available || (l->state == TPM_TIS_STATE_COMPLETION &&
                          s->rw_offset < MIN(tpm_cmd_get_size(s->buffer), s->be_buffer_size));
}

/* Who saves waits for the end of a command, so none is in execution. */
static bool is_sound(const TPMState *s)
{
    bool owned = tpm_tis_is_locality(s->active_locty);

    for (unsigned i = 0; i < TPM_TIS_NUM_LOCALITIES; i++) {
        if (s->loc[i].state >= TPM_TIS_STATES || s->loc[i].state == TPM_TIS_STATE_EXECUTION) {
            return false;
        }
    }
    return (owned || s->active_locty == TPM_TIS_NO_LOCALITY) &&
           (s->hashing ? s->rw_offset < sizeof(s->buffer) : s->rw_offset <= s->be_buffer_size) &&
           (!owned || owner_can_go_on(s));
}

/* A stock QEMU leaves who has lost the TPM in the state in which that happened. */
static void drop_others(TPMState *s)
{
    for (unsigned i = 0; i < TPM_TIS_NUM_LOCALITIES; i++) {
        if (i != s->active_locty) {
            s->loc[i].state = TPM_TIS_STATE_IDLE;
            tpm_tis_set_sts(&s->loc[i], 0);
        }
    }
}

static int post_load(void *opaque, int version_id)
{
    TPMState *s = opaque;

    if (!is_sound(s)) {
        return -EINVAL;
    }
    s->aborting_locty = TPM_TIS_NO_LOCALITY;
    s->next_locty = TPM_TIS_NO_LOCALITY;
    drop_others(s);
    return 0;
}

const VMStateDescription vmstate_locty = {
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
            VMSTATE_STRUCT_ARRAY(loc, TPMState, TPM_TIS_NUM_LOCALITIES, 0, vmstate_locty,
                                 TPMLocality),
            VMSTATE_END_OF_LIST(),
        },
    .subsections =
        (const VMStateDescription *[]){
            &vmstate_hash,
            NULL,
        },
};
