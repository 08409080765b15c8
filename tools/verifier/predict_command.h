/* SPDX-License-Identifier: GPL-2.0-or-later */
/* predict: what the PCRs of a VM are that boots a kernel given by -kernel with measure-boot=on. */
#ifndef VERIFIER_PREDICT_COMMAND_H
#define VERIFIER_PREDICT_COMMAND_H

#include <glib.h>

/** predict_command: predict. A CommandRun. */
int predict_command(char **argv, GError **error);

#endif
