/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What operators accepted, in a database: a log, and its effect on the records. */
#ifndef STORE_ACCEPTANCE_H
#define STORE_ACCEPTANCE_H

#include "store/record.h"
#include "store/store-file.h"

/** acceptance_make: records it and has it take effect; within a transaction of the caller. */
gboolean acceptance_make(Database *db, const DqAcceptance *a, GError **error);

gboolean acceptance_list(Database *db, DqAcceptanceFunc func, gpointer data, GError **error);

#endif
