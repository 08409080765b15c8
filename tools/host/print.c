/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "print.h"

#include <pwd.h>
#include <stdio.h>

#include "common/escape.h"
#include "json.h"
#include "wire/hash.h"

/** How many characters of a name are shown: in a table, and of one VM. */
enum {
    SHORT_TEXT = 64,
    LONG_TEXT = 255,
};

const char *ctl_bank_name(int64_t bank)
{
    const WireHash *hash = bank < 0 || bank > G_MAXUINT16 ? NULL : wire_hash_find((uint16_t)bank);

    return hash ? hash->name : "unknown";
}

char *ctl_time_text(int64_t seconds)
{
    g_autoptr(GDateTime) utc = seconds ? g_date_time_new_from_unix_utc(seconds) : NULL;

    return utc ? g_date_time_format(utc, "%F %T UTC") : g_strdup("never");
}

static char *owner_text(int64_t uid)
{
    struct passwd *user = uid < 0 ? NULL : getpwuid((uid_t)uid);

    if (uid < 0) {
        return g_strdup("-");
    }
    return user ? escape_text(user->pw_name, LONG_TEXT) : g_strdup_printf("%" G_GINT64_FORMAT, uid);
}

static const char *state_of(JsonObject *vm)
{
    if (!truth_of(vm, "enabled")) {
        return "disabled";
    }
    return truth_of(vm, "connected") ? "connected" : "enabled";
}

void ctl_print_list(JsonObject *answer)
{
    JsonArray *vms = json_object_get_array_member(answer, "vms");

    printf("%-36s  %-9s  %-7s  %-16s  %5s  %10s  %s\n", "UUID", "STATE", "RULE", "OWNER", "EPOCH",
           "GENERATION", "NAME");
    for (guint i = 0; i < json_array_get_length(vms); i++) {
        JsonObject *vm = json_array_get_object_element(vms, i);
        g_autofree char *owner = owner_text(number_of(vm, "owner"));
        g_autofree char *name = escape_text(text_of(vm, "name"), SHORT_TEXT);

        printf("%-36s  %-9s  %-7s  %-16s  %5" G_GINT64_FORMAT "  %10" G_GINT64_FORMAT "  %s\n",
               text_of(vm, "uuid"), state_of(vm), text_of(vm, "rule"), owner,
               number_of(vm, "epoch"), number_of(vm, "generation"), name);
    }
}

/* Other vTPMs that were refused beside the VM's own. */
static char *rivals_text(JsonObject *vm)
{
    g_autofree char *last = ctl_time_text(number_of(vm, "rival"));
    const int64_t rivals = number_of(vm, "rivals");

    return rivals == 0 ? g_strdup("-")
                       : g_strdup_printf("%" G_GINT64_FORMAT ", last %s", rivals, last);
}

void ctl_print_vm(JsonObject *answer)
{
    JsonObject *vm = json_object_get_object_member(answer, "vm");
    g_autofree char *owner = owner_text(number_of(vm, "owner"));
    g_autofree char *name = escape_text(or_none(text_of(vm, "name")), LONG_TEXT);
    g_autofree char *group = escape_text(text_of(vm, "group"), LONG_TEXT);
    g_autofree char *created = ctl_time_text(number_of(vm, "created"));
    g_autofree char *seen = ctl_time_text(number_of(vm, "seen"));
    g_autofree char *broken = ctl_time_text(number_of(vm, "broken"));
    g_autofree char *accepted = ctl_time_text(number_of(vm, "accepted"));
    g_autofree char *rivals = rivals_text(vm);

    printf("UUID            %s\nname            %s\nstate           %s\n"
           "rule            %s\nowner           %s\n"
           "group           %s\nendorsement key %s\nepoch           %" G_GINT64_FORMAT
           "\ngeneration      %" G_GINT64_FORMAT "\nregistered      %s\nseen            %s\n",
           text_of(vm, "uuid"), name, state_of(vm), text_of(vm, "rule"), owner, group,
           or_none(text_of(vm, "ek")), number_of(vm, "epoch"), number_of(vm, "generation"), created,
           seen);
    printf("lineage         %s\ncontinuity      %s\nhistory broken  %s\naccepted ahead  %s\n"
           "refused beside  %s\nsealed          %s\n",
           text_of(vm, "lineage"), text_of(vm, "continuity"), broken, accepted, rivals,
           truth_of(vm, "sealed") ? "yes" : "no");
}

void ctl_print_groups(JsonObject *answer)
{
    JsonArray *groups = json_object_get_array_member(answer, "groups");

    printf("weight     VMs  group\n");
    for (guint i = 0; i < json_array_get_length(groups); i++) {
        JsonObject *group = json_array_get_object_element(groups, i);
        g_autofree char *name = escape_text(text_of(group, "group"), SHORT_TEXT);

        printf("%6" G_GINT64_FORMAT "  %6" G_GINT64_FORMAT "  %s\n", number_of(group, "weight"),
               number_of(group, "vms"), name);
    }
}

void ctl_print_ak(JsonObject *answer)
{
    printf("%s\n", text_of(answer, "name"));
}

void ctl_print_quote(JsonObject *answer)
{
    JsonArray *pcrs = json_object_get_array_member(answer, "pcrs");

    for (guint i = 0; i < json_array_get_length(pcrs); i++) {
        JsonObject *pcr = json_array_get_object_element(pcrs, i);

        printf("%s:%-2" G_GINT64_FORMAT " %s\n", ctl_bank_name(number_of(pcr, "bank")),
               number_of(pcr, "pcr"), text_of(pcr, "value"));
    }
}
