/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "admin/ek_authority.h"

#include <string.h>

#include "admin/json.h"
#include "attest/bytes.h"
#include "attest/deepquote.h"
#include "vtpm/ek_certificate.h"

static const char no_authority[] =
    "this host has no authority for vTPMs: the manager's log says why, and authority renew tries "
    "again";

static void reply_authority(AdminConnection *connection, const EkAuthority *authority)
{
    JsonObject *answer = admin_answer_new();
    JsonArray *all = json_array_new();

    for (guint i = 0;; i++) {
        g_auto(EkAuthorityFacts) facts = { 0 };
        JsonObject *one;

        if (!ek_authority_facts(authority, i, &facts)) {
            break;
        }
        one = json_object_new();
        admin_set_bytes(one, "certificate", facts.certificate);
        json_object_set_string_member(one, "key", facts.key);
        json_object_set_int_member(one, "until", facts.until);
        json_array_add_object_element(all, one);
    }
    json_object_set_array_member(answer, "authorities", all);
    admin_connection_reply(connection, answer);
}

static void handle_authority(const AdminRequest *request, void *part)
{
    const AdminEkAuthority *a = part;

    if (!credentials_authority(a->credentials)) {
        admin_connection_fail(request->connection, no_authority);
        return;
    }
    reply_authority(request->connection, credentials_authority(a->credentials));
}

/* ------------------------------------------------------------------------------ A certificate */

static unsigned get_small(JsonObject *json, const char *member)
{
    const int64_t value = admin_get_int(json, member, 0);

    return value >= 0 && value <= G_MAXUINT16 ? (unsigned)value : 0;
}

/* Of a VM that is registered no other key is certified than the one that is pinned. */
static gboolean is_of_vm(const AdminEkAuthority *a, const WireUuid *uuid, GBytes *name)
{
    const RegistryVm *vm = vms_find(a->vms, uuid);
    gsize len;
    const void *data = g_bytes_get_data(name, &len);

    return !vm || vm->ek_len == 0 || (vm->ek_len == len && memcmp(vm->ek, data, len) == 0);
}

static gboolean note(const AdminRequest *request, const AdminEkAuthority *a, const char *subject,
                     char *what, GError **error)
{
    const RegistryAuthor by = admin_author(request);
    g_autofree char *text = what;

    return registry_store_note(a->store, &(const RegistryNote){ &by, subject, text }, error);
}

static gboolean note_issued(const AdminRequest *request, const AdminEkAuthority *a,
                            const char *uuid, GBytes *name, GError **error)
{
    const DqBytes bytes = dq_bytes_peek(name);
    g_autofree char *hex = dq_hex_encode(bytes.data, bytes.len);

    return note(request, a, uuid, g_strdup_printf("endorsement key %s is certified", hex), error);
}

/* @subject has all but the key. What was not noted is not handed out. */
static void issue(const AdminRequest *request, const AdminEkAuthority *a, const WireUuid *uuid,
                  EkSubject *subject)
{
    const char *hex = admin_get_string(request->json, "key");
    g_autoptr(GBytes) key = dq_hex_decode(hex ? hex : "", NULL);
    g_autoptr(GBytes) name = NULL;
    g_autoptr(GBytes) certificate = NULL;
    g_autoptr(GError) error = NULL;
    JsonObject *answer;

    subject->key = key;
    if (!key) {
        admin_connection_fail(request->connection, "key is a public area in hexadecimal");
        return;
    }
    certificate =
        ek_certificate_issue(credentials_authority(a->credentials), subject, &name, &error);
    if (!certificate) {
        admin_connection_fail(request->connection, error->message);
        return;
    }
    if (!is_of_vm(a, uuid, name)) {
        admin_connection_fail(request->connection, "this VM is registered with another "
                                                   "endorsement key: unregister it first");
        return;
    }
    if (!note_issued(request, a, subject->uuid, name, &error)) {
        admin_connection_fail(request->connection, error->message);
        return;
    }
    answer = admin_answer_new();
    admin_set_bytes(answer, "certificate", certificate);
    admin_connection_reply(request->connection, answer);
}

static void handle_certify(const AdminRequest *request, void *part)
{
    const AdminEkAuthority *a = part;
    g_autofree char *text = NULL;
    WireUuid uuid;

    if (!credentials_authority(a->credentials)) {
        admin_connection_fail(request->connection, no_authority);
        return;
    }
    if (!admin_get_uuid(request, &uuid)) {
        return;
    }
    text = dq_uuid_format(uuid.byte);
    issue(request, a, &uuid,
          &(EkSubject){
              .uuid = text,
              .manufacturer = admin_get_string(request->json, "manufacturer"),
              .model = admin_get_string(request->json, "model"),
              .version = admin_get_string(request->json, "version"),
              .level = get_small(request->json, "level"),
              .revision = get_small(request->json, "revision"),
          });
}

/* ----------------------------------------------------------------------------------- A new key */

typedef struct RenewJob {
    AdminConnection *connection;
    const AdminEkAuthority *part;
    EkAuthority *authority;
    GError *error;
} RenewJob;

static void renew_run(TpmSession *tpm, void *data)
{
    RenewJob *job = data;
    g_autoptr(TpmInfo) info = tpm_host_info(job->part->tpm);

    job->authority =
        ek_authority_open(job->part->state_dir, tpm, info->ak_public, TRUE, &job->error);
}

static void renew_done(void *data)
{
    RenewJob *job = data;

    if (job->authority) {
        credentials_take_authority(job->part->credentials, job->authority);
        reply_authority(job->connection, job->authority);
    } else {
        admin_connection_fail(job->connection, job->error->message);
    }
    admin_connection_release(job->connection);
    g_clear_error(&job->error);
    g_free(job);
}

static void handle_renew(const AdminRequest *request, void *part)
{
    const AdminEkAuthority *a = part;
    const char *why = admin_get_string(request->json, "why");
    g_autoptr(GError) error = NULL;
    RenewJob *job;

    if (!why || !*why) {
        admin_connection_fail(request->connection, "the request gives no reason: why");
        return;
    }
    if (!note(request, a, "", g_strdup("the authority for vTPMs gets a new key"), &error)) {
        admin_connection_fail(request->connection, error->message);
        return;
    }
    job = g_new0(RenewJob, 1);
    job->connection = request->connection;
    job->part = a;
    admin_connection_hold(job->connection);
    tpm_worker_submit(a->worker, TPM_JOB_READ, renew_run, renew_done, job);
}

const AdminCommand admin_ek_authority_commands[] = {
    { "authority", handle_authority },
    { "certify", handle_certify },
    { "authority-renew", handle_renew },
    { NULL, NULL },
};
