/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "admin/registry.h"

#include <string.h>
#include <unistd.h>

#include "admin/json.h"
#include "state/copy.h"

#define COPY_PREFIX "registry-copy-"

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

/* -------------------------------------------------------------------------------------- copies */

typedef struct CopyJob {
    AdminRegistry *registry;
    AdminConnection *connection;
    char *path;
    gboolean made; /* by this request: it is to go where it is not right */
    StateCopy copy;
    GError *error;
} CopyJob;

static void copy_run(TpmSession *tpm, void *data)
{
    CopyJob *job = data;

    state_copy_check(job->registry->host, tpm, job->path, &job->copy, &job->error);
}

static JsonObject *describe_copy(const CopyJob *job)
{
    const Anchor *anchor = job->registry->anchor;
    JsonObject *answer = admin_answer_new();
    JsonObject *copy = json_object_new();

    json_object_set_string_member(copy, "path", job->path);
    json_object_set_int_member(copy, "vms", job->copy.vms);
    json_object_set_int_member(copy, "counter", (int64_t)job->copy.value);
    json_object_set_int_member(
        copy, "present", anchor_state(anchor) == ANCHOR_KEPT ? (int64_t)anchor_value(anchor) : 0);
    json_object_set_object_member(answer, "copy", copy);
    return answer;
}

static void copy_done(void *data)
{
    CopyJob *job = data;

    if (job->error) {
        if (job->made) {
            unlink(job->path);
        }
        admin_connection_fail(job->connection, job->error->message);
        g_error_free(job->error);
    } else {
        admin_connection_reply(job->connection, describe_copy(job));
    }
    admin_connection_release(job->connection);
    g_free(job->path);
    g_free(job);
}

static void check_copy(const AdminRequest *request, AdminRegistry *registry, const char *name,
                       gboolean made)
{
    CopyJob *job = g_new0(CopyJob, 1);

    job->registry = registry;
    job->connection = request->connection;
    job->path = g_build_filename(registry->folder, name, NULL);
    job->made = made;
    admin_connection_hold(request->connection);
    tpm_worker_submit(registry->worker, TPM_JOB_READ, copy_run, copy_done, job);
}

/* The member "name": of a file in the manager's own folder, and in no other. */
static const char *get_copy_name(const AdminRequest *request)
{
    const char *name = admin_get_string(request->json, "name");

    if (name && g_str_has_prefix(name, COPY_PREFIX) && !strchr(name, '/')) {
        return name;
    }
    admin_connection_fail(request->connection,
                          "name is that of a copy in the manager's state directory: " COPY_PREFIX
                          "...");
    return NULL;
}

static void handle_verify(const AdminRequest *request, void *part)
{
    const char *name = get_copy_name(request);

    if (name) {
        check_copy(request, part, name, FALSE);
    }
}

static void handle_backup(const AdminRequest *request, void *part)
{
    AdminRegistry *registry = part;
    g_autoptr(GDateTime) now = g_date_time_new_now_utc();
    g_autofree char *name = g_date_time_format(now, COPY_PREFIX "%Y%m%dT%H%M%S.%fZ.db");
    g_autofree char *path = g_build_filename(registry->folder, name, NULL);
    g_autoptr(GError) error = NULL;

    if (anchor_state(registry->anchor) != ANCHOR_KEPT) {
        admin_connection_fail(
            request->connection,
            "the registry is not tied to the TPM: nobody could tell later whether "
            "a copy was changed; stop the manager, and copy registry.db");
    } else if (!registry_copy_make(registry->store, path, &error)) {
        admin_connection_fail(request->connection, error->message);
    } else {
        check_copy(request, registry, name, TRUE);
    }
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
    { "registry-backup", handle_backup },
    { "registry-verify", handle_verify },
    { NULL, NULL },
};

const AdminCommand admin_held_commands[] = {
    { "registry", handle_registry },
    { "registry-accept", handle_accept },
    { "registry-verify", handle_verify },
    { ADMIN_ANY_COMMAND, handle_held },
    { NULL, NULL },
};
