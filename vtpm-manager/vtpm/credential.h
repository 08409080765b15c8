/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What TPM2_HostCredential hands out: keys of the host and certificates. */
#ifndef VTPM_MANAGER_VTPM_CREDENTIAL_H
#define VTPM_MANAGER_VTPM_CREDENTIAL_H

#include "tpm/host.h"
#include "vtpm/ek_authority.h"

typedef struct Credentials Credentials;

/**
 * credentials_new:
 * @tpm: borrowed, and known
 * @certificate_file: DER or PEM certificate of the AK; NULL where there is none
 * @state_dir: where the certificate of a simulated TPM is kept
 *
 * For a simulated TPM without @certificate_file, a certificate by a throw-away CA whose subject
 * and issuer say that it is no hardware.
 *
 * Errors: G_FILE_ERROR, G_IO_ERROR where the certificate cannot be read or is of another key.
 */
Credentials *credentials_new(TpmHost *tpm, const char *certificate_file, const char *state_dir,
                             GError **error);
void credentials_free(Credentials *credentials);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Credentials, credentials_free)

/** credentials_take_authority: @authority: (transfer full) (nullable): in place of what there was
 */
void credentials_take_authority(Credentials *credentials, EkAuthority *authority);

/** credentials_authority: borrowed; %NULL where there is none. */
const EkAuthority *credentials_authority(const Credentials *credentials);

/** credentials_item: @what is DEEPQUOTE_HOST_AK_PUBLIC...; borrowed until asked again; %NULL: none.
 */
GBytes *credentials_item(Credentials *credentials, uint32_t what);

/**
 * credentials_page:
 * @room: bytes that the page may have
 * @ret_total: size of the whole item; 0: there is none
 *
 * Returns: at most @room and DEEPQUOTE_PAGE_MAX bytes from @offset on, borrowed; FALSE where
 * @offset is beyond the end.
 */
gboolean credentials_page(Credentials *credentials, uint32_t what, uint32_t offset, uint32_t room,
                          uint32_t *ret_total, WireBytes *ret_page);

#endif
