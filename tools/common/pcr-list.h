/* SPDX-License-Identifier: GPL-2.0-or-later */
/* PCR lists and hash algorithms, as tpm2-tools writes them. */
#ifndef COMMON_PCR_LIST_H
#define COMMON_PCR_LIST_H

#include "wire/pcr.h"

#include <glib.h>

/** hash_parse: TPM_ALG_* of "sha256", "0x0b" or "11"; 0 for what is no hash algorithm. */
uint16_t hash_parse(const char *text);

/**
 * pcr_list_parse:
 * @text: "sha256:0,1,2+sha1:all"; a bank may be a number, a PCR hexadecimal, none is no PCR, blanks
 *   may be around each
 *
 * Banks come in the order in which they are named, one named twice comes twice: so tpm2_quote sends
 * them, and the PCR digest is over them in this order.
 * Errors: G_OPTION_ERROR; the message begins with @option.
 */
gboolean pcr_list_parse(const char *option, const char *text, WirePcrSelection *ret,
                        GError **error);

/** pcr_list_merge: (out): @s with each bank once, at the place where it came first. */
void pcr_list_merge(const WirePcrSelection *s, WirePcrSelection *ret);

#endif
