/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Has the permanent state of a TPM, kept in plain text, kept in a file that is encrypted. There is
 * a whole state whenever it is interrupted, and what was in plain text is overwritten before its
 * file is removed, by the next start at the latest. What the file system or the disk keeps of
 * overwritten blocks is beyond us.
 */
#ifndef SWTPM_DEEPQUOTE_ENCRYPT_STATE_H
#define SWTPM_DEEPQUOTE_ENCRYPT_STATE_H

#include "state_file.h"

#include <stddef.h>
#include <stdint.h>

/**
 * encrypt_state: a file that is STATE_FILE_PLAIN, while no swtpm has it.
 * @tpmstate, @tpm2: as swtpm is told
 * @key: SIDE_KEY_SIZE bytes
 * @error: gets what failed; the state is as it was then
 */
bool encrypt_state(const StateFile *file, const char *tpmstate, bool tpm2, const uint8_t *key,
                   char *error, size_t error_size);

/**
 * encrypt_state_finish: does away with what an earlier encrypt_state() left in plain text, where it
 * was interrupted; or puts it back, where the encrypted file cannot be loaded with @key.
 */
void encrypt_state_finish(const StateFile *file, const char *tpmstate, bool tpm2,
                          const uint8_t *key);

#endif
