/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * TPM2_HostPCRRead and TPM2_HostCredential: the manager's answers, checked and passed on.
 *
 * Spec: docs/specs/deepquote-wire.md, sections 1.2 and 1.3; TPM 2.0 Part 3, TPM2_PCR_Read.
 */
#include "host_commands.h"
#include "process.h"
#include "vtpm.h"

enum { DIGESTS_OF_ONE_READ = 8 };

/* Response without sessions. */
static TPM_RESULT respond_parameters(Module *m, const TpmCall *call, WireBytes first,
                                     WireBytes second)
{
    uint8_t buf[WIRE_TPM_BUFFER_MAX];
    WireWriter w = WIRE_WRITER(buf, vtpm_buffer_size(m));
    WireTpmHeader header = { TPM_ST_NO_SESSIONS, 0, TPM_RC_SUCCESS };

    if (!wire_put_tpm_header(&w, &header) || !wire_put_bytes(&w, first) ||
        !wire_put_bytes(&w, second) || !wire_set_u32(&w, sizeof(uint16_t), (uint32_t)w.len)) {
        return module_respond_rc(call, TPM_RC_SIZE);
    }
    return module_respond(call, wire_written(&w));
}

/* Asks the manager, once the vTPM is found to execute commands at all; a TPM 1.2 was found to. */
static uint32_t ask(Module *m, ManagerMessage *request, ManagerReply *ret)
{
    uint32_t rc = m->tpm2 ? vtpm_ready(m) : (uint32_t)TPM_RC_SUCCESS;

    if (rc != TPM_RC_SUCCESS) {
        return rc;
    }
    return manager_client_call(&m->client, request, manager_client_deadline(&m->client), ret);
}

/* TPM2_PCR_Read response parameters: an update counter, what was read, and as many digests. */
static bool pcr_parameters_valid(WireBytes parameters, const WirePcrSelection *asked)
{
    WireReader r = { parameters.p, parameters.len };
    WirePcrSelection read;
    WireBytes digest;
    uint32_t counter;
    uint32_t count;

    if (!wire_get_u32(&r, &counter) || !wire_get_pcr_selection(&r, &read) ||
        !wire_pcr_covers(asked, &read) || !wire_get_u32(&r, &count) ||
        count > DIGESTS_OF_ONE_READ || count != wire_pcr_count(&read)) {
        return false;
    }
    while (count-- > 0) {
        if (!wire_get_tpm2b(&r, WIRE_DIGEST_MAX, &digest)) {
            return false;
        }
    }
    return r.left == 0;
}

TPM_RESULT host_pcr_read_command(Module *m, const TpmCall *call)
{
    ManagerMessage request = { .type = MANAGER_PCR_READ };
    ManagerReply reply;
    uint32_t rc = wire_decode_host_pcr_read_command(
        (WireBytes){ call->command, call->command_size }, &request.pcr_read);
    WirePcrSelection asked = request.pcr_read;

    if (rc == TPM_RC_SUCCESS) {
        rc = ask(m, &request, &reply);
        rc = rc == TPM_RC_VALUE ? WIRE_RC_P(TPM_RC_VALUE, 1) : rc;
    }
    if (rc == TPM_RC_SUCCESS && !pcr_parameters_valid(reply.pcr_parameters, &asked)) {
        rc = manager_client_distrust(&m->client, "PCR values that were not asked for");
    }
    if (rc != TPM_RC_SUCCESS) {
        return module_respond_rc(call, rc);
    }
    return respond_parameters(m, call, reply.pcr_parameters, (WireBytes){ NULL, 0 });
}

/* A page that lies within the whole and the room for it, and is empty only behind its end. */
static bool page_valid(const ManagerReply *reply, const ManagerCredential *asked)
{
    uint32_t offset = asked->offset;
    uint32_t rest = offset < reply->total_size ? reply->total_size - offset : 0;

    return reply->page.len <= asked->room && reply->page.len <= rest &&
           (reply->page.len > 0) == (rest > 0);
}

TPM_RESULT host_credential_command(Module *m, const TpmCall *call)
{
    ManagerMessage request = { .type = MANAGER_CREDENTIAL };
    ManagerReply reply;
    uint8_t prefix[sizeof(uint32_t) + sizeof(uint16_t)];
    WireWriter w = WIRE_WRITER(prefix, sizeof(prefix));
    uint32_t rc =
        wire_decode_host_credential_command((WireBytes){ call->command, call->command_size },
                                            &request.credential.what, &request.credential.offset);

    request.credential.room =
        (uint32_t)(vtpm_buffer_size(m) - WIRE_TPM_HEADER_SIZE - sizeof(prefix));
    if (rc == TPM_RC_SUCCESS) {
        rc = ask(m, &request, &reply);
        rc = rc == TPM_RC_VALUE ? WIRE_RC_P(TPM_RC_VALUE, 2) : rc;
    }
    if (rc == TPM_RC_SUCCESS && !page_valid(&reply, &request.credential)) {
        rc = manager_client_distrust(&m->client, "a page outside of what it names");
    }
    if (rc != TPM_RC_SUCCESS || !wire_put_u32(&w, reply.total_size) ||
        !wire_put_u16(&w, (uint16_t)reply.page.len)) {
        return module_respond_rc(call, rc);
    }
    return respond_parameters(m, call, wire_written(&w), reply.page);
}
