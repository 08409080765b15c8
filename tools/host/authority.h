/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The command `authority`: who certifies the endorsement keys of this host's vTPMs. */
#ifndef TOOLS_HOST_AUTHORITY_H
#define TOOLS_HOST_AUTHORITY_H

#include "options.h"

/** ctl_authority: runs it; @words are those of the command line. Returns: the exit status. */
int ctl_authority(const CtlOptions *options, char **words, GError **error);

#endif
