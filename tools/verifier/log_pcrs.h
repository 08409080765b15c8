/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The option --pcrs of commands on logs: values to compare with, or which values to show. */
#ifndef VERIFIER_LOG_PCRS_H
#define VERIFIER_LOG_PCRS_H

#include "appraise/replay.h"

#include <json-glib/json-glib.h>

/**
 * log_pcrs_read:
 * @text: a list such as sha256:0,7, or a file of values
 * @ret_values: (transfer full): elements PcrValue; those of a list are of no bytes
 */
gboolean log_pcrs_read(const char *text, GArray **ret_values, GError **error);

/** log_pcrs_print: a PCR and what is said of it, as text, or as one line of JSON. */
void log_pcrs_print(const DqPcrReplay *pcr, const char *said, gboolean json);

/** log_pcrs_status: the exit status for @count outcomes; the worst counts. */
int log_pcrs_status(const DqPcrReplay *pcrs, gsize count);

/** log_hash_name: of an algorithm, in @ret_text where it has none. */
const char *log_hash_name(uint16_t alg, char ret_text[8]);

#endif
