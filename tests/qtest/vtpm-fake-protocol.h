/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A vTPM for tests: its state, and its side of the control protocol and of the data channel
 */
#ifndef TESTS_VTPM_FAKE_PROTOCOL_H
#define TESTS_VTPM_FAKE_PROTOCOL_H

#include "vtpm-fake.h"

#define VTPM_FAKE_CODES 32

typedef struct Seen {
    uint32_t code;
    unsigned times;
    unsigned order;
} Seen;

typedef struct VtpmBytes {
    uint8_t data[VTPM_FAKE_BYTES];
    size_t size;
} VtpmBytes;

struct VtpmFake {
    char *dir;
    char *path;
    int listener;
    int wake[2]; /* a byte here: look at the flags below */
    GThread *thread;

    /* of the thread alone */
    int control;
    int data;

    GMutex settle_lock; /* never held while the fake reads or writes */
    bool settling;      /* somebody waits on @settled until nothing is left to answer */
    GCond settled;

    GMutex lock; /* over all below */
    TPMVersion version;
    uint64_t caps;
    size_t response_size;
    VtpmFault data_fault;
    bool measures;
    unsigned sound;       /* answers before that with the fault */
    VtpmBytes data_bytes; /* of VTPM_BYTES */
    VtpmFault control_fault;
    VtpmBytes control_bytes;
    uint32_t faulty_control;
    bool hold;
    bool dead;
    bool quit;
    unsigned order;
    Seen controls[VTPM_FAKE_CODES];
    Seen commands[VTPM_FAKE_CODES];
    uint8_t locality;
    bool established;
    uint32_t marker;
    GByteArray *hashed;
    uint8_t held[VTPM_FAKE_FRAME]; /* an answer that waits for its release */
    size_t held_size;
    VtpmBytes late; /* an answer of the control channel that does */
    bool late_due;
};

/* Closes a descriptor, if it is open. */
void vtpm_fake_drop(int *fd);

void vtpm_fake_hang_up(VtpmFake *fake);

/* Takes one message from its channel and answers it as told. */
void vtpm_fake_take_command(VtpmFake *fake);
void vtpm_fake_take_control(VtpmFake *fake);

/* Sends an answer to a command, spoilt as told. */
void vtpm_fake_answer(VtpmFake *fake, const uint8_t *frame, size_t size);

/* Sends the late answer to a control request. */
void vtpm_fake_answer_late(VtpmFake *fake);

#endif
