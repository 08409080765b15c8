/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What is asked of the text of JSON before json-glib parses it. */
#ifndef ATTEST_JSON_TEXT_H
#define ATTEST_JSON_TEXT_H

#include "attest/deepquote.h"

/**
 * dq_json_is_one: whether it can be one object or array, of no more levels than that, with nothing
 * before or behind it, and no comments. json-glib calls itself for each level, and of several
 * values it takes the last and loses the memory of the others.
 */
gboolean dq_json_is_one(DqBytes text, guint levels);

#endif
