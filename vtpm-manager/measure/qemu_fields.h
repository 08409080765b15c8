/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What one argument of QEMU says: "a=b,c=d" or a JSON object, as names with their values. */
#ifndef VTPM_MANAGER_MEASURE_QEMU_FIELDS_H
#define VTPM_MANAGER_MEASURE_QEMU_FIELDS_H

#include <glib.h>

/**
 * qemu_fields_parse:
 * @implied: (nullable): the name of a first value that comes without one
 *
 * What is nested in JSON has names with dots, as in "a.b=c". Of a name that is there twice the last
 * value counts. A name without a value has "on".
 *
 * Returns: (transfer container): char * -> char *; %NULL: QEMU would not take it
 */
GHashTable *qemu_fields_parse(const char *text, const char *implied);

#endif
