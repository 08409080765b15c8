/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A TCTI in front of another one that answers no sooner than a chip would: a software TPM then
 * takes as long for a quote as hardware does. It sleeps while it waits.
 *
 * Built as a shared object for Tss2_TctiLdr: /PATH/tcti-latency.so:OPTION,...:INNER, where INNER is
 * the other TCTI's NAME:CONF and the options are
 *     chip=NAME    a line of the table of chips
 *     table=FILE   the table (chips.table of the source tree)
 *     quote=MS     instead of a chip: a constant
 *     other=MS     every other command (0)
 *     seed=N       of the random numbers (1)
 */
#ifndef TESTS_BENCH_TCTI_LATENCY_H
#define TESTS_BENCH_TCTI_LATENCY_H

#include "latency_options.h"

#include <stddef.h>
#include <tss2/tss2_tcti.h>

/** Bytes of a context. */
size_t tcti_latency_size(void);

/**
 * tcti_latency_init: makes @context, of tcti_latency_size() bytes, a TCTI in front of @inner.
 * @close_inner: called with @inner when the context is finalized; may be NULL
 */
void tcti_latency_init(TSS2_TCTI_CONTEXT *context, TSS2_TCTI_CONTEXT *inner,
                       const LatencyOptions *options,
                       void (*close_inner)(TSS2_TCTI_CONTEXT *inner));

#endif
