/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Whether a reset is that of a guest that wakes up
 */
#include "qemu/osdep.h"
#include "system/tpm_wakeup.h"

static bool waking_up;

void tpm_wakeup_begin(void)
{
    waking_up = true;
}

void tpm_wakeup_end(void)
{
    waking_up = false;
}

bool tpm_is_waking_up(void)
{
    return waking_up;
}
