/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "vtpm/admission.h"

#include <string.h>

#include "attest/deepquote.h"

enum {
    LOGS_AT_ONCE = 20, /* refusals in one LOG_WINDOW_S; guests can cause them at will */
    LOG_WINDOW_S = 10,
};

struct Admission {
    RegistryVms *vms;
    Limiter *limiter;
    gboolean auto_register;
    guint64 throttled;
    gint64 log_window; /* its start, in seconds */
    guint logged;      /* since then */
};

Admission *admission_new(RegistryVms *vms, Limiter *limiter, gboolean auto_register)
{
    Admission *admission = g_new0(Admission, 1);

    admission->vms = vms;
    admission->limiter = limiter;
    admission->auto_register = auto_register;
    return admission;
}

void admission_free(Admission *admission)
{
    g_free(admission);
}

guint64 admission_throttled(const Admission *admission)
{
    return admission->throttled;
}

void admission_log_refusal(Admission *admission, const UnixPeer *peer, const WireUuid *uuid,
                           const char *why)
{
    gint64 now = g_get_monotonic_time() / G_USEC_PER_SEC;
    g_autofree char *text = NULL;

    if (now - admission->log_window >= LOG_WINDOW_S) {
        admission->log_window = now;
        admission->logged = 0;
    }
    if (admission->logged++ >= LOGS_AT_ONCE) {
        return;
    }
    text = dq_uuid_format(uuid->byte);
    g_warning("VM %s (process %d, uid %u) is refused: %s%s", text, (int)peer->pid, peer->uid, why,
              admission->logged == LOGS_AT_ONCE ? " (more refusals are not logged now)" : "");
}

static const RegistryVm *find_or_register(Admission *admission, const UnixPeer *peer,
                                          const WireUuid *uuid)
{
    const RegistryVm *vm = vms_find(admission->vms, uuid);
    g_autoptr(GError) error = NULL;

    if (vm || !admission->auto_register) {
        return vm;
    }
    if (!vms_register(admission->vms, uuid, peer->uid, NULL, NULL, (WireBytes){ 0 }, &error)) {
        g_warning("a new VM cannot be registered: %s", error->message);
        return NULL;
    }
    return vms_find(admission->vms, uuid);
}

/* Why @peer may not speak for @vm; NULL: it may. */
static const char *objection(const UnixPeer *peer, const RegistryVm *vm)
{
    if (!vm) {
        return "it is not registered; use vtpm-managerctl register";
    }
    if (!vm->enabled) {
        return "it is disabled; use vtpm-managerctl enable";
    }
    if (vm->owner != peer->uid) {
        return "its vTPM runs as another user than the registered owner; register it with --owner";
    }
    return NULL;
}

static gboolean same_instance(const uint8_t *a, const uint8_t *b)
{
    return memcmp(a, b, MANAGER_INSTANCE_SIZE) == 0;
}

/* Whether a life of this instance starts now, which is written to the disk. */
static gboolean starts_life(const RegistryVm *vm, const ManagerHello *hello)
{
    return !vm->has_instance || !same_instance(vm->instance, hello->instance);
}

ManagerStatus admission_hello(Admission *admission, const UnixPeer *peer, const ManagerHello *hello,
                              const ManagerHello *live)
{
    const RegistryVm *vm = find_or_register(admission, peer, &hello->uuid);
    const char *why = objection(peer, vm);
    g_autoptr(GError) error = NULL;

    if (!why && live && !same_instance(live->instance, hello->instance)) {
        why = "another vTPM with this UUID is connected; stop that one, or give this VM its own";
    }
    if (why) {
        admission_log_refusal(admission, peer, &hello->uuid, why);
        return MANAGER_DENIED;
    }
    if (starts_life(vm, hello) &&
        !limiter_life(admission->limiter, &hello->uuid, g_get_monotonic_time())) {
        admission->throttled++;
        admission_log_refusal(admission, peer, &hello->uuid,
                              "its vTPM starts anew too often; find out what restarts it");
        return MANAGER_BUSY;
    }
    if (!vms_start_life(admission->vms, &hello->uuid, hello->instance, &error)) {
        admission_log_refusal(admission, peer, &hello->uuid, error->message);
        return MANAGER_DENIED;
    }
    return MANAGER_OK;
}

const RegistryVm *admission_find(Admission *admission, const UnixPeer *peer, const WireUuid *uuid)
{
    const RegistryVm *vm = vms_find(admission->vms, uuid);
    const char *why = objection(peer, vm);

    if (why) {
        admission_log_refusal(admission, peer, uuid, why);
        return NULL;
    }
    return vm;
}

gboolean admission_throttle(Admission *admission, const UnixPeer *peer, const RegistryVm *vm,
                            gboolean others_wait)
{
    if (limiter_request(admission->limiter, &vm->uuid, vm->group->weight, g_get_monotonic_time()) ||
        !others_wait) {
        return FALSE;
    }
    admission->throttled++;
    admission_log_refusal(
        admission, peer, &vm->uuid,
        "it asks more often than --vm-rate and its group's weight allow, and others wait");
    return TRUE;
}
