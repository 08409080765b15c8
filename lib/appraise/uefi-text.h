/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What UEFI firmware says in its events. Each is FALSE where the data does not decode. */
#ifndef APPRAISE_UEFI_TEXT_H
#define APPRAISE_UEFI_TEXT_H

#include <glib.h>

#include "wire/cursor.h"

/** dq_uefi_say_load_option: EFI_LOAD_OPTION. Spec: UEFI 2.10, section 3.1.3. */
gboolean dq_uefi_say_load_option(GArray *fields, WireBytes data);

/** dq_uefi_say_image: UEFI_IMAGE_LOAD_EVENT. */
gboolean dq_uefi_say_image(GArray *fields, WireBytes data);

/** dq_uefi_say_blob, dq_uefi_say_blob2: UEFI_PLATFORM_FIRMWARE_BLOB, and with a description. */
gboolean dq_uefi_say_blob(GArray *fields, WireBytes data);
gboolean dq_uefi_say_blob2(GArray *fields, WireBytes data);

/** dq_uefi_say_tables, dq_uefi_say_tables2: UEFI_HANDOFF_TABLE_POINTERS, and with a description. */
gboolean dq_uefi_say_tables(GArray *fields, WireBytes data);
gboolean dq_uefi_say_tables2(GArray *fields, WireBytes data);

/** dq_uefi_say_gpt: UEFI_GPT_DATA: the disk and its partitions. */
gboolean dq_uefi_say_gpt(GArray *fields, WireBytes data);

#endif
