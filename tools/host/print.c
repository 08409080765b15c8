/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "ctl.h"

#include <pwd.h>
#include <stdio.h>
#include <string.h>

#include "attest/deepquote.h"
#include "json.h"
#include "wire/hash.h"

const char *ctl_bank_name(gint64 bank)
{
    const WireHash *hash = bank < 0 || bank > G_MAXUINT16 ? NULL : wire_hash_find((guint16)bank);

    return hash ? hash->name : "unknown";
}

static gboolean parse_bank(const char *text, JsonArray *array, GError **error)
{
    g_auto(GStrv) parts = g_strsplit(text, ":", 2);
    g_auto(GStrv) pcrs = parts[0] && parts[1] ? g_strsplit(parts[1], ",", -1) : NULL;
    const WireHash *bank = parts[0] ? wire_hash_find_name(parts[0], strlen(parts[0])) : NULL;

    for (guint i = 0; bank && pcrs && pcrs[i]; i++) {
        JsonObject *object;
        guint64 pcr;

        if (!g_ascii_string_to_unsigned(pcrs[i], 10, 0, 23, &pcr, NULL)) {
            bank = NULL;
            break;
        }
        object = json_object_new();
        json_object_set_int_member(object, "bank", bank->alg);
        json_object_set_int_member(object, "pcr", (gint64)pcr);
        json_array_add_object_element(array, object);
    }
    if (!bank || !pcrs) {
        g_set_error(error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE,
                    "--pcrs %s: give banks and PCRs such as sha256:0,1,7+sha1:0", text);
        return FALSE;
    }
    return TRUE;
}

JsonArray *ctl_parse_pcrs(const char *text, GError **error)
{
    g_auto(GStrv) parts = g_strsplit(text, "+", -1);
    g_autoptr(JsonArray) array = json_array_new();

    for (guint i = 0; parts[i]; i++) {
        if (!parse_bank(parts[i], array, error)) {
            return NULL;
        }
    }
    return g_steal_pointer(&array);
}

char *ctl_time_text(gint64 seconds)
{
    g_autoptr(GDateTime) utc = seconds ? g_date_time_new_from_unix_utc(seconds) : NULL;

    return utc ? g_date_time_format(utc, "%F %T UTC") : g_strdup("never");
}

static char *owner_text(gint64 uid)
{
    struct passwd *user = getpwuid((uid_t)uid);

    return user ? g_strdup(user->pw_name) : g_strdup_printf("%" G_GINT64_FORMAT, uid);
}

gboolean ctl_print_nothing(G_GNUC_UNUSED JsonObject *answer,
                           G_GNUC_UNUSED const CtlOptions *options, G_GNUC_UNUSED GError **error)
{
    return TRUE;
}

static const char *state_of(JsonObject *vm)
{
    if (!truth_of(vm, "enabled")) {
        return "disabled";
    }
    return truth_of(vm, "connected") ? "connected" : "enabled";
}

gboolean ctl_print_list(JsonObject *answer, G_GNUC_UNUSED const CtlOptions *options,
                        G_GNUC_UNUSED GError **error)
{
    JsonArray *vms = json_object_get_array_member(answer, "vms");

    printf("%-36s  %-9s  %-16s  %5s  %10s  %s\n", "UUID", "STATE", "OWNER", "EPOCH", "GENERATION",
           "NAME");
    for (guint i = 0; i < json_array_get_length(vms); i++) {
        JsonObject *vm = json_array_get_object_element(vms, i);
        g_autofree char *owner = owner_text(number_of(vm, "owner"));

        printf("%-36s  %-9s  %-16s  %5" G_GINT64_FORMAT "  %10" G_GINT64_FORMAT "  %s\n",
               text_of(vm, "uuid"), state_of(vm), owner, number_of(vm, "epoch"),
               number_of(vm, "generation"), text_of(vm, "name"));
    }
    return TRUE;
}

gboolean ctl_print_vm(JsonObject *answer, G_GNUC_UNUSED const CtlOptions *options,
                      G_GNUC_UNUSED GError **error)
{
    JsonObject *vm = json_object_get_object_member(answer, "vm");
    g_autofree char *owner = owner_text(number_of(vm, "owner"));
    g_autofree char *created = ctl_time_text(number_of(vm, "created"));
    g_autofree char *seen = ctl_time_text(number_of(vm, "seen"));

    printf("UUID            %s\nname            %s\nstate           %s\nowner           %s\n"
           "group           %s\nendorsement key %s\nepoch           %" G_GINT64_FORMAT
           "\ngeneration      %" G_GINT64_FORMAT "\nregistered      %s\nseen            %s\n",
           text_of(vm, "uuid"), or_none(text_of(vm, "name")), state_of(vm), owner,
           text_of(vm, "group"), or_none(text_of(vm, "ek")), number_of(vm, "epoch"),
           number_of(vm, "generation"), created, seen);
    return TRUE;
}

gboolean ctl_print_groups(JsonObject *answer, G_GNUC_UNUSED const CtlOptions *options,
                          G_GNUC_UNUSED GError **error)
{
    JsonArray *groups = json_object_get_array_member(answer, "groups");

    printf("weight     VMs  group\n");
    for (guint i = 0; i < json_array_get_length(groups); i++) {
        JsonObject *group = json_array_get_object_element(groups, i);

        printf("%6" G_GINT64_FORMAT "  %6" G_GINT64_FORMAT "  %s\n", number_of(group, "weight"),
               number_of(group, "vms"), text_of(group, "group"));
    }
    return TRUE;
}

gboolean ctl_print_ak(JsonObject *answer, G_GNUC_UNUSED const CtlOptions *options,
                      G_GNUC_UNUSED GError **error)
{
    printf("%s\n", text_of(answer, "name"));
    return TRUE;
}

gboolean ctl_print_quote(JsonObject *answer, G_GNUC_UNUSED const CtlOptions *options,
                         G_GNUC_UNUSED GError **error)
{
    JsonArray *pcrs = json_object_get_array_member(answer, "pcrs");

    for (guint i = 0; i < json_array_get_length(pcrs); i++) {
        JsonObject *pcr = json_array_get_object_element(pcrs, i);

        printf("%s:%-2" G_GINT64_FORMAT " %s\n", ctl_bank_name(number_of(pcr, "bank")),
               number_of(pcr, "pcr"), text_of(pcr, "value"));
    }
    return TRUE;
}

static gboolean write_hex(const char *path, const char *hex, GError **error)
{
    g_autoptr(GBytes) bytes = dq_hex_decode(hex, error);
    gsize size;
    const char *data = bytes ? g_bytes_get_data(bytes, &size) : NULL;

    return bytes && g_file_set_contents(path, data ? data : "", (gssize)size, error);
}

static char *all_values(JsonObject *answer)
{
    GString *hex = g_string_new(NULL);
    JsonArray *pcrs = json_object_has_member(answer, "pcrs")
                          ? json_object_get_array_member(answer, "pcrs")
                          : NULL;

    for (guint i = 0; pcrs && i < json_array_get_length(pcrs); i++) {
        g_string_append(hex, text_of(json_array_get_object_element(pcrs, i), "value"));
    }
    return g_string_free(hex, FALSE);
}

gboolean ctl_write_files(JsonObject *answer, const CtlOptions *options, GError **error)
{
    g_autofree char *values = all_values(answer);
    const struct {
        const char *path;
        const char *hex;
    } files[] = {
        { options->output, text_of(answer, "public") },
        { options->message, text_of(answer, "message") },
        { options->signature, text_of(answer, "signature") },
        { options->values, values },
    };

    for (gsize i = 0; i < G_N_ELEMENTS(files); i++) {
        if (files[i].path && !write_hex(files[i].path, files[i].hex, error)) {
            return FALSE;
        }
    }
    return TRUE;
}
