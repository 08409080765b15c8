/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "approval.h"

#include <stdio.h>

#include "common/escape.h"
#include "files.h"
#include "json.h"

enum { NAME_WIDTH = 60 };

static gboolean set_file(JsonObject *request, const char *member, const char *path, GError **error)
{
    g_autofree char *text = NULL;

    if (!path) {
        return TRUE;
    }
    text = ctl_read_text(path,
                         "a public key in PEM, or what tpm2_checkdeepquote approval sign has "
                         "written",
                         error);
    if (!text) {
        return FALSE;
    }
    json_object_set_string_member(request, member, text);
    return TRUE;
}

gboolean ctl_prepare_approval(const CtlOptions *options, JsonObject *request, GError **error)
{
    return set_file(request, "key", options->key, error) &&
           set_file(request, "list", options->list, error);
}

static void print_list(JsonObject *approval)
{
    const char *boot = text_of(approval, "boot");
    g_autofree char *name = escape_text(boot, NAME_WIDTH);

    printf("list          %" G_GINT64_FORMAT ", SHA-256 %s\n", number_of(approval, "sequence"),
           text_of(approval, "list"));
    if (number_of(approval, "vms") > 0) {
        printf("VMs           at most %" G_GINT64_FORMAT "\n", number_of(approval, "vms"));
    }
    if (number_of(approval, "measurements") > 0) {
        printf("vTPMs         only those of %" G_GINT64_FORMAT " measurement(s)\n",
               number_of(approval, "measurements"));
    }
    printf("this boot     %s\n",
           *boot ? name : "is not among those of the list: sealed VMs of the group do not start");
}

void ctl_print_approval(JsonObject *answer)
{
    JsonObject *approval = json_object_get_object_member(answer, "approval");

    printf("approval key  %s\n", text_of(approval, "key"));
    if (json_object_has_member(approval, "sequence")) {
        print_list(approval);
    } else {
        printf("list          none yet: sealed VMs of the group do not start\n");
    }
}
