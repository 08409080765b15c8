/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "holder.h"

#include "common/escape.h"

#include <inttypes.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/types.h>

enum { NAME_MAX_SHOWN = 64 };

static const char daemon_name[] = "tcsd";

/* Whether one of the descriptors in @folder, PROC/PID/fd, leads to the device. */
static gboolean has_open(const char *folder, const struct stat *device)
{
    g_autoptr(GDir) dir = g_dir_open(folder, 0, NULL);
    const char *name;

    while (dir && (name = g_dir_read_name(dir)) != NULL) {
        g_autofree char *link = g_build_filename(folder, name, NULL);
        struct stat st;

        if (stat(link, &st) == 0 && st.st_mode == device->st_mode &&
            st.st_rdev == device->st_rdev && st.st_dev == device->st_dev &&
            st.st_ino == device->st_ino) {
            return TRUE;
        }
    }
    return FALSE;
}

static char *process_name(const char *proc, const char *pid)
{
    g_autofree char *path = g_build_filename(proc, pid, "comm", NULL);
    g_autofree char *name = NULL;

    if (!g_file_get_contents(path, &name, NULL, NULL)) {
        return g_strdup("?");
    }
    return escape_text(g_strchomp(name), NAME_MAX_SHOWN);
}

char *holder_find(const char *proc, const char *path, int64_t *ret_pid)
{
    g_autoptr(GDir) dir = g_dir_open(proc, 0, NULL);
    struct stat device;
    const char *pid;

    if (stat(path, &device) != 0) {
        return NULL;
    }
    while (dir && (pid = g_dir_read_name(dir)) != NULL) {
        g_autofree char *folder = g_build_filename(proc, pid, "fd", NULL);
        int64_t number;

        if (g_ascii_string_to_signed(pid, 10, 1, G_MAXINT32, &number, NULL) &&
            has_open(folder, &device)) {
            *ret_pid = number;
            return process_name(proc, pid);
        }
    }
    return NULL;
}

char *holder_advice(const char *path)
{
    int64_t pid = 0;
    g_autofree char *name = holder_find("/proc", path, &pid);

    if (!name) {
        return g_strdup_printf(
            "another program has it, which is TrouSerS's %s as a rule. Stop that "
            "for the deep quote, and start it again then: systemctl stop %s",
            daemon_name, daemon_name);
    }
    if (strcmp(name, daemon_name) == 0) {
        return g_strdup_printf("%s (process %" PRId64 ") has it. TrouSerS cannot send a "
                               "deep quote: stop its daemon, and start it again then: systemctl "
                               "stop %s",
                               name, pid, daemon_name);
    }
    return g_strdup_printf("%s (process %" PRId64 ") has it: end that, and try again", name, pid);
}
