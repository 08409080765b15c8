/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What is in a variable that was measured. Both are FALSE where the data does not decode. */
#ifndef APPRAISE_UEFI_VARIABLE_TEXT_H
#define APPRAISE_UEFI_VARIABLE_TEXT_H

#include <glib.h>

#include "wire/cursor.h"

/** dq_uefi_say_variable: Secure Boot's switches and keys, the boot order, boot entries. */
gboolean dq_uefi_say_variable(GArray *fields, WireBytes data);

/** dq_uefi_say_authority: the variable, and which of its signatures vouched for an image. */
gboolean dq_uefi_say_authority(GArray *fields, WireBytes data);

#endif
