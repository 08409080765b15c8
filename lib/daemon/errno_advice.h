/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What to do about an error number that says that something has run out. */
#ifndef DAEMON_ERRNO_ADVICE_H
#define DAEMON_ERRNO_ADVICE_H

/**
 * errno_advice:
 * @number: of a call that makes a file descriptor, or watches one
 *
 * Returns: to be put behind strerror(3), such as "; raise the limit of open files"; empty where
 * there is nothing to advise. Static.
 */
const char *errno_advice(int number);

#endif
