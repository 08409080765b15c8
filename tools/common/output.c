/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "common/output.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

typedef struct File {
    char *given;     /* as the messages call it */
    char *place;     /* where it goes, symbolic links resolved */
    char *temporary; /* NULL: nothing is beside the place */
    GBytes *bytes;
    int through;        /* open for what is written through; -1 */
    gboolean private;   /* for its owner alone, whatever was there */
    gboolean exchanged; /* @temporary holds what was at the place */
    gboolean placed;
} File;

struct Output {
    GArray *files;
};

static void file_clear(gpointer data)
{
    File *f = data;

    if (f->temporary) {
        unlink(f->temporary);
    }
    if (f->through >= 0) {
        close(f->through);
    }
    g_free(f->temporary);
    g_free(f->place);
    g_free(f->given);
    g_bytes_unref(f->bytes);
}

Output *output_new(void)
{
    Output *output = g_new0(Output, 1);

    output->files = g_array_new(FALSE, TRUE, sizeof(File));
    g_array_set_clear_func(output->files, file_clear);
    return output;
}

void output_free(Output *output)
{
    if (output) {
        g_array_unref(output->files);
        g_free(output);
    }
}

static void add(Output *output, const char *path, GBytes *bytes, gboolean private)
{
    if (path) {
        char *real = realpath(path, NULL); /* NULL where nothing is there yet */
        File f = {
            .given = g_strdup(path), .bytes = g_bytes_ref(bytes), .through = -1, .private = private
        };

        f.place = g_strdup(real ? real : path);
        free(real);
        g_array_append_val(output->files, f);
    }
}

void output_add(Output *output, const char *path, GBytes *bytes)
{
    add(output, path, bytes, FALSE);
}

void output_add_private(Output *output, const char *path, GBytes *bytes)
{
    add(output, path, bytes, TRUE);
}

static gboolean fail(const File *f, int code, GError **error)
{
    g_autofree char *name = g_filename_display_name(f->given);

    g_set_error(error, G_FILE_ERROR, g_file_error_from_errno(code), "cannot write %s: %s", name,
                g_strerror(code));
    return FALSE;
}

static gboolean write_all(int fd, GBytes *bytes)
{
    gsize n;
    const uint8_t *p = g_bytes_get_data(bytes, &n);

    while (n > 0) {
        ssize_t done = write(fd, p, n);

        if (done < 0 && errno != EINTR) {
            return FALSE;
        }
        if (done > 0) {
            p += done;
            n -= (gsize)done;
        }
    }
    return TRUE;
}

/* The permissions of the file that is replaced, or those of any new file. */
static mode_t mode_for(const struct stat *there)
{
    mode_t mask = umask(0);

    umask(mask);
    return there ? there->st_mode & 0777 : 0666 & ~mask;
}

static gboolean write_beside(File *f, const struct stat *there)
{
    g_autofree char *folder = g_path_get_dirname(f->place);
    int fd, saved;

    f->temporary = g_build_filename(folder, ".deepquote-XXXXXX", NULL);
    fd = mkostemp(f->temporary, O_CLOEXEC);
    if (fd < 0) {
        saved = errno;
        g_clear_pointer(&f->temporary, g_free);
        errno = saved;
        return FALSE;
    }
    if (write_all(fd, f->bytes) && fchmod(fd, f->private ? 0600 : mode_for(there)) == 0) {
        return close(fd) == 0;
    }
    saved = errno;
    close(fd);
    errno = saved;
    return FALSE;
}

static gboolean prepare(File *f, GError **error)
{
    struct stat st;
    gboolean there = stat(f->place, &st) == 0;

    if (!there || S_ISREG(st.st_mode)) {
        if (write_beside(f, there ? &st : NULL)) {
            return TRUE;
        }
        if (!there || f->temporary || (errno != EACCES && errno != EPERM)) {
            return fail(f, errno, error);
        }
        /* a file that may be written in a folder that may not */
    }
    f->through = open(f->place, O_WRONLY | O_CLOEXEC);
    return f->through >= 0 || fail(f, errno, error);
}

/* A file system without exchange loses, on a failure after this, what was there before. */
static gboolean put(File *f)
{
    if (renameat2(AT_FDCWD, f->temporary, AT_FDCWD, f->place, RENAME_EXCHANGE) == 0) {
        f->exchanged = TRUE;
    } else if (rename(f->temporary, f->place) == 0) {
        g_clear_pointer(&f->temporary, g_free);
    } else {
        return FALSE;
    }
    f->placed = TRUE;
    return TRUE;
}

static void take_back(File *f)
{
    if (f->exchanged) {
        renameat2(AT_FDCWD, f->temporary, AT_FDCWD, f->place, RENAME_EXCHANGE);
    } else if (f->placed) {
        unlink(f->place);
    }
    f->exchanged = f->placed = FALSE;
}

/* A regular file is cut to its new length; what is none has no length. */
static gboolean write_through(File *f)
{
    if (!write_all(f->through, f->bytes)) {
        return FALSE;
    }
    if (ftruncate(f->through, (off_t)g_bytes_get_size(f->bytes)) != 0 && errno != EINVAL &&
        errno != EBADF) {
        return FALSE;
    }
    return TRUE;
}

static gboolean place(GArray *files, GError **error)
{
    for (guint i = 0; i < files->len; i++) {
        File *f = &g_array_index(files, File, i);

        if (f->temporary && !put(f)) {
            return fail(f, errno, error);
        }
    }
    for (guint i = 0; i < files->len; i++) {
        File *f = &g_array_index(files, File, i);

        if (f->through >= 0 && !write_through(f)) {
            return fail(f, errno, error);
        }
    }
    return TRUE;
}

gboolean output_write(Output *output, GError **error)
{
    GArray *files = output->files;

    for (guint i = 0; i < files->len; i++) {
        if (!prepare(&g_array_index(files, File, i), error)) {
            return FALSE;
        }
    }
    if (!place(files, error)) {
        for (guint i = files->len; i > 0; i--) {
            take_back(&g_array_index(files, File, i - 1));
        }
        return FALSE;
    }
    return TRUE;
}

gboolean output_write_text(const char *path, const char *text, GError **error)
{
    g_autofree char *line = g_strconcat(text, "\n", NULL);
    g_autoptr(GBytes) bytes = g_bytes_new(line, strlen(line));
    g_autoptr(Output) output = output_new();

    if (!path) {
        fputs(line, stdout);
        return TRUE;
    }
    output_add(output, path, bytes);
    return output_write(output, error);
}
