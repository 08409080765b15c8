/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Connections to a vTPM that waited for it too long. QEMU can end while its connection is not
 * accepted yet, as where the launcher waits for the key of a state. swtpm would take that one
 * first, end with it, and take the next one along.
 */
#ifndef SWTPM_DEEPQUOTE_ACCEPT_LIVING_H
#define SWTPM_DEEPQUOTE_ACCEPT_LIVING_H

#include <sys/socket.h>

enum { ACCEPT_PASS_MAX = 4096 }; /* no queue of the kernel's is longer by default */

/** As accept(2). */
typedef int Accept(int listener, struct sockaddr *address, socklen_t *length);

/**
 * accept_living: accepts as @accept_one does, but of Unix sockets closes each connection whose
 * other end is closed, as long as another one waits behind it. What such a client sent is lost; it
 * would not have had an answer. Never waits where @accept_one alone would not.
 *
 * Returns: what @accept_one returned last, with its errno
 */
int accept_living(Accept *accept_one, int listener, struct sockaddr *address, socklen_t *length);

#endif
