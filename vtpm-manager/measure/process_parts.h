/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What code a process runs: each file that it has mapped to be executed, with its digest. */
#ifndef VTPM_MANAGER_MEASURE_PROCESS_PARTS_H
#define VTPM_MANAGER_MEASURE_PROCESS_PARTS_H

#include "measure/file_digests.h"
#include "measure/mapping.h"
#include "measure/measurement.h"
#include "measure/part_list.h"

/**
 * process_parts_add: the executable and the libraries of the process whose folder in /proc is @dir.
 * Errors: G_FILE_ERROR
 */
gboolean process_parts_add(PartList *list, int dir, MappingGenerated generated,
                           FileDigests *digests, GError **error);

/** process_parts_start: looks at a vTPM's process; @dir is taken over; -1: it has ended. */
Measurement *process_parts_start(Measurer *measurer, int dir);

#endif
