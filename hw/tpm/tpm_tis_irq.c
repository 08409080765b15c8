/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * TPM TIS device: interrupts
 *
 * TIS 1.3 and PTP 1.03, "Interrupt enable" and "Interrupt status" registers. Where one of several
 * events that come together is enabled, INT_STATUS tells all of them, as in QEMU's own device: a
 * migration stream has the same bytes from either. Only enabled events hold the line.
 */
#include "qemu/osdep.h"
#include "hw/irq.h"
#include "tpm_tis_irq.h"
#include "trace.h"

void tpm_tis_update_irq(TPMState *s)
{
    bool level = false;

    for (unsigned i = 0; i < TPM_TIS_NUM_LOCALITIES; i++) {
        level |= (s->loc[i].inte & TPM_TIS_INT_ENABLED) && (s->loc[i].inte & s->loc[i].ints);
    }
    qemu_set_irq(s->irq, level);
}

void tpm_tis_raise(TPMState *s, uint8_t locty, uint32_t flags)
{
    if (!tpm_tis_is_locality(locty) || !(s->loc[locty].inte & TPM_TIS_INT_ENABLED)) {
        return;
    }
    if (s->loc[locty].inte & flags) {
        trace_tpm_tis_raise_irq(flags);
        s->loc[locty].ints |= flags;
        tpm_tis_update_irq(s);
    }
}
