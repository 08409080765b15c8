/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "vm_show.h"

#include <errno.h>
#include <gio/gio.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "json.h"
#include "print.h"
#include "vm_manager.h"
#include "vm_system.h"

#define PROPERTIES                                                                                 \
    "ActiveState,SubState,Result,UnitFileState,MainPID,MemoryCurrent,MemoryMax,CPUWeight"

/* How systemd's properties are called here. */
static const struct {
    const char *property;
    const char *member;
} shown[] = {
    { "ActiveState", "active" },
    { "SubState", "sub" },
    { "Result", "result" },
    { "UnitFileState", "enabled" },
    { "MainPID", "pid" },
    { "MemoryMax", "memory_max" },
    { "MemoryCurrent", "memory_used" },
    { "CPUWeight", "cpu_weight" },
};

static JsonObject *describe_unit(const char *name)
{
    g_autoptr(GHashTable) properties = vm_properties(name, PROPERTIES);
    JsonObject *object = json_object_new();

    json_object_set_string_member(object, "unit", name);
    for (gsize i = 0; i < G_N_ELEMENTS(shown); i++) {
        const char *value = g_hash_table_lookup(properties, shown[i].property);

        if (value && !g_str_equal(value, "[not set]")) {
            json_object_set_string_member(object, shown[i].member, value);
        }
    }
    return object;
}

/* The files of the TPM's state; empty where there are none, or only root may look. */
static JsonArray *describe_files(const VmUnit *unit)
{
    JsonArray *files = json_array_new();
    GDir *folder = g_dir_open(unit->state, 0, NULL);

    for (const char *name; folder && (name = g_dir_read_name(folder));) {
        g_autofree char *path = g_build_filename(unit->state, name, NULL);
        struct stat st;

        if (lstat(path, &st) == 0) {
            JsonObject *file = json_object_new();

            json_object_set_string_member(file, "name", name);
            json_object_set_int_member(file, "size", st.st_size);
            json_array_add_object_element(files, file);
        }
    }
    if (folder) {
        g_dir_close(folder);
    }
    return files;
}

JsonObject *vm_show(const VmUnit *unit, const CtlOptions *options, G_GNUC_UNUSED char **words,
                    GError **error)
{
    JsonObject *answer;
    JsonObject *vm = NULL;

    if (!vm_manager_find(unit, options, &vm, error)) {
        return NULL;
    }
    if (!vm && !g_file_test(unit->state, G_FILE_TEST_EXISTS) &&
        !g_file_test(unit->service_settings, G_FILE_TEST_EXISTS)) {
        g_set_error(error, G_IO_ERROR, G_IO_ERROR_NOT_FOUND,
                    "there is no such VM: vm new makes one, and vtpm-managerctl list shows all "
                    "that are registered");
        return NULL;
    }
    answer = json_object_new();
    if (vm) {
        json_object_set_object_member(answer, "vm", vm);
    }
    json_object_set_string_member(answer, "uuid", unit->uuid);
    json_object_set_string_member(answer, "user", unit->user);
    json_object_set_string_member(answer, "address", unit->address);
    json_object_set_string_member(answer, "conf", unit->conf);
    json_object_set_object_member(answer, "service", describe_unit(unit->service));
    json_object_set_object_member(answer, "socket", describe_unit(unit->socket_unit));
    json_object_set_string_member(answer, "state", unit->state);
    json_object_set_array_member(answer, "files", describe_files(unit));
    return answer;
}

static void print_unit(const char *label, JsonObject *unit)
{
    printf("%-15s %s (%s)\n", label, or_none(text_of(unit, "active")), text_of(unit, "unit"));
    if (*text_of(unit, "result") && !g_str_equal(text_of(unit, "result"), "success")) {
        printf("%-15s %s: journalctl -u '%s' tells more\n", "", text_of(unit, "result"),
               text_of(unit, "unit"));
    }
}

void vm_print_show(JsonObject *answer)
{
    JsonObject *service = json_object_get_object_member(answer, "service");
    JsonArray *files = json_object_get_array_member(answer, "files");

    if (json_object_has_member(answer, "vm")) {
        ctl_print_vm(answer);
    } else {
        printf("UUID            %s\nstate           not registered\n", text_of(answer, "uuid"));
    }
    print_unit("socket unit", json_object_get_object_member(answer, "socket"));
    print_unit("vTPM", service);
    printf("at most         %s bytes of memory, CPU weight %s\nuser            %s\n"
           "address         %s\nTPM's state     %s\n",
           or_none(text_of(service, "memory_max")), or_none(text_of(service, "cpu_weight")),
           text_of(answer, "user"), text_of(answer, "address"), text_of(answer, "state"));
    for (guint i = 0; i < json_array_get_length(files); i++) {
        JsonObject *file = json_array_get_object_element(files, i);

        printf("%-15s %s, %" G_GINT64_FORMAT " bytes\n", "", text_of(file, "name"),
               number_of(file, "size"));
    }
}
