/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Verdicts as entries of a store's journal: JSON with "version", "program", "verdict", which is
 * what --json prints, and "case" (verdict_case.h).
 */
#ifndef VERIFIER_VERDICT_RECORDER_H
#define VERIFIER_VERDICT_RECORDER_H

#include "check_expected.h"
#include "check_input.h"
#include "verdict_case.h"

enum { VERDICT_ENTRY_VERSION = 1 };

typedef struct VerdictRecorder VerdictRecorder;

/** verdict_recorder_new: @store, @setup: borrowed; what is the same in each case. */
VerdictRecorder *verdict_recorder_new(DqStoreFile *store, const VerdictCase *setup);
void verdict_recorder_free(VerdictRecorder *recorder);

/** verdict_recorder_record: @verdict has to have the store's answers. */
gboolean verdict_recorder_record(VerdictRecorder *recorder, const CheckInput *input,
                                 const CheckExpected *expected, const DqVerdict *verdict,
                                 GError **error);

#endif
