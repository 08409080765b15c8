/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What openers and swtpm exchange as TPM commands and responses: their sizes alone matter here. */
#ifndef VTPM_CUSE_COMMAND_H
#define VTPM_CUSE_COMMAND_H

#include "ptm.h"

enum {
    COMMAND_HEADER = 10,
    COMMAND_MAX = 4096, /* of swtpm and of Linux */
};

/**
 * command_check: what an opener wrote.
 * @ret_len: how many bytes of it are the command, as its header says; the rest is none of the TPM's
 *
 * Returns 0, EINVAL where it is none, or E2BIG: what Linux has for /dev/tpm0.
 */
int command_check(WireBytes written, size_t *ret_len);

/** response_size: see ExchangeSize; @what is not used. */
PtmProgress response_size(const void *what, WireBytes have, size_t *ret_size);

#endif
