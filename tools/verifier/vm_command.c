/* SPDX-License-Identifier: GPL-2.0-or-later */
/* vm add, list, remove. */
#include "vm_command.h"

#include "command.h"
#include "key_name.h"
#include "record_text.h"

#include <stdio.h>
#include <string.h>

/** The command line as it was given. */
static struct {
    char *store, *name, *ek, *ak;
    gboolean json;
} opt;

static const GOptionEntry add_entries[] = {
    COMMAND_STORE(&opt.store),
    { "name", 0, 0, G_OPTION_ARG_STRING, &opt.name, "What people call it", "TEXT" },
    { "ek", 0, 0, G_OPTION_ARG_STRING, &opt.ek,
      "The endorsement key that its vTPM must have: a Name, or a TPM2B_PUBLIC", "KEY" },
    { "ak", 0, 0, G_OPTION_ARG_STRING, &opt.ak,
      "The key that its vTPM must sign with: a Name, or a TPM2B_PUBLIC", "KEY" },
    COMMAND_JSON(&opt.json),
    { 0 },
};
static const GOptionEntry entries[] = { COMMAND_STORE(&opt.store), COMMAND_JSON(&opt.json), { 0 } };

/* What the last trusted deep quote said. */
static void set_seen(JsonObject *o, const DqStoreVm *vm)
{
    json_set_name(o, "host", &vm->host);
    json_set_hex(o, "lineage", vm->lineage, DQ_LINEAGE_SIZE);
    json_set_u64(o, "epoch", vm->epoch);
    json_set_u64(o, "generation", vm->generation);
    if (vm->has_clock) {
        json_object_set_int_member(o, "resetCount", vm->reset_count);
        json_object_set_int_member(o, "restartCount", vm->restart_count);
        json_set_u64(o, "clock", vm->clock);
        json_object_set_boolean_member(o, "clockSafe", vm->clock_safe);
    }
}

static void print_json(const DqStoreVm *vm)
{
    JsonObject *o = json_object_new();

    json_set_uuid(o, "uuid", vm->uuid);
    json_set_text(o, "label", vm->label);
    json_set_name(o, "ek", &vm->ek);
    json_set_name(o, "ak", &vm->ak);
    json_set_time(o, "added", vm->added);
    json_set_time(o, "firstSeen", vm->first_seen);
    json_set_time(o, "lastSeen", vm->last_seen);
    if (vm->first_seen != 0) {
        set_seen(o, vm);
    }
    if (vm->accepts_lineage) {
        json_set_hex(o, "acceptedLineage", vm->accepted_lineage, DQ_LINEAGE_SIZE);
    }
    if (vm->accepted_host.len > 0) {
        json_set_name(o, "acceptedHost", &vm->accepted_host);
    }
    json_print(o);
}

static void print_expected(const char *what, const DqName *name)
{
    g_autofree char *text = text_name(name);

    if (text) {
        printf("    %s %s\n", what, text);
    }
}

static void print_seen(const DqStoreVm *vm)
{
    g_autofree char *first = text_time(vm->first_seen);
    g_autofree char *last = text_time(vm->last_seen);
    g_autofree char *host = text_name(&vm->host);
    g_autofree char *lineage = dq_hex_encode(vm->lineage, DQ_LINEAGE_SIZE);

    printf("    first seen %s, last %s, on host %s\n", first, last, host);
    printf("    lineage %s, epoch %" G_GUINT64_FORMAT ", generation %" G_GUINT64_FORMAT "\n",
           lineage, vm->epoch, vm->generation);
}

static void print_text(const DqStoreVm *vm)
{
    g_autofree char *uuid = dq_uuid_format(vm->uuid);
    g_autofree char *added = text_time(vm->added);

    printf("%s%s%s\n    added %s%s\n", uuid, vm->label[0] != '\0' ? "  " : "", vm->label, added,
           vm->first_seen == 0 ? ", not seen yet" : "");
    print_expected("ek", &vm->ek);
    print_expected("ak", &vm->ak);
    if (vm->first_seen != 0) {
        print_seen(vm);
    }
    if (vm->accepts_lineage) {
        g_autofree char *lineage = dq_hex_encode(vm->accepted_lineage, DQ_LINEAGE_SIZE);

        printf("    accepted next: lineage %s\n", lineage);
    }
    print_expected("accepted next: host", &vm->accepted_host);
}

static void print(const DqStoreVm *vm, G_GNUC_UNUSED gpointer data)
{
    if (opt.json) {
        print_json(vm);
    } else {
        print_text(vm);
    }
}

static int add(char **argv, GError **error)
{
    g_auto(GStrv) words = command_parse(add_entries, argv, "UUID - expect a VM", 1, error);
    DqStoreVm vm = { .added = command_now() };
    g_autoptr(DqStoreFile) store = NULL;

    if (!words || !dq_uuid_parse(words[1], vm.uuid, error) ||
        !key_name_read("--ek", opt.ek, &vm.ek, error) ||
        !key_name_read("--ak", opt.ak, &vm.ak, error) ||
        !key_label("--name", opt.name, vm.label, error)) {
        return EXIT_UNUSABLE;
    }
    store = command_open_store(opt.store, error);
    if (!store || !dq_store_file_add_vm(store, &vm, error)) {
        return EXIT_UNUSABLE;
    }
    print(&vm, NULL);
    return EXIT_DONE;
}

static int list(char **argv, GError **error)
{
    g_auto(GStrv) words = command_parse(entries, argv, "- show the VMs", 0, error);
    g_autoptr(DqStoreFile) store = words ? command_open_store(opt.store, error) : NULL;

    return store && dq_store_file_list_vms(store, print, NULL, error) ? EXIT_DONE : EXIT_UNUSABLE;
}

static int remove_vm(char **argv, GError **error)
{
    g_auto(GStrv) words =
        command_parse(entries, argv, "UUID - forget a VM and its counters", 1, error);
    g_autoptr(DqStoreFile) store = words ? command_open_store(opt.store, error) : NULL;
    uint8_t uuid[DQ_UUID_SIZE];

    return store && dq_uuid_parse(words[1], uuid, error) &&
                   dq_store_file_remove_vm(store, uuid, error)
               ? EXIT_DONE
               : EXIT_UNUSABLE;
}

int vm_command(char **argv, GError **error)
{
    static const Command commands[] = {
        { "add", add },
        { "list", list },
        { "remove", remove_vm },
        { 0 },
    };

    return command_run_one(commands, argv, "add, list, remove", error);
}
