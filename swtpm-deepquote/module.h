/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The module between swtpm and libtpms: what its parts share.
 *
 * It defines libtpms' functions that swtpm calls; the dynamic linker finds them first because the
 * launcher preloads the module. Each passes on to libtpms; commands of a small table are handled
 * here. Without settings, and for a TPM 1.2, everything passes untouched.
 */
#ifndef SWTPM_DEEPQUOTE_MODULE_H
#define SWTPM_DEEPQUOTE_MODULE_H

#include "manager_client.h"

#include <libtpms/tpm_error.h>
#include <libtpms/tpm_library.h>

/** The libtpms functions behind us. */
typedef struct TpmLibrary {
    TPM_RESULT (*choose_version)(TPMLIB_TPMVersion version);
    TPM_RESULT (*register_callbacks)(struct libtpms_callbacks *callbacks);
    TPM_RESULT (*main_init)(void);
    void (*terminate)(void);
    TPM_RESULT (*process)
    (unsigned char **respbuffer, uint32_t *resp_size, uint32_t *respbufsize, unsigned char *command,
     uint32_t command_size);
    TPM_RESULT (*volatile_store)(unsigned char **buffer, uint32_t *buflen);
    TPM_RESULT (*set_state)(enum TPMLIB_StateType st, const unsigned char *buffer, uint32_t buflen);
    uint32_t (*set_buffer_size)(uint32_t wanted_size, uint32_t *min_size, uint32_t *max_size);
} TpmLibrary;

/** Name of the vTPM's persistent EK, as long as it is known. */
typedef struct EkCache {
    bool known;
    size_t len; /* 0: there is none */
    uint8_t name[WIRE_NAME_MAX];
} EkCache;

/** A response buffer of libtpms' kind: grown by libtpms with realloc(). */
typedef struct TpmResponse {
    unsigned char *buf;
    uint32_t size; /* of the response in it */
    uint32_t cap;
} TpmResponse;

/** One call of TPMLIB_Process. */
typedef struct TpmCall {
    unsigned char **respbuffer;
    uint32_t *resp_size;
    uint32_t *respbufsize;
    unsigned char *command;
    uint32_t command_size;
} TpmCall;

typedef struct Module {
    bool tpm2; /* the last version chosen is TPM 2.0 */
    TpmLibrary library;
    ManagerClient client;
    EkCache ek;
    TpmResponse scratch; /* for commands of our own; wiped after use */
} Module;

/** module_active: whether there is a manager and a TPM 2.0. */
static inline bool module_active(const Module *m)
{
    return m->tpm2 && m->client.path[0];
}

/* process.c */

/** module_process: TPMLIB_Process of an active module. */
TPM_RESULT module_process(Module *m, const TpmCall *call);

/** module_pass: the command as libtpms answers it. */
TPM_RESULT module_pass(Module *m, const TpmCall *call);

/** module_respond: @bytes as the response; TPM_SIZE if there is no memory for it. */
TPM_RESULT module_respond(const TpmCall *call, WireBytes bytes);

/** module_respond_rc: a response of a header with @rc. */
TPM_RESULT module_respond_rc(const TpmCall *call, uint32_t rc);

/* vtpm.c: commands of our own to the vTPM */

/**
 * vtpm_run: runs a command and leaves its response in @m->scratch.
 *
 * Returns: its response code; TPM_RC_FAILURE where libtpms returned no response.
 */
uint32_t vtpm_run(Module *m, WireBytes command);

/** vtpm_wipe_scratch: forgets the last response. */
void vtpm_wipe_scratch(Module *m);

/**
 * vtpm_read_name: Name of the object at @handle; empty where there is no such object.
 *
 * @ret: WIRE_NAME_MAX bytes
 * Returns: the response code of TPM2_ReadPublic, TPM_RC_FAILURE where the response makes no sense.
 */
uint32_t vtpm_read_name(Module *m, uint32_t handle, uint8_t *ret, size_t *ret_len);

/**
 * vtpm_find_ek: looks the persistent EK up unless it is known.
 *
 * Returns: TPM_RC_SUCCESS, also where there is none; a warning such as TPM_RC_OBJECT_MEMORY where
 * the vTPM cannot tell now, because it loads a persistent object to read it.
 */
uint32_t vtpm_find_ek(Module *m);

/**
 * vtpm_ready: whether the vTPM executes commands; its code (TPM_RC_INITIALIZE, TPM_RC_FAILURE)
 * where not. Like any command, it ends another session's exclusive audit.
 */
uint32_t vtpm_ready(Module *m);

/** vtpm_buffer_size: bytes that a command or a response may have now. */
size_t vtpm_buffer_size(const Module *m);

/** All volatile state of the vTPM. Holds secrets: end it with vtpm_forget(). */
typedef struct VtpmSnapshot {
    unsigned char *buf; /* NULL: none was taken */
    uint32_t size;
} VtpmSnapshot;

/** vtpm_remember: takes a snapshot; false without memory. */
bool vtpm_remember(Module *m, VtpmSnapshot *ret);

/** vtpm_restore: puts the vTPM back where it was; false where it cannot run any more. */
bool vtpm_restore(Module *m, const VtpmSnapshot *snapshot);

/** vtpm_forget: wipes and frees. */
void vtpm_forget(VtpmSnapshot *snapshot);

/* null_signer.c: who signs where the caller names nobody */

/**
 * null_signer_make: a throw-away signing key with an empty authValue.
 *
 * Returns: TPM_RC_SUCCESS, a warning such as TPM_RC_OBJECT_MEMORY, or TPM_RC_FAILURE.
 */
uint32_t null_signer_make(Module *m, uint32_t *ret_handle);

/** null_signer_drop: flushes it; overwrites @m->scratch. */
void null_signer_drop(Module *m, uint32_t handle);

/* The commands that are handled here */
typedef TPM_RESULT CommandHandler(Module *m, const TpmCall *call);

CommandHandler deepquote_command;       /* deepquote.c */
CommandHandler host_pcr_read_command;   /* host_commands.c */
CommandHandler host_credential_command; /* host_commands.c */
CommandHandler get_capability_command;  /* capability.c */

#endif
