/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Device paths as text. Spec: UEFI 2.10, section 10. */
#ifndef APPRAISE_UEFI_PATH_H
#define APPRAISE_UEFI_PATH_H

#include <glib.h>

#include "wire/cursor.h"

/**
 * dq_uefi_path_text: (transfer full): such as PciRoot(0x0)/Pci(0x3,0x0)/HD(1,GPT,...)/\\EFI\\a.efi,
 * in valid UTF-8. Nodes that are not known show their type and their bytes. NULL where @path does
 * not decode.
 */
char *dq_uefi_path_text(WireBytes path);

#endif
