/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "vm_system.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <gio/gio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { COMPLAINT_MAX = 600 }; /* bytes of what a program says */

static gboolean fail(GError **error, const char *what, const char *path)
{
    g_set_error(error, G_IO_ERROR, (gint)g_io_error_from_errno(errno), "cannot %s %s: %s%s", what,
                path, g_strerror(errno),
                errno == EACCES || errno == EPERM ? "; do this as root" : "");
    return FALSE;
}

/* The end of a text, which tells most. */
static const char *end_of(char *text)
{
    gsize len = strlen(g_strchomp(text));

    return len > COMPLAINT_MAX ? text + len - COMPLAINT_MAX : text;
}

gboolean vm_program(const char *const *argv, char **ret_output, GError **error)
{
    g_autofree char *output = NULL;
    g_autofree char *complaint = NULL;
    g_autoptr(GError) why = NULL;
    int status = 0;

    if (!g_spawn_sync(NULL, (char **)argv, NULL, G_SPAWN_SEARCH_PATH, NULL, NULL, &output,
                      &complaint, &status, &why)) {
        g_set_error(error, G_IO_ERROR, G_IO_ERROR_NOT_FOUND, "%s; is it installed, and on PATH?",
                    why->message);
        return FALSE;
    }
    if (!g_spawn_check_wait_status(status, &why)) {
        g_autofree char *line = g_strjoinv(" ", (char **)argv);

        g_set_error(error, G_IO_ERROR, G_IO_ERROR_FAILED, "%s: %s: %s", line, why->message,
                    end_of(*g_strchomp(complaint) ? complaint : output));
        return FALSE;
    }
    if (ret_output) {
        *ret_output = g_steal_pointer(&output);
    }
    return TRUE;
}

gboolean vm_systemctl(const char *verb, const char *unit, const char *second, GError **error)
{
    const char *const argv[] = { "systemctl", "--quiet", verb, unit, second, NULL };

    return vm_program(argv, NULL, error);
}

GHashTable *vm_properties(const char *unit, const char *names)
{
    const char *const argv[] = { "systemctl", "show", "--property", names, unit, NULL };
    GHashTable *properties = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
    g_autofree char *output = NULL;
    g_auto(GStrv) lines = NULL;

    if (!vm_program(argv, &output, NULL)) {
        return properties;
    }
    lines = g_strsplit(output, "\n", -1);
    for (char **line = lines; *line; line++) {
        char *value = strchr(*line, '=');

        if (value) {
            g_hash_table_insert(properties, g_strndup(*line, (gsize)(value - *line)),
                                g_strdup(value + 1));
        }
    }
    return properties;
}

/* Reads to the end, or to one byte more than may be there. */
static gssize read_all(int fd, char *data, gsize max)
{
    gsize len = 0;

    while (len < max) {
        ssize_t n = read(fd, data + len, max - len);

        if (n < 0 && errno != EINTR) {
            return -1;
        }
        if (n == 0) {
            break;
        }
        len += n > 0 ? (gsize)n : 0;
    }
    return (gssize)len;
}

GBytes *vm_file_read(const char *path, gsize max, GError **error)
{
    int fd = open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
    g_autofree char *data = g_malloc(max + 1);
    struct stat st;
    gssize len = -1;

    if (fd >= 0 && fstat(fd, &st) == 0) {
        errno = EINVAL;
        len = S_ISREG(st.st_mode) ? read_all(fd, data, max + 1) : -1;
    }
    if (len > (gssize)max) {
        errno = EFBIG;
        len = -1;
    }
    if (len < 0) {
        fail(error, "read", path);
    }
    if (fd >= 0) {
        close(fd);
    }
    return len < 0 ? NULL : g_bytes_new_take(g_steal_pointer(&data), (gsize)len);
}

gboolean vm_file_write(const char *path, const char *data, gsize len, int mode, GError **error)
{
    g_autofree char *folder = g_path_get_dirname(path);

    if (g_mkdir_with_parents(folder, 0755) != 0) {
        return fail(error, "make", folder);
    }
    return g_file_set_contents_full(path, data, (gssize)len,
                                    G_FILE_SET_CONTENTS_CONSISTENT | G_FILE_SET_CONTENTS_DURABLE,
                                    mode, error);
}

gboolean vm_folder_make(const char *path, int mode, GError **error)
{
    g_autofree char *above = g_path_get_dirname(path);

    if (g_mkdir_with_parents(above, 0755) != 0) {
        return fail(error, "make", above);
    }
    return mkdir(path, (mode_t)mode) == 0 || fail(error, "make", path);
}

/* Removes what @at has under @name; FALSE with errno set. */
static gboolean remove_at(int at, const char *name)
{
    int fd = openat(at, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    DIR *folder = fd >= 0 ? fdopendir(fd) : NULL;
    gboolean done = TRUE;
    int saved;

    if (!folder) {
        return (errno == ENOTDIR || errno == ELOOP) ? unlinkat(at, name, 0) == 0 : errno == ENOENT;
    }
    for (struct dirent *entry; done && (entry = readdir(folder));) {
        done = strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0 ||
               remove_at(fd, entry->d_name);
    }
    saved = errno;
    closedir(folder);
    errno = saved;
    return done && unlinkat(at, name, AT_REMOVEDIR) == 0;
}

gboolean vm_tree_remove(const char *path, GError **error)
{
    return remove_at(AT_FDCWD, path) || fail(error, "remove", path);
}
