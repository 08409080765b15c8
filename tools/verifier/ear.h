/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A verdict as an EAT Attestation Result: JSON claims for programs that know nothing of deep
 * quotes. Spec: draft-ietf-rats-ear-04, with the trustworthiness vector of draft-ietf-rats-ar4si,
 * and docs/specs/ear.md.
 */
#ifndef VERIFIER_EAR_H
#define VERIFIER_EAR_H

#include "attest/deepquote.h"

/**
 * ear_claims: (transfer full): JSON.
 * @now: seconds since 1970
 * @challenge: that the verifier gave out; empty: it is not told
 */
char *ear_claims(const DqVerdict *verdict, int64_t now, DqBytes challenge);

#endif
