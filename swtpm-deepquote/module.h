/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The module between swtpm and libtpms: what its parts share.
 *
 * It defines libtpms' functions that swtpm calls; the dynamic linker finds them first because the
 * launcher preloads the module. Each passes on to libtpms; commands of a small table are handled
 * here. Without settings everything passes untouched. What a TPM 1.2 has of its own is in tpm12/.
 */
#ifndef SWTPM_DEEPQUOTE_MODULE_H
#define SWTPM_DEEPQUOTE_MODULE_H

#include "history.h"
#include "manager_client.h"

#include <libtpms/tpm_error.h>
#include <libtpms/tpm_library.h>

/** The libtpms functions behind us. */
typedef struct TpmLibrary {
    TPM_RESULT (*choose_version)(TPMLIB_TPMVersion version);
    TPM_RESULT (*register_callbacks)(struct libtpms_callbacks *callbacks);
    TPM_RESULT (*main_init)(void);
    void (*terminate)(void);
    TPM_RESULT(*process)
    (unsigned char **respbuffer, uint32_t *resp_size, uint32_t *respbufsize, unsigned char *command,
     uint32_t command_size);
    TPM_RESULT (*volatile_store)(unsigned char **buffer, uint32_t *buflen);
    TPM_RESULT (*get_state)(enum TPMLIB_StateType st, unsigned char **buffer, uint32_t *buflen);
    TPM_RESULT (*set_state)(enum TPMLIB_StateType st, const unsigned char *buffer, uint32_t buflen);
    uint32_t (*set_buffer_size)(uint32_t wanted_size, uint32_t *min_size, uint32_t *max_size);
} TpmLibrary;

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
    bool tpm2; /* the last version chosen is TPM 2.0, not 1.2 */
    TpmLibrary library;
    ManagerClient client;
    History history;
    bool introduced;     /* the client knows the endorsement keys that this life began with */
    TpmResponse scratch; /* for commands of our own; wiped after use */
} Module;

/** module_active: whether there is a manager. */
static inline bool module_active(const Module *m)
{
    return m->client.path[0];
}

#endif
