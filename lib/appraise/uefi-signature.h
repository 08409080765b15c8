/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Secure Boot's keys. Spec: UEFI 2.10, section 32.4.1. */
#ifndef APPRAISE_UEFI_SIGNATURE_H
#define APPRAISE_UEFI_SIGNATURE_H

#include <glib.h>

#include "wire/cursor.h"

/** dq_uefi_signature_lists: EFI_SIGNATURE_LISTs as fields: how many of which kind, whose
 * certificates.
 */
gboolean dq_uefi_signature_lists(GArray *fields, WireBytes lists);

/** dq_uefi_signature: one EFI_SIGNATURE_DATA: what vouched for an image. */
gboolean dq_uefi_signature(GArray *fields, WireBytes signature);

#endif
