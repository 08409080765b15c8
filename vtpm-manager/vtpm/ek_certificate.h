/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Certificates of vTPMs' endorsement keys. Spec: TCG EK Credential Profile 2.5, section 3. */
#ifndef VTPM_MANAGER_VTPM_EK_CERTIFICATE_H
#define VTPM_MANAGER_VTPM_EK_CERTIFICATE_H

#include "vtpm/ek_authority.h"

/** What a certificate says. Borrowed. */
typedef struct EkSubject {
    const char *uuid;         /* of the VM */
    GBytes *key;              /* TPM2B_PUBLIC or TPMT_PUBLIC */
    const char *manufacturer; /* as in the TCG's directory names: id:00001014 */
    const char *model;
    const char *version;
    unsigned level, revision; /* of the TPM 2.0 specification */
} EkSubject;

/**
 * ek_certificate_issue: (transfer full): X.509 in DER, good as long as the authority's own.
 * @ret_name: (transfer full): the Name of the key
 *
 * Errors: G_IO_ERROR where the key is no endorsement key (a restricted decryption key that cannot
 * leave its TPM), or a text is not of 1 to 64 letters, digits and `:._ -`.
 */
GBytes *ek_certificate_issue(const EkAuthority *authority, const EkSubject *subject,
                             GBytes **ret_name, GError **error);

#endif
