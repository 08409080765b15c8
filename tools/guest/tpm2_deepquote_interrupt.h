/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Ctrl-C and its like while something of ours is in the TPM. */
#ifndef TOOLS_TPM2_DEEPQUOTE_INTERRUPT_H
#define TOOLS_TPM2_DEEPQUOTE_INTERRUPT_H

#include <glib.h>

/**
 * interrupt_hold: from now on SIGINT, SIGTERM and SIGHUP wait. A command that the TPM is at is
 * finished, so that the key and the sessions can be taken out of the TPM afterwards. A second one
 * ends the program at once.
 */
void interrupt_hold(void);

/** interrupt_check: false, with VTPM_ERROR_INTERRUPTED, where one of them waits. */
gboolean interrupt_check(GError **error);

/** interrupt_release: they act again; one that waits ends the program here. */
void interrupt_release(void);

#endif
