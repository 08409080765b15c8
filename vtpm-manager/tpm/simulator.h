/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A private swtpm that stands in for the hardware TPM: a child process on an inherited socket,
 * whose PCRs are extended at each start as a firmware would.
 */
#ifndef VTPM_MANAGER_TPM_SIMULATOR_H
#define VTPM_MANAGER_TPM_SIMULATOR_H

#include "tpm/source.h"

typedef struct Simulator Simulator;

/**
 * simulator_new:
 * @dir: the child's state, and the file `events`: lines "PCR TEXT", each of which extends the
 *       digest of TEXT into every bank of that PCR; '#' starts a comment. Made where missing.
 *
 * Errors: G_FILE_ERROR where @dir cannot be made or its events not be read.
 */
Simulator *simulator_new(const char *dir, GError **error);
void simulator_free(Simulator *simulator);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Simulator, simulator_free)

/** simulator_source: a source that starts the child when it is opened; borrows @simulator. */
TpmSource simulator_source(Simulator *simulator);

/** simulator_parse_event: "PCR TEXT"; FALSE for anything else. @ret_text is borrowed from @line. */
gboolean simulator_parse_event(const char *line, guint *ret_pcr, const char **ret_text);

#endif
