/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a verifier enrols this host by. */
#ifndef TOOLS_HOST_HOST_H
#define TOOLS_HOST_HOST_H

#include "options.h"

/**
 * ctl_host: `host export` and `host activate FILE`; what they tell goes to --output, or is printed.
 *
 * Spec: docs/specs/enrolment.md.
 */
int ctl_host(const CtlOptions *options, char **words, GError **error);

#endif
