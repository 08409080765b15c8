/* SPDX-License-Identifier: GPL-2.0-or-later */
/* PCR values as tpm2_quote and tpm2_deepquote write them with -F serialized. */
#ifndef VERIFIER_CHECK_PCRS_H
#define VERIFIER_CHECK_PCRS_H

#include <glib.h>

/**
 * unserialize_pcrs: where @pcrs is in serialized form, it becomes the values alone. All else stays
 * as it is. Which PCRs they are of, the quote says.
 * @pcrs: (inout): may hold NULL
 */
void unserialize_pcrs(GBytes **pcrs);

#endif
