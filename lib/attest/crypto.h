/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef ATTEST_CRYPTO_H
#define ATTEST_CRYPTO_H

/**
 * dq_crypto_failed: after a call of OpenSSL that failed, or may have. Empties this thread's queue
 * of errors. Where there was no memory it ends the program, as GLib does: a key or a signature that
 * could not be looked at is not a bad one.
 */
void dq_crypto_failed(void);

#endif
