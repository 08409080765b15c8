/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Names of keys, hosts and people's labels as operators type them. */
#ifndef VERIFIER_KEY_NAME_H
#define VERIFIER_KEY_NAME_H

#include "store/store-file.h"
#include "attest/store.h"

/**
 * key_name_read:
 * @text: (nullable): the digits of a Name, with name: in front or without, or a file with a
 *   TPM2B_PUBLIC; NULL leaves @ret_name empty
 *
 * Errors: DQ_ERROR_VALUE; the message begins with @option.
 */
gboolean key_name_read(const char *option, const char *text, DqName *ret_name, GError **error);

/** key_find_host: @text is a Name, or the label of exactly one host. Errors: DQ_ERROR_RECORD. */
gboolean key_find_host(DqStoreFile *store, const char *text, DqName *ret_name, GError **error);

/** key_label: @text (nullable) into a record's label. Errors: DQ_ERROR_RECORD if it is too long. */
gboolean key_label(const char *option, const char *text, char label[DQ_LABEL_MAX + 1],
                   GError **error);

#endif
