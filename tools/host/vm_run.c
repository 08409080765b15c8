/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "vm_run.h"

#include <errno.h>
#include <gio/gio.h>
#include <unistd.h>

/* A unit for a moment, of the same user and with the same folder as the vTPM's, and as confined. */
static const char *const confinement[] = {
    "--property=DynamicUser=yes",
    "--property=StateDirectoryMode=0700",
    "--property=UMask=0077",
    "--property=PrivateDevices=yes",
    "--property=PrivateNetwork=yes",
    "--property=PrivateUsers=yes",
    "--property=ProtectSystem=strict",
    "--property=ProtectHome=yes",
    "--property=ProtectProc=invisible",
    "--property=CapabilityBoundingSet=",
    "--property=NoNewPrivileges=yes",
    "--property=RestrictAddressFamilies=AF_UNIX",
};

static void add(GPtrArray *argv, char *word)
{
    g_ptr_array_add(argv, word);
}

static GPtrArray *command_line(const VmUnit *unit, char **words)
{
    GPtrArray *argv = g_ptr_array_new_with_free_func(g_free);

    add(argv, g_strdup("systemd-run"));
    add(argv, g_strdup("--quiet"));
    add(argv, g_strdup("--collect"));
    add(argv, g_strdup("--wait"));
    add(argv, g_strdup("--pipe"));
    add(argv, g_strconcat("--property=User=", unit->user, NULL));
    add(argv, g_strconcat("--property=StateDirectory=", unit->state_directory, NULL));
    add(argv, g_strconcat("--property=WorkingDirectory=", unit->state_link, NULL));
    for (gsize i = 0; i < G_N_ELEMENTS(confinement); i++) {
        add(argv, g_strdup(confinement[i]));
    }
    add(argv, g_strdup("--"));
    for (; *words; words++) {
        add(argv, g_strdup(*words));
    }
    add(argv, NULL);
    return argv;
}

JsonObject *vm_run(const VmUnit *unit, G_GNUC_UNUSED const CtlOptions *options, char **words,
                   GError **error)
{
    g_autoptr(GPtrArray) argv = NULL;

    if (*words && g_str_equal(*words, "--")) {
        words++;
    }
    if (!*words) {
        g_set_error(error, G_OPTION_ERROR, G_OPTION_ERROR_FAILED,
                    "vm run needs a command: vm run UUID -- COMMAND ...");
        return NULL;
    }
    if (!g_file_test(unit->state, G_FILE_TEST_EXISTS)) {
        g_set_error(error, G_IO_ERROR, G_IO_ERROR_NOT_FOUND,
                    "there is no %s: vm new makes it; only root may look", unit->state);
        return NULL;
    }
    argv = command_line(unit, words);
    execvp(argv->pdata[0], (char **)argv->pdata);
    g_set_error(error, G_IO_ERROR, (gint)g_io_error_from_errno(errno),
                "cannot execute systemd-run: %s; is systemd installed?", g_strerror(errno));
    return NULL;
}
