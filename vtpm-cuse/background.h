/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Going on in the background once everything is there. */
#ifndef VTPM_CUSE_BACKGROUND_H
#define VTPM_CUSE_BACKGROUND_H

#include <glib.h>

/** What there is to do when everything is there; the descriptors are -1 in the foreground. */
typedef struct Background {
    int ready;   /* who started us waits for a byte here */
    int nowhere; /* /dev/null */
} Background;

#define BACKGROUND_NONE ((Background){ -1, -1 })

/**
 * background_start: returns in a new process; the one that called waits until background_ready(),
 * and ends then with status 0, or ends as the new one did before.
 *
 * Errors: G_IO_ERROR.
 */
gboolean background_start(Background *ret, GError **error);

/** background_ready: lets go of the terminal; nothing happens in the foreground. */
void background_ready(Background *b);

#endif
