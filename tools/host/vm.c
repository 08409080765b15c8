/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "vm.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ask.h"
#include "vm_accept.h"
#include "vm_console.h"
#include "vm_edit.h"
#include "vm_life.h"
#include "vm_quote.h"
#include "vm_run.h"
#include "vm_show.h"

static const struct {
    const char *name;
    const char *help;
    VmRun *run;
    void (*print)(JsonObject *answer); /* NULL: there is nothing to show to people */
    gboolean more;                     /* whether words may follow the UUID */
} vm_table[] = {
    { "new",
      "Make a VM's TPM: [--name NAME] [--group GROUP] [--qemu-group GROUP] [--pcr-banks LIST]",
      vm_new, vm_print_new, FALSE },
    { "show", "One VM: registration, units, files", vm_show, vm_print_show, FALSE },
    { "edit", "Change a VM: [--name NAME] [--group GROUP] [--memory-max SIZE] [--cpu-weight N]",
      vm_edit, NULL, FALSE },
    { "delete", "Remove a VM's TPM: [--yes] [--keep-state]", vm_delete, NULL, FALSE },
    { "accept", "Let its TPM go on with a state that is not the last one: --why TEXT", vm_accept,
      NULL, FALSE },
    { "console-xml", "What the domain's XML needs: [--model tpm-tis|tpm-crb] [--qemu]",
      vm_console_xml, vm_print_console, FALSE },
    { "quote",
      "A deep quote that its guest has no part in: --nonce NONCE --output FOLDER [--pcrs LIST] "
      "[--host-pcrs LIST] [--flags FLAGS] [--qmp PATH] [--timeout SECONDS]",
      vm_quote, vm_print_quote, FALSE },
    { "run", "Run a command as the vTPM's user, in its state's folder: -- COMMAND ...", vm_run,
      NULL, TRUE },
};

enum { COMMAND = 2, VM_UUID = 3, REST = 4 }; /* in the words of the command line */

void ctl_vm_describe(GString *text)
{
    g_string_append(text, "\nCommands on VMs whose vTPM is a unit of systemd's:\n");
    for (gsize i = 0; i < G_N_ELEMENTS(vm_table); i++) {
        g_autofree char *synopsis = g_strjoin(" ", "vm", vm_table[i].name, "UUID", NULL);

        g_string_append_printf(text, "  %-22s %s\n", synopsis, vm_table[i].help);
    }
}

static gssize find(const char *name)
{
    for (gsize i = 0; name && i < G_N_ELEMENTS(vm_table); i++) {
        if (g_str_equal(vm_table[i].name, name)) {
            return (gssize)i;
        }
    }
    return -1;
}

/* The VM that is meant: the one that is named or, where `new` is to choose, a new one. */
static VmUnit *find_unit(const CtlOptions *options, char **words, gsize count, GError **error)
{
    gboolean generate = options->generate && g_str_equal(words[COMMAND], "new");
    g_autofree char *made = generate ? g_uuid_string_random() : NULL;

    if ((count > VM_UUID) == generate) {
        g_set_error(error, G_OPTION_ERROR, G_OPTION_ERROR_FAILED, "vm %s takes %s", words[COMMAND],
                    generate ? "no UUID with --generate" : "the UUID of the VM");
        return NULL;
    }
    return vm_unit_new(generate ? made : words[VM_UUID], error);
}

static void show(JsonObject *answer, const CtlOptions *options, void (*print)(JsonObject *answer))
{
    g_autoptr(JsonNode) node = json_node_alloc();

    json_object_set_boolean_member(answer, "ok", TRUE);
    json_node_init_object(node, answer);
    if (options->json) {
        ctl_print_json(node);
    } else if (print) {
        print(answer);
    }
}

int ctl_vm(const CtlOptions *options, char **words, GError **error)
{
    gsize count = g_strv_length(words);
    gssize at = find(count > COMMAND ? words[COMMAND] : NULL);
    g_autoptr(VmUnit) unit = NULL;
    g_autoptr(JsonObject) answer = NULL;

    if (at < 0) {
        g_set_error(error, G_OPTION_ERROR, G_OPTION_ERROR_FAILED,
                    "vm is followed by new, show, edit, delete, accept, console-xml, quote or run");
        return EXIT_FAILURE;
    }
    unit = find_unit(options, words, count, error);
    if (unit && count > REST && !vm_table[at].more) {
        g_set_error(error, G_OPTION_ERROR, G_OPTION_ERROR_FAILED, "vm %s takes one VM",
                    words[COMMAND]);
    } else if (unit) {
        answer = vm_table[at].run(unit, options, words + MIN(count, REST), error);
    }
    if (!answer) {
        return EXIT_FAILURE;
    }
    show(answer, options, vm_table[at].print);
    return EXIT_SUCCESS;
}
