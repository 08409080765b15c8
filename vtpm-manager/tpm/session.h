/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The hardware TPM: opened over any TCTI, used at locality 0 only, and opened again when it went
 * away and came back. Not thread safe: everything but hw_tpm_new() belongs on one worker thread.
 */
#ifndef VTPM_MANAGER_TPM_SESSION_H
#define VTPM_MANAGER_TPM_SESSION_H

#include "tpm/error.h"
#include "tpm/pcr.h"

#include <tss2/tss2_esys.h>

/** How the TPM is reached. */
typedef struct HwTpmSource {
    /** A new connection to the TPM. */
    gboolean (*open)(void *data, TSS2_TCTI_CONTEXT **ret_tcti, GError **error);
    void (*close)(void *data, TSS2_TCTI_CONTEXT *tcti);
    /** Called after a TPM2_Startup of ours that began a new boot of the TPM; may be NULL. */
    gboolean (*started)(void *data, ESYS_CONTEXT *esys, GError **error);
    void *data;
    gboolean simulated;
    gboolean owned; /* nobody else uses this TPM: shut it down when closing */
} HwTpmSource;

typedef enum HwAkAlgorithm {
    HW_AK_ECC, /* NIST P-256, ECDSA with SHA-256 */
    HW_AK_RSA, /* 2048 bits, RSASSA with SHA-256 */
} HwAkAlgorithm;

/** What does not change while the manager runs. Immutable, shared between threads by reference. */
typedef struct HwTpmInfo {
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
} HwTpmInfo;

HwTpmInfo *hw_tpm_info_ref(HwTpmInfo *info);
void hw_tpm_info_unref(HwTpmInfo *info);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(HwTpmInfo, hw_tpm_info_unref)

/** A quote with the PCR values that it is about. */
typedef struct HwQuote {
    GBytes *attest;        /* TPMS_ATTEST */
    GBytes *signature;     /* TPMT_SIGNATURE */
    WirePcrSelection pcrs; /* as quoted */
    unsigned count;
    HwPcr value[DEEPQUOTE_HOST_PCRS_MAX];
} HwQuote;

void hw_quote_free(HwQuote *quote);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(HwQuote, hw_quote_free)

typedef struct HwTpm HwTpm;

/**
 * hw_tpm_new:
 * @source: copied; what its data points to must outlive the TPM
 * @state_dir: where the attestation key is kept
 *
 * Talks to nobody yet.
 */
HwTpm *hw_tpm_new(const HwTpmSource *source, HwAkAlgorithm algorithm, const char *state_dir);

/** hw_tpm_free: closes the connection; flushes the AK. */
void hw_tpm_free(HwTpm *tpm);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(HwTpm, hw_tpm_free)

/**
 * hw_tpm_open: connects, starts the TPM if nobody has, finds or makes the attestation key.
 *
 * Errors: HW_TPM_ERROR_GONE, HW_TPM_ERROR_AK, and those of the commands.
 */
gboolean hw_tpm_open(HwTpm *tpm, GError **error);

/** hw_tpm_info: (transfer full): %NULL before the first successful hw_tpm_open(). */
HwTpmInfo *hw_tpm_info(HwTpm *tpm);

/**
 * hw_tpm_quote:
 * @qualifying: 1..64 bytes; borrowed
 * @pcrs: what to quote
 *
 * TPM2_Quote by the AK, with PCR values that hash to its pcrDigest. The values known from before
 * are tried first; only where they do not fit are PCRs read, and the quote repeated, a bounded
 * number of times.
 *
 * Spec: TPM 2.0 Part 3, TPM2_Quote.
 * Errors: HW_TPM_ERROR_BUSY (also where the PCRs change faster than they can be read),
 * HW_TPM_ERROR_LOCKOUT, HW_TPM_ERROR_GONE, HW_TPM_ERROR_VALUE, HW_TPM_ERROR_FAILED.
 */
gboolean hw_tpm_quote(HwTpm *tpm, WireBytes qualifying, const WirePcrSelection *pcrs,
                      HwQuote **ret_quote, GError **error);

/**
 * hw_tpm_pcr_read:
 * @ret_parameters: (transfer full): the response parameters of one TPM2_PCR_Read
 *
 * Errors: as hw_tpm_quote().
 */
gboolean hw_tpm_pcr_read(HwTpm *tpm, const WirePcrSelection *pcrs, GBytes **ret_parameters,
                         GError **error);

#endif
