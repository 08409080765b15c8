/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Which commands are handled here. Every other one costs the look into the table below.
 */
#include "process.h"
#include "capability.h"
#include "deepquote.h"
#include "host_commands.h"
#include "tpm12/commands.h"
#include "tpm12/vtpm12.h"
#include "vtpm.h"
#include "wire/tpm12-constants.h"

#include <stdlib.h>
#include <string.h>

enum { COMMAND_CODE_AT = 6 };

static const struct {
    uint32_t cc;
    CommandHandler *handler;
} commands[] = {
    { TPM_CC_GetCapability, get_capability_command },
    { TPM_CC_DeepQuote, deepquote_command },
    { TPM_CC_HostPCRRead, host_pcr_read_command },
    { TPM_CC_HostCredential, host_credential_command },
};

TPM_RESULT module_pass(Module *m, const TpmCall *call)
{
    return m->library.process(call->respbuffer, call->resp_size, call->respbufsize, call->command,
                              call->command_size);
}

TPM_RESULT module_respond(const TpmCall *call, WireBytes bytes)
{
    if (*call->respbufsize < bytes.len || !*call->respbuffer) {
        unsigned char *grown = realloc(*call->respbuffer, WIRE_TPM_BUFFER_MAX);

        if (!grown || bytes.len > WIRE_TPM_BUFFER_MAX) {
            *call->respbuffer = grown ? grown : *call->respbuffer;
            return TPM_SIZE;
        }
        *call->respbuffer = grown;
        *call->respbufsize = WIRE_TPM_BUFFER_MAX;
    }
    memcpy(*call->respbuffer, bytes.p, bytes.len);
    *call->resp_size = (uint32_t)bytes.len;
    return TPM_SUCCESS;
}

TPM_RESULT module_respond_rc(const TpmCall *call, uint32_t rc)
{
    uint8_t buf[WIRE_TPM_HEADER_SIZE];
    WireWriter w = WIRE_WRITER(buf, sizeof(buf));
    WireTpmHeader header = { TPM_ST_NO_SESSIONS, sizeof(buf), rc };

    if (!wire_put_tpm_header(&w, &header)) {
        return TPM_FAIL;
    }
    return module_respond(call, wire_written(&w));
}

/* The handler of a command of ours; NULL: it is libtpms'. */
static CommandHandler *find_handler(const Module *m, const TpmCall *call)
{
    WireReader r = { NULL, 0 };
    uint32_t cc;

    if (call->command_size >= COMMAND_CODE_AT) {
        r = WIRE_READER(call->command + COMMAND_CODE_AT, call->command_size - COMMAND_CODE_AT);
    }
    if (wire_get_u32(&r, &cc)) {
        if (!m->tpm2) {
            return tpm12_handler(cc);
        }
        for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++) {
            if (commands[i].cc == cc) {
                return commands[i].handler;
            }
        }
    }
    return NULL;
}

/*
 * The endorsement keys are read as soon as the vTPM answers: before the first command of a life
 * where its state was loaded while it ran, after TPM2_Startup where it was not.
 */
static void introduce(Module *m)
{
    if (!m->introduced && (m->tpm2 ? vtpm_introduce(m) : tpm12_introduce(m)) == TPM_RC_SUCCESS) {
        manager_client_show_keys(&m->client);
    }
}

TPM_RESULT module_process(Module *m, const TpmCall *call)
{
    CommandHandler *handler = find_handler(m, call);
    TPM_RESULT result;

    if (!history_goes_on(&m->history, &m->client)) {
        return m->tpm2 ? module_respond_rc(call, TPM_RC_FAILURE)
                       : tpm12_respond_rc(call, TPM12_FAIL);
    }
    introduce(m);
    result = handler ? handler(m, call) : module_pass(m, call);
    introduce(m);
    return result;
}
