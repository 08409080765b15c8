/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "vtpm/service.h"

#include <string.h>

#include "quote/batch.h"
#include "quote/binding.h"
#include "state/continuity.h"
#include "tpm/waits.h"
#include "vtpm/looks.h"

enum { STATE_POLL_US = 1000 }; /* until the state of a VM is on the disk */

/** A request on its way. */
typedef struct VtpmRequest {
    VtpmConnection *connection; /* NULL: it is gone, and what it asked for is done all the same */
    const VtpmService *service;
    uint32_t id;
    QuoteTicket *ticket; /* MANAGER_QUOTE */
    PcrTicket *read;     /* MANAGER_PCR_READ */
    gboolean goes_on;    /* MANAGER_ANNOUNCE, MANAGER_KEY: also where the connection is gone */
} VtpmRequest;

static ManagerReply refusal(ManagerReason reason)
{
    return (ManagerReply){ .status = manager_reason_status(reason), .reason = reason };
}

static void reply_refusal(VtpmConnection *connection, ManagerMessageType type, uint32_t id,
                          ManagerReason reason)
{
    const ManagerReply reply = refusal(reason);

    vtpm_connection_reply(connection, type, id, &reply);
}

static LimiterCrowd crowd(const VtpmService *service)
{
    return quoter_crowded(service->quoter)             ? LIMITER_CROWDED
           : quoter_counts(service->quoter).queued > 0 ? LIMITER_OTHERS_WAIT
                                                       : LIMITER_ALONE;
}

static uint32_t rivals_of(const VtpmService *service, const WireUuid *uuid)
{
    const RegistryVm *vm = vms_find(service->vms, uuid);

    return vm ? vm->rivals : 0;
}

/* The VM that this connection speaks for, if it may be served, and may do this now. */
static ManagerReason permitted(const VtpmService *service, VtpmConnection *connection,
                               LimiterAct act, const RegistryVm **ret_vm)
{
    const ManagerHello *hello = vtpm_connection_hello(connection);

    /* Why a connection is not welcome was logged at its HELLO. */
    return hello && hello->ek_count != MANAGER_EKS_UNKNOWN
               ? admission_find(service->admission, vtpm_connection_peer(connection), &hello->uuid,
                                act, crowd(service), ret_vm)
               : MANAGER_REASON_NO_HELLO;
}

/* The VM that this connection tells of. */
static ManagerReason followed(const VtpmService *service, VtpmConnection *connection,
                              LimiterAct act, const RegistryVm **ret_vm)
{
    const ManagerHello *hello = vtpm_connection_hello(connection);

    return hello ? admission_follow(service->admission, vtpm_connection_peer(connection),
                                    &hello->uuid, act, ret_vm)
                 : MANAGER_REASON_NO_HELLO;
}

/* ------------------------------------------------------------------------------------ HELLO */

static ManagerReason hello_reason(const VtpmService *service, VtpmConnection *connection,
                                  const ManagerHello *hello)
{
    const Peer *peer = vtpm_connection_peer(connection);
    const RegistryVm *vm;
    const ManagerReason reason =
        vtpm_connection_hello(connection)
            ? followed(service, connection, LIMITER_HELLO_AGAIN, &vm)
            : admission_greet(service->admission, peer, vtpm_connection_group(connection),
                              &hello->uuid);

    return reason == MANAGER_REASON_NONE
               ? admission_hello(service->admission, peer, hello,
                                 vtpm_connection_rival(connection, &hello->uuid))
               : reason;
}

/*
 * A start is written to the disk, for which all wait: during quotes it has a part of the time. And
 * what was announced of this VM is written first.
 */
static gboolean postpone(const VtpmService *service, VtpmConnection *connection,
                         const ManagerHello *hello)
{
    const int64_t until = admission_hello_after(service->admission, hello);

    if (state_writer_has(service->states, &hello->uuid)) {
        vtpm_connection_postpone(connection, g_get_monotonic_time() + STATE_POLL_US);
        return TRUE;
    }
    if (until <= g_get_monotonic_time() ||
        (quoter_idle(service->quoter) && !vtpm_connection_postponed(connection))) {
        return FALSE;
    }
    vtpm_connection_postpone(connection, until);
    return TRUE;
}

static void handle_hello(const VtpmService *service, VtpmConnection *connection,
                         const ManagerMessage *message)
{
    const ManagerHello *hello = &message->hello;
    const ManagerHello *before = vtpm_connection_hello(connection);
    ManagerReply reply;

    if (before && !wire_uuid_equal(&before->uuid, &hello->uuid)) {
        vtpm_connection_close(connection, "it said HELLO for a second VM");
        return;
    }
    if (postpone(service, connection, hello)) {
        return;
    }
    reply = refusal(hello_reason(service, connection, hello));
    if (reply.status == MANAGER_OK) {
        const RegistryVm *vm = vms_find(service->vms, &hello->uuid);

        vtpm_connection_welcome(connection, hello);
        looks_begin(service->measurer, service->vms, connection,
                    VTPM_LOOK_LAUNCH); /* before its guest runs */
        reply.epoch = vm->epoch;
        reply.generation = vm->base;
        reply.rivals = vm->rivals;
        memcpy(reply.lineage, vm->lineage, sizeof(reply.lineage));
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

/* Answers the request, where anybody still waits for that, and frees it. */
static void request_answer(VtpmRequest *request, ManagerMessageType type, const ManagerReply *reply)
{
    if (request->connection) {
        vtpm_connection_reply(request->connection, type, request->id, reply);
    }
    g_free(request);
}

static void abandon(void *pending)
{
    VtpmRequest *request = pending;

    if (request->ticket) {
        quoter_cancel(request->service->quoter, request->ticket);
    }
    if (request->read) {
        pcr_reader_cancel(request->service->pcrs, request->read);
    }
    if (request->goes_on) {
        request->connection = NULL; /* it is freed when it is done */
        return;
    }
    g_free(request);
}

/* ------------------------------------------------------------------------------------ PREPARE */

/* Whether evidence as it is asked for can be made at all. */
static ManagerReason check_wish(const VtpmService *service, const VtpmConnection *connection,
                                const RegistryVm *vm, uint32_t flags,
                                const WirePcrSelection *host_pcrs)
{
    g_autoptr(TpmInfo) info = tpm_host_info(service->tpm);
    const DqGroupList *list = groups_vtpm_list(vm->group);

    if (!binding_flags_provided(vm, flags)) {
        return MANAGER_REASON_NO_SUCH_FLAG;
    }
    if (list && (!looks_parts(connection, VTPM_LOOK_PROCESS) ||
                 !dq_group_list_allows(list, looks_digest(connection, VTPM_LOOK_PROCESS)))) {
        return MANAGER_REASON_NOT_ALLOWED;
    }
    if (!looks_seen_all(connection, flags)) {
        return MANAGER_REASON_NOT_MEASURED;
    }
    if (!wire_pcr_covers(&info->banks, host_pcrs)) {
        tpm_host_look(service->tpm, service->worker);
        return MANAGER_REASON_NO_SUCH_PCR;
    }
    return MANAGER_REASON_NONE;
}

static ManagerReason prepare(const VtpmService *service, VtpmConnection *connection,
                             const ManagerPrepare *wish)
{
    const RegistryVm *vm;
    ManagerReason reason = permitted(service, connection, LIMITER_PREPARE, &vm);

    if (reason == MANAGER_REASON_NONE) {
        reason = check_wish(service, connection, vm, wish->flags, &wish->host_pcrs);
    }
    if (reason == MANAGER_REASON_NONE && batch_bound(&wish->host_pcrs, wish->flags) > wish->room) {
        reason = MANAGER_REASON_TOO_LARGE;
    }
    if (reason == MANAGER_REASON_NONE && quoter_full(service->quoter)) {
        reason = MANAGER_REASON_QUEUE_FULL;
    }
    return reason;
}

static void handle_prepare(const VtpmService *service, VtpmConnection *connection,
                           const ManagerMessage *message)
{
    const ManagerReason reason = prepare(service, connection, &message->prepare);
    ManagerReply reply = refusal(reason);

    vtpm_connection_set_prepared(connection, reason == MANAGER_REASON_NONE);
    if (reason == MANAGER_REASON_NONE) {
        reply.rivals = rivals_of(service, &vtpm_connection_hello(connection)->uuid);
    }
    vtpm_connection_reply(connection, MANAGER_PREPARE_REPLY, message->id, &reply);
}

/* -------------------------------------------------------------------------------------- QUOTE */

/* Makes the binding; changes the registry only where all else is right. */
static ManagerReason bind_quote(const VtpmService *service, const VtpmConnection *connection,
                                const RegistryVm *vm, const ManagerQuote *quote, Binding *ret)
{
    const Peer *peer = vtpm_connection_peer(connection);
    const BindingDigests digests = { .measurement = looks_digest(connection, VTPM_LOOK_PROCESS),
                                     .launch = looks_digest(connection, VTPM_LOOK_LAUNCH) };
    RegistryVm now = *vm;
    g_autoptr(GError) error = NULL;
    ManagerReason reason;

    now.generation = vm->base + quote->stores;
    reason = binding_make(&now, quote, &digests, ret);
    if (reason != MANAGER_REASON_NONE) {
        return admission_refuse(peer, &now.uuid, reason);
    }
    if (!vms_advance(service->vms, &now.uuid, quote->stores, &error)) {
        return admission_refuse_error(peer, &now.uuid, error);
    }
    return MANAGER_REASON_NONE;
}

/* A share is taken by PREPARE, or by a QUOTE that comes without. */
static ManagerReason accept_quote(const VtpmService *service, VtpmConnection *connection,
                                  const ManagerQuote *quote, Binding *ret)
{
    gboolean prepared = vtpm_connection_set_prepared(connection, FALSE);
    const RegistryVm *vm;
    ManagerReason reason =
        permitted(service, connection, prepared ? LIMITER_PREPARED_QUOTE : LIMITER_QUOTE, &vm);

    if (reason == MANAGER_REASON_NONE) {
        reason = check_wish(service, connection, vm, quote->flags, &quote->host_pcrs);
    }
    if (reason == MANAGER_REASON_NONE && quote->timeout_ms == 0) {
        reason = MANAGER_REASON_TOO_LATE;
    }
    return reason == MANAGER_REASON_NONE ? bind_quote(service, connection, vm, quote, ret) : reason;
}

static void quote_done(void *data, ManagerReason reason, WireBytes evidence)
{
    VtpmRequest *request = data;
    ManagerReply reply = refusal(reason);

    reply.evidence = evidence;
    request->ticket = NULL;
    request_answer(request, MANAGER_QUOTE_REPLY, &reply);
}

static void handle_quote(const VtpmService *service, VtpmConnection *connection,
                         const ManagerMessage *message)
{
    const ManagerQuote *quote = &message->quote;
    VtpmRequest *request;
    Binding binding;
    ManagerReason reason = accept_quote(service, connection, quote, &binding);

    if (reason != MANAGER_REASON_NONE) {
        reply_refusal(connection, MANAGER_QUOTE_REPLY, message->id, reason);
        return;
    }
    request = request_new(service, connection, message->id);
    request->ticket =
        quoter_submit(service->quoter, &binding, &quote->host_pcrs, quote->room,
                      MIN(quote->timeout_ms, TPM_WAIT_QUOTE_MAX_MS), quote_done, request);
    if (!request->ticket) {
        const ManagerReply full = refusal(MANAGER_REASON_QUEUE_FULL);

        request_answer(request, MANAGER_QUOTE_REPLY, &full);
    }
}

/* ----------------------------------------------------------------------------------- ANNOUNCE */

static void announce_done(const RegistryVmState *vm, const GError *error, void *data)
{
    VtpmRequest *request = data;
    ManagerReply reply = { 0 };

    if (error) {
        g_warning("a state that a vTPM announced is not stored: %s", error->message);
        reply = refusal(MANAGER_REASON_STORAGE);
    } else {
        vms_set_state(request->service->vms, &vm->uuid, &vm->state);
        reply.rivals = rivals_of(request->service, &vm->uuid);
    }
    request_answer(request, MANAGER_ANNOUNCE_REPLY, &reply);
}

static void handle_announce(const VtpmService *service, VtpmConnection *connection,
                            const ManagerMessage *message)
{
    RegistryVmState state;
    VtpmRequest *request;
    const RegistryVm *vm;
    ManagerReason reason = followed(service, connection, LIMITER_ANNOUNCE, &vm);

    if (reason == MANAGER_REASON_NONE &&
        !continuity_announce(vm, &message->announce, &state.state)) {
        reason = MANAGER_REASON_BROKEN_HISTORY;
    }
    if (reason != MANAGER_REASON_NONE) {
        reply_refusal(connection, MANAGER_ANNOUNCE_REPLY, message->id, reason);
        return;
    }
    state.uuid = vm->uuid;
    request = request_new(service, connection, message->id);
    request->goes_on = TRUE;
    state_writer_put(service->states, &state, announce_done, request);
}

/* ---------------------------------------------------------------------------------------- KEY */

static void key_done(void *data, ManagerReason reason, WireBytes key)
{
    ManagerReply reply = refusal(reason);

    reply.key = key;
    request_answer(data, MANAGER_KEY_REPLY, &reply);
}

static void handle_key(const VtpmService *service, VtpmConnection *connection,
                       const ManagerMessage *message)
{
    const ManagerReason reason =
        admission_start(service->admission, vtpm_connection_peer(connection),
                        vtpm_connection_group(connection), &message->key);
    VtpmRequest *request;

    if (reason != MANAGER_REASON_NONE) {
        reply_refusal(connection, MANAGER_KEY_REPLY, message->id, reason);
        return;
    }
    request = request_new(service, connection, message->id);
    request->goes_on = TRUE;
    state_keys_ask(service->keys, &message->key, key_done, request);
}

/* ----------------------------------------------------------------------------------- PCR_READ */

static ManagerReply pcr_reply(GBytes *parameters)
{
    gsize size;
    const uint8_t *bytes = g_bytes_get_data(parameters, &size);

    return (ManagerReply){ .status = MANAGER_OK, .pcr_parameters = { bytes, size } };
}

static void pcr_read_done(void *data, GBytes *parameters, const GError *error)
{
    VtpmRequest *request = data;
    const ManagerReply reply =
        parameters ? pcr_reply(parameters) : refusal(quoter_reason_of_error(error));

    request->read = NULL;
    request_answer(request, MANAGER_PCR_READ_REPLY, &reply);
}

static void start_pcr_read(const VtpmService *service, VtpmConnection *connection,
                           const ManagerMessage *message)
{
    VtpmRequest *request = request_new(service, connection, message->id);

    request->read = pcr_reader_ask(service->pcrs, &message->pcr_read, pcr_read_done, request);
    if (!request->read) {
        const ManagerReply full = refusal(MANAGER_REASON_QUEUE_FULL);

        request_answer(request, MANAGER_PCR_READ_REPLY, &full);
    }
}

static void handle_pcr_read(const VtpmService *service, VtpmConnection *connection,
                            const ManagerMessage *message)
{
    const RegistryVm *vm;
    ManagerReason reason = permitted(service, connection, LIMITER_PCR_READ, &vm);
    GBytes *kept = pcr_reader_kept(service->pcrs, &message->pcr_read);

    if (reason != MANAGER_REASON_NONE) {
        reply_refusal(connection, MANAGER_PCR_READ_REPLY, message->id, reason);
    } else if (kept) {
        const ManagerReply reply = pcr_reply(kept);

        vtpm_connection_reply(connection, MANAGER_PCR_READ_REPLY, message->id, &reply);
    } else {
        start_pcr_read(service, connection, message);
    }
}

/* --------------------------------------------------------------------------------- CREDENTIAL */

static void log_page_done(void *data, ManagerReason reason, uint32_t total, WireBytes page)
{
    ManagerReply reply = refusal(reason);

    reply.total_size = total;
    reply.page = page;
    request_answer(data, MANAGER_CREDENTIAL_REPLY, &reply);
}

/* Of none where it could not be told. */
static ManagerReason parts_page(const VtpmConnection *connection, VtpmLook look,
                                const ManagerCredential *asked, ManagerReply *ret)
{
    GBytes *parts = looks_parts(connection, look);
    gsize size = 0;
    const uint8_t *bytes = parts ? g_bytes_get_data(parts, &size) : NULL;

    if (asked->offset > size) {
        return MANAGER_REASON_NO_SUCH_PAGE;
    }
    ret->total_size = (uint32_t)size;
    ret->page.p = bytes ? bytes + asked->offset : NULL;
    ret->page.len =
        MIN(size - asked->offset, (gsize)MIN(asked->room, (uint32_t)DEEPQUOTE_PAGE_MAX));
    return MANAGER_REASON_NONE;
}

static void handle_credential(const VtpmService *service, VtpmConnection *connection,
                              const ManagerMessage *message)
{
    const ManagerCredential *asked = &message->credential;
    const VtpmLook look = looks_of(asked->what);
    const RegistryVm *vm;
    ManagerReason reason = permitted(service, connection, LIMITER_CREDENTIAL, &vm);
    ManagerReply reply = { 0 };

    if (reason == MANAGER_REASON_NONE && host_logs_is_log(asked->what)) {
        host_logs_page(service->logs, asked->what, asked->offset, asked->room, log_page_done,
                       request_new(service, connection, message->id));
        return;
    }
    if (reason == MANAGER_REASON_NONE && look < VTPM_LOOKS) {
        reason = parts_page(connection, look, asked, &reply);
    } else if (reason == MANAGER_REASON_NONE &&
               !credentials_page(service->credentials, asked->what, asked->offset, asked->room,
                                 &reply.total_size, &reply.page)) {
        reason = MANAGER_REASON_NO_SUCH_PAGE;
    }
    if (reason != MANAGER_REASON_NONE) {
        reply = refusal(reason);
    }
    vtpm_connection_reply(connection, MANAGER_CREDENTIAL_REPLY, message->id, &reply);
}

static const struct {
    ManagerMessageType type;
    void (*handle)(const VtpmService *service, VtpmConnection *connection,
                   const ManagerMessage *message);
} requests[] = {
    { MANAGER_HELLO, handle_hello },
    { MANAGER_PREPARE, handle_prepare },
    { MANAGER_QUOTE, handle_quote },
    { MANAGER_PCR_READ, handle_pcr_read },
    { MANAGER_CREDENTIAL, handle_credential },
    { MANAGER_ANNOUNCE, handle_announce },
    { MANAGER_KEY, handle_key },
};

static void handle(VtpmConnection *connection, const ManagerMessage *message, void *data)
{
    const VtpmService *service = data;

    if (looks_wait(service->measurer, service->vms, connection, message)) {
        return;
    }
    for (gsize i = 0; i < G_N_ELEMENTS(requests); i++) {
        if (requests[i].type == message->type) {
            requests[i].handle(service, connection, message);
            return;
        }
    }
}

const VtpmHandlers vtpm_service_handlers = { handle, abandon };
