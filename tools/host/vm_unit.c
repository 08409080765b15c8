/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "vm_unit.h"

#include "attest/deepquote.h"
#include "manager_defaults.h"

#define TEMPLATE "swtpm-deepquote"

enum { DIGIT_BITS = 5 };

/*
 * The name of the user. All instances of a template share one unless each is given its own, and 31
 * characters are as many as a name can have: the UUID is in 26 digits of base 32.
 */
static char *user_name(const uint8_t uuid[DQ_UUID_SIZE])
{
    static const char digits[] = "abcdefghijklmnopqrstuvwxyz234567";
    GString *name = g_string_new("vtpm-");
    guint bits = 0;
    guint held = 0;

    for (gsize i = 0; i < DQ_UUID_SIZE; i++) {
        held = held << 8 | uuid[i];
        for (bits += 8; bits >= DIGIT_BITS; bits -= DIGIT_BITS) {
            g_string_append_c(name, digits[held >> (bits - DIGIT_BITS) & 31]);
        }
    }
    g_string_append_c(name, digits[held << (DIGIT_BITS - bits) & 31]);
    return g_string_free(name, FALSE);
}

VmUnit *vm_unit_new(const char *uuid, GError **error)
{
    uint8_t bytes[DQ_UUID_SIZE];
    VmUnit *unit;

    if (!dq_uuid_parse(uuid, bytes, NULL)) {
        g_set_error(error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE,
                    "%s is not a UUID: give that of the VM, as virsh domuuid tells it", uuid);
        return NULL;
    }
    unit = g_new0(VmUnit, 1);
    unit->uuid = dq_uuid_format(bytes);
    unit->service = g_strconcat(TEMPLATE "@", unit->uuid, ".service", NULL);
    unit->socket_unit = g_strconcat(TEMPLATE "@", unit->uuid, ".socket", NULL);
    unit->user = user_name(bytes);
    unit->address = g_strconcat(VM_SOCKET_DIR "/", unit->uuid, ".sock", NULL);
    unit->state = g_build_filename(VM_STATE_DIR, unit->uuid, NULL);
    unit->state_link = g_build_filename(VM_STATE_LINK_DIR, unit->uuid, NULL);
    unit->state_directory = g_build_filename(TEMPLATE, unit->uuid, NULL);
    unit->service_settings = g_strconcat(VM_DROP_IN_DIR "/", unit->service, ".d/vm.conf", NULL);
    unit->socket_settings = g_strconcat(VM_DROP_IN_DIR "/", unit->socket_unit, ".d/vm.conf", NULL);
    unit->conf = g_strconcat(VM_CONF_DIR "/", unit->uuid, ".conf", NULL);
    return unit;
}

void vm_unit_free(VmUnit *unit)
{
    char *all[] = { unit->uuid,
                    unit->service,
                    unit->socket_unit,
                    unit->user,
                    unit->address,
                    unit->state,
                    unit->conf,
                    unit->state_directory,
                    unit->service_settings,
                    unit->socket_settings,
                    unit->state_link };

    for (gsize i = 0; i < G_N_ELEMENTS(all); i++) {
        g_free(all[i]);
    }
    g_free(unit);
}
