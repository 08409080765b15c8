/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "vtpm/service.h"

#include <string.h>

enum { TIMEOUT_MAX_MS = 600 * 1000 };

/** A request on its way; it outlives its connection. */
typedef struct VtpmRequest {
    VtpmConnection *connection; /* NULL: it is gone */
    const VtpmService *service;
    uint32_t id;
    QuoteTicket *ticket;   /* MANAGER_QUOTE */
    WirePcrSelection pcrs; /* MANAGER_PCR_READ */
    GBytes *parameters;
    GError *error;
} VtpmRequest;

static void reply_status(VtpmConnection *connection, ManagerMessageType type, uint32_t id,
                         ManagerStatus status)
{
    const ManagerReply reply = { .status = status };

    vtpm_connection_reply(connection, type, id, &reply);
}

/* ------------------------------------------------------------------------------------ HELLO */

static void handle_hello(const VtpmService *service, VtpmConnection *connection,
                         const ManagerMessage *message)
{
    const ManagerHello *hello = &message->hello;
    const ManagerHello *before = vtpm_connection_hello(connection);
    ManagerReply reply = { 0 };

    if (before && !wire_uuid_equal(&before->uuid, &hello->uuid)) {
        vtpm_connection_close(connection, "it said HELLO for a second VM");
        return;
    }
    reply.status = admission_hello(service->admission, vtpm_connection_peer(connection), hello,
                                   vtpm_connection_rival(connection, &hello->uuid));
    if (reply.status == MANAGER_OK) {
        const RegistryVm *vm = vms_find(service->vms, &hello->uuid);

        vtpm_connection_welcome(connection, hello);
        reply.epoch = vm->epoch;
        reply.generation = vm->base;
    }
    vtpm_connection_reply(connection, MANAGER_HELLO_REPLY, message->id, &reply);
}

/* ----------------------------------------------------------------------------------- Requests */

static VtpmRequest *request_new(const VtpmService *service, VtpmConnection *connection, uint32_t id)
{
    VtpmRequest *request = g_new0(VtpmRequest, 1);

    request->connection = connection;
    request->service = service;
    request->id = id;
    vtpm_connection_wait(connection, request);
    return request;
}

static void request_free(VtpmRequest *request)
{
    g_clear_pointer(&request->parameters, g_bytes_unref);
    g_clear_error(&request->error);
    g_free(request);
}

/* Answers the request, if somebody still waits, and frees it. */
static void request_answer(VtpmRequest *request, ManagerMessageType type, const ManagerReply *reply)
{
    if (request->connection) {
        vtpm_connection_reply(request->connection, type, request->id, reply);
    }
    request_free(request);
}

static void abandon(void *pending)
{
    VtpmRequest *request = pending;

    request->connection = NULL;
    if (request->ticket) {
        quoter_cancel(request->service->quoter, request->ticket);
        request_free(request);
    }
    /* Another kind is with the worker, and freed when it comes back. */
}

/* The VM that this connection speaks for, if it still may. */
static const RegistryVm *permitted(const VtpmService *service, VtpmConnection *connection)
{
    const ManagerHello *hello = vtpm_connection_hello(connection);

    /* Why a connection is not welcome was logged at its HELLO. */
    return hello
               ? admission_find(service->admission, vtpm_connection_peer(connection), &hello->uuid)
               : NULL;
}

/* -------------------------------------------------------------------------------------- QUOTE */

/* Checks the request and makes its binding; changes the registry only where all else is right. */
static ManagerStatus prepare_quote(const VtpmService *service, const UnixPeer *peer,
                                   const RegistryVm *vm, const ManagerQuote *quote, Binding *ret)
{
    RegistryVm now = *vm;
    g_autoptr(TpmInfo) info = tpm_host_info(service->tpm);
    g_autoptr(GError) error = NULL;
    const char *why = NULL;
    ManagerStatus status;

    if (!wire_pcr_covers(&info->banks, &quote->host_pcrs)) {
        tpm_host_look(service->tpm, service->worker);
        return MANAGER_BAD_VALUE;
    }
    now.generation = vm->base + quote->commits;
    status = binding_make(&now, quote, ret, &why);
    if (status != MANAGER_OK) {
        admission_log_refusal(service->admission, peer, &now.uuid, why);
        return status;
    }
    if (!vms_advance(service->vms, &now.uuid, quote->commits, &error) ||
        (quote->ek.len > 0 && !vms_pin_ek(service->vms, &now.uuid, quote->ek, &error))) {
        admission_log_refusal(service->admission, peer, &now.uuid, error->message);
        return MANAGER_DENIED;
    }
    return MANAGER_OK;
}

static void quote_done(void *data, ManagerStatus status, WireBytes evidence)
{
    VtpmRequest *request = data;
    const ManagerReply reply = { .status = status, .evidence = evidence };

    request->ticket = NULL;
    request_answer(request, MANAGER_QUOTE_REPLY, &reply);
}

static void handle_quote(const VtpmService *service, VtpmConnection *connection,
                         const ManagerMessage *message)
{
    const ManagerQuote *quote = &message->quote;
    const UnixPeer *peer = vtpm_connection_peer(connection);
    const RegistryVm *vm = permitted(service, connection);
    ManagerStatus status = MANAGER_DENIED;
    VtpmRequest *request;
    Binding binding;

    if (vm && admission_throttle(service->admission, peer, vm, quoter_crowded(service->quoter))) {
        status = MANAGER_BUSY;
    } else if (vm) {
        status = prepare_quote(service, peer, vm, quote, &binding);
    }
    if (status == MANAGER_OK && quote->timeout_ms == 0) {
        status = MANAGER_TIMEOUT;
    }
    if (status != MANAGER_OK) {
        reply_status(connection, MANAGER_QUOTE_REPLY, message->id, status);
        return;
    }
    request = request_new(service, connection, message->id);
    request->ticket = quoter_submit(service->quoter, &binding, &quote->host_pcrs, quote->room,
                                    MIN(quote->timeout_ms, TIMEOUT_MAX_MS), quote_done, request);
    if (!request->ticket) {
        const ManagerReply busy = { .status = MANAGER_BUSY };

        request_answer(request, MANAGER_QUOTE_REPLY, &busy);
    }
}

/* ----------------------------------------------------------------------------------- PCR_READ */

static void pcr_read_run(TpmSession *tpm, void *data)
{
    VtpmRequest *request = data;

    tpm_pcr_read(tpm, &request->pcrs, &request->parameters, &request->error);
}

static void pcr_read_done(void *data)
{
    VtpmRequest *request = data;
    ManagerReply reply = { .status = MANAGER_OK };

    if (request->parameters) {
        gsize size;
        const uint8_t *bytes = g_bytes_get_data(request->parameters, &size);

        reply.pcr_parameters = (WireBytes){ bytes, size };
    } else {
        reply.status = quoter_status_of_error(request->error);
    }
    request_answer(request, MANAGER_PCR_READ_REPLY, &reply);
}

static void handle_pcr_read(const VtpmService *service, VtpmConnection *connection,
                            const ManagerMessage *message)
{
    const RegistryVm *vm = permitted(service, connection);
    VtpmRequest *request;

    if (!vm) {
        reply_status(connection, MANAGER_PCR_READ_REPLY, message->id, MANAGER_DENIED);
        return;
    }
    if (admission_throttle(service->admission, vtpm_connection_peer(connection), vm,
                           quoter_counts(service->quoter).queued > 0)) {
        reply_status(connection, MANAGER_PCR_READ_REPLY, message->id, MANAGER_BUSY);
        return;
    }
    request = request_new(service, connection, message->id);
    request->pcrs = message->pcr_read;
    tpm_worker_submit(service->worker, pcr_read_run, pcr_read_done, request);
}

/* --------------------------------------------------------------------------------- CREDENTIAL */

static void handle_credential(const VtpmService *service, VtpmConnection *connection,
                              const ManagerMessage *message)
{
    ManagerReply reply = { .status = MANAGER_DENIED };

    if (permitted(service, connection)) {
        reply.status = credentials_page(service->credentials, message->credential.what,
                                        message->credential.offset, &reply.total_size, &reply.page)
                           ? MANAGER_OK
                           : MANAGER_BAD_VALUE;
    }
    vtpm_connection_reply(connection, MANAGER_CREDENTIAL_REPLY, message->id, &reply);
}

static const struct {
    ManagerMessageType type;
    void (*handle)(const VtpmService *service, VtpmConnection *connection,
                   const ManagerMessage *message);
} requests[] = {
    { MANAGER_HELLO, handle_hello },
    { MANAGER_QUOTE, handle_quote },
    { MANAGER_PCR_READ, handle_pcr_read },
    { MANAGER_CREDENTIAL, handle_credential },
};

static void handle(VtpmConnection *connection, const ManagerMessage *message, void *service)
{
    for (gsize i = 0; i < G_N_ELEMENTS(requests); i++) {
        if (requests[i].type == message->type) {
            requests[i].handle(service, connection, message);
            return;
        }
    }
}

const VtpmHandlers vtpm_service_handlers = { handle, abandon };
