/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What packages install becomes what may run. */
#ifndef VERIFIER_PROFILE_PACKAGES_H
#define VERIFIER_PROFILE_PACKAGES_H

#include <glib.h>

/** profile_packages_command: profile from-packages. A CommandRun. */
int profile_packages_command(char **argv, GError **error);

#endif
