/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Whether the reset under way is that of a guest that wakes up
 */
#ifndef SYSEMU_WAKEUP_H
#define SYSEMU_WAKEUP_H

/**
 * qemu_is_waking_up:
 *
 * A PC wakes up from suspend to RAM (ACPI S3) by way of a reset of its devices, after which the
 * guest expects its memory to be as it was. Defined in softmmu/runstate.c, by scripts/qemu/wiring.
 *
 * Returns: true in a reset that is part of that.
 */
bool qemu_is_waking_up(void);

#endif
