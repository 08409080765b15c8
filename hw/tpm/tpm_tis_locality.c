/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * TPM TIS device: which locality owns the TPM
 *
 * TIS 1.3 and PTP 1.03, "Access register" and "Locality usage per register".
 */
#include "qemu/osdep.h"
#include "tpm_tis_irq.h"
#include "tpm_tis_locality.h"
#include "tpm_tis_state.h"
#include "trace.h"

/* Highest locality that waits for the TPM. */
static uint8_t next_in_line(const TPMState *s)
{
    for (int i = TPM_TIS_NUM_LOCALITIES - 1; i >= 0; i--) {
        if (s->loc[i].access & TPM_TIS_ACCESS_REQUEST_USE) {
            return i;
        }
    }
    return TPM_TIS_NO_LOCALITY;
}

static void set_owner(TPMState *s, uint8_t next)
{
    uint8_t former = s->active_locty;

    if (former == next) {
        return;
    }
    if (tpm_tis_is_locality(former)) {
        s->loc[former].access &= ~TPM_TIS_ACCESS_ACTIVE_LOCALITY;
        if (tpm_tis_is_locality(next) && (s->loc[next].access & TPM_TIS_ACCESS_SEIZE)) {
            s->loc[former].access |= TPM_TIS_ACCESS_BEEN_SEIZED;
        }
    }
    s->active_locty = next;
    trace_tpm_tis_new_active_locality(next);
    if (tpm_tis_is_locality(next)) {
        s->loc[next].access |= TPM_TIS_ACCESS_ACTIVE_LOCALITY;
        s->loc[next].access &= ~(TPM_TIS_ACCESS_REQUEST_USE | TPM_TIS_ACCESS_SEIZE);
        tpm_tis_raise(s, next, TPM_TIS_INT_LOCALITY_CHANGED);
    }
}

void tpm_tis_aborted(TPMState *s)
{
    uint8_t from = s->aborting_locty;
    uint8_t next = s->next_locty;

    s->aborting_locty = TPM_TIS_NO_LOCALITY;
    s->next_locty = TPM_TIS_NO_LOCALITY;
    s->rw_offset = 0;
    s->hashing = false;
    if (tpm_tis_is_locality(from)) {
        tpm_tis_move(s, from, from == next ? TPM_TIS_MAKE_READY : TPM_TIS_DROP);
    }
    set_owner(s, tpm_tis_is_locality(next) ? next : next_in_line(s));
}

/* The work of the owner ends; @next owns the TPM after that. */
static void end_work(TPMState *s, uint8_t next)
{
    uint8_t owner = s->active_locty;
    bool executing = tpm_tis_is_locality(owner) && s->loc[owner].state == TPM_TIS_STATE_EXECUTION;

    trace_tpm_tis_abort(next);
    s->aborting_locty = owner;
    s->next_locty = next;
    if (executing) {
        tpm_backend_cancel_cmd(s->be_driver);
    } else {
        tpm_tis_aborted(s);
    }
}

void tpm_tis_abort(TPMState *s)
{
    if (!tpm_tis_is_aborting(s)) {
        end_work(s, s->active_locty);
    }
}

void tpm_tis_relinquish(TPMState *s)
{
    /* a seizure that waits for the command to end has decided already who is next */
    if (!tpm_tis_is_aborting(s) || s->next_locty == s->aborting_locty) {
        end_work(s, next_in_line(s));
    }
}

void tpm_tis_take_over(TPMState *s, uint8_t next)
{
    for (unsigned i = 0; i < TPM_TIS_NUM_LOCALITIES; i++) {
        s->loc[i].access &= ~TPM_TIS_ACCESS_SEIZE;
    }
    s->loc[next].access |= TPM_TIS_ACCESS_SEIZE;
    trace_tpm_tis_mmio_write_locty_seized(next, s->active_locty);
    end_work(s, next);
}

/* Only a locality above the owner, and above one that has seized the TPM from it, may seize. */
static void seize(TPMState *s, uint8_t locty)
{
    bool above_owner = !tpm_tis_is_locality(s->active_locty) || locty > s->active_locty;
    bool above_seizer = true;

    for (unsigned i = locty; i < TPM_TIS_NUM_LOCALITIES; i++) {
        above_seizer &= !(s->loc[i].access & TPM_TIS_ACCESS_SEIZE);
    }
    if (above_owner && above_seizer) {
        tpm_tis_take_over(s, locty);
    }
}

static void request(TPMState *s, uint8_t locty)
{
    if (s->active_locty == locty) {
        return;
    }
    s->loc[locty].access |= TPM_TIS_ACCESS_REQUEST_USE;
    if (!tpm_tis_is_locality(s->active_locty)) {
        set_owner(s, locty);
    }
}

static void give_up(TPMState *s, uint8_t locty)
{
    if (s->active_locty == locty) {
        trace_tpm_tis_mmio_write_release_locty(locty);
        tpm_tis_relinquish(s);
    } else {
        s->loc[locty].access &= ~TPM_TIS_ACCESS_REQUEST_USE;
    }
}

void tpm_tis_write_access(TPMState *s, uint8_t locty, uint32_t flags)
{
    if (flags & TPM_TIS_ACCESS_BEEN_SEIZED) {
        s->loc[locty].access &= ~TPM_TIS_ACCESS_BEEN_SEIZED;
    }
    if (flags & TPM_TIS_ACCESS_SEIZE) {
        seize(s, locty);
        return;
    }
    if (flags & TPM_TIS_ACCESS_ACTIVE_LOCALITY) {
        give_up(s, locty);
    }
    if (flags & TPM_TIS_ACCESS_REQUEST_USE) {
        request(s, locty);
    }
}
