/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The files whose code a vTPM runs, and what a VM was started with, as their host signed for it. */
#ifndef APPRAISE_APPRAISE_PARTS_H
#define APPRAISE_APPRAISE_PARTS_H

#include "appraise/appraise-packages.h"

/**
 * dq_appraise_parts: adds the finding "vtpm-parts", which names each part with its digest where the
 * list is the one measured.
 * @list: as the guest handed it over
 * @measurement: of the binding; of no bytes without its flag
 * @packages: (nullable): gets the parts, which are files of the host
 */
void dq_appraise_parts(DqBytes list, DqBytes measurement, DqPackages *packages, DqVerdict *verdict);

/** dq_appraise_launch: the same of "vm-launch"; libraries are counted, each other part is named. */
void dq_appraise_launch(DqBytes list, DqBytes launch, DqPackages *packages, DqVerdict *verdict);

#endif
