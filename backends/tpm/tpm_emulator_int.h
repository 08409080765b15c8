/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * TPM emulator back end: what its files share
 *
 * tpm_emulator.c          what QEMU and the front end see: options, methods, QOM class
 * tpm_emulator_link.c     connection, start and loss of the TPM
 * tpm_emulator_control.c  control requests
 * tpm_emulator_io.c       the command in flight
 * tpm_emulator_state.c    the TPM's state in snapshots and migration streams
 *
 * Everything here runs with the big lock held.
 */
#ifndef BACKENDS_TPM_EMULATOR_INT_H
#define BACKENDS_TPM_EMULATOR_INT_H

#include "chardev/char-fe.h"
#include "io/channel.h"
#include "qemu/timer.h"
#include "sysemu/tpm_backend.h"
#include "tpm_command_stats.h"
#include "tpm_int.h"
#include "tpm_ioctl.h"

#define TYPE_TPM_EMULATOR "tpm-emulator"
OBJECT_DECLARE_SIMPLE_TYPE(TPMEmulator, TPM_EMULATOR)

#define TPM2_CC_SHUTDOWN 0x145

#define TPM_EMULATOR_HEADER 10      /* tag, size, code: of commands and responses alike */
#define TPM_EMULATOR_MIN_FRAME 128  /* smallest buffer that a TPM may tell */
#define TPM_EMULATOR_MAX_FRAME 4096 /* largest command or response, by TPM 1.2 and 2.0 */
#define TPM_EMULATOR_MAX_BLOB (1024 * 1024)
#define TPM_EMULATOR_NO_LOCALITY 0xff

#define TPM_EMULATOR_INLINE_US 300 /* default of the option inline-us */
#define TPM_EMULATOR_INLINE_US_MAX 1000
#define TPM_EMULATOR_CONTROL_S 30         /* default of the option control-timeout */
#define TPM_EMULATOR_COMMAND_S 300        /* default of the option command-timeout */
#define TPM_EMULATOR_FAREWELL_MS 5000     /* longest wait for the TPM when QEMU ends */
#define TPM_EMULATOR_VCPU_CONTROL_MS 2000 /* longest control request that a vCPU waits for */

/* Where the command in flight stands. */
typedef enum TPMEmulatorPhase {
    TPM_EMULATOR_QUIET,    /* there is none */
    TPM_EMULATOR_LOCALITY, /* SET_LOCALITY was sent, its reply is awaited */
    TPM_EMULATOR_RESPONSE, /* the command was sent, its response is awaited */
} TPMEmulatorPhase;

typedef struct TPMEmulatorFlight {
    TPMEmulatorPhase phase;
    TPMBackendCmd *cmd; /* borrowed from the front end; NULL for a command of our own */
    uint32_t code;
    int64_t started_ns;
    bool cancelled;
    bool inline_wait; /* the vCPU is still in its register write */
    int watched_fd;   /* with a main-loop handler; -1 for none */
    size_t have;      /* bytes of reply that have arrived */
    uint8_t reply[TPM_EMULATOR_MAX_FRAME];
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
    bool started_up; /* TPM2_Startup has succeeded since INIT, or state was loaded */
    bool shut_down;  /* the latest command was a TPM2_Shutdown that succeeded */

    TPMEmulatorFlight flight;
    QEMUTimer *command_timer;
    TPMCommandStats stats;
    uint64_t failures;

    TPMEmulatorBlob blob[TPM_EMULATOR_BLOBS];
    bool handed_over; /* the state was saved; the guest has not run since */
    Error *migration_blocker;
    VMChangeStateEntry *vm_state_entry;
};

/* One control request. Integers on the wire are big-endian; body and reply hold wire bytes. */
typedef struct TPMEmulatorControl {
    uint32_t command; /* CMD_* */
    const void *body;
    size_t body_size;
    const void *tail; /* further bytes of a long body */
    size_t tail_size;
    void *reply; /* what follows the result word; filled on success only */
    size_t reply_size;
    bool no_result;       /* the reply has no result word (GET_CAPABILITY) */
    int fd;               /* to pass along; -1 for none */
    bool on_vcpu;         /* a vCPU waits: shorter time limit */
    uint32_t tolerate;    /* a result with one of these bits is no error; the reply is not filled */
    uint32_t *ret_result; /* (nullable): the result word of a request that was no error */
} TPMEmulatorControl;

#define TPM_EMULATOR_CONTROL(cmd, ...)                                                             \
    (&(TPMEmulatorControl){ .command = (cmd), .fd = -1, ##__VA_ARGS__ })

static inline bool tpm_emulator_can(const TPMEmulator *s, ptm_cap caps)
{
    return (s->caps & caps) == caps;
}

static inline bool tpm_emulator_is_lost(const TPMEmulator *s)
{
    return s->state == TPM_BACKEND_STATE_LOST || s->state == TPM_BACKEND_STATE_WAITING;
}

/* tpm_emulator_link.c */

/**
 * tpm_emulator_connect:
 *
 * Waits for the control chardev, then sets the data channel up and finds out what the TPM is.
 * Returns: false with @errp set.
 */
bool tpm_emulator_connect(TPMEmulator *s, Error **errp);

/**
 * tpm_emulator_start:
 * @buffer_size: bytes; 0 leaves it as it is
 *
 * At a reset of the guest: stops the TPM in order, takes it back where it was lost, starts it.
 * While a migration stream comes in the start is left to that. Returns: false with @errp set.
 */
bool tpm_emulator_start(TPMEmulator *s, uint32_t buffer_size, Error **errp);

/**
 * tpm_emulator_shut_down:
 *
 * Sends the TPM2_Shutdown that the guest did not get to. A TPM 2.0 that stops without one counts
 * that towards its dictionary-attack lockout, and not every vTPM sends it by itself.
 */
void tpm_emulator_shut_down(TPMEmulator *s);

/* Reads the established flag into s->established. False with @errp set, as of control requests. */
bool tpm_emulator_read_established(TPMEmulator *s, bool on_vcpu, Error **errp);

void tpm_emulator_close_data(TPMEmulator *s);

/**
 * tpm_emulator_lose:
 * @reason: why, for people; borrowed
 *
 * The TPM is gone or cannot be believed any more: answers the command in flight with a failure,
 * drops the connection, tells QMP. Every later command is a failure until the next guest reset.
 * Does nothing where the TPM is lost already.
 */
void tpm_emulator_lose(TPMEmulator *s, const char *reason);

/**
 * tpm_emulator_set_state:
 * @reason: (nullable): for the state lost
 *
 * Moves the state machine and tells QMP.
 */
void tpm_emulator_set_state(TPMEmulator *s, TpmBackendState state, const char *reason);

/**
 * tpm_emulator_stop:
 *
 * CMD_STOP. Returns: false with @errp set where the TPM refuses or was lost.
 */
bool tpm_emulator_stop(TPMEmulator *s, Error **errp);

/**
 * tpm_emulator_init:
 * @flags: PTM_INIT_FLAG_*
 *
 * CMD_INIT, then reads back what the guest may ask for. Returns: false with @errp set.
 */
bool tpm_emulator_init(TPMEmulator *s, uint32_t flags, Error **errp);

/* tpm_emulator_control.c */

typedef enum TPMEmulatorProgress {
    TPM_EMULATOR_DONE,
    TPM_EMULATOR_MORE, /* nothing to read for now */
    TPM_EMULATOR_BROKEN,
} TPMEmulatorProgress;

/* Nanoseconds of the clock that all deadlines here are in. */
int64_t tpm_emulator_now(void);

/* The socket under the control chardev; NULL while it is not connected. */
QIOChannel *tpm_emulator_control_channel(TPMEmulator *s);

int tpm_emulator_fd(QIOChannel *ioc);

/* Waits until @fd can be read. Returns: false where @deadline_ns passed first. */
bool tpm_emulator_wait_readable(int fd, int64_t deadline_ns);

/* Reads at most @room bytes and adds their number to *@have. DONE means that there were some. */
TPMEmulatorProgress tpm_emulator_read_some(QIOChannel *ioc, uint8_t *buf, size_t room,
                                           size_t *have);

/* Sends a request and leaves its reply to the caller. False where it cannot go out by then. */
bool tpm_emulator_control_send(TPMEmulator *s, const TPMEmulatorControl *call, int64_t deadline_ns);

/* Reads as many of the replies that nobody waits for as have arrived. DONE: all of them. */
TPMEmulatorProgress tpm_emulator_control_drain(TPMEmulator *s);

/**
 * tpm_emulator_control:
 * @s: with a control connection and no command in flight
 *
 * Sends one control request and waits for its reply, bounded by the time limit. A reply may be cut
 * short after a result word other than 0.
 *
 * Returns: true with call->reply filled. False with @errp set: the TPM refused, or the connection
 * broke, stayed silent or broke the protocol, in which case the TPM is lost.
 */
bool tpm_emulator_control(TPMEmulator *s, const TPMEmulatorControl *call, Error **errp);

/**
 * tpm_emulator_control_more:
 *
 * Reads @size further bytes of the reply to @command; the caller has bounded them.
 * Returns: false with @errp set, and then the TPM is lost.
 */
bool tpm_emulator_control_more(TPMEmulator *s, uint32_t command, void *buf, size_t size,
                               Error **errp);

/* tpm_emulator_io.c */

/* Methods of TPMBackendExt: see there. */
void tpm_emulator_submit(TPMBackend *tb, TPMBackendCmd *cmd);
void tpm_emulator_finish(TPMBackend *tb);

/**
 * tpm_emulator_exchange:
 * @command: a whole command of ours, at most TPM_EMULATOR_MAX_FRAME bytes
 *
 * Runs one command outside of the guest's, bounded by the control time limit. The response is left
 * in s->flight.reply.
 *
 * Returns: the size of the response; 0 where there is none, and then the TPM is lost.
 */
size_t tpm_emulator_exchange(TPMEmulator *s, const uint8_t *command, size_t size);

/**
 * tpm_emulator_cancel:
 *
 * Asks the TPM to give the command in flight up. Never waits.
 */
void tpm_emulator_cancel(TPMEmulator *s);

/**
 * tpm_emulator_fail_flight:
 *
 * Answers the command in flight, if any, with a TPM failure.
 */
void tpm_emulator_fail_flight(TPMEmulator *s);

/* tpm_emulator_state.c */

void tpm_emulator_state_register(TPMEmulator *s);
void tpm_emulator_state_unregister(TPMEmulator *s);

/**
 * tpm_emulator_block_migration:
 *
 * Blocks migration where the TPM cannot save its state. Returns: false with @errp set where that
 * is forbidden (-only-migratable).
 */
bool tpm_emulator_block_migration(TPMEmulator *s, Error **errp);

#endif
