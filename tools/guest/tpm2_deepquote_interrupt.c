/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tpm2_deepquote_interrupt.h"
#include "tpm2_deepquote_vtpm.h"

#include <signal.h>

static const int held[] = { SIGINT, SIGTERM, SIGHUP };

static sigset_t held_set(void)
{
    sigset_t set;

    sigemptyset(&set);
    for (size_t i = 0; i < G_N_ELEMENTS(held); i++) {
        sigaddset(&set, held[i]);
    }
    return set;
}

void interrupt_hold(void)
{
    sigset_t set = held_set();

    sigprocmask(SIG_BLOCK, &set, NULL);
}

gboolean interrupt_check(GError **error)
{
    sigset_t pending;

    sigpending(&pending);
    for (size_t i = 0; i < G_N_ELEMENTS(held); i++) {
        if (sigismember(&pending, held[i])) {
            g_set_error(error, VTPM_ERROR, VTPM_ERROR_INTERRUPTED,
                        "interrupted; nothing is left in the TPM, and no file is written");
            return FALSE;
        }
    }
    return TRUE;
}

void interrupt_release(void)
{
    sigset_t set = held_set();

    sigprocmask(SIG_UNBLOCK, &set, NULL);
}
