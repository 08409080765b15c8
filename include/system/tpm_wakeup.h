/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Whether a reset is that of a guest that wakes up
 *
 * A PC wakes up from suspend to RAM (ACPI S3) by way of a reset of its devices, after which the
 * guest expects its memory to be as it was. system/runstate.c tells, by an edit of the wiring.
 */
#ifndef SYSTEM_TPM_WAKEUP_H
#define SYSTEM_TPM_WAKEUP_H

/* Around the resets of a wake-up. */
void tpm_wakeup_begin(void);
void tpm_wakeup_end(void);

/* Returns: true in a reset that is part of a wake-up. */
bool tpm_is_waking_up(void);

#endif
