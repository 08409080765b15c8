/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The samples of what a TPM 1.2 has. */
#ifndef TESTS_WIRE_SAMPLES_TPM12_H
#define TESTS_WIRE_SAMPLES_TPM12_H

#include "wire_samples.h"

typedef void WireAddSample(const char *name, const char *corpus, WireBytes bytes,
                           bool (*recode)(WireBytes, WireWriter *));

/** wire_samples_tpm12: adds each; @evidence is to be in a response. */
void wire_samples_tpm12(WireBytes evidence, WireAddSample *add);

#endif
