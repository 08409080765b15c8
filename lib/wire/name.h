/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Names of TPM objects. Spec: TPM 2.0 Part 1, section 16. */
#ifndef WIRE_NAME_H
#define WIRE_NAME_H

#include "wire/tpm-constants.h"

/** wire_name_valid: empty, or a known nameAlg followed by exactly its digest. */
bool wire_name_valid(WireBytes name);

/** wire_get_name: TPM2B_NAME that wire_name_valid() accepts. */
bool wire_get_name(WireReader *r, WireBytes *ret);

#endif
