/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Text that operators give and that is printed later: it may not do anything to a terminal. */
#ifndef STORE_LABEL_H
#define STORE_LABEL_H

#include <glib.h>

/** label_check: DQ_ERROR_RECORD unless it is printable UTF-8 that ends within DQ_LABEL_MAX. */
gboolean label_check(const char *label, GError **error);

/** label_check_why: the same for a reason of at most DQ_WHY_MAX bytes, which may not be empty. */
gboolean label_check_why(const char *why, GError **error);

#endif
