/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Figures by TPM command code, and what they teach about the next command
 */
#ifndef BACKENDS_TPM_COMMAND_STATS_H
#define BACKENDS_TPM_COMMAND_STATS_H

#include "qapi/qapi-types-tpm-status.h"

#define TPM_COMMAND_STATS_KINDS 64
#define TPM_COMMAND_STATS_BUCKETS 14

typedef struct TPMCommandKind {
    uint32_t code;
    uint64_t commands;
    uint64_t errors;
    uint64_t inline_completions;
    int64_t expected_ns; /* moving average; 0 until the first answer */
    uint64_t latency[TPM_COMMAND_STATS_BUCKETS];
} TPMCommandKind;

/*
 * kind[] fills in the order of first use. The code comes from the guest, so the table is bounded:
 * the kinds that find it full share `others`.
 */
typedef struct TPMCommandStats {
    unsigned kinds;
    TPMCommandKind kind[TPM_COMMAND_STATS_KINDS];
    TPMCommandKind others;
} TPMCommandStats;

/**
 * tpm_command_stats_expected:
 * @code: command code as the guest sent it
 *
 * Returns: the nanoseconds that a command of this kind has lately taken; 0 where none was seen.
 */
int64_t tpm_command_stats_expected(TPMCommandStats *stats, uint32_t code);

/**
 * tpm_command_stats_add:
 * @code: command code as the guest sent it
 * @elapsed_ns: from the start of the command to its answer, nanoseconds
 * @error: the response code was not success
 * @inline_completion: the answer was there before the vCPU went on
 *
 * Counts one command that the TPM has answered, and learns from it.
 */
void tpm_command_stats_add(TPMCommandStats *stats, uint32_t code, int64_t elapsed_ns, bool error,
                           bool inline_completion);

/**
 * tpm_command_stats_add_failure:
 *
 * Counts one command that the TPM did not get to answer; nothing is learned from it.
 */
void tpm_command_stats_add_failure(TPMCommandStats *stats, uint32_t code);

/**
 * tpm_command_stats_query:
 *
 * Returns: (transfer full): one entry a kind, in the order of first use.
 */
TpmCommandStatusList *tpm_command_stats_query(const TPMCommandStats *stats);

#endif
