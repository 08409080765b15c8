/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What one verification is about: bytes from files and options, kept together. */
#ifndef VERIFIER_CHECK_INPUT_H
#define VERIFIER_CHECK_INPUT_H

#include "attest/deepquote.h"

/** Where the parts of a deep quote come from; NULL where one was not named. */
typedef struct CheckSource {
    const char *message, *signature, *pcrs, *evidence; /* paths */
    const char *public;                                /* path */
    const char *nonce; /* hexadecimal digits, or the path of a file with the bytes */
    const char *uuid;
    const char *ek; /* Name, hexadecimal digits */
} CheckSource;

/** A deep quote that has been read. */
typedef struct CheckInput {
    GBytes *message, *signature, *pcrs, *evidence, *nonce, *ek;
    DqKey *key;
    gboolean has_uuid;
    guint8 uuid[DQ_UUID_SIZE];
} CheckInput;

/**
 * check_input_read: reads everything that @source names.
 *
 * Returns: (transfer full): NULL with an error that says which part cannot be read.
 */
CheckInput *check_input_read(const CheckSource *source, GError **error);

/**
 * check_input_read_folder: a deep quote that was put into a folder: evidence.bin, quote.msg, nonce
 * (hexadecimal digits), and if they are there quote.sig, pcrs.bin, ak.pub and uuid. What the
 * folder lacks is taken from @common.
 */
CheckInput *check_input_read_folder(const char *folder, const CheckSource *common, GError **error);
void check_input_free(CheckInput *input);

/** check_input_quote: as the library takes it; borrowed from @input. */
DqQuote check_input_quote(const CheckInput *input);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(CheckInput, check_input_free)

#endif
