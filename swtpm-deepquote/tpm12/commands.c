/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * TPM_GetCapability, which tells of our ordinals, and the commands that have only another header
 * than those of a TPM 2.0.
 *
 * Spec: docs/specs/deepquote-tpm12.md, sections 1, 1.2 and 1.3.
 */
#include "commands.h"

#include "deepquote12.h"
#include "host_commands.h"
#include "vtpm12.h"
#include "wire/tpm12-command.h"

#include <string.h>

enum {
    ORDINAL_KNOWN_AT = WIRE_TPM_HEADER_SIZE + sizeof(uint32_t), /* behind respSize */
    ORDINAL_RESPONSE_SIZE = ORDINAL_KNOWN_AT + 1,
};

static bool is_ours(uint32_t ordinal)
{
    return ordinal == TPM_CC_DeepQuote || ordinal == TPM_CC_HostPCRRead ||
           ordinal == TPM_CC_HostCredential;
}

/* Whether it asks if the TPM knows one of our ordinals. */
static bool asks_for_ours(WireBytes command)
{
    WireReader r = { command.p, command.len };
    WireTpmHeader header;
    uint32_t capability, size, ordinal;

    return wire_get_tpm_header(&r, &header) && header.tag == TPM12_TAG_COMMAND &&
           header.size == command.len && wire_get_u32(&r, &capability) &&
           capability == TPM12_CAP_ORD && wire_get_u32(&r, &size) && size == sizeof(ordinal) &&
           wire_get_u32(&r, &ordinal) && r.left == 0 && is_ours(ordinal);
}

static TPM_RESULT get_capability(Module *m, const TpmCall *call)
{
    const TPM_RESULT result = module_pass(m, call);
    WireTpmHeader header;

    if (result == TPM_SUCCESS && asks_for_ours((WireBytes){ call->command, call->command_size }) &&
        wire_get_tpm_header(&(WireReader){ *call->respbuffer, *call->resp_size }, &header) &&
        header.code == TPM12_SUCCESS && *call->resp_size == ORDINAL_RESPONSE_SIZE) {
        (*call->respbuffer)[ORDINAL_KNOWN_AT] = 1;
    }
    return result;
}

/* The response of a TPM 2.0 with the header of a TPM 1.2. */
static TPM_RESULT translate(const TpmCall *call)
{
    WireTpmHeader header;
    WireWriter w = WIRE_WRITER(*call->respbuffer, WIRE_TPM_HEADER_SIZE);

    if (!wire_get_tpm_header(&(WireReader){ *call->respbuffer, *call->resp_size }, &header)) {
        return TPM_FAIL;
    }
    header.tag = TPM12_TAG_RESPONSE;
    header.code = wire_tpm12_code(header.code);
    return wire_put_tpm_header(&w, &header) ? TPM_SUCCESS : TPM_FAIL;
}

/* Has @handler answer the command as that of a TPM 2.0. */
static TPM_RESULT run_as_tpm2(Module *m, const TpmCall *call, CommandHandler *handler)
{
    uint8_t command[WIRE_TPM_BUFFER_MAX];
    WireReader r = { call->command, call->command_size };
    WireWriter w = WIRE_WRITER(command, sizeof(command));
    TpmCall inner = *call;
    WireTpmHeader header;
    TPM_RESULT result;
    uint32_t rc;

    if (!wire_get_tpm_header(&r, &header) || header.tag != TPM12_TAG_COMMAND) {
        return tpm12_respond_rc(call, TPM12_BADTAG);
    }
    header.tag = TPM_ST_NO_SESSIONS;
    if (!wire_put_tpm_header(&w, &header) || !wire_put_bytes(&w, (WireBytes){ r.p, r.left })) {
        return tpm12_respond_rc(call, TPM12_BAD_PARAM_SIZE);
    }
    rc = tpm12_ready(m);
    if (rc != TPM12_SUCCESS) {
        return tpm12_respond_rc(call, rc);
    }
    inner.command = command;
    inner.command_size = (uint32_t)w.len;
    result = handler(m, &inner);
    return result == TPM_SUCCESS ? translate(call) : result;
}

static TPM_RESULT host_pcr_read(Module *m, const TpmCall *call)
{
    return run_as_tpm2(m, call, host_pcr_read_command);
}

static TPM_RESULT host_credential(Module *m, const TpmCall *call)
{
    return run_as_tpm2(m, call, host_credential_command);
}

static const struct {
    uint32_t ordinal;
    CommandHandler *handler;
} commands[] = {
    { TPM12_ORD_GetCapability, get_capability },
    { TPM_CC_DeepQuote, tpm12_deepquote_command },
    { TPM_CC_HostPCRRead, host_pcr_read },
    { TPM_CC_HostCredential, host_credential },
};

CommandHandler *tpm12_handler(uint32_t ordinal)
{
    for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++) {
        if (commands[i].ordinal == ordinal) {
            return commands[i].handler;
        }
    }
    return NULL;
}
