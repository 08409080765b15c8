/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "attest/run.h"

#include "attest/bytes.h"

gboolean dq_run_fail(DqRun *r, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    r->why = g_strdup_vprintf(format, args);
    va_end(args);
    return FALSE;
}

DqStateEntry dq_run_state_entry(const DqRun *r)
{
    return (DqStateEntry){
        .nonce = r->quote->nonce,
        .uuid = &r->evidence.binding.uuid,
        .host_name = dq_unwire(r->evidence.host_signer),
        .epoch = r->evidence.binding.epoch,
        .generation = r->evidence.binding.generation,
        .reset_count = r->host.reset_count,
        .restart_count = r->host.restart_count,
        .clock = r->host.clock,
    };
}
