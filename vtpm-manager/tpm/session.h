/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The hardware TPM: opened over any TCTI, used at locality 0 only, and opened again when it went
 * away and came back. Not thread safe: everything but tpm_session_new() belongs on one worker
 * thread.
 */
#ifndef VTPM_MANAGER_TPM_SESSION_H
#define VTPM_MANAGER_TPM_SESSION_H

#include "tpm/error.h"
#include "tpm/pcr.h"

#include <tss2/tss2_esys.h>

/** How the TPM is reached. */
typedef struct TpmSource {
    /** A new connection to the TPM. */
    gboolean (*open)(void *data, TSS2_TCTI_CONTEXT **ret_tcti, GError **error);
    void (*close)(void *data, TSS2_TCTI_CONTEXT *tcti);
    /** Called after a TPM2_Startup of ours that began a new boot of the TPM; may be NULL. */
    gboolean (*started)(void *data, ESYS_CONTEXT *esys, GError **error);
    void *data;
    gboolean simulated;
    gboolean owned; /* nobody else uses this TPM: shut it down when closing */
} TpmSource;

typedef enum TpmAkAlgorithm {
    TPM_AK_ECC, /* NIST P-256, ECDSA with SHA-256 */
    TPM_AK_RSA, /* 2048 bits, RSASSA with SHA-256 */
} TpmAkAlgorithm;

/** What does not change while the manager runs. Immutable, shared between threads by reference. */
typedef struct TpmInfo {
    gatomicrefcount refs;
    char manufacturer[5];
    char vendor[17];
    guint32 firmware[2];
    gboolean simulated;     /* a software TPM, whatever it is reached by */
    WirePcrSelection banks; /* the PCRs that are there */
    GBytes *ak_public;      /* TPM2B_PUBLIC */
    GBytes *ak_name;
    GBytes *ek_public; /* TPM2B_PUBLIC */
    GBytes *ek_name;
    GBytes *ek_certificate; /* as found in NV; NULL: none */
} TpmInfo;

TpmInfo *tpm_info_ref(TpmInfo *info);
void tpm_info_unref(TpmInfo *info);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(TpmInfo, tpm_info_unref)

/** A quote with the PCR values that it is about. */
typedef struct TpmQuote {
    GBytes *attest;        /* TPMS_ATTEST */
    GBytes *signature;     /* TPMT_SIGNATURE */
    WirePcrSelection pcrs; /* as quoted */
    unsigned count;
    TpmPcr value[DEEPQUOTE_HOST_PCRS_MAX];
} TpmQuote;

void tpm_quote_free(TpmQuote *quote);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(TpmQuote, tpm_quote_free)

typedef struct TpmSession TpmSession;

/**
 * tpm_session_new:
 * @source: copied; what its data points to must outlive the TPM
 * @state_dir: where the attestation key is kept
 *
 * Talks to nobody yet.
 */
TpmSession *tpm_session_new(const TpmSource *source, TpmAkAlgorithm algorithm,
                            const char *state_dir);

/** tpm_session_free: closes the connection; flushes the AK. */
void tpm_session_free(TpmSession *tpm);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(TpmSession, tpm_session_free)

/**
 * tpm_session_open: connects, starts the TPM if nobody has, finds or makes the attestation key.
 *
 * Errors: TPM_ERROR_GONE, TPM_ERROR_AK, and those of the commands.
 */
gboolean tpm_session_open(TpmSession *tpm, GError **error);

/** tpm_session_info: (transfer full): %NULL before the first successful tpm_session_open(). */
TpmInfo *tpm_session_info(TpmSession *tpm);

/**
 * tpm_quote:
 * @qualifying: 1..64 bytes; borrowed
 * @pcrs: what to quote
 *
 * TPM2_Quote by the AK, with PCR values that hash to its pcrDigest. The values known from before
 * are tried first; only where they do not fit are PCRs read, and the quote repeated, a bounded
 * number of times.
 *
 * Spec: TPM 2.0 Part 3, TPM2_Quote.
 * Errors: TPM_ERROR_BUSY (also where the PCRs change faster than they can be read),
 * TPM_ERROR_LOCKOUT, TPM_ERROR_GONE, TPM_ERROR_VALUE, TPM_ERROR_FAILED.
 */
gboolean tpm_quote(TpmSession *tpm, WireBytes qualifying, const WirePcrSelection *pcrs,
                   TpmQuote **ret_quote, GError **error);

/**
 * tpm_pcr_read:
 * @ret_parameters: (transfer full): the response parameters of one TPM2_PCR_Read
 *
 * Errors: as tpm_quote().
 */
gboolean tpm_pcr_read(TpmSession *tpm, const WirePcrSelection *pcrs, GBytes **ret_parameters,
                      GError **error);

#endif
