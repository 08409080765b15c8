/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What QEMU's measure-boot=on measures of a kernel given by -kernel, and SeaBIOS after it, from the
 * files that QEMU gets.
 *
 * Spec: docs/qemu/devices.md, docs/decisions/measured-boot.md.
 */
#ifndef APPRAISE_DIRECT_BOOT_H
#define APPRAISE_DIRECT_BOOT_H

#include "attest/deepquote.h"
#include "attest/digest.h"
#include "wire/cursor.h"

enum {
    DQ_DIRECT_EVENTS_MAX = 7,
    DQ_DIRECT_FIRST_PCR = 4, /* the kernel */
    DQ_DIRECT_LAST_PCR = 5,  /* initrd and command line */
};

/** DqDirectBoot: what QEMU is started with. Borrowed. */
typedef struct DqDirectBoot {
    WireBytes kernel;
    WireBytes initrd;         /* of no bytes where there is none */
    const char *command_line; /* "" without -append */
    const char *machine;      /* pc, q35, a version of one such as pc-q35-7.2, or microvm */
    uint64_t memory;          /* bytes, of -m */
    uint64_t max_below_4g;    /* of the machine's max-ram-below-4g; 0 where it is not given */
    gboolean seabios;         /* whether what SeaBIOS measures is wanted too */
} DqDirectBoot;

/** DqDirectEvent: one extend. */
typedef struct DqDirectEvent {
    unsigned pcr;
    const char *what;  /* for people: "kernel, setup part" */
    gboolean firmware; /* SeaBIOS measures it, not QEMU */
    WireBytes bytes;   /* that are hashed; borrowed from the boot, or from @setup of the plan */
} DqDirectEvent;

/** DqDirectPlan: all extends, in their order. */
typedef struct DqDirectPlan {
    GByteArray *setup;
    guint events;
    DqDirectEvent event[DQ_DIRECT_EVENTS_MAX];
} DqDirectPlan;

/** DqDirectValues: a plan in one bank. */
typedef struct DqDirectValues {
    gsize size; /* bytes of each digest */
    uint8_t event[DQ_DIRECT_EVENTS_MAX][DQ_DIGEST_MAX];
    uint8_t pcr[DQ_DIRECT_LAST_PCR - DQ_DIRECT_FIRST_PCR + 1][DQ_DIGEST_MAX];
} DqDirectValues;

/**
 * dq_direct_low_memory: where the memory below 4 GiB of such a machine ends, less what firmware
 * keeps of it for tables: an initrd is put below.
 *
 * Errors: DQ_ERROR_VALUE: a machine that is not known.
 */
gboolean dq_direct_low_memory(const DqDirectBoot *boot, uint64_t *ret_end, GError **error);

/** Whether the firmware that QEMU takes for the machine by itself extends these PCRs too. */
gboolean dq_direct_firmware_measures(const char *machine);

/**
 * dq_direct_plan:
 *
 * Returns: (transfer full): what will be measured. It borrows from @boot.
 * Errors: those of dq_linux_setup() and of dq_direct_low_memory().
 */
DqDirectPlan *dq_direct_plan(const DqDirectBoot *boot, GError **error);
void dq_direct_plan_free(DqDirectPlan *plan);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(DqDirectPlan, dq_direct_plan_free)

/** dq_direct_measure: FALSE where the hash algorithm is not available. */
gboolean dq_direct_measure(const DqDirectPlan *plan, uint16_t alg, DqDirectValues *ret_values);

#endif
