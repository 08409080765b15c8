/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Hash algorithms. */
#ifndef WIRE_HASH_H
#define WIRE_HASH_H

#include "tpm-constants.h"

/** wire_hash_size: digest bytes of a hash algorithm; 0 for one that is not known. */
size_t wire_hash_size(uint16_t alg);

#endif
