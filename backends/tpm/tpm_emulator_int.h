/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * TPM emulator back end: the object that its files work on
 *
 * tpm_emulator.c          what QEMU and the front end see: options, methods, QOM class
 * tpm_emulator_state.c    the TPM's state in snapshots and migration streams
 * tpm_emulator_host.c     when commands of the host are sent
 * tpm_emulator_link.c     connection, start and stop of the TPM
 * tpm_emulator_io.c       how a command gets to the TPM, its response back
 * tpm_emulator_control.c  control requests
 * tpm_emulator_loss.c     whether the TPM is there; its loss
 * tpm_emulator_flight.c   the record of the command in flight; its answer to the front end
 * tpm_emulator_order.c    whether a TPM that stops has to be told so by us
 * tpm_emulator_measure.c  a kernel that QEMU loads is measured when the TPM is started up
 * tpm_boot_log.c          what that kernel is
 * tpm_emulator_errand.c   commands of the host: waiting, running and ended
 *
 * Each uses what stands below it, never what stands above. Everything runs with the big lock held.
 */
#ifndef BACKENDS_TPM_EMULATOR_INT_H
#define BACKENDS_TPM_EMULATOR_INT_H

#include "chardev/char-fe.h"
#include "io/channel.h"
#include "qapi/qapi-types-common.h"
#include "qemu/notify.h"
#include "qemu/timer.h"
#include "system/tpm_backend.h"
#include "system/tpm_frame.h"
#include "tpm_command_stats.h"
#include "tpm_emulator_measure.h"
#include "tpm_emulator_order.h"
#include "tpm_emulator_errand.h"
#include "tpm_ioctl.h"

#define TYPE_TPM_EMULATOR "tpm-emulator"
OBJECT_DECLARE_SIMPLE_TYPE(TPMEmulator, TPM_EMULATOR)

#define TPM_EMULATOR_NO_LOCALITY 0xff

/* Where the command in flight stands. */
typedef enum TPMEmulatorPhase {
    TPM_EMULATOR_QUIET,    /* there is none */
    TPM_EMULATOR_LOCALITY, /* SET_LOCALITY was sent, its reply is awaited */
    TPM_EMULATOR_RESPONSE, /* the command was sent, its response is awaited */
} TPMEmulatorPhase;

typedef struct TPMEmulatorFlight {
    TPMEmulatorPhase phase;
    TPMBackendCmd *cmd; /* borrowed from the front end; NULL for a command of our own */
    bool errand;        /* that is one of the host, which nobody waits for */
    uint32_t code;
    TPMEmulatorDeed deed;
    int64_t started_ns;
    bool cancelled;
    bool asked;       /* for the locality; its reply is awaited */
    bool inline_wait; /* the vCPU is still in its register write */
    int watched_fd;   /* with a main-loop handler; -1 for none */
    size_t have;      /* bytes of reply that have arrived */
    uint8_t reply[TPM_FRAME_MAX];
} TPMEmulatorFlight;

typedef struct TPMEmulatorBlob {
    uint32_t flags;
    uint32_t size;
    uint8_t *data;
} TPMEmulatorBlob;

enum { TPM_EMULATOR_BLOBS = 3 }; /* permanent, volatile, savestate: the order in the stream */

struct TPMEmulator {
    TPMBackend parent;

    TPMEmulatorOptions *options;
    uint32_t inline_us;
    uint32_t control_timeout_ms;
    uint32_t command_timeout_ms; /* 0: none */

    CharBackend ctrl;
    bool ctrl_open;     /* the chardev says so */
    unsigned ctrl_owed; /* bytes of replies that nobody waits for any more */
    QIOChannel *data;   /* our end of the data channel; NULL without one */

    TpmBackendState state;
    TpmBackendState told_state; /* by the latest event */
    char *lost_reason;
    TPMVersion version;
    ptm_cap caps;
    uint32_t buffer_size;
    uint8_t locality; /* as the TPM knows it */
    bool established;
    TPMEmulatorOrder order;
    bool served;     /* the TPM was started once: the guest goes on where it is lost */
    bool just_begun; /* it was started for a guest that has not begun: the next start is that one */

    OnOffAuto measure_boot;
    TPMEmulatorMeasure measure;
    Notifier machine_done;

    TPMEmulatorFlight flight;
    QEMUTimer *command_timer;
    TPMBackendCmd *parked; /* borrowed from the front end: it waits for one of ours to land */
    bool parked_cancelled;
    bool hashing; /* in a hash sequence, which no command may interrupt */

    TPMEmulatorErrands errands;
    QEMUBH *errand_bh;
    QEMUTimer *errand_timer;

    TPMCommandStats stats;
    uint64_t failures;

    TPMEmulatorBlob blob[TPM_EMULATOR_BLOBS];
    bool handed_over; /* the state was saved; the guest has not run since */
    Error *migration_blocker;
    VMChangeStateEntry *vm_state_entry;
};

static inline bool tpm_emulator_can(const TPMEmulator *s, ptm_cap caps)
{
    return (s->caps & caps) == caps;
}

/* Nanoseconds of the clock that all deadlines here are in. */
static inline int64_t tpm_emulator_now(void)
{
    return qemu_clock_get_ns(QEMU_CLOCK_REALTIME);
}

#endif
