/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Plays a string of bytes as accesses to a TPM's registers and as a vTPM's misbehaviour
 *
 * The same input is a scene in a process of its own, with QEMU in another (vtpm-fuzz-test), and of
 * a fuzzer with QEMU in its own process (vtpm-fuzz). Every string of bytes is a scene.
 */
#ifndef TESTS_VTPM_PLAY_H
#define TESTS_VTPM_PLAY_H

#include "vtpm-util.h"

typedef struct VtpmRole {
    const char *name;
    const char *device; /* with its properties */
    TPMVersion version;
    bool crb;
} VtpmRole;

#define VTPM_ROLES 4
extern const VtpmRole vtpm_roles[VTPM_ROLES];

/* What the back end gets for the scenes: a vTPM that says nothing must not hold them up. */
#define VTPM_PLAY_OPTIONS ",control-timeout=2,command-timeout=2"

typedef struct VtpmStage VtpmStage;

struct VtpmStage {
    const VtpmRole *role;
    Vtpm v;
    void (*settle)(VtpmStage *stage); /* lets QEMU and the fake do what is left to do */
    void (*reset)(VtpmStage *stage);  /* resets the guest */
    bool (*running)(VtpmStage *stage);
};

/**
 * vtpm_play:
 *
 * Plays one scene. Whatever happens in it, a fake that behaves again is taken back by the reset
 * that follows: that is asserted, so that the next scene begins where this one did.
 */
void vtpm_play(VtpmStage *stage, const uint8_t *scene, size_t size);

#endif
