/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef TEST_FAULTS_H
#define TEST_FAULTS_H

#include <glib.h>

/** TestFaults: a kind of calls that can be made to fail. */
typedef struct TestFaults {
    /** The call after @calls more fails. */
    void (*arm)(int calls);
    /** All works again. Returns: whether a call has failed. */
    gboolean (*disarm)(void);
} TestFaults;

#endif
