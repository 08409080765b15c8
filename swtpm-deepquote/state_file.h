/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The file in which swtpm keeps a TPM's permanent state, as far as it can be told from outside. */
#ifndef SWTPM_DEEPQUOTE_STATE_FILE_H
#define SWTPM_DEEPQUOTE_STATE_FILE_H

#include <limits.h>
#include <stdbool.h>

typedef enum StateFileKind {
    STATE_FILE_ABSENT,
    STATE_FILE_PLAIN,
    STATE_FILE_ENCRYPTED,
    STATE_FILE_UNKNOWN, /* it is in no folder, or cannot be read: that is swtpm's to tell */
} StateFileKind;

typedef struct StateFile {
    char folder[PATH_MAX];
    char path[PATH_MAX + 32];
    char plain[PATH_MAX + 32];     /* what it was before, while it is encrypted */
    char others[2][PATH_MAX + 32]; /* states of a TPM that was suspended */
} StateFile;

/**
 * state_file_find:
 * @tpmstate: value of swtpm's --tpmstate, or of TPM_PATH
 * @tpm2: the TPM is a 2.0, else a 1.2
 *
 * Returns: false where it is not in a folder.
 */
bool state_file_find(const char *tpmstate, bool tpm2, StateFile *ret);

/** state_file_look: what @path has. */
StateFileKind state_file_look(const char *path);

#endif
