/* SPDX-License-Identifier: GPL-2.0-or-later */
/* UEFI_VARIABLE_DATA. Spec: TCG PC Client Platform Firmware Profile 1.06, section 10.2.6. */
#ifndef APPRAISE_UEFI_VARIABLE_H
#define APPRAISE_UEFI_VARIABLE_H

#include <glib.h>

#include "appraise/uefi-guid.h"
#include "wire/cursor.h"

/** A variable, borrowed from the event's data. */
typedef struct DqUefiVariable {
    uint8_t guid[DQ_GUID_SIZE]; /* as it travels: its first three fields little-endian */
    WireBytes name;             /* UTF-16, without terminating zero */
    WireBytes content;
} DqUefiVariable;

/** dq_uefi_variable: FALSE where @data is none, or has more after it. */
gboolean dq_uefi_variable(WireBytes data, DqUefiVariable *ret);

#endif
