/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef VERIFIER_REPORT_ADVICE_H
#define VERIFIER_REPORT_ADVICE_H

/** report_advice: what to do about a reason for a refusal; NULL for a word that is none. */
const char *report_advice(const char *reason);

#endif
