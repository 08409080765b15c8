/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "countersign.h"

#include "vtpm.h"

enum {
    REPLY_MARGIN_DIVISOR = 10, /* the manager gets nine tenths of the time */
    REPLY_MARGIN_MAX_MS = 200,
};

uint32_t countersign_prepare(Module *m, const CountersignWish *wish, size_t bound)
{
    const size_t buffer = vtpm_buffer_size(m);
    ManagerMessage request = { .type = MANAGER_PREPARE };
    ManagerReply reply;

    if (bound >= buffer) {
        return TPM_RC_SIZE;
    }
    request.prepare =
        (ManagerPrepare){ wish->flags, *wish->host_pcrs, .room = (uint32_t)(buffer - bound) };
    return manager_client_call(&m->client, &request, wish->deadline, &reply);
}

/* Whether the evidence is about this quote of this VM. Signatures are for the verifier to check. */
static bool evidence_fits(const Module *m, const CountersignWish *wish, WireBytes evidence)
{
    WireEvidence e;

    return wire_decode_evidence(evidence, &e) &&
           wire_uuid_equal(&e.binding.uuid, &m->client.uuid) &&
           wire_bytes_equal(e.binding.nonce, wish->nonce) &&
           wire_bytes_equal(e.binding.vtpm_signer, wish->signer) &&
           (e.binding.vtpm_ek.len == 0 || manager_client_has_ek(&m->client, e.binding.vtpm_ek)) &&
           wire_pcr_covers(&e.host_pcrs, wish->host_pcrs);
}

static uint32_t time_for_manager(const Module *m)
{
    uint32_t margin = m->client.timeout_ms / REPLY_MARGIN_DIVISOR;

    return m->client.timeout_ms - (margin < REPLY_MARGIN_MAX_MS ? margin : REPLY_MARGIN_MAX_MS);
}

static uint32_t ask(Module *m, const CountersignWish *wish, size_t room, WireBytes *ret_evidence)
{
    ManagerMessage request = { .type = MANAGER_QUOTE };
    ManagerReply reply;
    uint32_t rc;

    request.quote = (ManagerQuote){
        .flags = wish->flags,
        .signer = wish->signer,
        .quoted = wish->quoted,
        .host_pcrs = *wish->host_pcrs,
        .stores = m->client.stores,
        .room = (uint32_t)room,
        .timeout_ms = time_for_manager(m),
    };
    rc = manager_client_call(&m->client, &request, wish->deadline, &reply);
    if (rc != TPM_RC_SUCCESS) {
        return rc;
    }
    if (reply.evidence.len > room || !evidence_fits(m, wish, reply.evidence)) {
        return manager_client_distrust(&m->client, "evidence that is not for this quote");
    }
    *ret_evidence = reply.evidence;
    return TPM_RC_SUCCESS;
}

uint32_t countersign_quote(Module *m, const CountersignWish *wish, size_t size,
                           WireBytes *ret_evidence)
{
    const uint32_t rc = ask(m, wish, vtpm_buffer_size(m) - size, ret_evidence);

    return manager_client_host_status(&m->client, rc);
}
