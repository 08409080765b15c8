/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Memory that OpenSSL and SQLite ask for, with failures put in. GLib ends the program where it has
 * none, so its memory is left alone. */
#ifndef TEST_FAILING_MEMORY_H
#define TEST_FAILING_MEMORY_H

#include "faults.h"

/** failing_memory_install: before either library is used. */
void failing_memory_install(void);

/** failing_memory: one allocation fails. */
extern const TestFaults failing_memory;

#endif
