/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a TPM back end may offer beyond TPMBackend
 *
 * TPMBackend runs each command on a worker thread and knows no locality-4 hash sequence, no bounded
 * wait and no figures. A back end that has them implements this interface as well; the functions
 * below work on every back end and fall back where it does not. All of them, and the methods, are
 * called with the big lock held.
 */
#ifndef SYSTEM_TPM_BACKEND_EXT_H
#define SYSTEM_TPM_BACKEND_EXT_H

#include "qapi/qapi-types-tpm-host.h"
#include "qapi/qapi-types-tpm-status.h"
#include "system/tpm_backend.h"

#define TYPE_TPM_BACKEND_EXT "tpm-backend-ext"
typedef struct TPMBackendExtClass TPMBackendExtClass;
DECLARE_CLASS_CHECKERS(TPMBackendExtClass, TPM_BACKEND_EXT, TYPE_TPM_BACKEND_EXT)

/* A command of the host to its TPM, as tpm-deep-quote and tpm-pcr-read of QMP have it; borrowed. */
typedef struct TPMHostRequest {
    const char *nonce; /* base64; NULL: for a TPM2_PCR_Read */
    const TpmPcrBankList *pcrs;
    const TpmPcrBankList *host_pcrs;
    uint32_t flags;
    int64_t wait_ms; /* at most, until it is sent; INT64_MAX for no limit */
} TPMHostRequest;

/*
 * first_startup: as startup_tpm of TPMBackend, for a device that is being realized; false with
 * @errp set where QEMU has to end. submit: starts @cmd, which stays valid until the front end's
 * request_completed() was called; that may happen before submit returns. Never waits longer than
 * the back end's bound for doing so. finish: returns when no command is in flight; bounded. The
 * answer has been delivered by then. hash_start, hash_data, hash_end: one locality-4 hash sequence
 * (PC Client Platform TPM Profile, "Locality 4 hash interface"). A false return means that nothing
 * was hashed and that the sequence is over. query_status: (transfer full). host_command: starts
 * one; (transfer full): where it stands; NULL with @errp set. query_host_command: the same of one
 * that was started.
 */
struct TPMBackendExtClass {
    InterfaceClass parent_class;

    bool (*first_startup)(TPMBackend *tb, size_t buffer_size, Error **errp);
    void (*submit)(TPMBackend *tb, TPMBackendCmd *cmd);
    void (*finish)(TPMBackend *tb);
    bool (*hash_start)(TPMBackend *tb);
    bool (*hash_data)(TPMBackend *tb, const uint8_t *data, size_t length);
    bool (*hash_end)(TPMBackend *tb);
    TpmStatus *(*query_status)(TPMBackend *tb);
    TpmHostCommand *(*host_command)(TPMBackend *tb, const TPMHostRequest *request, Error **errp);
    TpmHostCommand *(*query_host_command)(TPMBackend *tb, uint32_t number, Error **errp);
};

/**
 * tpm_backend_ext_first_startup:
 * @buffer_size: bytes, the most that the device has room for
 *
 * Starts the TPM before there is a guest that could go on without it. The startup of the first
 * reset finds it done.
 *
 * Returns: false with @errp set where the TPM cannot be started; true where the back end leaves it
 * to the first reset.
 */
bool tpm_backend_ext_first_startup(TPMBackend *tb, size_t buffer_size, Error **errp);

/**
 * tpm_backend_ext_submit:
 * @cmd: borrowed until request_completed() of the front end
 *
 * Returns: false where the back end has no submit of its own, so that the caller starts a worker.
 */
bool tpm_backend_ext_submit(TPMBackend *tb, TPMBackendCmd *cmd);

/**
 * tpm_backend_ext_finish:
 *
 * Waits, bounded by the back end, until no command that tpm_backend_ext_submit() took is in flight.
 */
void tpm_backend_ext_finish(TPMBackend *tb);

/**
 * tpm_backend_hash_start, tpm_backend_hash_data, tpm_backend_hash_end:
 *
 * Returns: false where the back end or its TPM has no hash interface, or refuses.
 */
bool tpm_backend_hash_start(TPMBackend *tb);
bool tpm_backend_hash_data(TPMBackend *tb, const uint8_t *data, size_t length);
bool tpm_backend_hash_end(TPMBackend *tb);

/**
 * tpm_backend_ext_register, tpm_backend_ext_unregister:
 *
 * Puts a back end into the answer of query-tpm-status, or takes it out.
 */
void tpm_backend_ext_register(TPMBackend *tb);
void tpm_backend_ext_unregister(TPMBackend *tb);

#endif
