/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "vtpm/rule.h"

#include <string.h>

#include "attest/deepquote.h"

/* The folders of control groups are named as systemd names units: \x2d stands for a dash. */
#define UNITS "/system.slice/system-swtpm\\x2ddeepquote.slice/swtpm-deepquote@"
#define DOMAINS "/machine.slice/machine-qemu\\x2d"

static const char *const libvirt_services[] = {
    "/system.slice/libvirtd.service",
    "/system.slice/virtqemud.service",
};

/* What is left of @text behind @prefix; NULL where it does not begin so. */
static const char *behind(const char *text, const char *prefix)
{
    return text && g_str_has_prefix(text, prefix) ? text + strlen(prefix) : NULL;
}

static gboolean in_own_unit(const RegistryVm *vm, const Peer *peer)
{
    g_autofree char *uuid = dq_uuid_format(vm->uuid.byte);

    return g_strcmp0(behind(behind(peer->cgroup, UNITS), uuid), ".service") == 0;
}

/* Whether a control group is the scope of a domain, or one below it. */
static gboolean is_domain(const char *cgroup)
{
    const char *name = behind(cgroup, DOMAINS);
    g_autofree char *scope = name ? g_strndup(name, strcspn(name, "/")) : NULL;

    return scope && g_str_has_suffix(scope, ".scope");
}

static gboolean is_libvirt_itself(const char *cgroup)
{
    for (gsize i = 0; i < G_N_ELEMENTS(libvirt_services); i++) {
        if (g_strcmp0(cgroup, libvirt_services[i]) == 0) {
            return TRUE;
        }
    }
    return FALSE;
}

static gboolean is_libvirt(const char *cgroup)
{
    return is_libvirt_itself(cgroup) || is_domain(cgroup);
}

static gboolean is_owner(const RegistryVm *vm, const Peer *peer)
{
    return peer->process.uid == vm->owner;
}

/* A profile alone says little: a process that has none may choose one. */
static gboolean in_own_profile(const RegistryVm *vm, const Peer *peer)
{
    g_autofree char *uuid = dq_uuid_format(vm->uuid.byte);

    return g_strcmp0(behind(behind(peer->label, "libvirt-"), uuid), " (enforce)") == 0 &&
           is_libvirt(peer->cgroup) && is_owner(vm, peer);
}

/*
 * swtpm_setup, which libvirt runs beside itself and in no domain's profile. What runs in one cannot
 * get out of it, so this is no vTPM that was broken into, whichever VM's it is.
 */
static gboolean set_up_by_libvirt(const RegistryVm *vm, const Peer *peer)
{
    return peer->label && !strstr(peer->label, "libvirt-") && is_libvirt_itself(peer->cgroup) &&
           is_owner(vm, peer);
}

static gboolean started_by_libvirt(const RegistryVm *vm, const Peer *peer)
{
    return in_own_profile(vm, peer) || set_up_by_libvirt(vm, peer);
}

static char *advise_unit(const RegistryVm *vm)
{
    g_autofree char *uuid = dq_uuid_format(vm->uuid.byte);

    return g_strdup_printf("it is to run in the control group " UNITS "%s.service: give QEMU the "
                           "socket of swtpm-deepquote@%s.socket, or change the rule",
                           uuid, uuid);
}

static char *advise_libvirt(const RegistryVm *vm)
{
    g_autofree char *uuid = dq_uuid_format(vm->uuid.byte);

    return g_strdup_printf("it is to run as user %u, in the AppArmor profile libvirt-%s, enforced, "
                           "and in the control group of a domain or of libvirt: let libvirt start "
                           "it on a host with AppArmor, or change the rule or its --owner",
                           vm->owner, uuid);
}

static char *advise_user(const RegistryVm *vm)
{
    return g_strdup_printf("it is to run as user %u: run it so, or change the rule or its --owner",
                           vm->owner);
}

/* Who is in a unit cannot leave it. */
static gboolean is_of_another_unit(const Peer *vtpm, const Peer *other)
{
    const char *below = vtpm->cgroup ? behind(other->cgroup, vtpm->cgroup) : NULL;

    return other->cgroup && (!below || (below[0] != '\0' && below[0] != '/'));
}

static gboolean is_another_user_of_profile(const Peer *vtpm, const Peer *other)
{
    return vtpm->label && g_strcmp0(vtpm->label, other->label) == 0 &&
           vtpm->process.uid != other->process.uid;
}

static gboolean is_any(G_GNUC_UNUSED const Peer *vtpm, G_GNUC_UNUSED const Peer *other)
{
    return TRUE;
}

static const struct {
    gboolean (*holds)(const RegistryVm *vm, const Peer *peer);
    gboolean (*starts)(const RegistryVm *vm, const Peer *peer);
    gboolean (*apart)(const Peer *vtpm, const Peer *other);
    char *(*advise)(const RegistryVm *vm);
} rules[REGISTRY_RULE_COUNT] = {
    [REGISTRY_RULE_UNIT] = { in_own_unit, in_own_unit, is_of_another_unit, advise_unit },
    [REGISTRY_RULE_LIBVIRT] = { in_own_profile, started_by_libvirt, is_another_user_of_profile,
                                advise_libvirt },
    [REGISTRY_RULE_USER] = { is_owner, is_owner, is_any, advise_user },
};

gboolean rule_holds(const RegistryVm *vm, const Peer *peer)
{
    return rules[vm->rule].holds(vm, peer);
}

gboolean rule_starts(const RegistryVm *vm, const Peer *peer)
{
    return rules[vm->rule].starts(vm, peer);
}

gboolean (*rule_apart(const RegistryVm *vm))(const Peer *vtpm, const Peer *other)
{
    return rules[vm->rule].apart;
}

char *rule_advice(const RegistryVm *vm)
{
    g_autofree char *uuid = dq_uuid_format(vm->uuid.byte);
    g_autofree char *advice = rules[vm->rule].advise(vm);

    return g_strdup_printf("its vTPM breaks the rule \"%s\": %s (vtpm-managerctl rule %s)",
                           registry_rule_name(vm->rule), advice, uuid);
}
