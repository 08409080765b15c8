/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One thing that is looked at on a host, and what was found. */
#ifndef TOOLS_HOST_DOCTOR_CHECK_H
#define TOOLS_HOST_DOCTOR_CHECK_H

#include "doctor_host.h"

/** From good to bad: the worst one is the host's. */
typedef enum DoctorResult {
    DOCTOR_GOOD,
    DOCTOR_UNKNOWN, /* it could not be looked at */
    DOCTOR_WARNING,
    DOCTOR_BAD,
    DOCTOR_RESULTS,
} DoctorResult;

typedef struct DoctorFinding {
    DoctorResult result;
    char *what; /* one sentence without its full stop */
} DoctorFinding;

typedef struct DoctorCheck {
    const char *name;
    /** Fills @ret, which is DOCTOR_UNKNOWN without a text. */
    void (*look)(const DoctorHost *host, DoctorFinding *ret);
    const char *why;  /* it matters */
    const char *what; /* to do where it is not good */
} DoctorCheck;

/** doctor_found: sets @ret. */
void doctor_found(DoctorFinding *ret, DoctorResult result, const char *format, ...)
    G_GNUC_PRINTF(3, 4);

/* The checks by what they are about, each table ended by one without a name. */
extern const DoctorCheck doctor_kernel_checks[];
extern const DoctorCheck doctor_access_checks[];
extern const DoctorCheck doctor_manager_checks[];
extern const DoctorCheck doctor_libvirt_checks[];

#endif
