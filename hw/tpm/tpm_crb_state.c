/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * TPM CRB device: commands, ownership by locality
 *
 * PTP 1.03, "CRB interface state transitions" and "Locality control and status".
 */
#include "qemu/osdep.h"
#include "system/runstate.h"
#include "system/tpm_frame.h"
#include "tpm_crb_state.h"

/* Bits of LOC_CTRL and CTRL_REQ */
#define CRB_LOC_CTRL_REQUEST BIT(0)
#define CRB_LOC_CTRL_RELINQUISH BIT(1)
#define CRB_LOC_CTRL_SEIZE BIT(2)
#define CRB_LOC_CTRL_RESET_EST BIT(3)
#define CRB_CTRL_REQ_CMD_READY BIT(0)
#define CRB_CTRL_REQ_GO_IDLE BIT(1)

/* A missing entry is no transition; the phases are counted from one for that. */
#define TO(_phase) (CRB_##_phase + 1)

static const uint8_t transition[CRB_PHASES][CRB_EVENTS] = {
    [CRB_IDLE] = {
        [CRB_MAKE_READY] = TO(READY),
        [CRB_GO_IDLE] = TO(IDLE),
        [CRB_DROP] = TO(IDLE),
    },
    [CRB_READY] = {
        [CRB_MAKE_READY] = TO(READY),
        [CRB_GO_IDLE] = TO(IDLE),
        [CRB_START] = TO(RECEPTION),
        [CRB_DROP] = TO(IDLE),
    },
    [CRB_RECEPTION] = {
        [CRB_EXECUTE] = TO(EXECUTION),
    },
    [CRB_EXECUTION] = {
        [CRB_RESPONDED] = TO(COMPLETION),
        [CRB_DROP] = TO(IDLE),
    },
    [CRB_COMPLETION] = {
        [CRB_MAKE_READY] = TO(READY),
        [CRB_GO_IDLE] = TO(IDLE),
        [CRB_START] = TO(RECEPTION),
        [CRB_DROP] = TO(IDLE),
    },
};

static bool may(const CRBState *s, CRBEvent event)
{
    return transition[s->phase][event] != 0;
}

static void move(CRBState *s, CRBEvent event)
{
    assert(may(s, event));
    s->phase = transition[s->phase][event] - 1;
}

/* --- ownership --- */

static bool is_locality(uint8_t locty)
{
    return locty < TPM_CRB_LOCALITIES;
}

static uint8_t next_in_line(const CRBState *s)
{
    for (int i = TPM_CRB_LOCALITIES - 1; i >= 0; i--) {
        if (s->requested[i]) {
            return i;
        }
    }
    return TPM_CRB_NO_LOCALITY;
}

static void set_owner(CRBState *s, uint8_t next)
{
    s->owner = next;
    if (is_locality(next)) {
        s->requested[next] = false;
        s->seized[next] = false;
    }
}

static void work_ended(CRBState *s)
{
    uint8_t next = s->next;

    s->aborting = false;
    s->next = TPM_CRB_NO_LOCALITY;
    s->cancelled = false;
    s->failed = false;
    move(s, CRB_DROP);
    set_owner(s, is_locality(next) ? next : next_in_line(s));
}

/* The owner loses the TPM to @next, or to who has asked for it; a command in execution first. */
static void end_work(CRBState *s, uint8_t next)
{
    s->aborting = true;
    s->next = next;
    if (s->phase == CRB_EXECUTION) {
        tpm_backend_cancel_cmd(s->tpmbe);
    } else {
        work_ended(s);
    }
}

static void request(CRBState *s, uint8_t locty)
{
    s->seized[locty] = false;
    if (s->owner == TPM_CRB_NO_LOCALITY) {
        set_owner(s, locty);
    } else if (s->owner != locty) {
        s->requested[locty] = true;
    }
}

static void relinquish(CRBState *s, uint8_t locty)
{
    s->requested[locty] = false;
    if (s->owner == locty && !s->aborting) {
        end_work(s, TPM_CRB_NO_LOCALITY);
    }
}

static void seize(CRBState *s, uint8_t locty)
{
    uint8_t rival = s->aborting && is_locality(s->next) ? s->next : s->owner;

    if (rival == TPM_CRB_NO_LOCALITY) {
        set_owner(s, locty);
    } else if (locty > rival) {
        s->seized[s->owner] = true;
        end_work(s, locty);
    }
}

void tpm_crb_write_loc_ctrl(CRBState *s, uint8_t locty, uint32_t bits)
{
    if ((bits & CRB_LOC_CTRL_RESET_EST) && locty >= 3 && s->phase != CRB_EXECUTION) {
        tpm_backend_reset_tpm_established_flag(s->tpmbe, locty);
    }
    if (bits & CRB_LOC_CTRL_RELINQUISH) {
        relinquish(s, locty);
    }
    if (bits & CRB_LOC_CTRL_SEIZE) {
        seize(s, locty);
    }
    if (bits & CRB_LOC_CTRL_REQUEST) {
        request(s, locty);
    }
}

/* --- commands --- */

void tpm_crb_write_ctrl_req(CRBState *s, uint8_t locty, uint32_t bits)
{
    static const CRBEvent event[] = {
        [CRB_CTRL_REQ_CMD_READY] = CRB_MAKE_READY,
        [CRB_CTRL_REQ_GO_IDLE] = CRB_GO_IDLE,
    };

    bits &= CRB_CTRL_REQ_CMD_READY | CRB_CTRL_REQ_GO_IDLE;
    /* both at once contradict each other */
    if (is_power_of_2(bits) && may(s, event[bits])) {
        move(s, event[bits]);
    }
}

void tpm_crb_write_cancel(CRBState *s, uint8_t locty, uint32_t bits)
{
    if (!(bits & CRB_INVOKE)) {
        s->cancelled = false;
    } else if (s->phase == CRB_EXECUTION && !s->cancelled) {
        s->cancelled = true;
        tpm_backend_cancel_cmd(s->tpmbe);
    }
}

/* Guests of old start commands without making the TPM ready; whether they may is a property. */
static void leave_idle(CRBState *s)
{
    if (s->phase == CRB_IDLE && !s->enforce_idle) {
        move(s, CRB_MAKE_READY);
    }
}

void tpm_crb_write_start(CRBState *s, uint8_t locty, uint32_t bits)
{
    if (!(bits & CRB_INVOKE) || s->failed) {
        return;
    }
    leave_idle(s);
    if (!may(s, CRB_START)) {
        return;
    }
    move(s, CRB_START);
    s->cancelled = false;
    memcpy(s->frame, memory_region_get_ram_ptr(&s->cmdmem), sizeof(s->frame));
    s->cmd = (TPMBackendCmd){
        .locty = locty,
        .in = s->frame,
        .in_len = MIN(tpm_cmd_get_size(s->frame), s->be_buffer_size),
        .out = s->frame,
        .out_len = s->be_buffer_size,
    };
    move(s, CRB_EXECUTE);
    tpm_backend_deliver_request(s->tpmbe, &s->cmd);
}

void tpm_crb_put_response(CRBState *s)
{
    size_t size = MIN(tpm_cmd_get_size(s->frame), s->be_buffer_size);

    memcpy(memory_region_get_ram_ptr(&s->cmdmem), s->frame, size);
    memory_region_set_dirty(&s->cmdmem, 0, size);
}

void tpm_crb_request_completed(TPMIf *ti, int ret)
{
    CRBState *s = TPM_CRB(ti);

    if (s->aborting) {
        work_ended(s);
        return;
    }
    if (ret != 0 || tpm_cmd_get_size(s->frame) < TPM_FRAME_HEADER) {
        s->failed = true;
        tpm_frame_put_fault(s->frame, TPM_VERSION_2_0, TPM_FRAME_FAILED);
    }
    tpm_crb_put_response(s);
    s->late_response = !runstate_is_running();
    move(s, CRB_RESPONDED);
}
