/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Values of PCRs in a text file. */
#ifndef VERIFIER_PCR_VALUES_H
#define VERIFIER_PCR_VALUES_H

#include <glib.h>
#include <stdint.h>

enum { PCR_VALUE_MAX = 64 };

typedef struct PcrValue {
    uint16_t alg;
    guint pcr; /* 0 to 23 */
    gsize size;
    uint8_t value[PCR_VALUE_MAX];
} PcrValue;

/**
 * pcr_values_parse:
 * @text: of @len bytes; as tpm2_pcrread prints them, or lines of bank, number and digits
 * @name: of the file, for a message
 *
 * Returns: (transfer full): elements PcrValue, bank by bank, each PCR once, ascending.
 * Errors: G_OPTION_ERROR; the message names the line.
 */
GArray *pcr_values_parse(const char *text, gsize len, const char *name, GError **error);

/** pcr_values_find: NULL where there is no value of this PCR. */
const PcrValue *pcr_values_find(const GArray *values, uint16_t alg, guint pcr);

#endif
