/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tpm2_deepquote_interrupt.h"
#include "tpm2_deepquote_vtpm.h"

#include <pthread.h>
#include <signal.h>
#include <unistd.h>

static const int held[] = { SIGINT, SIGTERM, SIGHUP };
static gint caught; /* the first that came, or 0 */

static sigset_t held_set(void)
{
    sigset_t set;

    sigemptyset(&set);
    for (size_t i = 0; i < G_N_ELEMENTS(held); i++) {
        sigaddset(&set, held[i]);
    }
    return set;
}

/* Acts as the signal does without us. */
static void let_act(int signal_number)
{
    sigset_t set = held_set();

    signal(signal_number, SIG_DFL);
    pthread_sigmask(SIG_UNBLOCK, &set, NULL);
    raise(signal_number);
}

static void *take_signals(G_GNUC_UNUSED void *data)
{
    static const char text[] = "tpm2_deepquote: interrupted; the TPM finishes its command, and is "
                               "tidied up (once more ends at once, and may leave the key in it)\n";
    sigset_t set = held_set();
    int number;

    if (sigwait(&set, &number) == 0) {
        g_atomic_int_set(&caught, number);
        if (write(STDERR_FILENO, text, sizeof(text) - 1) < 0) {
            /* whoever listened is gone: the signal counts all the same */
        }
    }
    if (sigwait(&set, &number) == 0) {
        let_act(number);
    }
    return NULL;
}

void interrupt_hold(void)
{
    sigset_t set = held_set();
    pthread_t thread;

    pthread_sigmask(SIG_BLOCK, &set, NULL);
    if (pthread_create(&thread, NULL, take_signals, NULL) == 0) {
        pthread_detach(thread);
    } else {
        pthread_sigmask(SIG_UNBLOCK, &set, NULL);
    }
}

gboolean interrupt_check(GError **error)
{
    if (g_atomic_int_get(&caught) != 0) {
        g_set_error(error, VTPM_ERROR, VTPM_ERROR_INTERRUPTED,
                    "interrupted; nothing is left in the TPM, and no file is written");
        return FALSE;
    }
    return TRUE;
}

void interrupt_release(void)
{
    sigset_t set = held_set();
    const int number = g_atomic_int_get(&caught);

    if (number != 0) {
        let_act(number);
    }
    pthread_sigmask(SIG_UNBLOCK, &set, NULL);
}
