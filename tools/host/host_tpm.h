/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A VM's TPM as QEMU lets the host use it: docs/qemu/devices.md, "Commands of the host". */
#ifndef TOOLS_HOST_HOST_TPM_H
#define TOOLS_HOST_HOST_TPM_H

#include "qmp.h"
#include "wire/pcr.h"

typedef struct HostTpm {
    Qmp *qmp; /* borrowed */
    char *id; /* of the back end */
    uint32_t wait_ms;
} HostTpm;

/** host_tpm_find: the VM's TPM. @wait_ms: at most, for each command. Errors: G_IO_ERROR. */
gboolean host_tpm_find(Qmp *qmp, uint32_t wait_ms, HostTpm *ret, GError **error);
void host_tpm_clear(HostTpm *tpm);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(HostTpm, host_tpm_clear)

/** What a deep quote is to be of. */
typedef struct HostTpmQuote {
    GBytes *nonce;
    WirePcrSelection pcrs;
    WirePcrSelection host_pcrs;
    uint32_t flags; /* of TPM2_DeepQuote */
} HostTpmQuote;

/** host_tpm_deep_quote: (transfer full): the response to TPM2_DeepQuote. Errors: G_IO_ERROR. */
GBytes *host_tpm_deep_quote(const HostTpm *tpm, const HostTpmQuote *wanted, GError **error);

/**
 * host_tpm_pcr_read: (transfer full): the values, bank by bank, ascending, without anything in
 * between.
 *
 * Errors: G_IO_ERROR.
 */
GByteArray *host_tpm_pcr_read(const HostTpm *tpm, const WirePcrSelection *pcrs, GError **error);

#endif
