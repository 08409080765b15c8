/* SPDX-License-Identifier: GPL-2.0-or-later */
/* vtpm-managerctl doctor: looks at a host, and changes nothing on it. */
#ifndef TOOLS_HOST_DOCTOR_H
#define TOOLS_HOST_DOCTOR_H

#include "options.h"

/** The program's exit status by the worst that was found; what could not be looked at is not it. */
enum {
    DOCTOR_EXIT_GOOD = 0,
    DOCTOR_EXIT_BAD = 1,
    DOCTOR_EXIT_WARNING = 3,
};

/** ctl_doctor: prints what was found; takes no @words. Returns: the exit status. */
int ctl_doctor(const CtlOptions *options, char **words, GError **error);

#endif
