/* SPDX-License-Identifier: GPL-2.0-or-later */
/* GUIDs, as UEFI has them: the first three fields little-endian. */
#ifndef APPRAISE_UEFI_GUID_H
#define APPRAISE_UEFI_GUID_H

#include <glib.h>
#include <stdint.h>

enum {
    DQ_GUID_SIZE = 16,
    DQ_GUID_TEXT_SIZE = 37,
};

/** dq_guid_format: as 8be4df61-93ca-11d2-aa0d-00e098032b8c. */
void dq_guid_format(const uint8_t guid[DQ_GUID_SIZE], char ret_text[DQ_GUID_TEXT_SIZE]);

/** dq_guid_name: what it stands for; NULL for one that is not known. */
const char *dq_guid_name(const uint8_t guid[DQ_GUID_SIZE]);

#endif
