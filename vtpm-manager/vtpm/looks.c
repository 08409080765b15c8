/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "vtpm/looks.h"

#include "daemon/log_kind.h"
#include "measure/launch.h"
#include "measure/process_parts.h"
#include "vtpm/rule.h"

enum { POLL_US = 1000 }; /* until something is known */

static LogKind unmeasured = LOG_KIND("vTPMs of which it cannot be told what they run");
static LogKind unseen = LOG_KIND("vTPMs of which it cannot be told what their VMs started with");

static Measurement *start_process(Measurer *measurer, G_GNUC_UNUSED RegistryVms *vms,
                                  VtpmConnection *connection)
{
    return process_parts_start(measurer, vtpm_connection_open(connection));
}

static Measurement *start_launch(Measurer *measurer, RegistryVms *vms, VtpmConnection *connection)
{
    const WireUuid *uuid = &vtpm_connection_hello(connection)->uuid;
    const RegistryVm *vm = vms_find(vms, uuid);

    return vm ? launch_start(measurer, vtpm_connection_open(connection),
                             vtpm_connection_peer(connection), rule_apart(vm), uuid)
              : NULL;
}

/* What may be asked for by a flag, and page by page. */
static const struct {
    uint32_t flag;
    uint32_t what;
    Measurement *(*start)(Measurer *measurer, RegistryVms *vms, VtpmConnection *connection);
    LogKind *kind;
    const char *subject;
} looks[VTPM_LOOKS] = {
    [VTPM_LOOK_PROCESS] = { DEEPQUOTE_VTPM_MEASUREMENTS, DEEPQUOTE_VTPM_PARTS, start_process,
                            &unmeasured, "this vTPM runs" },
    [VTPM_LOOK_LAUNCH] = { DEEPQUOTE_VM_LAUNCH, DEEPQUOTE_VM_LAUNCH_PARTS, start_launch, &unseen,
                           "the VM of this vTPM was started with" },
};

/* Whether the VM's group lets only vTPMs answer whose process was seen. */
static gboolean is_limited(RegistryVms *vms, const VtpmConnection *connection)
{
    const RegistryVm *vm = vms_find(vms, &vtpm_connection_hello(connection)->uuid);

    return vm && groups_vtpm_list(vm->group);
}

/* Whether the request is about what is seen by this look, and comes from one that was welcome. */
static gboolean needs(RegistryVms *vms, const VtpmConnection *connection,
                      const ManagerMessage *message, VtpmLook look)
{
    const gboolean quotes = message->type == MANAGER_PREPARE || message->type == MANAGER_QUOTE;
    const uint32_t flags = message->type == MANAGER_PREPARE ? message->prepare.flags
                           : message->type == MANAGER_QUOTE ? message->quote.flags
                                                            : 0;

    return vtpm_connection_hello(connection) &&
           ((flags & looks[look].flag) != 0 ||
            (message->type == MANAGER_CREDENTIAL && message->credential.what == looks[look].what) ||
            (look == VTPM_LOOK_PROCESS && quotes && is_limited(vms, connection)));
}

void looks_begin(Measurer *measurer, RegistryVms *vms, VtpmConnection *connection, VtpmLook look)
{
    const Measurement *seen = vtpm_connection_look(connection, look);

    if (!seen || measurement_is_over(seen)) {
        vtpm_connection_set_look(connection, look, looks[look].start(measurer, vms, connection));
    }
}

static void tell_why(const VtpmConnection *connection, VtpmLook look, Measurement *seen)
{
    const Peer *peer = vtpm_connection_peer(connection);

    if (measurement_tell(seen)) {
        log_kind_warn(looks[look].kind, "process %d, uid %u: what %s cannot be told: %s",
                      (int)peer->process.pid, peer->process.uid, looks[look].subject,
                      measurement_why(seen));
    }
}

gboolean looks_wait(Measurer *measurer, RegistryVms *vms, VtpmConnection *connection,
                    const ManagerMessage *message)
{
    for (VtpmLook look = 0; look < VTPM_LOOKS; look++) {
        Measurement *seen;

        if (!needs(vms, connection, message, look)) {
            continue;
        }
        looks_begin(measurer, vms, connection, look);
        seen = vtpm_connection_look(connection, look);
        if (seen && !measurement_ready(seen)) {
            vtpm_connection_postpone(connection, g_get_monotonic_time() + POLL_US);
            return TRUE;
        }
        if (seen) {
            tell_why(connection, look, seen);
        }
    }
    return FALSE;
}

VtpmLook looks_of(uint32_t what)
{
    VtpmLook look = 0;

    while (look < VTPM_LOOKS && looks[look].what != what) {
        look++;
    }
    return look;
}

gboolean looks_known(const VtpmConnection *connection, VtpmLook look)
{
    const Measurement *seen = vtpm_connection_look(connection, look);

    return !seen || measurement_ready(seen);
}

const char *looks_why(const VtpmConnection *connection, VtpmLook look)
{
    const Measurement *seen = vtpm_connection_look(connection, look);

    return seen && measurement_ready(seen) ? measurement_why(seen) : NULL;
}

GBytes *looks_parts(const VtpmConnection *connection, VtpmLook look)
{
    const Measurement *seen = vtpm_connection_look(connection, look);

    return seen && measurement_ready(seen) ? measurement_parts(seen) : NULL;
}

const uint8_t *looks_digest(const VtpmConnection *connection, VtpmLook look)
{
    return looks_parts(connection, look)
               ? measurement_digest(vtpm_connection_look(connection, look))
               : NULL;
}

gboolean looks_seen_all(const VtpmConnection *connection, uint32_t flags)
{
    for (VtpmLook look = 0; look < VTPM_LOOKS; look++) {
        if ((flags & looks[look].flag) != 0 && !looks_parts(connection, look)) {
            return FALSE;
        }
    }
    return TRUE;
}
