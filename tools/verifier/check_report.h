/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Verdicts for people and for programs. */
#ifndef VERIFIER_CHECK_REPORT_H
#define VERIFIER_CHECK_REPORT_H

#include "attest/deepquote.h"

#include <stdio.h>

/** report_checks: each check in its order with its result, findings, then whom it is about. */
void report_checks(FILE *out, const DqVerdict *verdict);

/** report_verdict: the last line; @prefix is put in front of it. */
void report_verdict(FILE *out, const char *prefix, const DqVerdict *verdict);

/** report_json: one line; with @name, which may be NULL, as a member of its own. */
void report_json(FILE *out, const char *name, const DqVerdict *verdict);

/** report_json_error: the line of a deep quote that has no verdict. */
void report_json_error(FILE *out, const char *name, const char *message);

#endif
