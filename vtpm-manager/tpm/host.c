/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tpm/host.h"

struct TpmHost {
    TpmAkAlgorithm algorithm;
    char *state_dir;
    TpmInfo *info; /* of the first time the TPM was prepared */
};

TpmHost *tpm_host_new(TpmAkAlgorithm algorithm, const char *state_dir)
{
    TpmHost *host = g_new0(TpmHost, 1);

    host->algorithm = algorithm;
    host->state_dir = g_strdup(state_dir);
    return host;
}

void tpm_host_free(TpmHost *host)
{
    if (!host) {
        return;
    }
    tpm_info_unref(host->info);
    g_free(host->state_dir);
    g_free(host);
}

/* A TpmPrepare */
static gboolean prepare(TpmSession *tpm, void *data, GError **error)
{
    TpmHost *host = data;
    g_autoptr(GBytes) public_area = NULL;
    g_autoptr(GBytes) name = NULL;

    if (!tpm_ak_load(tpm, host->algorithm, host->state_dir, &public_area, &name, error)) {
        return FALSE;
    }
    if (!host->info) {
        return tpm_info_read(tpm, public_area, name, &host->info, error);
    }
    if (!g_bytes_equal(host->info->ak_name, name)) {
        g_set_error(
            error, TPM_ERROR, TPM_ERROR_AK,
            "the attestation key in the state directory was exchanged: restart the manager");
        return FALSE;
    }
    return TRUE;
}

TpmSession *tpm_host_session(TpmHost *host, const TpmSource *source)
{
    return tpm_session_new(source, prepare, host);
}

TpmInfo *tpm_host_info(TpmHost *host)
{
    return host->info ? tpm_info_ref(host->info) : NULL;
}
