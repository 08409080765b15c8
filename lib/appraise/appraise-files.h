/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Files that were measured against those that a profile lists. */
#ifndef APPRAISE_APPRAISE_FILES_H
#define APPRAISE_APPRAISE_FILES_H

#include "appraise/appraise-log.h"

/**
 * dq_appraise_files: adds the finding @word for the first @count entries of a list of IMA, which
 * the quote has shown to be true. It names the first files that are not as the profile has them.
 */
void dq_appraise_files(const DqLog *log, const char *word, uint64_t count, DqVerdict *verdict);

#endif
