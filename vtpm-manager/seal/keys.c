/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "seal/keys.h"

#include <openssl/crypto.h>
#include <openssl/rand.h>
#include <string.h>

#include "attest/deepquote.h"
#include "daemon/log_kind.h"
#include "seal/wrap.h"

static LogKind troubles = LOG_KIND("keys of VMs' states that cannot be had");

/* Room for the keys of some thousand groups; where there is more, it is not locked. */
enum { LOCKED_BYTES = 256 * 1024, LOCKED_PIECE = 32 };

/* A group's key, or one that the TPM is making. */
typedef struct Kek {
    StateKeys *keys;
    uint8_t seed[REGISTRY_SEED_SIZE];
    RegistryApproval *approval; /* by which it was asked for; NULL: the group has none */
    uint8_t *key;               /* TPM_DERIVED_SIZE bytes of locked memory */
    gboolean made;              /* FALSE: the TPM has not answered yet */
    GPtrArray *waiting;         /* of Ticket */
    GError *error;              /* of the TPM */
} Kek;

struct StateKeys {
    RegistryVms *vms;
    RegistryGroups *groups;
    TpmHost *host;
    TpmWorker *worker;
    GHashTable *keks; /* seed -> Kek */
};

/* A key that is put back. */
typedef struct Given {
    StateKeyGiven key;
    RegistryAuthor by;
    char *why;
    StateKeyRestored done;
} Given;

/* Who asks for a key, or gives one. */
typedef struct Ticket {
    StateKeys *keys;
    WireUuid uuid;
    StateKeyDone done;
    Given *given; /* NULL: a key is asked for */
    void *data;
} Ticket;

/* -------------------------------------------------------------------------------- keys of groups
 */

static guint seed_hash(gconstpointer p)
{
    guint hash;

    memcpy(&hash, p, sizeof(hash)); /* it is random */
    return hash;
}

static gboolean seed_equal(gconstpointer a, gconstpointer b)
{
    return memcmp(a, b, REGISTRY_SEED_SIZE) == 0;
}

static void kek_free(gpointer data)
{
    Kek *kek = data;

    OPENSSL_secure_clear_free(kek->key, TPM_DERIVED_SIZE);
    registry_approval_unref(kek->approval);
    g_ptr_array_unref(kek->waiting);
    g_clear_error(&kek->error);
    g_free(kek);
}

StateKeys *state_keys_new(RegistryVms *vms, RegistryGroups *groups, TpmHost *host,
                          TpmWorker *worker)
{
    StateKeys *keys = g_new0(StateKeys, 1);

    CRYPTO_secure_malloc_init(LOCKED_BYTES, LOCKED_PIECE);
    keys->vms = vms;
    keys->groups = groups;
    keys->host = host;
    keys->worker = worker;
    keys->keks = g_hash_table_new_full(seed_hash, seed_equal, NULL, kek_free);
    return keys;
}

void state_keys_free(StateKeys *keys)
{
    if (keys) {
        g_hash_table_unref(keys->keks);
        g_free(keys);
    }
}

static void proceed(Ticket *ticket);

/* On the worker's thread: nothing but the key's own fields. */
static void derive_run(TpmSession *tpm, void *data)
{
    Kek *kek = data;
    const TpmDerived derived = { "state keys of a group", kek->key };
    const RegistryApproval *list = kek->approval;
    TpmApproval approval;
    TpmDerivedSource source = { kek->seed, NULL };

    if (list) {
        approval = (TpmApproval){ list->group, list->key, list->list };
        source.approval = &approval;
    }

    tpm_host_derive_keys(kek->keys->host, tpm, &source, &derived, 1, &kek->error);
}

static void answer(Ticket *ticket, ManagerReason reason, WireBytes key)
{
    ticket->done(ticket->data, reason, key);
    g_free(ticket);
}

static void given_free(Given *given)
{
    OPENSSL_cleanse(&given->key, sizeof(given->key));
    g_free(given->why);
    g_free(given);
}

static void answer_given(Ticket *ticket, const GError *error)
{
    ticket->given->done(ticket->data, &ticket->uuid, error);
    given_free(ticket->given);
    g_free(ticket);
}

static void refuse_given(Ticket *ticket, const char *why)
{
    g_autoptr(GError) error =
        g_error_new(TPM_ERROR, TPM_ERROR_FAILED, "its key cannot be wrapped: %s", why);

    answer_given(ticket, error);
}

static void refuse(Ticket *ticket, ManagerReason reason, const char *why)
{
    g_autofree char *uuid = dq_uuid_format(ticket->uuid.byte);

    if (ticket->given) {
        refuse_given(ticket, why);
        return;
    }
    log_kind_warn(&troubles, "VM %s gets no key for its state, and may not start: %s", uuid, why);
    answer(ticket, reason, (WireBytes){ 0 });
}

static ManagerReason reason_of(const GError *error)
{
    if (g_error_matches(error, TPM_ERROR, TPM_ERROR_APPROVAL)) {
        return MANAGER_REASON_NOT_APPROVED;
    }
    return g_error_matches(error, TPM_ERROR, TPM_ERROR_BUSY) ? MANAGER_REASON_TPM_BUSY
                                                             : MANAGER_REASON_TPM_FAILED;
}

static void derive_done(void *data)
{
    Kek *kek = data;
    StateKeys *keys = kek->keys;
    g_autoptr(GPtrArray) waiting = g_steal_pointer(&kek->waiting);
    g_autoptr(GError) error = g_steal_pointer(&kek->error);

    kek->waiting = g_ptr_array_new();
    kek->made = TRUE;
    if (error) {
        g_hash_table_remove(keys->keks, kek->seed); /* to be tried again when next asked for */
    }
    for (guint i = 0; i < waiting->len; i++) {
        Ticket *ticket = g_ptr_array_index(waiting, i);

        if (error) {
            refuse(ticket, reason_of(error), error->message);
        } else {
            proceed(ticket);
        }
    }
}

/* The key of @seed. %NULL: @ticket waits for it, or was refused. */
static const uint8_t *kek_of(Ticket *ticket, const uint8_t *seed)
{
    StateKeys *keys = ticket->keys;
    const RegistryGroup *group = groups_find_seed(keys->groups, seed);
    RegistryApproval *approval = group ? group->approval : NULL;
    Kek *kek = g_hash_table_lookup(keys->keks, seed);

    if (kek && kek->made) {
        if (kek->approval == approval) {
            return kek->key;
        }
        g_hash_table_remove(keys->keks, seed); /* what one list allowed, the next may not */
        kek = NULL;
    }
    if (!kek) {
        kek = g_new0(Kek, 1);
        kek->keys = keys;
        kek->approval = approval ? registry_approval_ref(approval) : NULL;
        memcpy(kek->seed, seed, sizeof(kek->seed));
        kek->key = OPENSSL_secure_zalloc(TPM_DERIVED_SIZE);
        kek->waiting = g_ptr_array_new();
        if (!kek->key) {
            kek_free(kek);
            refuse(ticket, MANAGER_REASON_TPM_FAILED, "out of memory");
            return NULL;
        }
        g_hash_table_insert(keys->keks, kek->seed, kek);
        tpm_worker_submit(keys->worker, TPM_JOB_READ, derive_run, derive_done, kek);
    }
    g_ptr_array_add(kek->waiting, ticket);
    return NULL;
}

/* ----------------------------------------------------------------------------------- keys of VMs
 */

/* @key as that of @ticket's VM, wrapped for its group. */
static gboolean wrap(const Ticket *ticket, const RegistryGroup *group, const uint8_t *kek,
                     const uint8_t *key, RegistryKey *ret, GError **error)
{
    *ret = (RegistryKey){ .sealed = TRUE, .made = TRUE };
    memcpy(ret->seed, group->seed, sizeof(ret->seed));
    if (!wrap_key(kek, &ticket->uuid, key, ret->wrapped)) {
        g_set_error(error, TPM_ERROR, TPM_ERROR_FAILED, "it cannot be encrypted");
        return FALSE;
    }
    return TRUE;
}

static gboolean keep(const Ticket *ticket, const RegistryGroup *group, const uint8_t *kek,
                     const uint8_t *key, GError **error)
{
    RegistryKey kept;

    return wrap(ticket, group, kek, key, &kept, error) &&
           vms_set_key(ticket->keys->vms, &ticket->uuid, &kept, error);
}

static void restore(Ticket *ticket, const RegistryGroup *group, const uint8_t *kek)
{
    const Given *given = ticket->given;
    RegistryRestored restored = { .ek = { given->key.ek, given->key.ek_len },
                                  .replace = given->key.replace };
    g_autoptr(GError) error = NULL;

    if (wrap(ticket, group, kek, given->key.key, &restored.key, &error)) {
        vms_restore(ticket->keys->vms, &ticket->uuid, &restored, &given->by, &error);
    }
    answer_given(ticket, error);
}

/* A VM that has none yet. */
static void make(Ticket *ticket, const RegistryGroup *group, const uint8_t *kek)
{
    uint8_t key[WRAP_KEY_SIZE];
    g_autoptr(GError) error = NULL;

    if (RAND_priv_bytes(key, sizeof(key)) != 1) {
        refuse(ticket, MANAGER_REASON_STORAGE, "the system has no random numbers");
    } else if (!keep(ticket, group, kek, key, &error)) {
        refuse(ticket, MANAGER_REASON_STORAGE, error->message);
    } else {
        answer(ticket, MANAGER_REASON_NONE, (WireBytes){ key, sizeof(key) });
    }
    OPENSSL_cleanse(key, sizeof(key));
}

/* @kek: of the group that its key is wrapped for; @new_kek: of the group that the VM is in */
static void open_kept(Ticket *ticket, const RegistryVm *vm, const uint8_t *kek,
                      const uint8_t *new_kek)
{
    const gboolean moved = !seed_equal(vm->key.seed, vm->group->seed);
    uint8_t key[WRAP_KEY_SIZE];
    g_autoptr(GError) error = NULL;

    if (!wrap_open(kek, &ticket->uuid, vm->key.wrapped, key)) {
        refuse(ticket, MANAGER_REASON_KEY_LOST,
               "the host's TPM does not make the key that it is wrapped with: it was exchanged, or "
               "its endorsement seed was changed, or the registry is another host's");
        return;
    }
    if (moved && !keep(ticket, vm->group, new_kek, key, &error)) {
        g_warning("a VM's key stays with the group that it was in: %s", error->message);
    }
    answer(ticket, MANAGER_REASON_NONE, (WireBytes){ key, sizeof(key) });
    OPENSSL_cleanse(key, sizeof(key));
}

/* As far as it can be done now: again when the TPM has made a key that was missing. */
static void proceed(Ticket *ticket)
{
    const RegistryVm *vm = vms_find(ticket->keys->vms, &ticket->uuid);
    g_autoptr(GError) error = NULL;
    const uint8_t *kek;
    const uint8_t *old_kek;

    if (!vm) {
        refuse(ticket, MANAGER_REASON_UNREGISTERED, "it is not registered");
        return;
    }
    if (!groups_ensure_seed(ticket->keys->groups, vm->group->name, &error)) {
        refuse(ticket, MANAGER_REASON_STORAGE, error->message);
        return;
    }
    kek = kek_of(ticket, vm->group->seed);
    if (!kek) {
        return;
    }
    if (ticket->given) {
        restore(ticket, vm->group, kek);
        return;
    }
    if (!vm->key.made) {
        make(ticket, vm->group, kek);
        return;
    }
    old_kek = kek_of(ticket, vm->key.seed);
    if (old_kek) {
        open_kept(ticket, vm, old_kek, kek);
    }
}

void state_keys_ask(StateKeys *keys, const WireUuid *uuid, StateKeyDone done, void *data)
{
    const RegistryVm *vm = vms_find(keys->vms, uuid);
    Ticket *ticket;

    if (vm && !vm->key.sealed) {
        done(data, MANAGER_REASON_NONE, (WireBytes){ 0 });
        return;
    }
    ticket = g_new0(Ticket, 1);
    ticket->keys = keys;
    ticket->uuid = *uuid;
    ticket->done = done;
    ticket->data = data;
    proceed(ticket);
}

void state_keys_restore(StateKeys *keys, const WireUuid *uuid, const StateKeyGiven *given,
                        const RegistryAuthor *by, StateKeyRestored done, void *data)
{
    Ticket *ticket = g_new0(Ticket, 1);

    ticket->keys = keys;
    ticket->uuid = *uuid;
    ticket->data = data;
    ticket->given = g_new0(Given, 1);
    ticket->given->key = *given;
    ticket->given->why = g_strdup(by->why);
    ticket->given->by = (RegistryAuthor){ by->uid, ticket->given->why };
    ticket->given->done = done;
    proceed(ticket);
}
