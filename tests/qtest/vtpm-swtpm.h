/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A real vTPM for tests: swtpm with its state in a directory of its own
 */
#ifndef TESTS_VTPM_SWTPM_H
#define TESTS_VTPM_SWTPM_H

typedef struct VtpmSwtpm VtpmSwtpm;

/* Returns: (transfer full): with no state yet, not running. */
VtpmSwtpm *vtpm_swtpm_new(void);
void vtpm_swtpm_free(VtpmSwtpm *swtpm);

/**
 * vtpm_swtpm_start:
 * @options: further options of swtpm
 *
 * Starts it on the state that there is. It serves one QEMU, with which it ends.
 */
void vtpm_swtpm_start(VtpmSwtpm *swtpm, const char *options);

/* Waits until it has ended. */
void vtpm_swtpm_wait(VtpmSwtpm *swtpm);

/* Path of the control socket, and of the file with the state; owned by @swtpm. */
const char *vtpm_swtpm_path(VtpmSwtpm *swtpm);
const char *vtpm_swtpm_state(VtpmSwtpm *swtpm);

#endif
