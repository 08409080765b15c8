/* SPDX-License-Identifier: GPL-2.0-or-later */
/* PCRs quoted against the ways to boot that a profile has. */
#ifndef APPRAISE_APPRAISE_BOOT_H
#define APPRAISE_APPRAISE_BOOT_H

#include "appraise/appraise-log.h"

/**
 * dq_appraise_boot: adds the finding log->profile_word: it passes where all PCRs of one boot of the
 * profile were quoted with its values. Without boots in the profile nothing is compared.
 */
void dq_appraise_boot(const DqLog *log, DqVerdict *verdict);

#endif
