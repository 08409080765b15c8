/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A swtpm that runs for a moment beside us, on a TPM's state, and answers over its control channel.
 * No guest has it.
 */
#ifndef SWTPM_DEEPQUOTE_SIDE_SWTPM_H
#define SWTPM_DEEPQUOTE_SIDE_SWTPM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

typedef struct SideSwtpm {
    pid_t pid;
    int control;
} SideSwtpm;

enum { SIDE_KEY_SIZE = 32 };

/**
 * side_swtpm_start:
 * @tpmstate: value of its --tpmstate, or of TPM_PATH
 * @key: of its files, SIDE_KEY_SIZE bytes; NULL: none
 */
bool side_swtpm_start(SideSwtpm *s, const char *tpmstate, bool tpm2, const uint8_t *key);

/** side_swtpm_end: shuts it down, and waits for its end. */
void side_swtpm_end(SideSwtpm *s);

/** side_swtpm_init: has the TPM take its state. */
bool side_swtpm_init(const SideSwtpm *s);

/** side_swtpm_get: the permanent state, in plain text; wipe and free() it; NULL on failure. */
uint8_t *side_swtpm_get(const SideSwtpm *s, size_t *ret_len);

/** side_swtpm_set: before side_swtpm_init(): what side_swtpm_get() got of another one. */
bool side_swtpm_set(const SideSwtpm *s, const uint8_t *state, size_t len);

/** side_key_pipe: the reading end of a pipe that holds @key, of SIDE_KEY_SIZE bytes; -1: none. */
int side_key_pipe(const uint8_t *key);

#endif
