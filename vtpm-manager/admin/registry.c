/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "admin/registry.h"

#include "admin/json.h"

JsonObject *admin_registry_describe(const Anchor *anchor)
{
    JsonObject *object = json_object_new();
    const char *why = anchor_why(anchor);
    const gboolean kept = anchor_state(anchor) == ANCHOR_KEPT;

    json_object_set_string_member(object, "state", anchor_state_name(anchor_state(anchor)));
    json_object_set_string_member(object, "why", why ? why : "");
    json_object_set_int_member(object, "counter", kept ? (int64_t)anchor_value(anchor) : 0);
    json_object_set_int_member(object, "moved", kept ? anchor_moved(anchor) : 0);
    return object;
}

static void handle_registry(const AdminRequest *request, void *part)
{
    const AdminRegistry *registry = part;
    JsonObject *answer = admin_answer_new();

    json_object_set_object_member(answer, "registry", admin_registry_describe(registry->anchor));
    admin_connection_reply(request->connection, answer);
}

typedef struct AcceptJob {
    AdminRegistry *registry;
    AdminConnection *connection;
    RegistryAuthor by;
    char *why;
    GError *error;
} AcceptJob;

static void accept_run(TpmSession *tpm, void *data)
{
    AcceptJob *job = data;

    anchor_accept(job->registry->anchor, tpm, &job->by, &job->error);
}

static void accept_done(void *data)
{
    AcceptJob *job = data;

    job->registry->busy = FALSE;
    if (job->error) {
        admin_connection_fail(job->connection, job->error->message);
        g_error_free(job->error);
    } else {
        g_autofree char *why = g_strescape(job->why, NULL);

        g_message("user %u accepts the registry as it is: %s", (unsigned)job->by.uid, why);
        job->registry->accepted(job->registry->data);
        admin_connection_reply(job->connection, admin_answer_new());
    }
    admin_connection_release(job->connection);
    g_free(job->why);
    g_free(job);
}

static void handle_accept(const AdminRequest *request, void *part)
{
    AdminRegistry *registry = part;
    const char *why = admin_get_string(request->json, "why");
    AcceptJob *job;

    if (anchor_state(registry->anchor) != ANCHOR_HELD || registry->busy) {
        admin_connection_fail(request->connection,
                              "the registry is not held: there is nothing to accept");
        return;
    }
    if (!why || !*why) {
        admin_connection_fail(request->connection, "the request gives no reason: why");
        return;
    }
    job = g_new0(AcceptJob, 1);
    job->registry = registry;
    job->connection = request->connection;
    job->why = g_strdup(why);
    job->by = (RegistryAuthor){ admin_connection_uid(request->connection), job->why };
    registry->busy = TRUE;
    admin_connection_hold(request->connection);
    tpm_worker_submit(registry->worker, TPM_JOB_READ, accept_run, accept_done, job);
}

static void handle_held(const AdminRequest *request, void *part)
{
    const AdminRegistry *registry = part;
    g_autofree char *message =
        g_strconcat("the manager serves nobody: ", anchor_why(registry->anchor), NULL);

    admin_connection_fail(request->connection, message);
}

const AdminCommand admin_registry_commands[] = {
    { "registry", handle_registry },
    { "registry-accept", handle_accept },
    { NULL, NULL },
};

const AdminCommand admin_held_commands[] = {
    { "registry", handle_registry },
    { "registry-accept", handle_accept },
    { ADMIN_ANY_COMMAND, handle_held },
    { NULL, NULL },
};
