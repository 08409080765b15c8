/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What is known of the TPM. */
#ifndef VTPM_MANAGER_TPM_INFO_H
#define VTPM_MANAGER_TPM_INFO_H

#include "tpm/session.h"

/** What one look at the TPM told. Immutable, shared between threads by reference. */
typedef struct TpmInfo {
    gatomicrefcount refs;
    char manufacturer[5];
    char vendor[17];
    uint32_t firmware[2];
    gboolean simulated;     /* a software TPM, whatever it is reached by */
    WirePcrSelection banks; /* the PCRs that are there */
    GBytes *ak_public;      /* TPM2B_PUBLIC */
    GBytes *ak_name;
    GBytes *ek_public; /* TPM2B_PUBLIC */
    GBytes *ek_name;
    GBytes *ek_certificate; /* as found in NV; NULL: none */
    GBytes *ek_chain;       /* as tpm_ek_read_chain() tells; NULL: none */
} TpmInfo;

/**
 * tpm_info_read:
 * @ak_public, @ak_name: of the key that signs
 * @ret_info: (transfer full)
 *
 * Asks the TPM for the rest.
 *
 * Errors: as tpm_run().
 */
gboolean tpm_info_read(TpmSession *tpm, GBytes *ak_public, GBytes *ak_name, TpmInfo **ret_info,
                       GError **error);

/** tpm_info_firmware: (transfer full): its version as four numbers: "7.85.4555.0". */
char *tpm_info_firmware(const TpmInfo *info);

TpmInfo *tpm_info_ref(TpmInfo *info);
void tpm_info_unref(TpmInfo *info);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(TpmInfo, tpm_info_unref)

#endif
