/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "seal/escrow.h"

#include <openssl/crypto.h>
#include <string.h>

#include "attest/bytes.h"
#include "attest/public.h"
#include "registry/error.h"
#include "tpm/error.h"

/* The group @name, which has an approval key and a seed. */
static const RegistryGroup *find_group(const Escrow *escrow, const char *name, GError **error)
{
    const RegistryGroup *group = groups_find(escrow->groups, name, error);

    if (group && !group->approval) {
        g_set_error(error, REGISTRY_ERROR, REGISTRY_ERROR_CONFLICT,
                    "the group has no approval key: there is nobody to seal an escrow for");
        return NULL;
    }
    return group && groups_ensure_seed(escrow->groups, name, error) ? group : NULL;
}

static gboolean note(const Escrow *escrow, const char *group, const RegistryAuthor *by,
                     const char *what, GError **error)
{
    return registry_store_note(escrow->store, &(RegistryNote){ by, group, what }, error);
}

/* ---------------------------------------------------------------------------------- making one */

/* Each VM's key is asked for, and whoever answers last ends it. */
typedef struct Making {
    Escrow escrow;
    DqEscrow *content;
    RegistryApproval *approval;
    RegistryAuthor by;
    char *why;
    guint pending;
    GError *error; /* the first */
    EscrowMade done;
    void *data;
} Making;

typedef struct Asked {
    Making *making;
    WireUuid uuid;
} Asked;

static void making_end(Making *m)
{
    const guint count = m->content->vms->len;
    g_autofree char *what = g_strdup_printf("escrow for its tenant: keys of %u VMs", count);
    g_autofree char *text = NULL;

    if (!m->error) {
        text =
            dq_escrow_seal(m->content, (EVP_PKEY *)dq_jws_public_pkey(m->approval->key), &m->error);
    }
    if (text && !note(&m->escrow, m->content->group, &m->by, what, &m->error)) {
        g_clear_pointer(&text, g_free);
    }
    m->done(m->data, text, count, m->error);
    dq_escrow_free(m->content);
    registry_approval_unref(m->approval);
    g_clear_error(&m->error);
    g_free(m->why);
    g_free(m);
}

static void add_vm(Making *m, const RegistryVm *vm, WireBytes key)
{
    DqEscrowVm added = { .ek.len = vm->ek_len };

    memcpy(added.uuid, vm->uuid.byte, sizeof(added.uuid));
    memcpy(added.key, key.p, sizeof(added.key));
    memcpy(added.ek.data, vm->ek, vm->ek_len);
    g_strlcpy(added.name, vm->name, sizeof(added.name));
    dq_escrow_add(m->content, &added);
    OPENSSL_cleanse(&added, sizeof(added));
}

static void key_asked(void *data, ManagerReason reason, WireBytes key)
{
    Asked *asked = data;
    Making *m = asked->making;
    const RegistryVm *vm = vms_find(m->escrow.vms, &asked->uuid);

    if (vm && key.len == DQ_ESCROW_KEY_SIZE) {
        add_vm(m, vm, key);
    } else if (vm && reason != MANAGER_REASON_NONE && !m->error) {
        g_autofree char *uuid = dq_uuid_format(asked->uuid.byte);

        m->error = g_error_new(TPM_ERROR, TPM_ERROR_FAILED,
                               "the key of VM %s cannot be had: %s; nothing was written", uuid,
                               manager_reason_text(reason));
    }
    g_free(asked);
    if (--m->pending == 0) {
        making_end(m);
    }
}

/* (transfer full) (element-type WireUuid): those of @group whose states are encrypted. */
static GArray *sealed_vms(const Escrow *escrow, const RegistryGroup *group)
{
    g_autoptr(GPtrArray) vms = vms_list(escrow->vms);
    GArray *uuids = g_array_new(FALSE, FALSE, sizeof(WireUuid));

    for (guint i = 0; i < vms->len; i++) {
        const RegistryVm *vm = g_ptr_array_index(vms, i);

        if (vm->group == group && vm->key.sealed) {
            g_array_append_val(uuids, vm->uuid);
        }
    }
    return uuids;
}

static Making *making_new(const Escrow *escrow, const RegistryGroup *group,
                          const RegistryAuthor *by)
{
    Making *m = g_new0(Making, 1);
    g_autoptr(TpmInfo) info = tpm_host_info(escrow->host);
    const DqBytes ak = dq_bytes_peek(info->ak_name);

    m->escrow = *escrow;
    m->approval = registry_approval_ref(group->approval);
    m->content = dq_escrow_new(group->name);
    m->content->made = (uint64_t)(g_get_real_time() / G_USEC_PER_SEC);
    m->content->host.len = MIN(ak.len, sizeof(m->content->host.data));
    memcpy(m->content->host.data, ak.data, m->content->host.len);
    m->why = g_strdup(by->why);
    m->by = (RegistryAuthor){ by->uid, m->why };
    return m;
}

void escrow_make(const Escrow *escrow, const char *group, const RegistryAuthor *by, EscrowMade done,
                 void *data)
{
    g_autoptr(GError) error = NULL;
    const RegistryGroup *found = find_group(escrow, group, &error);
    g_autoptr(GArray) uuids = found ? sealed_vms(escrow, found) : NULL;
    Making *m;

    if (uuids && (uuids->len == 0 || uuids->len > DQ_ESCROW_VMS_MAX)) {
        g_set_error(&error, REGISTRY_ERROR, REGISTRY_ERROR_CONFLICT,
                    uuids->len == 0 ? "no VM of the group is sealed: there are no keys"
                                    : "the group has more than %d sealed VMs: make it smaller",
                    DQ_ESCROW_VMS_MAX);
    }
    if (!uuids || error) {
        done(data, NULL, 0, error);
        return;
    }
    m = making_new(escrow, found, by);
    m->done = done;
    m->data = data;
    m->pending = uuids->len;
    for (guint i = 0; i < uuids->len; i++) {
        Asked *asked = g_new(Asked, 1);

        *asked = (Asked){ m, g_array_index(uuids, WireUuid, i) };
        state_keys_ask(escrow->keys, &asked->uuid, key_asked, asked);
    }
}

/* --------------------------------------------------------------------------- with the host's TPM
 */

/* What the TPM does for one of the two below. */
typedef struct TpmPart {
    TpmHost *host;
    uint8_t seed[REGISTRY_SEED_SIZE];
    RegistryApproval *approval;
    GError *error;
} TpmPart;

static void tpm_part_begin(TpmPart *part, const Escrow *escrow, const RegistryGroup *group)
{
    part->host = escrow->host;
    part->approval = registry_approval_ref(group->approval);
    memcpy(part->seed, group->seed, sizeof(part->seed));
}

static void tpm_part_end(TpmPart *part)
{
    registry_approval_unref(part->approval);
    g_clear_error(&part->error);
}

static TpmApproval approval_of(const TpmPart *part)
{
    return (TpmApproval){ part->approval->group, part->approval->key, part->approval->list };
}

typedef struct KeyJob {
    TpmPart tpm;
    TpmEscrowKey key;
    EscrowKeyMade done;
    void *data;
} KeyJob;

static void key_run(TpmSession *tpm, void *data)
{
    KeyJob *job = data;
    const TpmApproval approval = approval_of(&job->tpm);
    const TpmDerivedSource source = { job->tpm.seed, &approval };

    tpm_host_escrow_key(job->tpm.host, tpm, &source, &job->key, &job->tpm.error);
}

static void key_done(void *data)
{
    KeyJob *job = data;
    DqEscrowKey key = { .public_area = job->key.public_area,
                        .attest = job->key.attest,
                        .signature = job->key.signature };

    g_strlcpy(key.group, job->tpm.approval->group, sizeof(key.group));
    job->done(job->data, job->tpm.error ? NULL : &key, job->tpm.error);
    tpm_escrow_key_clear(&job->key);
    tpm_part_end(&job->tpm);
    g_free(job);
}

void escrow_key(const Escrow *escrow, const char *group, EscrowKeyMade done, void *data)
{
    g_autoptr(GError) error = NULL;
    const RegistryGroup *found = find_group(escrow, group, &error);
    KeyJob *job;

    if (!found) {
        done(data, NULL, error);
        return;
    }
    job = g_new0(KeyJob, 1);
    tpm_part_begin(&job->tpm, escrow, found);
    job->done = done;
    job->data = data;
    tpm_worker_submit(escrow->worker, TPM_JOB_READ, key_run, key_done, job);
}

/* --------------------------------------------------------------------------------- putting back */

typedef struct Restoring {
    TpmPart tpm;
    Escrow escrow;
    char *text;
    DqJwe jwe;
    uint8_t z[TPM_DERIVED_SIZE];
    GBytes *public_area;
    gboolean replace;
    RegistryAuthor by;
    char *why;
    DqEscrow *content;
    GArray *results;
    guint pending;
    EscrowRestored done;
    void *data;
} Restoring;

static void result_clear(void *result)
{
    g_free(((EscrowResult *)result)->why);
}

static void restoring_free(Restoring *r)
{
    OPENSSL_cleanse(r->z, sizeof(r->z));
    dq_jwe_clear(&r->jwe);
    dq_escrow_free(r->content);
    g_array_unref(r->results);
    g_clear_pointer(&r->public_area, g_bytes_unref);
    tpm_part_end(&r->tpm);
    g_free(r->text);
    g_free(r->why);
    g_free(r);
}

static guint count_restored(const GArray *results)
{
    guint count = 0;

    for (guint i = 0; i < results->len; i++) {
        count += g_array_index(results, EscrowResult, i).why ? 0 : 1;
    }
    return count;
}

static void restoring_end(Restoring *r)
{
    g_autofree char *what = g_strdup_printf("keys of %u VMs put back from an escrow of %u",
                                            count_restored(r->results), r->results->len);
    g_autoptr(GError) error = NULL;

    if (!note(&r->escrow, r->tpm.approval->group, &r->by, what, &error)) {
        g_warning("the audit log lacks what was put back: %s", error->message);
    }
    r->done(r->data, r->results, NULL);
    restoring_free(r);
}

static void vm_restored(void *data, const WireUuid *uuid, const GError *error)
{
    Restoring *r = data;
    const EscrowResult result = { *uuid, error ? g_strdup(error->message) : NULL };

    g_array_append_val(r->results, result);
    if (--r->pending == 0) {
        restoring_end(r);
    }
}

static void restore_vm(Restoring *r, const DqEscrowVm *from)
{
    StateKeyGiven given = { .ek_len = from->ek.len, .replace = r->replace };
    WireUuid uuid;
    const RegistryVm *vm;

    memcpy(uuid.byte, from->uuid, sizeof(uuid.byte));
    memcpy(given.key, from->key, sizeof(given.key));
    memcpy(given.ek, from->ek.data, from->ek.len);
    vm = vms_find(r->escrow.vms, &uuid);
    if (vm && g_str_equal(vm->group->name, r->content->group)) {
        state_keys_restore(r->escrow.keys, &uuid, &given, &r->by, vm_restored, r);
    } else {
        g_autoptr(GError) error = g_error_new(
            REGISTRY_ERROR, REGISTRY_ERROR_UNKNOWN,
            vm ? "it is in another group here: move it with vtpm-managerctl move, and again"
               : "it is not registered here: register it in this group, and again");

        vm_restored(r, &uuid, error);
    }
    OPENSSL_cleanse(&given, sizeof(given));
}

/* (transfer full): what was sealed, with what the TPM agreed on. */
static DqEscrow *open_content(Restoring *r, GError **error)
{
    uint8_t key[DQ_JWE_KEY_SIZE];
    g_auto(DqSecret) plain = { 0 };
    WirePublic public;
    DqBytes area;
    gboolean ok;

    dq_jwe_key_agreed(r->z, key);
    ok = dq_jwe_open(&r->jwe, key, &plain, error);
    OPENSSL_cleanse(key, sizeof(key));
    if (!ok) {
        return NULL;
    }
    if (!dq_public_unwrap(dq_bytes_peek(r->public_area), &area, &public)) {
        tpm_error_set(error, TPM_RC_MALFORMED, "a group's key for escrow");
        return NULL;
    }
    return dq_escrow_receive((DqBytes){ plain.data, plain.len }, r->tpm.approval->key, area, error);
}

static void agree_run(TpmSession *tpm, void *data)
{
    Restoring *r = data;
    const TpmApproval approval = approval_of(&r->tpm);
    const TpmDerivedSource source = { r->tpm.seed, &approval };

    tpm_host_escrow_agree(r->tpm.host, tpm, &source, r->jwe.x, r->jwe.y, r->z, &r->public_area,
                          &r->tpm.error);
}

static void agree_done(void *data)
{
    Restoring *r = data;

    if (!r->tpm.error) {
        r->content = open_content(r, &r->tpm.error);
    }
    if (r->content && !g_str_equal(r->content->group, r->tpm.approval->group)) {
        g_set_error(&r->tpm.error, REGISTRY_ERROR, REGISTRY_ERROR_CONFLICT,
                    "it is of another group: '%s'", r->content->group);
    }
    if (!r->content || r->tpm.error) {
        r->done(r->data, NULL, r->tpm.error);
        restoring_free(r);
        return;
    }
    r->pending = r->content->vms->len + 1;
    for (guint i = 0; i < r->content->vms->len; i++) {
        restore_vm(r, &g_array_index(r->content->vms, DqEscrowVm, i));
    }
    if (--r->pending == 0) {
        restoring_end(r);
    }
}

static gboolean read_text(Restoring *r, GError **error)
{
    const DqBytes text = { (const uint8_t *)r->text, strlen(r->text) };

    if (!dq_jwe_read(text, DQ_ESCROW_MOVE_TYPE, &r->jwe, error)) {
        g_prefix_error(error, "give what tpm2_checkdeepquote approval move has written: ");
        return FALSE;
    }
    if (!r->jwe.agreed) {
        g_set_error(error, DQ_JWE_ERROR, DQ_JWE_ERROR_KEY, "it is for an RSA key: no host has one");
        return FALSE;
    }
    return TRUE;
}

void escrow_restore(const Escrow *escrow, const EscrowRequest *request, EscrowRestored done,
                    void *data)
{
    g_autoptr(GError) error = NULL;
    const RegistryGroup *group = find_group(escrow, request->group, &error);
    Restoring *r;

    if (!group) {
        done(data, NULL, error);
        return;
    }
    r = g_new0(Restoring, 1);
    tpm_part_begin(&r->tpm, escrow, group);
    r->escrow = *escrow;
    r->text = g_strdup(request->text);
    r->replace = request->replace;
    r->why = g_strdup(request->by.why);
    r->by = (RegistryAuthor){ request->by.uid, r->why };
    r->results = g_array_new(FALSE, FALSE, sizeof(EscrowResult));
    g_array_set_clear_func(r->results, result_clear);
    r->done = done;
    r->data = data;
    if (!read_text(r, &error)) {
        done(data, NULL, error);
        restoring_free(r);
        return;
    }
    tpm_worker_submit(escrow->worker, TPM_JOB_READ, agree_run, agree_done, r);
}
