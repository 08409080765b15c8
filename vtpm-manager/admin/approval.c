/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "admin/approval.h"

#include <string.h>

#include "admin/json.h"
#include "attest/digest.h"
#include "tpm/approval.h"

/* Which boot of the list is the present one is the TPM's to say. */
typedef struct BootJob {
    AdminConnection *connection;
    RegistryApproval *approval;
    gint boot; /* -1: none */
    GError *error;
} BootJob;

static void boot_job_run(TpmSession *tpm, void *data)
{
    BootJob *job = data;
    const TpmApproval approval = { job->approval->group, job->approval->key, job->approval->list };

    tpm_approval_find(tpm, &approval, &job->boot, &job->error);
}

static JsonArray *describe_boots(const DqGroupList *list)
{
    JsonArray *array = json_array_new();

    for (guint i = 0; list && i < list->hosts->boots->len; i++) {
        const DqProfileBoot *boot = g_ptr_array_index(list->hosts->boots, i);

        json_array_add_string_element(array, boot->name);
    }
    return array;
}

static void describe_list(JsonObject *object, const RegistryApproval *approval, gint boot)
{
    const DqGroupList *list = approval->list;
    const DqBytes text = { (const uint8_t *)approval->text, strlen(approval->text) };
    uint8_t digest[DQ_HASH_SIZE];

    dq_sha256(&text, 1, digest);
    json_object_set_int_member(object, "sequence", list->sequence);
    admin_set_hex(object, "list", digest, sizeof(digest));
    json_object_set_int_member(object, "vms", list->vms);
    json_object_set_int_member(object, "measurements", list->measurements->len);
    if (boot >= 0) {
        json_object_set_string_member(
            object, "boot",
            ((const DqProfileBoot *)g_ptr_array_index(list->hosts->boots, (guint)boot))->name);
    }
}

static JsonObject *describe(const RegistryApproval *approval, gint boot)
{
    JsonObject *answer = admin_answer_new();
    JsonObject *object = json_object_new();

    json_object_set_string_member(object, "group", approval->group);
    admin_set_hex(object, "key", approval->key_digest, sizeof(approval->key_digest));
    if (approval->list) {
        describe_list(object, approval, boot);
    }
    json_object_set_array_member(object, "boots", describe_boots(approval->list));
    json_object_set_object_member(answer, "approval", object);
    return answer;
}

static void boot_job_done(void *data)
{
    BootJob *job = data;

    if (job->error) {
        admin_connection_fail(job->connection, job->error->message);
    } else {
        admin_connection_reply(job->connection, describe(job->approval, job->boot));
    }
    admin_connection_release(job->connection);
    registry_approval_unref(job->approval);
    g_clear_error(&job->error);
    g_free(job);
}

static void handle_approval(const AdminRequest *request, void *data)
{
    const AdminApproval *part = data;
    const RegistryAuthor by = admin_author(request);
    const char *name = admin_get_group(request);
    const char *key = admin_get_string(request->json, "key");
    const char *list = admin_get_string(request->json, "list");
    const RegistryGroup *group = NULL;
    g_autoptr(GError) error = NULL;
    BootJob *job;

    if (!name) {
        return;
    }
    if ((!key || groups_set_key(part->groups, name, key, &by, &error)) &&
        (!list || groups_set_list(part->groups, name, list, &by, &error))) {
        group = groups_find(part->groups, name, &error);
    }
    if (!group || !group->approval) {
        admin_connection_fail(request->connection,
                              error ? error->message : "the group has no approval key");
        return;
    }
    job = g_new0(BootJob, 1);
    job->connection = request->connection;
    job->approval = registry_approval_ref(group->approval);
    admin_connection_hold(job->connection);
    tpm_worker_submit(part->worker, TPM_JOB_READ, boot_job_run, boot_job_done, job);
}

const AdminCommand admin_approval_commands[] = {
    { "approval", handle_approval },
    { NULL, NULL },
};
