/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What Tss2_TctiLdr looks for in a shared object. */
#include <stdio.h>
#include <tss2/tss2_tctildr.h>

#include "tcti_latency.h"

const TSS2_TCTI_INFO *Tss2_Tcti_Info(void);

static void close_inner(TSS2_TCTI_CONTEXT *inner)
{
    Tss2_TctiLdr_Finalize(&inner);
}

static TSS2_RC latency_init(TSS2_TCTI_CONTEXT *context, size_t *size, const char *conf)
{
    TSS2_TCTI_CONTEXT *inner = NULL;
    LatencyOptions options;
    const char *inner_conf;
    const char *fault;
    TSS2_RC rc;

    if (!context) {
        *size = tcti_latency_size();
        return TSS2_RC_SUCCESS;
    }
    fault = latency_options_parse(conf, &options, &inner_conf);
    if (fault) {
        fprintf(stderr, "tcti-latency: %s\n", fault);
        return TSS2_TCTI_RC_BAD_VALUE;
    }
    rc = Tss2_TctiLdr_Initialize(inner_conf, &inner);
    if (rc != TSS2_RC_SUCCESS) {
        return rc;
    }
    tcti_latency_init(context, inner, &options, close_inner);
    return TSS2_RC_SUCCESS;
}

const TSS2_TCTI_INFO *Tss2_Tcti_Info(void)
{
    static const TSS2_TCTI_INFO info = {
        .version = 2,
        .name = "latency",
        .description = "answers no sooner than a chip would",
        .config_help = "chip=NAME|quote=MS[,table=FILE][,other=MS][,seed=N]:INNER",
        .init = latency_init,
    };

    return &info;
}
