/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The chain from the chip of the host's TPM to the files that a VM runs, drawn. */
#ifndef VERIFIER_REPORT_CHAIN_H
#define VERIFIER_REPORT_CHAIN_H

#include "report_verdict.h"

/** report_chain: adds an SVG; its colours are the page's. */
void report_chain(GString *out, const ReportVerdict *v);

#endif
