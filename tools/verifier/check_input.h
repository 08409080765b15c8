/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a guest hands over: bytes from files, kept together. Nothing that the verifier expects
 * comes from here; see check_expected.h.
 */
#ifndef VERIFIER_CHECK_INPUT_H
#define VERIFIER_CHECK_INPUT_H

#include "attest/deepquote.h"

/** Where the parts of a deep quote are; NULL where one was not named. */
typedef struct CheckPaths {
    const char *message, *signature, *pcrs, *evidence, *key;
} CheckPaths;

/** A deep quote that has been read. */
typedef struct CheckInput {
    GBytes *message, *signature, *pcrs, *evidence;
    DqKey *key;
} CheckInput;

/**
 * check_input_read: reads everything that @paths names.
 *
 * Returns: (transfer full): NULL with an error that says which part cannot be read.
 */
CheckInput *check_input_read(const CheckPaths *paths, GError **error);

/**
 * check_input_read_folder: evidence.bin, quote.msg, and if they are there quote.sig, pcrs.bin and
 * ak.pub, of a folder that came from a guest. Only regular files are read.
 *
 * Errors: also where the folder has a file that the verifier alone may have, such as a nonce.
 */
CheckInput *check_input_read_folder(const char *folder, GError **error);
void check_input_free(CheckInput *input);

/** check_input_quote: as the library takes it; borrowed from @input. */
DqQuote check_input_quote(const CheckInput *input);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(CheckInput, check_input_free)

#endif
