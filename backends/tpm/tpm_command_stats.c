/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Figures by TPM command code, and what they teach about the next command
 */
#include "qemu/osdep.h"
#include "qapi/util.h"
#include "qemu/timer.h"
#include "tpm_command_stats.h"

/* Upper bounds of the latency histogram in microseconds; 0 is "no bound". */
static const uint32_t bucket_below_us[TPM_COMMAND_STATS_BUCKETS] = {
    32, 64, 128, 256, 512, 1000, 2000, 5000, 20000, 50000, 200000, 500000, 2000000, 0,
};

static unsigned bucket_of(int64_t elapsed_ns)
{
    int64_t us = elapsed_ns / SCALE_US;
    unsigned i = 0;

    while (bucket_below_us[i] && us >= bucket_below_us[i]) {
        i++;
    }
    return i;
}

static TPMCommandKind *kind_of(TPMCommandStats *stats, uint32_t code)
{
    for (unsigned i = 0; i < stats->kinds; i++) {
        if (stats->kind[i].code == code) {
            return &stats->kind[i];
        }
    }
    if (stats->kinds == TPM_COMMAND_STATS_KINDS) {
        return &stats->others;
    }
    stats->kind[stats->kinds].code = code;
    return &stats->kind[stats->kinds++];
}

int64_t tpm_command_stats_expected(TPMCommandStats *stats, uint32_t code)
{
    return kind_of(stats, code)->expected_ns;
}

/* Slower to believe in a slow command than in a fast one: an outlier is soon forgotten. */
static int64_t learn(int64_t expected_ns, int64_t elapsed_ns)
{
    if (!expected_ns) {
        return elapsed_ns;
    }
    if (elapsed_ns < expected_ns) {
        return (expected_ns + elapsed_ns) / 2;
    }
    return (3 * expected_ns + elapsed_ns) / 4;
}

void tpm_command_stats_add(TPMCommandStats *stats, uint32_t code, int64_t elapsed_ns, bool error,
                           bool inline_completion)
{
    TPMCommandKind *kind = kind_of(stats, code);

    elapsed_ns = MAX(elapsed_ns, 1);
    kind->commands++;
    kind->errors += error;
    kind->inline_completions += inline_completion;
    kind->latency[bucket_of(elapsed_ns)]++;
    kind->expected_ns = learn(kind->expected_ns, elapsed_ns);
}

void tpm_command_stats_add_failure(TPMCommandStats *stats, uint32_t code)
{
    TPMCommandKind *kind = kind_of(stats, code);

    kind->commands++;
    kind->errors++;
}

static TpmLatencyBucketList *query_latency(const TPMCommandKind *kind)
{
    TpmLatencyBucketList *head = NULL, **tail = &head;
    unsigned used = TPM_COMMAND_STATS_BUCKETS;

    while (used && !kind->latency[used - 1]) {
        used--;
    }
    for (unsigned i = 0; i < used; i++) {
        TpmLatencyBucket *bucket = g_new0(TpmLatencyBucket, 1);

        bucket->below = bucket_below_us[i];
        bucket->count = kind->latency[i];
        QAPI_LIST_APPEND(tail, bucket);
    }
    return head;
}

static TpmCommandStatus *query_kind(const TPMCommandKind *kind)
{
    TpmCommandStatus *status = g_new0(TpmCommandStatus, 1);

    status->commands = kind->commands;
    status->errors = kind->errors;
    status->inline_completions = kind->inline_completions;
    status->expected = MIN(kind->expected_ns / SCALE_US, UINT32_MAX);
    status->latency = query_latency(kind);
    return status;
}

TpmCommandStatusList *tpm_command_stats_query(const TPMCommandStats *stats)
{
    TpmCommandStatusList *head = NULL, **tail = &head;

    for (unsigned i = 0; i < stats->kinds; i++) {
        TpmCommandStatus *status = query_kind(&stats->kind[i]);

        status->has_code = true;
        status->code = stats->kind[i].code;
        QAPI_LIST_APPEND(tail, status);
    }
    if (stats->others.commands) {
        QAPI_LIST_APPEND(tail, query_kind(&stats->others));
    }
    return head;
}
