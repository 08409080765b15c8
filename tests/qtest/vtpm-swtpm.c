/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A real vTPM for tests: swtpm
 */
#include "qemu/osdep.h"
#include <glib/gstdio.h>

#include "vtpm-swtpm.h"

struct VtpmSwtpm {
    char *dir;
    char *path;
    char *state;
    GPid pid;
};

VtpmSwtpm *vtpm_swtpm_new(void)
{
    VtpmSwtpm *swtpm = g_new0(VtpmSwtpm, 1);

    swtpm->dir = g_dir_make_tmp("vtpm-swtpm.XXXXXX", NULL);
    swtpm->path = g_build_filename(swtpm->dir, "sock", NULL);
    swtpm->state = g_build_filename(swtpm->dir, "tpm2-00.permall", NULL);
    return swtpm;
}

void vtpm_swtpm_wait(VtpmSwtpm *swtpm)
{
    if (swtpm->pid) {
        g_assert_cmpint(waitpid(swtpm->pid, NULL, 0), ==, swtpm->pid);
        swtpm->pid = 0;
    }
    g_unlink(swtpm->path);
}

/*
 * Whether somebody listens at a socket: its file is there a moment before that. To connect would
 * tell too, and end a swtpm that ends with its connection.
 */
static bool listens(const char *path)
{
    g_autofree char *text = NULL;
    g_auto(GStrv) lines = NULL;
    g_autoptr(GError) error = NULL;

    g_file_get_contents("/proc/net/unix", &text, NULL, &error);
    g_assert_no_error(error);
    lines = g_strsplit(text, "\n", 0);
    for (char **line = lines; *line; line++) {
        if (g_str_has_suffix(*line, path) && strstr(*line, " 00010000 ")) { /* it accepts */
            return true;
        }
    }
    return false;
}

void vtpm_swtpm_start(VtpmSwtpm *swtpm, const char *options)
{
    g_autofree char *line =
        g_strdup_printf("swtpm socket --tpm2 --tpmstate dir=%s --ctrl type=unixio,path=%s "
                        "--terminate %s",
                        swtpm->dir, swtpm->path, options);
    g_auto(GStrv) argv = g_strsplit(line, " ", 0);
    int64_t end = g_get_monotonic_time() + 30 * G_TIME_SPAN_SECOND;
    g_autoptr(GError) error = NULL;

    for (char **arg = argv; *arg; arg++) {
        if (!**arg) { /* of blanks at the end */
            g_clear_pointer(arg, g_free);
            break;
        }
    }
    g_spawn_async(NULL, argv, NULL, G_SPAWN_SEARCH_PATH | G_SPAWN_DO_NOT_REAP_CHILD, NULL, NULL,
                  &swtpm->pid, &error);
    g_assert_no_error(error);
    while (!listens(swtpm->path)) {
        g_assert_cmpint(g_get_monotonic_time(), <, end);
        g_usleep(1000);
    }
}

void vtpm_swtpm_free(VtpmSwtpm *swtpm)
{
    g_autoptr(GDir) dir = NULL;
    const char *name;

    if (swtpm->pid) {
        kill(swtpm->pid, SIGTERM);
    }
    vtpm_swtpm_wait(swtpm);
    dir = g_dir_open(swtpm->dir, 0, NULL);
    while ((name = g_dir_read_name(dir))) {
        g_autofree char *path = g_build_filename(swtpm->dir, name, NULL);

        g_unlink(path);
    }
    g_rmdir(swtpm->dir);
    g_free(swtpm->dir);
    g_free(swtpm->path);
    g_free(swtpm->state);
    g_free(swtpm);
}

const char *vtpm_swtpm_path(VtpmSwtpm *swtpm)
{
    return swtpm->path;
}

const char *vtpm_swtpm_state(VtpmSwtpm *swtpm)
{
    return swtpm->state;
}
