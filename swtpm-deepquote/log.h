/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SWTPM_DEEPQUOTE_LOG_H
#define SWTPM_DEEPQUOTE_LOG_H

/**
 * module_log: one line into swtpm's log, or to standard error where there is none. For changes of
 * state only; never a secret, never a nonce.
 */
__attribute__((format(printf, 1, 2))) void module_log(const char *format, ...);

#endif
