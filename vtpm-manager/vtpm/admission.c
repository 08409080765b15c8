/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "vtpm/admission.h"

#include <string.h>

#include "attest/deepquote.h"
#include "daemon/log_kind.h"
#include "registry/error.h"
#include "state/continuity.h"
#include "vtpm/endorsement.h"
#include "vtpm/rule.h"

enum { DISK_RESTS = 2 }; /* times as long as a start took, before another one during quotes */

static LogKind refusals = LOG_KIND("refusals of VMs");
static LogKind breaks = LOG_KIND("broken histories of VMs");

struct Admission {
    RegistryVms *vms;
    Limiter *limiter;
    const Owners *owners;
    uint64_t throttled;
    int64_t disk_rests_until; /* from starts, during quotes; monotonic, in microseconds */
};

Admission *admission_new(RegistryVms *vms, Limiter *limiter, const Owners *owners)
{
    Admission *admission = g_new0(Admission, 1);

    admission->vms = vms;
    admission->limiter = limiter;
    admission->owners = owners;
    return admission;
}

void admission_free(Admission *admission)
{
    g_free(admission);
}

uint64_t admission_throttled(const Admission *admission)
{
    return admission->throttled;
}

static char *describe_peer(const Peer *peer)
{
    return g_strdup_printf("process %d, uid %u, cgroup %s, profile %s", (int)peer->process.pid,
                           peer->process.uid, peer->cgroup ? peer->cgroup : "unknown",
                           peer->label ? peer->label : "none");
}

static void log_refusal(const Peer *peer, const WireUuid *uuid, const char *why)
{
    g_autofree char *text = dq_uuid_format(uuid->byte);
    g_autofree char *who = describe_peer(peer);
    g_autoptr(GRefString) group = peer_group(peer);

    log_kind_warn_of(&refusals, group, "VM %s (%s) is refused: %s", text, who, why);
}

ManagerReason admission_refuse(const Peer *peer, const WireUuid *uuid, ManagerReason reason)
{
    log_refusal(peer, uuid, manager_reason_text(reason));
    return reason;
}

ManagerReason admission_refuse_error(const Peer *peer, const WireUuid *uuid, const GError *error)
{
    static const struct {
        RegistryError code;
        ManagerReason reason;
    } table[] = {
        { REGISTRY_ERROR_UNKNOWN, MANAGER_REASON_UNREGISTERED },
        { REGISTRY_ERROR_CONFLICT, MANAGER_REASON_COUNTED_BACK },
        { REGISTRY_ERROR_JUMP, MANAGER_REASON_COUNTED_TOO_FAR },
    };

    log_refusal(peer, uuid, error->message);
    for (gsize i = 0; i < G_N_ELEMENTS(table); i++) {
        if (g_error_matches(error, REGISTRY_ERROR, (gint)table[i].code)) {
            return table[i].reason;
        }
    }
    return MANAGER_REASON_STORAGE;
}

/* Why @peer may not speak for @vm. */
static ManagerReason objection(const Peer *peer, const RegistryVm *vm)
{
    return !vm                     ? MANAGER_REASON_UNREGISTERED
           : !rule_holds(vm, peer) ? MANAGER_REASON_BREAKS_RULE
                                   : MANAGER_REASON_NONE;
}

/* Why it may not be served, though it may speak. */
static ManagerReason disabled(const RegistryVm *vm)
{
    return vm->enabled ? MANAGER_REASON_NONE : MANAGER_REASON_DISABLED;
}

static ManagerReason refuse(const Peer *peer, const WireUuid *uuid, const RegistryVm *vm,
                            ManagerReason reason)
{
    g_autofree char *advice = reason == MANAGER_REASON_BREAKS_RULE ? rule_advice(vm) : NULL;

    log_refusal(peer, uuid, advice ? advice : manager_reason_text(reason));
    return reason;
}

/* Whether the endorsement keys that a vTPM shows are those of @vm. */
static ManagerReason compare_ek(const RegistryVm *vm, const Endorsements *shown)
{
    if (vm->ek_len == 0) {
        return MANAGER_REASON_NONE;
    }
    for (guint i = 0; i < shown->count; i++) {
        if (wire_bytes_equal((WireBytes){ vm->ek, vm->ek_len }, endorsements_name(shown, i))) {
            return MANAGER_REASON_NONE;
        }
    }
    return shown->count == 0 ? MANAGER_REASON_NO_EK : MANAGER_REASON_OTHER_EK;
}

/* Whether a life of this instance starts now, which is written to the disk. */
static gboolean starts_life(const RegistryVm *vm, const ManagerHello *hello)
{
    return !vms_is_present_life(vm, hello->instance);
}

static ManagerReason count_throttled(Admission *admission, ManagerReason reason)
{
    admission->throttled += reason != MANAGER_REASON_NONE;
    return reason;
}

static ManagerReason ration(Admission *admission, const RegistryVm *vm, LimiterAct act,
                            LimiterCrowd crowd)
{
    return count_throttled(admission, limiter_vm(admission->limiter, &vm->uuid, act,
                                                 vm->group->weight, crowd, g_get_monotonic_time()));
}

ManagerReason admission_greet(Admission *admission, const Peer *peer, const char *group,
                              const WireUuid *uuid)
{
    const ManagerReason reason = count_throttled(
        admission, limiter_group(admission->limiter, group, LIMITER_HELLO, g_get_monotonic_time()));

    return reason == MANAGER_REASON_NONE ? reason : admission_refuse(peer, uuid, reason);
}

/* Whether all that is to be said against it has been, but for the disk. */
static ManagerReason check_hello(Admission *admission, const RegistryVm *vm,
                                 const ManagerHello *hello, const ManagerHello *live,
                                 const Endorsements *shown)
{
    ManagerReason reason = MANAGER_REASON_NONE;

    if (live && memcmp(live->instance, hello->instance, sizeof(live->instance)) != 0) {
        reason = MANAGER_REASON_ANOTHER_VTPM;
    }
    if (reason == MANAGER_REASON_NONE && hello->ek_count != MANAGER_EKS_UNKNOWN) {
        reason = compare_ek(vm, shown);
    }
    if (reason == MANAGER_REASON_NONE && starts_life(vm, hello)) {
        reason = ration(admission, vm, LIMITER_LIFE, LIMITER_ALONE);
    }
    return reason;
}

static RegistryLife life_of(const RegistryVm *vm, const ManagerHello *hello,
                            const Endorsements *shown)
{
    RegistryLife life = { .instance = hello->instance, .stores = hello->stores };

    life.broken = continuity_judge(vm, hello, &life.state) == CONTINUITY_BROKEN;
    if (shown->count > 0) {
        life.ek = endorsements_name(shown, 0);
    }
    return life;
}

/* The one that is connected hears of it with the next reply. */
static void note_rival(Admission *admission, const Peer *peer, const WireUuid *uuid)
{
    g_autofree char *who = describe_peer(peer);
    g_autoptr(GError) error = NULL;

    if (!vms_note_rival(admission->vms, uuid, who, &error)) {
        g_warning("%s", error->message);
    }
}

static char *describe(const ManagerState *state)
{
    return state->known ? dq_hex_encode(state->hash, sizeof(state->hash)) : g_strdup("none");
}

/* Says what was expected, and what became of it. */
static void log_break(const RegistryVm *vm, const Peer *peer, const ManagerHello *hello,
                      const char *outcome)
{
    g_autoptr(GRefString) group = peer_group(peer);
    const ManagerState stored = continuity_stored(&vm->state);
    const ManagerState announced = continuity_announced(&vm->state);
    const ManagerState saved = continuity_saved(&vm->state);
    g_autofree char *uuid = dq_uuid_format(vm->uuid.byte);
    g_autofree char *loaded = describe(&hello->loaded);
    g_autofree char *last = describe(&stored);
    g_autofree char *next = describe(&announced);
    g_autofree char *suspended = describe(&saved);

    log_kind_warn_of(
        &breaks, group,
        "VM %s has a broken history: its vTPM began with the state %s; what was stored "
        "last, at generation %" G_GUINT64_FORMAT ", is %s or %s, and suspended %s: %s",
        uuid, loaded, vm->generation, last, next, suspended, outcome);
}

static ManagerReason begin(Admission *admission, const Peer *peer, const ManagerHello *hello,
                           const RegistryLife *life)
{
    g_autoptr(GError) error = NULL;
    const RegistryVm *vm = vms_find(admission->vms, &hello->uuid);

    if (life->broken && !continuity_allows(vm)) {
        log_break(vm, peer, hello,
                  "it does not start; restore that state, or use vtpm-managerctl vm "
                  "accept");
        vms_note_refused(admission->vms, &hello->uuid);
        return MANAGER_REASON_BROKEN_HISTORY;
    }
    if (life->broken) {
        log_break(vm, peer, hello,
                  vm->accepted ? "as accepted ahead, it goes on in a new lineage"
                               : "it goes on in a new lineage");
    }
    if (!vms_start_life(admission->vms, &hello->uuid, life, &error)) {
        return admission_refuse_error(peer, &hello->uuid, error);
    }
    return MANAGER_REASON_NONE;
}

static ManagerReason start(Admission *admission, const Peer *peer, const ManagerHello *hello,
                           const ManagerHello *live)
{
    const RegistryVm *vm = vms_find(admission->vms, &hello->uuid);
    const Endorsements shown = endorsements_of(hello);
    ManagerReason reason = objection(peer, vm);
    g_autofree char *too_much =
        reason == MANAGER_REASON_NONE ? owners_objection(admission->owners, vm->owner) : NULL;
    RegistryLife life;

    if (too_much) {
        log_refusal(peer, &hello->uuid, too_much);
        return MANAGER_REASON_BREAKS_RULE;
    }
    if (reason == MANAGER_REASON_NONE) {
        reason = check_hello(admission, vm, hello, live, &shown);
    }
    if (reason == MANAGER_REASON_ANOTHER_VTPM) {
        note_rival(admission, peer, &hello->uuid);
        vm = vms_find(admission->vms, &hello->uuid);
    }
    if (reason != MANAGER_REASON_NONE) {
        return refuse(peer, &hello->uuid, vm, reason);
    }
    life = life_of(vm, hello, &shown);
    return begin(admission, peer, hello, &life);
}

ManagerReason admission_start(Admission *admission, const Peer *peer, const char *group,
                              const WireUuid *uuid)
{
    const RegistryVm *vm = vms_find(admission->vms, uuid);
    ManagerReason reason = admission_greet(admission, peer, group, uuid);
    g_autofree char *too_much = vm ? owners_objection(admission->owners, vm->owner) : NULL;

    if (reason != MANAGER_REASON_NONE) {
        return reason;
    }
    if (too_much) {
        log_refusal(peer, uuid, too_much);
        return MANAGER_REASON_BREAKS_RULE;
    }
    reason = !vm                      ? MANAGER_REASON_UNREGISTERED
             : !rule_starts(vm, peer) ? MANAGER_REASON_BREAKS_RULE
                                      : MANAGER_REASON_NONE;
    return reason == MANAGER_REASON_NONE ? reason : refuse(peer, uuid, vm, reason);
}

/* Whether it takes the disk, for which everybody waits. */
static gboolean writes(const Admission *admission, const ManagerHello *hello)
{
    const RegistryVm *vm = vms_find(admission->vms, &hello->uuid);

    return vm && starts_life(vm, hello);
}

int64_t admission_hello_after(const Admission *admission, const ManagerHello *hello)
{
    return writes(admission, hello) ? admission->disk_rests_until : 0;
}

ManagerReason admission_hello(Admission *admission, const Peer *peer, const ManagerHello *hello,
                              const ManagerHello *live)
{
    const gboolean write = writes(admission, hello);
    const int64_t begun = g_get_monotonic_time();
    const ManagerReason reason = start(admission, peer, hello, live);
    const int64_t done = g_get_monotonic_time();

    if (write) {
        admission->disk_rests_until = done + DISK_RESTS * (done - begun);
    }
    return reason;
}

static ManagerReason find(Admission *admission, const Peer *peer, const WireUuid *uuid,
                          gboolean serve, LimiterAct act, LimiterCrowd crowd,
                          const RegistryVm **ret_vm)
{
    const RegistryVm *vm = vms_find(admission->vms, uuid);
    ManagerReason reason = objection(peer, vm);

    if (reason == MANAGER_REASON_NONE && serve) {
        reason = disabled(vm);
    }
    if (reason == MANAGER_REASON_NONE) {
        reason = ration(admission, vm, act, crowd);
    }
    if (reason != MANAGER_REASON_NONE) {
        return refuse(peer, uuid, vm, reason);
    }
    *ret_vm = vm;
    return MANAGER_REASON_NONE;
}

ManagerReason admission_find(Admission *admission, const Peer *peer, const WireUuid *uuid,
                             LimiterAct act, LimiterCrowd crowd, const RegistryVm **ret_vm)
{
    return find(admission, peer, uuid, TRUE, act, crowd, ret_vm);
}

ManagerReason admission_follow(Admission *admission, const Peer *peer, const WireUuid *uuid,
                               LimiterAct act, const RegistryVm **ret_vm)
{
    return find(admission, peer, uuid, FALSE, act, LIMITER_ALONE, ret_vm);
}
