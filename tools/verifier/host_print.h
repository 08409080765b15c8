/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A host of the store on standard output. */
#ifndef VERIFIER_HOST_PRINT_H
#define VERIFIER_HOST_PRINT_H

#include "attest/store.h"

/** host_print: two lines for people. */
void host_print(const DqStoreHost *host);

/** host_print_ek: two more on its TPM; none where nothing is known of it. */
void host_print_ek(const DqEkFacts *ek);

/** host_print_json: all of it in one line. */
void host_print_json(const DqStoreHost *host);

#endif
