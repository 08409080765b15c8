/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tpm/host.h"

#include <string.h>

#include "attest/bytes.h"
#include "tpm/activate.h"
#include "tpm/endorsement.h"

struct TpmHost {
    TpmAkAlgorithm algorithm;
    char *state_dir;
    TPM2B_AUTH eh_auth;
    TPM2B_AUTH owner_auth;
    GMutex lock; /* for @info */
    TpmInfo *info;
    int64_t looked; /* monotonic, in microseconds; main context only */
};

static void set_auth(TPM2B_AUTH *auth, WireBytes value)
{
    auth->size = (UINT16)MIN(value.len, sizeof(auth->buffer));
    if (auth->size > 0) {
        memcpy(auth->buffer, value.p, auth->size);
    }
}

TpmHost *tpm_host_new(TpmAkAlgorithm algorithm, const char *state_dir, WireBytes eh_auth,
                      WireBytes owner_auth)
{
    TpmHost *host = g_new0(TpmHost, 1);

    host->algorithm = algorithm;
    host->state_dir = g_strdup(state_dir);
    set_auth(&host->eh_auth, eh_auth);
    set_auth(&host->owner_auth, owner_auth);
    g_mutex_init(&host->lock);
    return host;
}

void tpm_host_free(TpmHost *host)
{
    if (!host) {
        return;
    }
    tpm_info_unref(host->info);
    g_mutex_clear(&host->lock);
    g_free(host->state_dir);
    explicit_bzero(&host->eh_auth, sizeof(host->eh_auth));
    explicit_bzero(&host->owner_auth, sizeof(host->owner_auth));
    g_free(host);
}

static void set_info(TpmHost *host, TpmInfo *info)
{
    TpmInfo *before;

    g_mutex_lock(&host->lock);
    before = host->info;
    host->info = info;
    g_mutex_unlock(&host->lock);
    tpm_info_unref(before);
}

static gboolean has_sha256(const TpmInfo *info)
{
    for (uint32_t i = 0; i < info->banks.count; i++) {
        if (info->banks.bank[i].hash == TPM2_ALG_SHA256) {
            return TRUE;
        }
    }
    return FALSE;
}

/* @before: NULL where the TPM was not known yet */
static void advise(const TpmInfo *before, const TpmInfo *now)
{
    if (!has_sha256(now) && (!before || has_sha256(before))) {
        g_warning("the TPM has no SHA-256 PCRs: requests for them are refused; allocate them with "
                  "tpm2_pcrallocate sha256:all and restart the host");
    }
}

static gboolean learn(TpmHost *host, TpmSession *tpm, GError **error)
{
    g_autoptr(GBytes) public_area = NULL;
    g_autoptr(GBytes) name = NULL;
    g_autoptr(TpmInfo) info = NULL;
    g_autoptr(GError) local = NULL;

    if (!tpm_ak_load(tpm, host->algorithm, host->state_dir, &public_area, &name, error)) {
        return FALSE;
    }
    if (host->info && !g_bytes_equal(host->info->ak_name, name)) {
        g_set_error(
            error, TPM_ERROR, TPM_ERROR_AK,
            "the attestation key in the state directory was exchanged: restart the manager");
        return FALSE;
    }
    if (tpm_info_read(tpm, public_area, name, &info, &local)) {
        advise(host->info, info);
        set_info(host, g_steal_pointer(&info));
        return TRUE;
    }
    if (host->info && g_error_matches(local, TPM_ERROR, TPM_ERROR_ROOM)) {
        /* For the AK there was room. To quote is more than to know the EK anew. */
        g_info("%s", local->message);
        return TRUE;
    }
    g_propagate_error(error, g_steal_pointer(&local));
    return FALSE;
}

/* A TpmPrepare. Everything that is learned from the TPM is learned again each time. */
static gboolean prepare(TpmSession *tpm, void *data, GError **error)
{
    TpmHost *host = data;
    gboolean ok = tpm_endorsement_enter(tpm, &host->eh_auth, error) && learn(host, tpm, error);

    tpm_endorsement_leave(tpm);
    return ok;
}

TpmSession *tpm_host_session(TpmHost *host, const TpmSource *source)
{
    return tpm_session_new(source, prepare, host);
}

TpmInfo *tpm_host_info(TpmHost *host)
{
    TpmInfo *info;

    g_mutex_lock(&host->lock);
    info = host->info ? tpm_info_ref(host->info) : NULL;
    g_mutex_unlock(&host->lock);
    return info;
}

gboolean tpm_host_activate(TpmHost *host, TpmSession *tpm, GBytes *blob, GBytes *secret,
                           GBytes **ret_value, GError **error)
{
    g_autoptr(TpmInfo) info = tpm_host_info(host);
    gboolean ok = tpm_endorsement_enter(tpm, &host->eh_auth, error) &&
                  tpm_activate(tpm, info->ek_public, blob, secret, ret_value, error);

    tpm_endorsement_leave(tpm);
    return ok;
}

gboolean tpm_host_derive_keys(TpmHost *host, TpmSession *tpm, const TpmDerivedSource *source,
                              const TpmDerived *keys, guint count, GError **error)
{
    gboolean ok = tpm_endorsement_enter(tpm, &host->eh_auth, error) &&
                  tpm_derive_keys(tpm, source, keys, count, error);

    tpm_endorsement_leave(tpm);
    return ok;
}

gboolean tpm_host_escrow_key(TpmHost *host, TpmSession *tpm, const TpmDerivedSource *source,
                             TpmEscrowKey *ret_key, GError **error)
{
    gboolean ok = tpm_endorsement_enter(tpm, &host->eh_auth, error) &&
                  tpm_escrow_certify(tpm, source, ret_key, error);

    tpm_endorsement_leave(tpm);
    return ok;
}

gboolean tpm_host_escrow_agree(TpmHost *host, TpmSession *tpm, const TpmDerivedSource *source,
                               const uint8_t *x, const uint8_t *y, uint8_t *ret_z,
                               GBytes **ret_public, GError **error)
{
    gboolean ok = tpm_endorsement_enter(tpm, &host->eh_auth, error) &&
                  tpm_escrow_agree(tpm, source, x, y, ret_z, ret_public, error);

    tpm_endorsement_leave(tpm);
    return ok;
}

gboolean tpm_host_make_counter(TpmHost *host, TpmSession *tpm, const TpmNvCounter *counter,
                               GError **error)
{
    return tpm_nv_counter_make(tpm, counter, &host->owner_auth, error);
}

gboolean tpm_host_remove_counter(TpmHost *host, TpmSession *tpm, TPM2_HANDLE index, GError **error)
{
    return tpm_nv_counter_remove(tpm, index, &host->owner_auth, error);
}

/* Fails with what is done about a key that is lost, or not ours. */
static TSS2_RC look_command(TpmSession *tpm, G_GNUC_UNUSED void *data)
{
    const TpmKey *key = tpm_session_key(tpm);
    TPM2B_NAME *name = NULL;
    gboolean ours;
    TSS2_RC rc = Esys_ReadPublic(tpm_session_esys(tpm), key->handle, ESYS_TR_NONE, ESYS_TR_NONE,
                                 ESYS_TR_NONE, NULL, &name, NULL);

    if (rc != TSS2_RC_SUCCESS) {
        return rc;
    }
    ours = dq_bytes_equal(dq_bytes_peek(key->name), (DqBytes){ name->name, name->size });
    Esys_Free(name);
    return ours ? TSS2_RC_SUCCESS : TPM_RC_OTHER_KEY;
}

static void look_run(TpmSession *tpm, G_GNUC_UNUSED void *job)
{
    g_autoptr(GError) error = NULL;

    if (!tpm_run(tpm, "TPM2_ReadPublic", look_command, NULL, &error)) {
        g_info("%s", error->message);
    }
}

static void look_done(G_GNUC_UNUSED void *job)
{
}

void tpm_host_look(TpmHost *host, TpmWorker *worker)
{
    int64_t now = g_get_monotonic_time();

    if (host->looked == 0 || now - host->looked >= G_USEC_PER_SEC) {
        host->looked = now;
        tpm_worker_submit(worker, TPM_JOB_READ, look_run, look_done, NULL);
    }
}
