/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "vm_console.h"

#include <stdio.h>

#include "json.h"

static const struct {
    const char *model;  /* as libvirt calls it */
    const char *device; /* as QEMU does, on x86 */
} models[] = {
    { "tpm-crb", "tpm-crb" },
    { "tpm-tis", "tpm-tis" },
};

static const char *find_device(const char *model)
{
    for (gsize i = 0; i < G_N_ELEMENTS(models); i++) {
        if (g_str_equal(models[i].model, model)) {
            return models[i].device;
        }
    }
    return NULL;
}

JsonObject *vm_console_xml(const VmUnit *unit, const CtlOptions *options,
                           G_GNUC_UNUSED char **words, GError **error)
{
    const char *model = options->model ? options->model : models[0].model;
    const char *device = find_device(model);
    g_autofree char *xml = NULL;
    g_autofree char *qemu = NULL;
    JsonObject *answer;

    if (!device) {
        g_set_error(error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE,
                    "--model %s: give tpm-tis or tpm-crb", model);
        return NULL;
    }
    xml = g_strdup_printf("<tpm model='%s'>\n"
                          "  <backend type='external'>\n"
                          "    <source type='unix' mode='connect' path='%s'/>\n"
                          "  </backend>\n"
                          "</tpm>",
                          model, unit->address);
    qemu = g_strdup_printf("-chardev socket,id=vtpm,path=%s -tpmdev emulator,id=tpm,chardev=vtpm "
                           "-device %s,tpmdev=tpm",
                           unit->address, device);
    answer = json_object_new();
    json_object_set_string_member(answer, "uuid", unit->uuid);
    json_object_set_string_member(answer, "xml", xml);
    json_object_set_string_member(answer, "qemu", qemu);
    json_object_set_string_member(answer, "show", options->qemu ? "qemu" : "xml");
    return answer;
}

void vm_print_console(JsonObject *answer)
{
    printf("%s\n", text_of(answer, text_of(answer, "show")));
}
