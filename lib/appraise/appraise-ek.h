/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The certificate of the vTPM's endorsement key in a verdict. */
#ifndef APPRAISE_APPRAISE_EK_H
#define APPRAISE_APPRAISE_EK_H

#include "appraise/vtpm-ek.h"

/**
 * dq_appraise_ek: adds the finding "vtpm-ek": who has certified the key until when, or why that
 * cannot be said.
 */
void dq_appraise_ek(const DqVtpmEk *ek, int64_t now, DqVerdict *verdict);

#endif
