/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a vTPM's messages mean, and whether it may. */
#include <string.h>

#include "attest/deepquote.h"
#include "vtpm/server.h"

enum {
    TIMEOUT_MAX_MS = 600 * 1000,
    LOGS_AT_ONCE = 20, /* refusals told in one LOG_WINDOW_S; guests can cause them at will */
    LOG_WINDOW_S = 10,
};

static void log_refusal(const VtpmConnection *connection, const uint8_t *uuid, const char *why)
{
    static gint64 window;
    static guint told;
    gint64 now = g_get_monotonic_time() / G_USEC_PER_SEC;
    g_autofree char *text = NULL;

    if (now - window >= LOG_WINDOW_S) {
        window = now;
        told = 0;
    }
    if (told++ >= LOGS_AT_ONCE) {
        return;
    }
    text = dq_uuid_format(uuid);
    g_warning("VM %s (process %d, uid %u) is refused: %s%s", text, (int)connection->pid,
              connection->uid, why,
              told == LOGS_AT_ONCE ? " (more refusals are not logged now)" : "");
}

static void reply_status(VtpmConnection *connection, ManagerMessageType type, uint32_t id,
                         ManagerStatus status)
{
    const ManagerReply reply = { .status = status };

    vtpm_connection_reply(connection, type, id, &reply);
}

/* ------------------------------------------------------------------------------------ HELLO */

static const RegistryVm *find_or_register(VtpmConnection *connection, const uint8_t *uuid)
{
    Manager *manager = connection->manager;
    const RegistryVm *vm = registry_find(manager->registry, uuid);
    g_autoptr(GError) error = NULL;

    if (vm || !manager->auto_register) {
        return vm;
    }
    if (!registry_register(manager->registry, uuid, connection->uid, NULL, NULL, (WireBytes){ 0 },
                           &error)) {
        g_warning("a new VM cannot be registered: %s", error->message);
        return NULL;
    }
    return registry_find(manager->registry, uuid);
}

/* Why @connection may not speak for @vm; NULL: it may. */
static const char *objection(const VtpmConnection *connection, const RegistryVm *vm)
{
    if (!vm) {
        return "it is not registered; use vtpm-managerctl register";
    }
    if (!vm->enabled) {
        return "it is disabled; use vtpm-managerctl enable";
    }
    if (vm->owner != connection->uid) {
        return "its vTPM runs as another user than the registered owner; register it with --owner";
    }
    return NULL;
}

/* Whether a vTPM with this instance begins a life now, which is written to the disk. */
static gboolean begins(const RegistryVm *vm, const ManagerHello *hello)
{
    return !vm->begun || memcmp(vm->instance, hello->instance, sizeof(vm->instance)) != 0;
}

static ManagerStatus admit(VtpmConnection *connection, const ManagerHello *hello)
{
    Manager *manager = connection->manager;
    const RegistryVm *vm = find_or_register(connection, hello->uuid);
    const char *why = objection(connection, vm);
    VtpmConnection *live = vtpm_server_live(manager->vtpms, hello->uuid);
    g_autoptr(GError) error = NULL;

    if (!why && live && live != connection &&
        memcmp(live->instance, hello->instance, sizeof(hello->instance)) != 0) {
        why = "another vTPM with this UUID is connected; stop that one, or give this VM its own";
    }
    if (why) {
        log_refusal(connection, hello->uuid, why);
        return MANAGER_DENIED;
    }
    if (begins(vm, hello) &&
        !limiter_birth(manager->limiter, hello->uuid, g_get_monotonic_time())) {
        manager->throttled++;
        log_refusal(connection, hello->uuid,
                    "its vTPM starts anew too often; find out what restarts it");
        return MANAGER_BUSY;
    }
    if (!registry_begin(manager->registry, hello->uuid, hello->instance, &error)) {
        log_refusal(connection, hello->uuid, error->message);
        return MANAGER_DENIED;
    }
    return MANAGER_OK;
}

static void handle_hello(VtpmConnection *connection, const ManagerMessage *message)
{
    const ManagerHello *hello = &message->hello;
    ManagerReply reply = { 0 };

    if (connection->welcomed && memcmp(connection->uuid, hello->uuid, sizeof(hello->uuid)) != 0) {
        vtpm_connection_close(connection, "it said HELLO for a second VM");
        return;
    }
    reply.status = admit(connection, hello);
    if (reply.status == MANAGER_OK) {
        const RegistryVm *vm = registry_find(connection->manager->registry, hello->uuid);

        memcpy(connection->uuid, hello->uuid, sizeof(hello->uuid));
        memcpy(connection->instance, hello->instance, sizeof(hello->instance));
        vtpm_server_welcome(connection->server, connection);
        reply.epoch = vm->epoch;
        reply.generation = vm->base;
    }
    vtpm_connection_reply(connection, MANAGER_HELLO_REPLY, message->id, &reply);
}

/* ----------------------------------------------------------------------------------- Requests */

static VtpmRequest *request_new(VtpmConnection *connection, const ManagerMessage *message)
{
    VtpmRequest *request = g_new0(VtpmRequest, 1);

    request->connection = connection;
    request->manager = connection->manager;
    request->type = message->type;
    request->id = message->id;
    connection->request = request;
    return request;
}

static void request_free(VtpmRequest *request)
{
    if (request->connection) {
        request->connection->request = NULL;
    }
    g_clear_pointer(&request->parameters, g_bytes_unref);
    g_clear_error(&request->error);
    g_free(request);
}

/* Answers the request, if somebody still waits, and frees it. */
static void request_answer(VtpmRequest *request, ManagerMessageType type, const ManagerReply *reply)
{
    VtpmConnection *connection = request->connection;
    uint32_t id = request->id;

    if (connection) {
        connection->request = NULL;
        request->connection = NULL;
        vtpm_connection_reply(connection, type, id, reply);
    }
    request_free(request);
}

void vtpm_session_abandon(VtpmRequest *request)
{
    request->connection->request = NULL;
    request->connection = NULL;
    if (request->ticket) {
        quoter_cancel(request->manager->quoter, request->ticket);
        request_free(request);
    }
    /* Another kind is with the worker, and freed when it comes back. */
}

/* The VM that this connection speaks for, if it still may. */
static const RegistryVm *permitted(VtpmConnection *connection)
{
    const RegistryVm *vm;
    const char *why;

    if (!connection->welcomed) {
        return NULL; /* told at its HELLO */
    }
    vm = registry_find(connection->manager->registry, connection->uuid);
    why = objection(connection, vm);
    if (why) {
        log_refusal(connection, connection->uuid, why);
        return NULL;
    }
    return vm;
}

/*
 * Whether a request is turned away because its VM has had more than its share, and others wait for
 * the TPM. Shares count at all times, so that who was greedy before is not served first now.
 */
static gboolean throttled(VtpmConnection *connection, const RegistryVm *vm, gboolean others_wait)
{
    Manager *manager = connection->manager;

    if (limiter_request(manager->limiter, vm->uuid, vm->group->weight, g_get_monotonic_time()) ||
        !others_wait) {
        return FALSE;
    }
    manager->throttled++;
    log_refusal(connection, vm->uuid,
                "it asks more often than --vm-rate and its group's weight allow, and others wait");
    return TRUE;
}

/* -------------------------------------------------------------------------------------- QUOTE */

/* Checks the request and makes its binding; changes the registry only where all else is right. */
static ManagerStatus prepare_quote(VtpmConnection *connection, const RegistryVm *vm,
                                   const ManagerQuote *quote, Binding *ret)
{
    Manager *manager = connection->manager;
    RegistryVm told = *vm;
    g_autoptr(GError) error = NULL;
    const char *why = NULL;
    ManagerStatus status;

    if (!wire_pcr_covers(&manager->info->banks, &quote->host_pcrs)) {
        return MANAGER_BAD_VALUE;
    }
    told.generation = vm->base + quote->commits;
    status = binding_make(&told, quote, ret, &why);
    if (status != MANAGER_OK) {
        log_refusal(connection, connection->uuid, why);
        return status;
    }
    if (!registry_advance(manager->registry, connection->uuid, quote->commits, &error) ||
        (quote->ek.len > 0 &&
         !registry_pin_ek(manager->registry, connection->uuid, quote->ek, &error))) {
        log_refusal(connection, connection->uuid, error->message);
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

static void handle_quote(VtpmConnection *connection, const ManagerMessage *message)
{
    const ManagerQuote *quote = &message->quote;
    const RegistryVm *vm = permitted(connection);
    ManagerStatus status = MANAGER_DENIED;
    VtpmRequest *request;
    Binding binding;

    if (vm && throttled(connection, vm, quoter_crowded(connection->manager->quoter))) {
        status = MANAGER_BUSY;
    } else if (vm) {
        status = prepare_quote(connection, vm, quote, &binding);
    }
    if (status == MANAGER_OK && quote->timeout_ms == 0) {
        status = MANAGER_TIMEOUT;
    }
    if (status != MANAGER_OK) {
        reply_status(connection, MANAGER_QUOTE_REPLY, message->id, status);
        return;
    }
    request = request_new(connection, message);
    request->ticket =
        quoter_submit(connection->manager->quoter, &binding, &quote->host_pcrs, quote->room,
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

static void handle_pcr_read(VtpmConnection *connection, const ManagerMessage *message)
{
    const RegistryVm *vm = permitted(connection);
    VtpmRequest *request;

    if (!vm) {
        reply_status(connection, MANAGER_PCR_READ_REPLY, message->id, MANAGER_DENIED);
        return;
    }
    if (throttled(connection, vm, quoter_counts(connection->manager->quoter).queued > 0)) {
        reply_status(connection, MANAGER_PCR_READ_REPLY, message->id, MANAGER_BUSY);
        return;
    }
    request = request_new(connection, message);
    request->pcrs = message->pcr_read;
    tpm_worker_submit(connection->manager->worker, pcr_read_run, pcr_read_done, request);
}

/* --------------------------------------------------------------------------------- CREDENTIAL */

static void handle_credential(VtpmConnection *connection, const ManagerMessage *message)
{
    ManagerReply reply = { .status = MANAGER_DENIED };

    if (permitted(connection)) {
        reply.status = credentials_page(connection->manager->credentials, message->credential.what,
                                        message->credential.offset, &reply.total_size, &reply.page)
                           ? MANAGER_OK
                           : MANAGER_BAD_VALUE;
    }
    vtpm_connection_reply(connection, MANAGER_CREDENTIAL_REPLY, message->id, &reply);
}

static const struct {
    ManagerMessageType type;
    void (*handle)(VtpmConnection *connection, const ManagerMessage *message);
} handlers[] = {
    { MANAGER_HELLO, handle_hello },
    { MANAGER_QUOTE, handle_quote },
    { MANAGER_PCR_READ, handle_pcr_read },
    { MANAGER_CREDENTIAL, handle_credential },
};

void vtpm_session_handle(VtpmConnection *connection, const ManagerMessage *message)
{
    for (gsize i = 0; i < G_N_ELEMENTS(handlers); i++) {
        if (handlers[i].type == message->type) {
            handlers[i].handle(connection, message);
            return;
        }
    }
}
