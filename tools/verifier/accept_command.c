/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What an operator accepts, dated and with a reason. */
#include "accept_command.h"

#include "command.h"
#include "key_name.h"
#include "record_text.h"

#include <stdio.h>
#include <string.h>

/** The command line as it was given. */
static struct {
    char *store, *vm, *lineage, *host, *cleared, *why;
    gboolean list, json;
} opt;

static const GOptionEntry entries[] = {
    COMMAND_STORE(&opt.store),
    { "vm", 0, 0, G_OPTION_ARG_STRING, &opt.vm, "A VM, with --lineage, --host or both", "UUID" },
    { "lineage", 0, 0, G_OPTION_ARG_STRING, &opt.lineage,
      "Its next deep quote may be of this lineage: its state was restored, or made anew", "HEX" },
    { "host", 0, 0, G_OPTION_ARG_STRING, &opt.host,
      "Its next deep quote may come from this host of the store", "NAME" },
    { "cleared", 0, 0, G_OPTION_ARG_STRING, &opt.cleared,
      "This host's TPM was cleared: its counters begin anew", "NAME" },
    { "why", 0, 0, G_OPTION_ARG_STRING, &opt.why, "The reason; it is listed", "TEXT" },
    { "list", 0, 0, G_OPTION_ARG_NONE, &opt.list, "Show all that was accepted", NULL },
    COMMAND_JSON(&opt.json),
    { 0 },
};

static const char *const kinds[] = {
    [DQ_ACCEPTED_LINEAGE] = "lineage",
    [DQ_ACCEPTED_MOVE] = "move",
    [DQ_ACCEPTED_CLEARED] = "cleared",
};

static void print_json(const DqAcceptance *a)
{
    JsonObject *o = json_object_new();

    json_set_time(o, "at", a->at);
    json_set_text(o, "accepted", kinds[a->kind]);
    if (a->uuid) {
        json_set_uuid(o, "vm", a->uuid);
    }
    if (a->host) {
        json_set_name(o, "host", a->host);
    }
    if (a->lineage) {
        json_set_hex(o, "lineage", a->lineage, DQ_LINEAGE_SIZE);
    }
    json_set_text(o, "why", a->why);
    json_print(o);
}

static void print_text(const DqAcceptance *a)
{
    g_autofree char *at = text_time(a->at);
    g_autofree char *uuid = a->uuid ? dq_uuid_format(a->uuid) : NULL;
    g_autofree char *host = a->host ? text_name(a->host) : NULL;
    g_autofree char *lineage = a->lineage ? dq_hex_encode(a->lineage, DQ_LINEAGE_SIZE) : NULL;

    printf("%s  %s", at, kinds[a->kind]);
    if (uuid) {
        printf("  vm %s", uuid);
    }
    if (lineage) {
        printf("  lineage %s", lineage);
    }
    if (host) {
        printf("  host %s", host);
    }
    printf("\n    %s\n", a->why);
}

static void print(const DqAcceptance *a, G_GNUC_UNUSED gpointer data)
{
    if (opt.json) {
        print_json(a);
    } else {
        print_text(a);
    }
}

static gboolean read_lineage(const char *text, uint8_t ret_lineage[DQ_LINEAGE_SIZE], GError **error)
{
    g_autoptr(GBytes) bytes = dq_hex_decode(text, NULL);

    if (!bytes || g_bytes_get_size(bytes) != DQ_LINEAGE_SIZE) {
        g_set_error(error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE,
                    "--lineage %s: give the 32 digits that the refused verdict showed", text);
        return FALSE;
    }
    memcpy(ret_lineage, g_bytes_get_data(bytes, NULL), DQ_LINEAGE_SIZE);
    return TRUE;
}

/* Exactly one of: a list, a VM with what is new about it, a host that was cleared. */
static gboolean check_usage(GError **error)
{
    const gboolean vm = opt.vm || opt.lineage || opt.host;
    const gboolean made = vm || opt.cleared;

    if (opt.list == made || (vm && opt.cleared) ||
        (vm && (!opt.vm || (!opt.lineage && !opt.host)))) {
        g_set_error(error, G_OPTION_ERROR, G_OPTION_ERROR_FAILED,
                    "accept: give --vm UUID with --lineage HEX or --host NAME, or --cleared NAME, "
                    "or --list");
        return FALSE;
    }
    if (made && !opt.why) {
        g_set_error(error, G_OPTION_ERROR, G_OPTION_ERROR_FAILED,
                    "accept: say why with --why TEXT: it is kept and listed");
        return FALSE;
    }
    return TRUE;
}

static gboolean accept_vm(DqStoreFile *store, int64_t now, GError **error)
{
    uint8_t uuid[DQ_UUID_SIZE], lineage[DQ_LINEAGE_SIZE];
    DqName host;

    if (!dq_uuid_parse(opt.vm, uuid, error) ||
        (opt.lineage && !read_lineage(opt.lineage, lineage, error)) ||
        (opt.host && !key_find_host(store, opt.host, &host, error))) {
        return FALSE;
    }
    return (!opt.host || dq_store_file_accept_move(store, uuid, &host, now, opt.why, error)) &&
           (!opt.lineage ||
            dq_store_file_accept_lineage(store, uuid, lineage, now, opt.why, error));
}

static gboolean accept_cleared(DqStoreFile *store, int64_t now, GError **error)
{
    DqName host;

    return key_find_host(store, opt.cleared, &host, error) &&
           dq_store_file_accept_cleared(store, &host, now, opt.why, error);
}

int accept_command(char **argv, GError **error)
{
    g_auto(GStrv) words = command_parse(
        entries, argv, "- accept a new lineage, a moved VM or a host that was cleared", 0, error);
    g_autoptr(DqStoreFile) store = NULL;
    gboolean good;

    if (!words || !check_usage(error)) {
        return EXIT_UNUSABLE;
    }
    store = command_open_store(opt.store, error);
    if (!store) {
        return EXIT_UNUSABLE;
    }
    good = opt.list      ? dq_store_file_list_acceptances(store, print, NULL, error)
           : opt.cleared ? accept_cleared(store, command_now(), error)
                         : accept_vm(store, command_now(), error);
    return good ? EXIT_DONE : EXIT_UNUSABLE;
}
