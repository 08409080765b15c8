/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "vm_life.h"

#include <gio/gio.h>
#include <grp.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "json.h"
#include "manager_defaults.h"
#include "vm_manager.h"
#include "vm_setup.h"
#include "vm_system.h"

/** A VM that is being made or removed. */
typedef struct Life {
    const VmUnit *unit;
    const CtlOptions *options;
    char *ek; /* Name of its endorsement key; NULL: not known */
} Life;

/** A step there and the way back, which does not mind that there is nothing to undo. */
typedef struct Step {
    const char *what; /* there is while it is done */
    gboolean (*make)(Life *life, GError **error);
    gboolean (*remove)(const Life *life, GError **error);
} Step;

static gboolean make_state(Life *life, GError **error)
{
    return life->options->keep_state || vm_setup(life->unit, life->options, &life->ek, error);
}

static gboolean remove_state(const Life *life, GError **error)
{
    return life->options->keep_state || (vm_tree_remove(life->unit->state_link, error) &&
                                         vm_tree_remove(life->unit->state, error));
}

static const char *qemu_group(const CtlOptions *options)
{
    return options->qemu_group ? options->qemu_group : VM_QEMU_GROUP;
}

static gboolean write_settings(const char *path, const char *section, const char *key,
                               const char *value, GError **error)
{
    g_autofree char *text = g_strdup_printf(
        "# Of vtpm-managerctl vm new; vm delete removes it\n[%s]\n%s=%s\n", section, key, value);

    return vm_file_write(path, text, strlen(text), 0644, error);
}

static gboolean remove_settings(const Life *life, GError **error)
{
    const VmUnit *unit = life->unit;
    g_autofree char *of_service = g_path_get_dirname(unit->service_settings);
    g_autofree char *of_socket = g_path_get_dirname(unit->socket_settings);

    if (!vm_tree_remove(unit->service_settings, error) ||
        !vm_tree_remove(unit->socket_settings, error)) {
        return FALSE;
    }
    rmdir(of_service); /* unless the administrator has more in there */
    rmdir(of_socket);
    return vm_systemctl("daemon-reload", NULL, NULL, error);
}

static gboolean make_settings(Life *life, GError **error)
{
    const VmUnit *unit = life->unit;
    gboolean made = write_settings(unit->service_settings, "Service", "User", unit->user, error) &&
                    write_settings(unit->socket_settings, "Socket", "SocketGroup",
                                   qemu_group(life->options), error) &&
                    vm_systemctl("daemon-reload", NULL, NULL, error);

    if (!made) {
        remove_settings(life, NULL);
    }
    return made;
}

static gboolean make_registration(Life *life, GError **error)
{
    const char *ek = life->options->ek ? life->options->ek : life->ek;

    return vm_manager_register(life->unit, life->options, ek, error);
}

static gboolean remove_registration(const Life *life, GError **error)
{
    return vm_manager_unregister(life->unit, life->options, error);
}

static gboolean has_units(const VmUnit *unit)
{
    return g_file_test(unit->service_settings, G_FILE_TEST_EXISTS) ||
           g_file_test(unit->socket_settings, G_FILE_TEST_EXISTS);
}

/* What `vm edit` set goes too. */
static gboolean stop_units(const Life *life, GError **error)
{
    const VmUnit *unit = life->unit;
    const char *const disable[] = { "systemctl", "--quiet",         "disable",
                                    "--now",     unit->socket_unit, NULL };

    return !has_units(unit) ||
           (vm_program(disable, NULL, error) && vm_systemctl("stop", unit->service, NULL, error) &&
            vm_systemctl("revert", unit->service, NULL, error));
}

static gboolean start_units(Life *life, GError **error)
{
    const char *const enable[] = {
        "systemctl", "--quiet", "enable", "--now", life->unit->socket_unit, NULL
    };

    if (!vm_program(enable, NULL, error)) {
        stop_units(life, NULL);
        return FALSE;
    }
    return TRUE;
}

static const Step steps[] = {
    { "the TPM's state", make_state, remove_state },
    { "the settings of its units", make_settings, remove_settings },
    { "the registration", make_registration, remove_registration },
    { "the units", start_units, stop_units },
};

/* Nothing that `new` makes may be there, or undoing it would remove what was before. */
static gboolean may_make(const Life *life, GError **error)
{
    const VmUnit *unit = life->unit;
    gboolean state = g_file_test(unit->state, G_FILE_TEST_EXISTS);
    JsonObject *vm = NULL;

    if (!getgrnam(qemu_group(life->options))) {
        g_set_error(error, G_IO_ERROR, G_IO_ERROR_NOT_FOUND,
                    "there is no group %s, which would be let to the socket: give that of QEMU's "
                    "user by --qemu-group",
                    qemu_group(life->options));
        return FALSE;
    }
    if (state != life->options->keep_state) {
        g_set_error(error, G_IO_ERROR, state ? G_IO_ERROR_EXISTS : G_IO_ERROR_NOT_FOUND,
                    state ? "%s is there already: use it with --keep-state, or remove it with vm "
                            "delete"
                          : "%s is not there to be kept: leave --keep-state out",
                    unit->state);
        return FALSE;
    }
    if (has_units(unit)) {
        g_set_error(error, G_IO_ERROR, G_IO_ERROR_EXISTS,
                    "the units of this VM have settings already: see vm show, or remove them with "
                    "vm delete");
        return FALSE;
    }
    if (!vm_manager_find(unit, life->options, &vm, error)) {
        return FALSE;
    }
    if (vm) {
        json_object_unref(vm);
        g_set_error(error, G_IO_ERROR, G_IO_ERROR_EXISTS,
                    "this VM is registered already: vtpm-managerctl unregister it first; it keeps "
                    "its epoch and generation");
        return FALSE;
    }
    return TRUE;
}

/* Goes back from before step @at, and adds to the error what could not be undone. */
static void undo(const Life *life, gsize at, GError **error)
{
    while (at-- > 0) {
        g_autoptr(GError) why = NULL;

        if (!steps[at].remove(life, &why)) {
            g_autofree char *before = g_strdup((*error)->message);

            g_free((*error)->message);
            (*error)->message =
                g_strdup_printf("%s; %s could not be undone (%s): vm delete %s "
                                "does it",
                                before, steps[at].what, why->message, life->unit->uuid);
        }
    }
}

JsonObject *vm_new(const VmUnit *unit, const CtlOptions *options, G_GNUC_UNUSED char **words,
                   GError **error)
{
    Life life = { .unit = unit, .options = options };
    GError *why = NULL;
    JsonObject *answer;

    if (!may_make(&life, error)) {
        return NULL;
    }
    for (gsize i = 0; i < G_N_ELEMENTS(steps); i++) {
        if (!steps[i].make(&life, &why)) {
            undo(&life, i, &why);
            g_free(life.ek);
            g_propagate_error(error, why);
            return NULL;
        }
    }
    answer = json_object_new();
    json_object_set_string_member(answer, "uuid", unit->uuid);
    json_object_set_string_member(answer, "service", unit->service);
    json_object_set_string_member(answer, "socket", unit->address);
    json_object_set_string_member(answer, "ek", options->ek ? options->ek : life.ek ? life.ek : "");
    g_free(life.ek);
    return answer;
}

void vm_print_new(JsonObject *answer)
{
    printf("UUID            %s\nsocket          %s\nendorsement key %s\n", text_of(answer, "uuid"),
           text_of(answer, "socket"),
           *text_of(answer, "ek") ? text_of(answer, "ek") : "the first that it shows is kept");
}

static gboolean confirmed(const VmUnit *unit, const CtlOptions *options, GError **error)
{
    char line[8] = "";

    if (options->yes) {
        return TRUE;
    }
    if (isatty(STDIN_FILENO)) {
        fprintf(stderr, "Stop and remove the TPM of VM %s%s? Type yes: ", unit->uuid,
                options->keep_state ? ", but for its state" : ", with all keys in it");
        if (fgets(line, sizeof(line), stdin) && g_str_equal(line, "yes\n")) {
            return TRUE;
        }
    }
    g_set_error(error, G_IO_ERROR, G_IO_ERROR_CANCELLED,
                "nothing was removed: type yes when asked, or give --yes");
    return FALSE;
}

JsonObject *vm_delete(const VmUnit *unit, const CtlOptions *options, G_GNUC_UNUSED char **words,
                      GError **error)
{
    const Life life = { .unit = unit, .options = options };
    JsonObject *answer;

    if (!confirmed(unit, options, error)) {
        return NULL;
    }
    for (gsize i = G_N_ELEMENTS(steps); i-- > 0;) {
        if (!steps[i].remove(&life, error)) {
            g_prefix_error(
                error, "%s could not be removed, and what comes after was left: ", steps[i].what);
            return NULL;
        }
    }
    answer = json_object_new();
    json_object_set_string_member(answer, "uuid", unit->uuid);
    json_object_set_boolean_member(answer, "state_kept", options->keep_state);
    return answer;
}
