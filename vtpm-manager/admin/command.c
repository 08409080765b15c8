/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The administrator's commands: a table of what each does. */
#include <string.h>

#include "admin/group.h"
#include "admin/json.h"
#include "admin/status.h"
#include "attest/deepquote.h"
#include "vtpm/server.h"

typedef void (*AdminHandler)(const AdminRequest *request);

/* ---------------------------------------------------------------------------------------- VMs */

static JsonObject *describe_vm(Manager *manager, const RegistryVm *vm)
{
    g_autofree char *uuid = dq_uuid_format(vm->uuid);
    JsonObject *object = json_object_new();

    json_object_set_string_member(object, "uuid", uuid);
    json_object_set_string_member(object, "name", vm->name);
    json_object_set_int_member(object, "owner", vm->owner);
    json_object_set_boolean_member(object, "enabled", vm->enabled);
    json_object_set_boolean_member(object, "connected",
                                   vtpm_server_live(manager->vtpms, vm->uuid) != NULL);
    json_object_set_string_member(object, "group", vm->group->name);
    admin_set_hex(object, "ek", vm->ek, vm->ek_len);
    json_object_set_int_member(object, "epoch", (gint64)vm->epoch);
    json_object_set_int_member(object, "generation", (gint64)vm->generation);
    json_object_set_int_member(object, "created", vm->created);
    json_object_set_int_member(object, "seen", vm->seen);
    return object;
}

static void handle_list(const AdminRequest *request)
{
    g_autoptr(GPtrArray) vms = registry_list(request->manager->registry);
    JsonObject *answer = admin_answer_new();
    JsonArray *array = json_array_new();

    for (guint i = 0; i < vms->len; i++) {
        json_array_add_object_element(array,
                                      describe_vm(request->manager, g_ptr_array_index(vms, i)));
    }
    json_object_set_array_member(answer, "vms", array);
    admin_connection_reply(request->connection, answer);
}

void admin_reply_vm(const AdminRequest *request, const uint8_t *uuid)
{
    const RegistryVm *vm = registry_find(request->manager->registry, uuid);
    JsonObject *answer;

    if (!vm) {
        admin_connection_fail(request->connection, "no VM with this UUID is registered; see "
                                                   "vtpm-managerctl list");
        return;
    }
    answer = admin_answer_new();
    json_object_set_object_member(answer, "vm", describe_vm(request->manager, vm));
    admin_connection_reply(request->connection, answer);
}

static void handle_show(const AdminRequest *request)
{
    uint8_t uuid[DEEPQUOTE_UUID_SIZE];

    if (admin_get_uuid(request, uuid)) {
        admin_reply_vm(request, uuid);
    }
}

/* The optional member "ek" as bytes; FALSE, and answered, where it is no Name. */
static gboolean get_ek(const AdminRequest *request, GBytes **ret)
{
    const char *text = admin_get_string(request->json, "ek");
    g_autoptr(GBytes) ek = dq_hex_decode(text ? text : "", NULL);
    gsize size = 0;
    const uint8_t *data = ek ? g_bytes_get_data(ek, &size) : NULL;

    if (!ek || !wire_name_valid((WireBytes){ data, size })) {
        admin_connection_fail(request->connection,
                              "ek is not a Name: give nameAlg and digest in hexadecimal");
        return FALSE;
    }
    *ret = g_steal_pointer(&ek);
    return TRUE;
}

static gboolean get_owner(const AdminRequest *request, uid_t *ret)
{
    JsonNode *node = json_object_get_member(request->json, "owner");

    if (!node) {
        *ret = admin_connection_uid(request->connection);
        return TRUE;
    }
    if (json_node_get_value_type(node) != G_TYPE_INT64 || json_node_get_int(node) < 0 ||
        json_node_get_int(node) >= G_MAXUINT32) {
        admin_connection_fail(request->connection, "owner is a numeric user id");
        return FALSE;
    }
    *ret = (uid_t)json_node_get_int(node);
    return TRUE;
}

static void handle_register(const AdminRequest *request)
{
    uint8_t uuid[DEEPQUOTE_UUID_SIZE];
    g_autoptr(GBytes) ek = NULL;
    g_autoptr(GError) error = NULL;
    const uint8_t *data;
    gsize size;
    uid_t owner;

    if (!admin_get_uuid(request, uuid) || !get_owner(request, &owner) || !get_ek(request, &ek)) {
        return;
    }
    data = g_bytes_get_data(ek, &size);
    if (!registry_register(
            request->manager->registry, uuid, owner, admin_get_string(request->json, "name"),
            admin_get_string(request->json, "group"), (WireBytes){ data, size }, &error)) {
        admin_connection_fail(request->connection, error->message);
        return;
    }
    admin_reply_vm(request, uuid);
}

static void handle_unregister(const AdminRequest *request)
{
    uint8_t uuid[DEEPQUOTE_UUID_SIZE];
    VtpmConnection *live;
    g_autoptr(GError) error = NULL;

    if (!admin_get_uuid(request, uuid)) {
        return;
    }
    if (!registry_unregister(request->manager->registry, uuid, &error)) {
        admin_connection_fail(request->connection, error->message);
        return;
    }
    live = vtpm_server_live(request->manager->vtpms, uuid);
    if (live) {
        vtpm_connection_close(live, NULL);
    }
    admin_connection_reply(request->connection, admin_answer_new());
}

static void set_enabled(const AdminRequest *request, gboolean enabled)
{
    uint8_t uuid[DEEPQUOTE_UUID_SIZE];
    g_autoptr(GError) error = NULL;

    if (!admin_get_uuid(request, uuid)) {
        return;
    }
    if (!registry_enable(request->manager->registry, uuid, enabled, &error)) {
        admin_connection_fail(request->connection, error->message);
        return;
    }
    admin_reply_vm(request, uuid);
}

static void handle_enable(const AdminRequest *request)
{
    set_enabled(request, TRUE);
}

static void handle_disable(const AdminRequest *request)
{
    set_enabled(request, FALSE);
}

/* ----------------------------------------------------------------------------------- AK, quote */

static void handle_ak(const AdminRequest *request)
{
    const TpmInfo *info = request->manager->info;
    Credentials *credentials = request->manager->credentials;
    JsonObject *answer = admin_answer_new();

    admin_set_bytes(answer, "public", info->ak_public);
    admin_set_bytes(answer, "name", info->ak_name);
    admin_set_bytes(answer, "certificate", credentials->item[DEEPQUOTE_HOST_AK_CERTIFICATE]);
    json_object_set_boolean_member(answer, "simulated", info->simulated);
    admin_connection_reply(request->connection, answer);
}

typedef struct QuoteJob {
    AdminConnection *connection;
    uint8_t nonce[DEEPQUOTE_NONCE_MAX];
    gsize nonce_len;
    WirePcrSelection pcrs;
    TpmQuote *quote;
    GError *error;
} QuoteJob;

static void quote_job_run(TpmSession *tpm, void *data)
{
    QuoteJob *job = data;

    tpm_quote(tpm, (WireBytes){ job->nonce, job->nonce_len }, &job->pcrs, &job->quote, &job->error);
}

static JsonArray *describe_values(const TpmQuote *quote)
{
    JsonArray *array = json_array_new();
    guint next = 0;

    for (uint32_t i = 0; i < quote->pcrs.count; i++) {
        for (unsigned pcr = 0; pcr < TPM_PCRS && next < quote->count; pcr++) {
            g_autofree char *hex = NULL;
            JsonObject *value;

            if (!wire_pcr_selected(&quote->pcrs.bank[i], pcr)) {
                continue;
            }
            hex = dq_hex_encode(quote->value[next].value, quote->value[next].size);
            value = json_object_new();
            json_object_set_int_member(value, "bank", quote->pcrs.bank[i].hash);
            json_object_set_int_member(value, "pcr", pcr);
            json_object_set_string_member(value, "value", hex);
            json_array_add_object_element(array, value);
            next++;
        }
    }
    return array;
}

static void quote_job_done(void *data)
{
    QuoteJob *job = data;

    if (job->quote) {
        JsonObject *answer = admin_answer_new();

        admin_set_bytes(answer, "message", job->quote->attest);
        admin_set_bytes(answer, "signature", job->quote->signature);
        json_object_set_array_member(answer, "pcrs", describe_values(job->quote));
        admin_connection_reply(job->connection, answer);
    } else {
        admin_connection_fail(job->connection, job->error->message);
    }
    admin_connection_release(job->connection);
    tpm_quote_free(job->quote);
    g_clear_error(&job->error);
    g_free(job);
}

/* "pcrs": [{"bank": 11, "pcr": 0}, ...] */
static gboolean get_pcrs(JsonObject *json, WirePcrSelection *ret)
{
    JsonNode *node = json_object_get_member(json, "pcrs");
    WirePcrSelection out = { 0 };
    JsonArray *array;

    if (!node || !JSON_NODE_HOLDS_ARRAY(node)) {
        return FALSE;
    }
    array = json_node_get_array(node);
    for (guint i = 0; i < json_array_get_length(array); i++) {
        JsonNode *element = json_array_get_element(array, i);
        gint64 bank;
        gint64 pcr;

        if (!JSON_NODE_HOLDS_OBJECT(element)) {
            return FALSE;
        }
        bank = json_object_get_int_member_with_default(json_node_get_object(element), "bank", -1);
        pcr = json_object_get_int_member_with_default(json_node_get_object(element), "pcr", -1);
        if (bank < 0 || bank > G_MAXUINT16 || pcr < 0 || pcr >= TPM_PCRS ||
            !wire_pcr_select(&out, (uint16_t)bank, (unsigned)pcr)) {
            return FALSE;
        }
    }
    *ret = out;
    return wire_pcr_count(&out) > 0;
}

static gboolean get_nonce(const AdminRequest *request, QuoteJob *job)
{
    const char *text = admin_get_string(request->json, "nonce");
    g_autoptr(GBytes) nonce = dq_hex_decode(text ? text : "", NULL);
    gsize size = nonce ? g_bytes_get_size(nonce) : 0;

    if (size == 0 || size > sizeof(job->nonce)) {
        admin_connection_fail(request->connection, "nonce is 1 to 64 bytes in hexadecimal");
        return FALSE;
    }
    memcpy(job->nonce, g_bytes_get_data(nonce, NULL), size);
    job->nonce_len = size;
    return TRUE;
}

static void handle_quote(const AdminRequest *request)
{
    g_autofree QuoteJob *job = g_new0(QuoteJob, 1);

    if (!get_nonce(request, job)) {
        return;
    }
    if (!get_pcrs(request->json, &job->pcrs) ||
        !wire_pcr_covers(&request->manager->info->banks, &job->pcrs)) {
        admin_connection_fail(request->connection,
                              "pcrs must name PCRs 0 to 23 of banks that the TPM has; see "
                              "vtpm-managerctl status");
        return;
    }
    job->connection = request->connection;
    admin_connection_hold(job->connection);
    tpm_worker_submit(request->manager->worker, quote_job_run, quote_job_done,
                      g_steal_pointer(&job));
}

static void handle_status(const AdminRequest *request)
{
    admin_connection_reply(request->connection, admin_status_describe(request->manager));
}

static const struct {
    const char *name;
    AdminHandler handler;
} commands[] = {
    { "status", handle_status },
    { "list", handle_list },
    { "show", handle_show },
    { "register", handle_register },
    { "unregister", handle_unregister },
    { "enable", handle_enable },
    { "disable", handle_disable },
    { "move", admin_handle_move },
    { "groups", admin_handle_groups },
    { "group", admin_handle_group },
    { "ungroup", admin_handle_ungroup },
    { "ak", handle_ak },
    { "quote", handle_quote },
};

void admin_command_handle(AdminConnection *connection, Manager *manager, JsonObject *request)
{
    const AdminRequest r = { connection, manager, request };
    const char *name = admin_get_string(request, "command");

    for (gsize i = 0; i < G_N_ELEMENTS(commands); i++) {
        if (name && g_str_equal(name, commands[i].name)) {
            commands[i].handler(&r);
            return;
        }
    }
    admin_connection_fail(connection, "the request names no command that is known; check that "
                                      "vtpm-managerctl and vtpm-managerd are of one version");
}
