/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A case decided once more, from nothing but what is in it. */
#ifndef VERIFIER_VERDICT_AGAIN_H
#define VERIFIER_VERDICT_AGAIN_H

#include "verdict_case.h"

/** verdict_again: (transfer full): NULL with an error that says which part cannot be used. */
DqVerdict *verdict_again(const VerdictCase *c, GError **error);

#endif
