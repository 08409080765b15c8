/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Which commands are handled here. Every other one costs the look into the table below.
 */
#include "process.h"
#include "capability.h"
#include "deepquote.h"
#include "host_commands.h"
#include "vtpm.h"

#include <stdlib.h>
#include <string.h>

enum { COMMAND_CODE_AT = 6 };

/*
 * A command after which another EK may be persistent. It is looked up at once, above all after
 * Startup, when the vTPM has room to load it; what fails now is tried again when it is needed.
 */
static TPM_RESULT ek_changing_command(Module *m, const TpmCall *call)
{
    TPM_RESULT result = module_pass(m, call);

    m->ek.known = false;
    vtpm_find_ek(m);
    return result;
}

static const struct {
    uint32_t cc;
    TPM_RESULT (*handler)(Module *m, const TpmCall *call);
} commands[] = {
    { TPM_CC_GetCapability, get_capability_command },
    { TPM_CC_Startup, ek_changing_command },
    { TPM_CC_EvictControl, ek_changing_command },
    { TPM_CC_Clear, ek_changing_command },
    { TPM_CC_ChangeEPS, ek_changing_command },
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

TPM_RESULT module_process(Module *m, const TpmCall *call)
{
    WireReader r = { NULL, 0 };
    uint32_t cc;

    if (call->command_size >= COMMAND_CODE_AT) {
        r = WIRE_READER(call->command + COMMAND_CODE_AT, call->command_size - COMMAND_CODE_AT);
    }
    if (wire_get_u32(&r, &cc)) {
        for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++) {
            if (commands[i].cc == cc) {
                return commands[i].handler(m, call);
            }
        }
    }
    return module_pass(m, call);
}
