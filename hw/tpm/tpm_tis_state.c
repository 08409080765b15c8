/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * TPM TIS device: the states of a locality
 *
 * TIS 1.3 and PTP 1.03, "Status register" with its state diagram.
 */
#include "qemu/osdep.h"
#include "tpm_tis_irq.h"
#include "tpm_tis_state.h"

/* A missing entry is no transition; the states are counted from one for that. */
#define TO(_state) (TPM_TIS_STATE_##_state + 1)

static const uint8_t transition[TPM_TIS_STATES][TPM_TIS_EVENTS] = {
    [TPM_TIS_STATE_IDLE] = {
        [TPM_TIS_MAKE_READY] = TO(READY),
        [TPM_TIS_DROP] = TO(IDLE),
    },
    [TPM_TIS_STATE_READY] = {
        [TPM_TIS_MAKE_READY] = TO(READY),
        [TPM_TIS_FIRST_BYTE] = TO(RECEPTION),
        [TPM_TIS_DROP] = TO(IDLE),
    },
    [TPM_TIS_STATE_RECEPTION] = {
        [TPM_TIS_MAKE_READY] = TO(READY),
        [TPM_TIS_GO] = TO(EXECUTION),
        [TPM_TIS_DROP] = TO(IDLE),
    },
    [TPM_TIS_STATE_EXECUTION] = {
        [TPM_TIS_MAKE_READY] = TO(READY), /* by way of an abort */
        [TPM_TIS_RESPONDED] = TO(COMPLETION),
        [TPM_TIS_DROP] = TO(IDLE),
    },
    [TPM_TIS_STATE_COMPLETION] = {
        [TPM_TIS_MAKE_READY] = TO(READY),
        [TPM_TIS_RETRY] = TO(COMPLETION),
        [TPM_TIS_DROP] = TO(IDLE),
    },
};

/* What entering a state does to STS and which interrupts it may raise. */
static const struct {
    uint32_t sts;
    uint32_t interrupts;
} entry[TPM_TIS_STATES] = {
    [TPM_TIS_STATE_READY] = { TPM_TIS_STS_COMMAND_READY, TPM_TIS_INT_COMMAND_READY },
    [TPM_TIS_STATE_RECEPTION] = { TPM_TIS_STS_VALID | TPM_TIS_STS_EXPECT, 0 },
    [TPM_TIS_STATE_EXECUTION] = { TPM_TIS_STS_VALID, 0 },
    [TPM_TIS_STATE_COMPLETION] = { TPM_TIS_STS_VALID | TPM_TIS_STS_DATA_AVAILABLE,
                                   TPM_TIS_INT_DATA_AVAILABLE | TPM_TIS_INT_STS_VALID },
};

void tpm_tis_set_sts(TPMLocality *l, uint32_t flags)
{
    l->sts &= TPM_TIS_STS_SELFTEST_DONE | TPM_TIS_STS_TPM_FAMILY_MASK;
    l->sts |= flags;
}

bool tpm_tis_may(const TPMState *s, uint8_t locty, TPMTISEvent event)
{
    return transition[s->loc[locty].state][event] != 0;
}

void tpm_tis_move(TPMState *s, uint8_t locty, TPMTISEvent event)
{
    TPMLocality *l = &s->loc[locty];
    TPMTISState former = l->state;

    assert(tpm_tis_may(s, locty, event));
    l->state = transition[former][event] - 1;
    tpm_tis_set_sts(l, entry[l->state].sts);
    s->rw_offset = event == TPM_TIS_GO ? s->rw_offset : 0;
    if (l->state != former) {
        tpm_tis_raise(s, locty, entry[l->state].interrupts);
    }
}
