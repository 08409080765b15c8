/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "vm_edit.h"

#include <gio/gio.h>

#include "vm_manager.h"
#include "vm_system.h"

enum { CPU_WEIGHT_MAX = 10000 };

/* systemd keeps it, and it holds at once for a vTPM that runs. */
static gboolean set_property(const VmUnit *unit, const char *name, const char *value,
                             GError **error)
{
    g_autofree char *assignment = g_strconcat(name, "=", value, NULL);
    const char *const argv[] = { "systemctl",   "--quiet",  "set-property",
                                 unit->service, assignment, NULL };

    return vm_program(argv, NULL, error);
}

static gboolean usage(const CtlOptions *options, GError **error)
{
    const char *wrong = NULL;

    if (!options->name && !options->group && !options->memory_max && options->cpu_weight == 0) {
        wrong = "vm edit needs --name, --group, --memory-max or --cpu-weight";
    } else if (options->cpu_weight < 0 || options->cpu_weight > CPU_WEIGHT_MAX) {
        wrong = "--cpu-weight is 1 to 10000";
    } else if (options->name && !g_utf8_validate(options->name, -1, NULL)) {
        wrong = "--name: give the name in UTF-8";
    }
    if (wrong) {
        g_set_error(error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE, "%s", wrong);
    }
    return !wrong;
}

JsonObject *vm_edit(const VmUnit *unit, const CtlOptions *options, G_GNUC_UNUSED char **words,
                    GError **error)
{
    g_autofree char *weight = g_strdup_printf("%d", options->cpu_weight);
    JsonObject *answer;

    if (!usage(options, error)) {
        return NULL;
    }
    if (!g_file_test(unit->service_settings, G_FILE_TEST_EXISTS)) {
        g_set_error(error, G_IO_ERROR, G_IO_ERROR_NOT_FOUND,
                    "the vTPM of this VM is no unit: vm new makes one; vtpm-managerctl rename and "
                    "move are for all others");
        return NULL;
    }
    if ((options->memory_max && !set_property(unit, "MemoryMax", options->memory_max, error)) ||
        (options->cpu_weight && !set_property(unit, "CPUWeight", weight, error)) ||
        (options->name && !vm_manager_set(unit, options, "rename", "name", options->name, error)) ||
        (options->group &&
         !vm_manager_set(unit, options, "move", "group", options->group, error))) {
        return NULL;
    }
    answer = json_object_new();
    json_object_set_string_member(answer, "uuid", unit->uuid);
    return answer;
}
